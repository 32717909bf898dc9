"""What the documents say is true: README commands and code run, pages are up to date, nothing names a machine."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from image_and_line import fill_image_store

from fingerprint.bundled import bundled
from fingerprint.cli import main
from fingerprint.ingestion import load_dataset
from fingerprint.recipe import parse_recipe
from fingerprint.training import train

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ANY = '[modalities.a]\nkind = "scalar"\nfiles = "a.csv"\nvalues = "a"\nspecimens = "id"\n'
RECIPES = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def load(path: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sets_of_the_page_are_those_that_are_tested() -> None:
    """Each with a recipe that is one; benchmarks/public_sets.py trains them."""
    page = blocks((ROOT / "docs" / "sets.md").read_text(encoding="utf-8"), "toml")
    sets = sorted((ROOT / "tests" / "ingestion" / "sets").glob("*/dataset.toml"))
    assert len(page) == 2 * len(sets) > 0
    datasets = {each.read_text(encoding="utf-8").strip() for each in sets}
    assert {each.strip() for each in page[::2]} == datasets
    for dataset, recipe in zip(page[::2], page[1::2], strict=True):
        named = re.findall(r"^(\w+) = { kind", dataset, re.MULTILINE)
        assert set(parse_recipe(recipe).modalities) <= set(named)


def test_the_commands_of_the_readme_run_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(bundled("datasets/silicon_vdos/vdos"), tmp_path / "vdos")
    shutil.copy(bundled("datasets/silicon_vdos/new_specimens/si-new-1.csv"), tmp_path / "spectrum.csv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.import_module("fingerprint.prepare.plan"), "STEPS", 40)  # the recipe otherwise
    commands = [
        line.partition("#")[0].split()[1:]
        for block in blocks(README, "sh")
        for line in block.splitlines()
        if line.startswith("fingerprint ")
    ]
    assert [command[0] for command in commands] == ["ingest", "train", "predict-stress", "report"]
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            main([word for word in command if word != "--open"])
        assert ended.value.code == 0, capsys.readouterr().err
    assert "GPa" in capsys.readouterr().out
    assert list(tmp_path.glob("runs/*/report.html"))


@pytest.mark.parametrize("code", blocks(README, "python"))
def test_the_python_of_the_readme_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "plates.html").is_file()


@pytest.mark.parametrize("number", range(len(blocks(RECIPES, "toml"))))
def test_the_recipes_of_the_page_train(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("fingerprint.prepare.plan"), "STEPS", 8)
    text = blocks(RECIPES, "toml")[number]
    for shown, own in (("micrograph", "image"), ("extension", "line"), ("hardness", "dose")):
        text = text.replace(shown, own)
    recipe = parse_recipe(text)
    few = msgspec.structs.replace(recipe.training, epochs=min(recipe.training.epochs, 2))
    recipe = msgspec.structs.replace(recipe, training=few)
    run = train(fill_image_store(tmp_path / "store"), recipe, tmp_path / "run", device="cpu")
    assert run.info.status == "completed"
    assert set(run.preparations) == set(recipe.modalities or {"image", "line", "dose"})


@pytest.mark.parametrize("page", ["data.md", "ingest.md"])
def test_the_dataset_tomls_of_the_pages_are_understood(page: str, tmp_path: Path) -> None:
    found = blocks((ROOT / "docs" / page).read_text(encoding="utf-8"), "toml")
    assert found
    for text in found:
        (tmp_path / "dataset.toml").write_text(text if "[modalities." in text else f"{text}\n{ANY}", encoding="utf-8")
        load_dataset(tmp_path / "dataset.toml")


def test_the_benchmark_page_is_made_from_the_records() -> None:
    made = load(ROOT / "docs" / "make_benchmarks.py").page()
    assert (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8") == made


def test_every_record_says_how_it_was_made() -> None:
    import json

    records = list((ROOT / "benchmarks" / "results").glob("*.json"))
    assert records
    for path in records:
        content = json.loads(path.read_text(encoding="utf-8"))
        assert {"command", "commit", "versions", "machine", "failures"} <= set(content), path.name


def test_the_figures_of_the_readme_are_those_of_the_record() -> None:
    import json

    rows = json.loads((ROOT / "benchmarks" / "results" / "vdos_baselines.json").read_text(encoding="utf-8"))["rows"]
    for label, key in (("PIMA", "pima"), ("Gaussian process", "gaussian_process"), ("Ridge", "ridge"), ("PLS", "pls")):
        mean = sum(row[key]["rmse_percent"] for row in rows) / len(rows)
        assert re.search(rf"{label}\s+{mean:.3f}", README), label
    inside = sum(row["pima"]["coverage"] * row["pima"]["test_specimens"] for row in rows)
    assert f"{100 * inside / sum(row['pima']['test_specimens'] for row in rows):.1f} % of the test values" in README


@pytest.mark.parametrize(
    ("record", "told", "begins"),
    [
        ("seeds", "joint", "- told from image and line"),
        ("seeds", "image", "- told from the image alone"),
        ("image", "joint", "- from images alone"),
    ],
)
def test_the_figures_of_the_first_experiment_are_those_of_the_record(record: str, told: str, begins: str) -> None:
    import json

    path = ROOT / "benchmarks" / "results" / f"mnist_{record}.json"
    found = [row["accuracy"][told] for row in json.loads(path.read_text(encoding="utf-8"))["rows"]]
    (line,) = [line for line in README.splitlines() if line.startswith(begins)]
    assert f"mean {sum(found) / len(found):.2f} %, worst {min(found):.2f} %" in line
    assert len(found) == (5 if record == "image" else 9)


def test_links_between_documents_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_no_committed_text_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    forbidden = re.compile(r"/(work|root|home)/[a-z]|pypi\.org|pythonhosted|npmjs|deb\.debian")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".toml", ".txt", ".json", ".yml", ""}
            and path.is_file()
            and path != Path(__file__)
        ):
            found = forbidden.search(path.read_text(encoding="utf-8", errors="replace"))
            assert found is None, f"{name}: {found and found.group()}"
