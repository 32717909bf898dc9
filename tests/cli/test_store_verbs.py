"""`fingerprint store`, `show` and `info`, as their users call them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fingerprint.cli import main
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.store import Store, open_store

AXIS = np.array([0.1, 1 / 3, 2.0])
VDOS = Modality("vdos", Kind.SPECTRUM, unit="1/THz", axis_name="frequency", axis_unit="THz")
STRESS = Modality("stress", Kind.SCALAR, unit="GPa", sign="compression positive")
MAP = Modality("map", Kind.IMAGE)
SPECTRA = np.array([[0.1, 0.2, 1e-7], [1 / 3, 0.5, 0.7]], np.float32)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command: exit code, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return call


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Two ingests in the default store of the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FINGERPRINT_STORE", raising=False)
    store = open_store("fingerprint-store", create=True)
    spectra = RawModality(VDOS, (Block(("si-1", "si-[2]"), SPECTRA, AXIS, ("a.csv", "b.csv")),))
    scalars = RawModality(STRESS, (Block(("si-1",), np.array([0.1 + 0.2]), None, ("s.csv:2",)),))
    image = RawModality(MAP, (Block(("si-1",), np.arange(6.0).reshape(1, 2, 3)),))
    metadata = {"si-1": {"strain": 0.1 + 0.2, "label": "[red]hot[/red]", "note": None}}
    store.append([spectra, scalars, image], metadata, "first = 1")
    store.append([RawModality(STRESS, (Block(("si-1",), np.array([7.0])),))], {}, "")
    return store


def _json(run: Run, *arguments: str) -> dict[str, Any]:
    code, out, _ = run(*arguments, "--json")
    assert code == 0
    document = json.loads(out)
    assert document["schema_version"] == 1
    return document


def test_show_gives_every_number_as_measured(run: Run, store: Store) -> None:
    store.undo(store.log()[-1].ingest)
    first, second = _json(run, "show", "si-1", "si-[2]")["specimens"]
    assert (first["id"], second["id"]) == ("si-1", "si-[2]")
    assert first["metadata"] == {"strain": 0.1 + 0.2, "label": "[red]hot[/red]", "note": None}
    spectrum = first["modalities"]["vdos"]
    assert spectrum["x"] == AXIS.tolist()
    assert np.array(spectrum["y"], np.float32).tobytes() == SPECTRA[0].tobytes()
    assert (spectrum["x_unit"], spectrum["y_unit"], spectrum["precision"]) == ("THz", "1/THz", "float32")
    assert spectrum["source"] == "a.csv"
    scalar = first["modalities"]["stress"]
    assert (scalar["value"], scalar["unit"], scalar["sign"]) == (0.1 + 0.2, "GPa", "compression positive")
    assert first["modalities"]["map"]["value"] == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert set(second["modalities"]) == {"vdos"}


def test_show_for_people(run: Run, store: Store) -> None:
    store.undo(store.log()[-1].ingest)
    code, out, err = run("show", "si-1", "si-[2]")
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines == [
        "si-1",
        "strain 0.30000000000000004",
        "label [red]hot[/red]",
        "note -",
        "vdos 3 points: (0.1 THz, 0.1 1/THz) ... (2.0 THz, 1e-07 1/THz) a.csv",
        "stress 0.30000000000000004 GPa compression positive s.csv:2",
        "map 2 x 3: 0.0 ... 5.0",
        "",
        "si-[2]",
        "vdos 3 points: (0.1 THz, 0.33333334 1/THz) ... (2.0 THz, 0.7 1/THz) b.csv",
        "stress not measured",
        "map not measured",
    ]


@pytest.mark.usefixtures("store")
def test_show_names_the_nearest_ids(run: Run) -> None:
    code, out, err = run("show", "si-1", "si1")
    assert (code, out) == (1, "")
    assert "no specimen 'si1'" in err
    assert "'si-1'" in err
    code, out, err = run("show", "nobody", "--json")
    assert (code, err) == (1, "")
    assert json.loads(out)["error"]["what"] == "the store has no specimen 'nobody'"


@pytest.mark.usefixtures("store")
def test_info_of_a_store(run: Run) -> None:
    document = _json(run, "info")
    assert (document["specimens"], document["warnings"]) == (2, [])
    assert document["modalities"]["vdos"] == {
        "kind": "spectrum",
        "unit": "1/THz",
        "sign": "",
        "axis": {"name": "frequency", "unit": "THz", "first": 0.1, "last": 2.0, "points": 3, "distinct": 1},
        "shapes": [],
        "count": 2,
        "missing": 0,
        "measurements": 2,
        "replicate_sd": None,
        "min": float(SPECTRA.min()),
        "mean": pytest.approx(float(SPECTRA.mean(dtype=float)), rel=1e-12),
        "max": float(SPECTRA.max()),
    }
    stress = document["modalities"]["stress"]
    assert (stress["axis"], stress["count"], stress["missing"], stress["mean"]) == (None, 1, 1, 7.0)
    code, out, _ = run("info", "fingerprint-store")
    assert code == 0
    assert "2 specimens, 3 modalities" in out
    assert "stress: scalar, in GPa, compression positive" in out
    assert "1 measured, 1 missing" in out


def test_info_warns(run: Run, store: Store) -> None:
    ingest = store.log()[-1].ingest
    store.undo(ingest)
    assert any(ingest in warning for warning in _json(run, "info")["warnings"])
    assert f"Warning: ingest {ingest} is undone" in run("info")[1]


def test_history(run: Run, store: Store) -> None:
    first, second = _json(run, "store", "log")["entries"]
    assert (first["kind"], first["undone"], first["dataset_toml"]) == ("ingest", False, "first = 1")
    assert first["modalities"]["vdos"] == {"new": 2, "unchanged": 0, "replaced": 0, "kept": 0}
    assert second["modalities"] == {"stress": {"new": 0, "unchanged": 0, "replaced": 1, "kept": 0}}

    (undo,) = _json(run, "store", "undo", second["ingest"])["entries"]
    assert (undo["kind"], undo["undoes"], undo["position"]) == ("undo", second["ingest"], 3)
    assert store.read("stress").blocks[0].values.tolist() == [0.1 + 0.2]
    assert [entry["undone"] for entry in _json(run, "store", "log")["entries"]] == [False, True, False]

    code, out, _ = run("store", "log")
    lines = out.splitlines()
    assert code == 0
    assert len(lines) == 3
    assert lines[1].endswith("stress: 1 (undone)")
    assert lines[2].endswith(f"undo of {second['ingest']}")

    code, out, err = run("store", "undo", second["ingest"])
    assert (code, out) == (1, "")
    assert "undone already" in err
    assert first["ingest"] in err


@pytest.mark.usefixtures("store")
def test_optimize(run: Run) -> None:
    entries = _json(run, "store", "optimize")["entries"]
    assert {"table": "modalities/stress", "files_before": 2, "files_after": 1} in entries
    code, out, _ = run("store", "optimize")
    assert code == 0
    assert "modalities/stress" in out


@pytest.mark.parametrize(
    "arguments", [("info",), ("show", "a"), ("store", "log"), ("store", "undo", "x"), ("store", "optimize")]
)
def test_without_a_store_nothing_is_made(
    run: Run, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINGERPRINT_STORE", str(tmp_path / "none"))
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert "there is no store" in err
    assert "fingerprint ingest" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments", [("info",), ("show",), ("store",), ("store", "log"), ("store", "undo"), ("store", "optimize")]
)
def test_help_ends_with_an_example(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, _ = run(*arguments, "--help")
    assert code == 0
    assert out.rstrip().splitlines()[-1].strip().startswith(f"Example: fingerprint {arguments[0]}")


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys, fingerprint.cli\n"
        "heavy = {'deltalake', 'pyarrow', 'numpy', 'pandas', 'torch', 'pint'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_an_earlier_state_is_read_back(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "lab"
    path.mkdir()
    (path / "a.csv").write_text("id,stress_gpa,stress_err_gpa\na,1,0.25\n")
    store = str(tmp_path / "own")
    assert run("ingest", str(path), "--store", store)[0] == 0
    (path / "a.csv").write_text("id,stress_gpa,stress_err_gpa\na,2,0.5\nb,3,0.5\n")
    code, _, err = run("ingest", str(path), "--store", store)
    assert code == 1
    assert "the stress of specimen 'a' differs from what is stored" in err
    assert "--on-conflict replace" in err
    assert run("show", "b", "--store", store)[0] == 1, "nothing of it was written"
    kept = _json(run, "ingest", str(path), "--store", store, "--on-conflict", "keep")["modalities"]["stress"]
    assert (kept["new"], kept["kept"], kept["replaced"]) == (1, 1, 0)
    assert "1.0 ± 0.25 GPa" in run("show", "a", "--store", store)[1]
    assert run("ingest", str(path), "--store", store, "--on-conflict", "replace")[0] == 0
    assert "2.0 ± 0.5 GPa" in run("show", "a", "--store", store)[1]
    assert "1.0 ± 0.25 GPa" in run("show", "a", "--store", store, "--at", "1")[1]
    assert [_json(run, "info", store, "--at", str(at))["specimens"] for at in (0, 1, 3)] == [0, 1, 2]
    code, _, err = run("info", store, "--at", "4")
    assert code == 1
    assert "the store has no state 4" in err
