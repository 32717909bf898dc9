"""Who may import whom, and what is imported when nothing is asked for yet."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fingerprint

PACKAGE = Path(fingerprint.__file__).parent
PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
HEAVY = {"torch", "pandas", "pyarrow", "deltalake", "h5py", "pint", "plotly", "jinja2", "sklearn", "scipy", "numpy"}


def test_the_contracts_of_pyproject_are_kept() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--config", PYPROJECT, "--no-cache", "--no-logo"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_has_its_layer() -> None:
    """A new folder or module cannot stand outside the order."""
    contracts = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    placed = {room.strip() for layer in layers for room in layer.split("|")}
    rooms = {each.stem for each in PACKAGE.iterdir() if each.is_dir() or each.suffix == ".py"}
    assert rooms - placed - {"__init__", "__main__", "__pycache__", "_bundled"} == set()


@pytest.mark.parametrize("statement", ["import fingerprint", "from fingerprint.cli import main; main(['--help'])"])
def test_nothing_heavy_is_imported_before_it_is_needed(statement: str) -> None:
    code = f"import atexit, sys; atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))\n{statement}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = {module.partition(".")[0] for module in done.stderr.split()}
    assert "fingerprint" in imported
    assert imported & HEAVY == set()
