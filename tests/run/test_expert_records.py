"""A run keeps the names of its experts, never their code; and is not opened with another law than its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import torch
from relaxing_foils import TRUE, fill_foil_store, foil_recipe

from fingerprint.errors import RunError
from fingerprint.experts import entries, load_plugin, registry
from fingerprint.experts.template import template
from fingerprint.run import Run, load_run, read_info
from fingerprint.store import Store
from fingerprint.training import resume, train

LAW = template("relaxation_of_foils", "my_laws.py")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Foils."""
    return fill_foil_store(tmp_path_factory.mktemp("foils") / "fingerprint-store")


@pytest.fixture(scope="module")
def trained(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with the template's law, and the plugin that has it; no longer loaded."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "my_laws.py").write_text(LAW, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_ENTRIES", dict(entries()))
        load_plugin(folder / "my_laws.py")
        train(store, foil_recipe("relaxation_of_foils"), folder / "run", device="cpu")
    return folder


@pytest.fixture
def plugin(trained: Path, tmp_path: Path, own_experts: Callable[[], None]) -> Path:  # noqa: ARG001
    """A copy of the plugin, loaded."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    load_plugin(tmp_path / "my_laws.py")
    return tmp_path / "my_laws.py"


@pytest.fixture
def run(plugin: Path) -> Run:
    """A copy of the run."""
    return load_run(plugin.parent / "run")


def test_the_template_finds_the_parameters_of_the_clusters(run: Run) -> None:
    (theta,) = run.model.experts()["elongation"].theta
    true = torch.tensor([TRUE["amplitude"], TRUE["time"], TRUE["offset"]], dtype=torch.float64).T
    order = theta[:, 0].argsort()
    torch.testing.assert_close(theta[order], true, rtol=0.01, atol=0.01)


def test_what_is_kept_is_told_and_never_run(
    store: Store, run: Run, plugin: Path, own_experts: Callable[[], None]
) -> None:
    record = read_info(run.path).experts["elongation"]
    assert (record.name, record.source, record.home) == ("relaxation_of_foils", "plugin", "my_laws.py")
    assert record.parameters == ("amplitude", "time", "offset")
    kept = [each.read_bytes() for each in run.path.iterdir() if each.is_file()]
    assert not any(b"torch.exp" in each or str(plugin.parent).encode() in each for each in kept)
    own_experts()
    for open_it in (lambda: load_run(run.path), lambda: resume_interrupted(store, run.path)):
        with pytest.raises(RunError, match="'relaxation_of_foils' of a plugin, and needs it") as refused:
            open_it()
        assert "my_laws.py" in refused.value.expected
        assert "--plugin my_laws.py" in refused.value.next
        assert "fingerprint.load_plugin('my_laws.py')" in refused.value.next
    load_plugin(plugin)
    assert torch.equal(load_run(run.path).model.experts()["elongation"].theta, run.model.experts()["elongation"].theta)


def resume_interrupted(store: Store, path: Path) -> Run:
    """Go on with a run as if it had been interrupted."""
    info = msgspec.structs.replace(read_info(path), status="interrupted")
    other = path.with_name("interrupted")
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(path, other)
    (other / "run.json").write_bytes(msgspec.json.encode(info))
    return resume(store, other, device="cpu")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("package", "Install it: pip install my_laws.py."),
        ("module", "Import it before you open the run"),
        ("shipped", "Upgrade: pip install"),
    ],
)
def test_an_expert_of_another_kind_is_asked_for_otherwise(
    run: Run, own_experts: Callable[[], None], source: str, expected: str
) -> None:
    own_experts()
    content = msgspec.json.decode((run.path / "run.json").read_bytes())
    content["experts"]["elongation"]["source"] = source
    (run.path / "run.json").write_bytes(msgspec.json.encode(content))
    with pytest.raises(RunError) as refused:
        load_run(run.path)
    assert refused.value.next.startswith(expected)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("(-t / time)", "(-2 * t / time)", "gives other curves of elongation for the same parameters"),
        ("offset", "rest", "has the parameters amplitude, time, rest, and had amplitude, time, offset"),
        ('    offset=Parameter(linear=True, unit="y"),\n', "    offset=1.0,\n", ""),
    ],
)
def test_a_law_that_has_changed_is_not_taken_for_the_old_one(
    run: Run, plugin: Path, old: str, new: str, what: str
) -> None:
    """But that a parameter is found otherwise changes nothing of what was found."""
    plugin.write_text(LAW.replace(old, new), encoding="utf-8")
    load_plugin(plugin)
    if not what:
        assert load_run(run.path).info.experts
        return
    with pytest.raises(RunError, match="is not the one that this run was trained with") as refused:
        load_run(run.path)
    assert what in refused.value.what
    assert "my_laws.py" in refused.value.expected


@pytest.mark.parametrize("when", ["time.shape == (CLUSTERS, 1)", "time.ndim == 1"])
def test_a_law_that_fails_is_not_told_as_a_damaged_run(run: Run, plugin: Path, when: str) -> None:
    """Where it is asked for the curves of what was found, and before that, while it is tried."""
    condition = when.replace("CLUSTERS", str(run.recipe.model.clusters))
    fails = f"    if {condition}:\n        raise RuntimeError('no licence')\n    return "
    text = LAW.replace("    return ", fails)
    plugin.write_text(text, encoding="utf-8")
    load_plugin(plugin)
    with pytest.raises(RunError, match="the expert 'relaxation_of_foils' fails while") as refused:
        load_run(run.path)
    line = text.splitlines().index("        raise RuntimeError('no licence')") + 1
    assert refused.value.what.endswith("RuntimeError: no licence")
    assert refused.value.where == f"{plugin}:{line}"
    assert "Train it again" not in refused.value.next


def test_a_run_from_before_is_opened(run: Run) -> None:
    content = msgspec.json.decode((run.path / "run.json").read_bytes())
    del content["experts"]
    (run.path / "run.json").write_bytes(msgspec.json.encode(content))
    assert load_run(run.path).info.experts == {}
