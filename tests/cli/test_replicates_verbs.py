"""Several measurements of one specimen, as the commands show and count them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fingerprint.store import open_store

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a table of replicates and spectra of them, and a store of it, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FINGERPRINT_STORE", raising=False)
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "h.csv").write_text("id,replicate,hardness (GPa),operator\nA,1,9.0,M\nA,2,11.0,N\nB,1,7.0,M\nB,2,7.0,\n")
    for name, value in (("A-1", 1), ("A-2", 3), ("B-1", 5)):
        (folder / f"{name}.csv").write_text(f"shift (cm^-1),counts\n400,0\n500,{value}\n")
    return folder


def test_ingest_counts_measurements(call: Call, lab: Path) -> None:
    code, out, _ = call("ingest", "lab", "--json")
    document = json.loads(out)
    assert code == 0
    hardness, counts = document["modalities"]["hardness"], document["modalities"]["counts"]
    assert (hardness["read"], hardness["new"], hardness["missing"]) == (4, 4, 0)
    assert (counts["read"], counts["new"], counts["missing"]) == (3, 3, 0)
    assert document["specimens"] == {"total": 2, "new": 2}
    assert lab.is_dir()


@pytest.mark.usefixtures("lab")
def test_show_and_info(call: Call) -> None:
    call("ingest", "lab", "--quiet")
    code, out, _ = call("show", "A", "B")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0
    assert lines[:2] == ["A", "counts [1] 2 points: (400.0 cm^-1, 0.0) ... (500.0 cm^-1, 1.0) lab/A-1.csv"]
    assert "hardness [1] 9.0 GPa lab/h.csv:2 (operator M)" in lines
    assert "hardness [2] 11.0 GPa lab/h.csv:3 (operator N)" in lines
    assert "hardness [2] 7.0 GPa lab/h.csv:5" in lines
    _, out, _ = call("info")
    told = [" ".join(line.split()) for line in out.splitlines()]
    assert "specimens 2 measured, 0 missing, 4 measurements" in told
    assert "replicates standard deviation 1 GPa of a measurement about the mean of its specimen" in told


@pytest.mark.usefixtures("lab")
def test_json_of_one_and_of_several(call: Call) -> None:
    call("ingest", "lab", "--quiet")
    first, second = json.loads(call("show", "A", "B", "--json")[1])["specimens"]
    replicates = first["modalities"]["hardness"]["replicates"]
    assert [(each["measurement"], each["value"], each["facts"]) for each in replicates] == [
        ("1", 9.0, {"operator": "M"}),
        ("2", 11.0, {"operator": "N"}),
    ]
    assert [each["y"] for each in first["modalities"]["counts"]["replicates"]] == [[0, 1], [0, 3]]
    alone = second["modalities"]["counts"]
    assert (alone["y"], alone["measurement"], alone["facts"]) == ([0, 5], "1", {})
    described = json.loads(call("info", "--json")[1])["modalities"]
    assert {name: (each["count"], each["measurements"], each["replicate_sd"]) for name, each in described.items()} == {
        "counts": (2, 3, 1.0),
        "hardness": (2, 4, 1.0),
    }


def test_a_conflict_is_named_and_decided(call: Call, lab: Path) -> None:
    call("ingest", "lab", "--quiet")
    (lab / "A-2.csv").write_text("shift (cm^-1),counts\n400,0\n500,4\n")
    (lab / "A-3.csv").write_text("shift (cm^-1),counts\n400,0\n500,2\n")
    code, _, err = call("ingest", "lab")
    assert code == 1
    assert "counts of specimen 'A' (measurement '2') differs" in " ".join(err.split())
    code, out, _ = call("ingest", "lab", "--on-conflict", "keep", "--json")
    counted = json.loads(out)["modalities"]["counts"]
    assert (code, counted["new"], counted["kept"], counted["unchanged"]) == (0, 1, 1, 2)
    code, out, _ = call("ingest", "lab", "--on-conflict", "replace", "--json")
    assert json.loads(out)["modalities"]["counts"]["replaced"] == 1
    last = open_store("fingerprint-store").log()[-1]
    call("store", "undo", last.ingest)
    replicates = json.loads(call("show", "A", "--json")[1])["specimens"][0]["modalities"]["counts"]["replicates"]
    assert [each["y"][1] for each in replicates] == [1, 3, 2]
    before = json.loads(call("show", "A", "--at", "1", "--json")[1])["specimens"][0]["modalities"]["counts"]
    assert [each["y"][1] for each in before["replicates"]] == [1, 3]
