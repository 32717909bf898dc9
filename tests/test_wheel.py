"""A wheel runs from anywhere: what it ships is found without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("pima_fingerprint-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def run(unpacked: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(unpacked)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=True)


def test_the_wheel_holds_the_package_and_no_other_top_level_module(unpacked: Path) -> None:
    assert {each.name.split("-")[0] for each in unpacked.iterdir()} == {"fingerprint", "pima_fingerprint"}


def test_the_shipped_files_are_the_wheels_own(unpacked: Path, tmp_path: Path) -> None:
    program = (
        "from fingerprint.bundled import bundled\n"
        "print(bundled('recipes/default.toml'))\n"
        "print(bundled('datasets/silicon_vdos/vdos/dataset.toml'))\n"
    )
    found = run(unpacked, tmp_path, "-c", program).stdout.split()
    assert len(found) == 2
    assert all(Path(each).is_relative_to(unpacked) for each in found)


def test_the_shipped_set_is_ingested_from_another_folder(unpacked: Path, tmp_path: Path) -> None:
    vdos = unpacked / "fingerprint" / "_bundled" / "datasets" / "silicon_vdos" / "vdos"
    run(unpacked, tmp_path, "-m", "fingerprint", "ingest", str(vdos))
    told = run(unpacked, tmp_path, "-m", "fingerprint", "info").stdout
    assert "772 specimens" in told


def test_the_report_template_is_in_the_wheel(unpacked: Path) -> None:
    assert list((unpacked / "fingerprint" / "reporting").glob("*.jinja*")) or list(
        (unpacked / "fingerprint" / "reporting").glob("**/*.html*")
    )


def test_in_a_checkout_the_shipped_files_are_the_checkouts() -> None:
    from fingerprint.bundled import bundled

    assert bundled("recipes/default.toml") == ROOT / "recipes" / "default.toml"
