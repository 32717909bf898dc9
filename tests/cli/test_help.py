"""Every verb explains itself, with an example, quickly; and docs/cli.md says the same."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from two_factors import TwoFactors, write_spectrum

from fingerprint.run import Run

Call = Callable[..., tuple[int, str, str]]

DOCS = Path(__file__).parents[2] / "docs"
HEAVY = (
    "torch", "numpy", "scipy", "sklearn", "pandas", "pyarrow", "deltalake", "h5py", "pint", "plotly", "jinja2",
    "msgspec", "safetensors", "jaxtyping",
)  # fmt: skip


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_cli = _load(DOCS / "make_cli.py")
PAGE = (DOCS / "cli.md").read_text(encoding="utf-8")
PROMISED = {
    "ingest",
    "info",
    "show",
    "store",
    "train",
    "predict",
    "predict-stress",
    "export",
    "report",
    "datasets",
    "demo",
}


def test_the_page_is_made_from_the_real_help() -> None:
    assert make_cli.page() == PAGE, "run: python docs/make_cli.py"


def test_the_promised_verbs_are_there() -> None:
    assert {verb[0] for verb in make_cli.verbs()} >= PROMISED


@pytest.mark.parametrize("verb", make_cli.verbs(), ids=" ".join)
def test_help_ends_with_an_example_of_the_verb(verb: tuple[str, ...], call: Call) -> None:
    code, out, err = call(*verb, "--help")
    assert (code, err) == (0, "")
    last = out.rstrip().splitlines()[-1].strip()
    assert last.startswith(f"Example: fingerprint {' '.join(verb)}")
    assert re.search(rf"^##+ {' '.join(verb)}$", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize("verb", [verb for verb in make_cli.verbs() if verb not in {("store",), ("datasets",)}])
def test_every_verb_has_the_common_options(verb: tuple[str, ...], call: Call) -> None:
    _, out, _ = call(*verb, "--help")
    for option in ("--json", "--quiet", "--verbose"):
        assert option in out


def test_a_prediction_in_the_models_own_units_does_not_load_the_unit_registry(
    factor_run: Run, factor_data: TwoFactors, tmp_path: Path
) -> None:
    file = write_spectrum(tmp_path / "a.csv", factor_data.raws["vdos"].blocks[0].values[0])
    script = (
        "import sys\nfrom fingerprint.prediction import predict\nfrom fingerprint.run import load_run\n"
        f"assert predict(load_run({str(factor_run.path)!r}), 'stress', [{str(file)!r}]).predictions\n"
        "print(*sorted({'pint', 'sklearn', 'scipy', 'plotly', 'jinja2', 'fingerprint.training'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert told.strip() == ""


def test_help_imports_nothing_heavy() -> None:
    script = f"import sys, fingerprint.cli; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert told.strip() == ""
