"""The vendors' formats: what is told without RosettaSciIO, and what is made of what it gives (here, a stand-in)."""

from __future__ import annotations

import logging
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion import ingest, read_measurement
from fingerprint.ingestion.dataset import STEM, AxisSpec, ModalitySpec
from fingerprint.ingestion.reader import CurveLayout, Request, Unrecognised
from fingerprint.ingestion.vendors import FORMAT
from fingerprint.modality import Kind, Modality
from fingerprint.store import open_store

VALUES = np.array([5, 7, 11, 13], dtype=np.float32)
SHIFT = [100.0, 100.5, 101.1, 101.5]
RAMAN: dict[str, Any] = {
    "data": VALUES,
    "axes": [{"name": "Raman Shift", "units": "1/cm", "axis": SHIFT, "navigate": False}],
    "metadata": {"Signal": {"quantity": "Intensity (Counts)"}},
}
ENERGY: dict[str, Any] = {
    "data": np.array([1, 2, 3], dtype=np.uint32),
    "axes": [{"name": "Energy", "units": "keV", "offset": 0.5, "scale": 0.01, "size": 3}],
    "metadata": {},
}
Give = Callable[..., None]


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Give:
    """A stand-in for RosettaSciIO that gives these signals, or raises."""

    def install(plugin: str, *signals: dict[str, Any], error: Exception | None = None, warning: str = "") -> None:
        def file_reader(filename: str, lazy: bool = False) -> list[dict[str, Any]]:
            assert Path(filename).is_file()
            assert not lazy
            if warning:
                logging.getLogger(f"rsciio.{plugin}").warning(warning)
            if error:
                raise error
            return list(signals)

        module = ModuleType(f"rsciio.{plugin}")
        module.file_reader = file_reader  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "rsciio", ModuleType("rsciio"))
        monkeypatch.setitem(sys.modules, f"rsciio.{plugin}", module)

    return install


@pytest.fixture
def wdf(tmp_path: Path) -> Path:
    (tmp_path / "raman").mkdir()
    path = tmp_path / "raman" / "si-1.wdf"
    path.write_bytes(struct.pack("<4sIQ", b"WDF1", 1, 16))
    return path


def request(path: Path, unit: str = "cm^-1", **keys: Any) -> Request:
    spec = ModalitySpec(Kind.SPECTRUM, path.name, axis=AxisSpec("raman_shift", unit), **keys)
    return Request(path, "raman", spec, frozenset())


@pytest.mark.parametrize("suffix", FORMAT.suffixes)
def test_without_the_package_the_extra_is_named(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rsciio", None)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"")
    with pytest.raises(ReadError, match="RosettaSciIO, which is not installed") as error:
        FORMAT.read(request(path))
    assert 'pip install "pima-fingerprint[vendors]"' in error.value.next
    layout = FORMAT.inspect(path)
    assert isinstance(layout, Unrecognised)
    assert "pima-fingerprint[vendors]" in layout.reason


def test_a_spectrum_is_read_with_its_axis(give: Give, wdf: Path, tmp_path: Path) -> None:
    give("renishaw", RAMAN, {"data": np.zeros((2, 2, 3)), "axes": []}, warning="Data is averaged.")
    layout = FORMAT.inspect(wdf)
    assert isinstance(layout, CurveLayout)
    assert (layout.x and layout.x.unit, layout.y and layout.y.unit) == ("cm^-1", "")
    report = ingest(wdf.parent, tmp_path / "store")
    assert f"{wdf}: Data is averaged." in report.warnings
    store = open_store(tmp_path / "store")
    assert store.modalities() == {"intensity": Modality("intensity", Kind.SPECTRUM, "", "", "raman_shift", "cm^-1")}
    (block,) = store.read("intensity").blocks
    assert (block.specimens, block.values.tolist()) == (("si-1",), [[5, 7, 11, 13]])
    assert block.axis is not None
    assert block.axis.tolist() == SHIFT
    (wdf.parent / "dataset.toml").write_text(report.dataset_toml)
    assert ingest(wdf.parent, tmp_path / "store").modalities["intensity"].unchanged == 1
    modality = Modality("raman", Kind.SPECTRUM, "", "", "shift", "nm^-1")
    (block,) = read_measurement(wdf, modality).raw.blocks
    assert block.axis is not None
    np.testing.assert_allclose(block.axis, np.array(SHIFT) * 1e-7)


def test_an_axis_of_offset_and_scale(give: Give, tmp_path: Path) -> None:
    path = tmp_path / "a.spc"
    path.write_bytes(struct.pack("<f", 0.7) + bytes(60))
    give("edax", ENERGY | {"original_metadata": {"spc_header": {"numPts": 3}}})
    (block,) = FORMAT.read(request(path, "keV")).blocks
    assert block.axis is not None
    assert block.axis.tolist() == [0.5, 0.51, 0.52]
    assert (block.values.tolist(), block.values.dtype) == ([[1, 2, 3]], np.float64)
    give("edax", ENERGY | {"original_metadata": {"spc_header": {"numPts": 4}}})
    with pytest.raises(ReadError, match="4 points are announced, and 3 are there"):
        FORMAT.read(request(path, "keV"))
    path.write_bytes(b"\x00\x4b\x00\x00" + bytes(600))
    with pytest.raises(ReadError, match="GRAMS"):
        FORMAT.read(request(path, "keV"))


@pytest.mark.parametrize(
    ("signals", "what"),
    [
        ((), "0 curves"),
        ((RAMAN, RAMAN), "2 curves"),
        (({"data": np.zeros((2, 4)), "axes": []},), r"0 curves \(shapes \(2, 4\)\)"),
        ((RAMAN | {"axes": []},), "axis is not understood"),
        ((RAMAN | {"axes": [{"units": "1/cm"}]},), "axis is not understood"),
        ((RAMAN | {"axes": [{"units": "1/cm", "axis": SHIFT[1:]}]},), "4 values on an axis of 3"),
        ((RAMAN | {"axes": [{"units": "furlong per", "axis": SHIFT}]},), "'furlong per' is unknown"),
        ((RAMAN | {"axes": [{"units": "nm", "axis": SHIFT}]},), "is a difference"),
        ((RAMAN | {"axes": [{"axis": [1, 1, 2, 3]}]},), "repeats"),
        ((RAMAN | {"data": VALUES * 1j},), "complex"),
        ((RAMAN | {"data": np.array([1, np.nan, 3, 4])},), "missing inside"),
        ((RAMAN | {"metadata": {"Signal": {"quantity": "Stress (GPa)"}}},), "is in GPa here"),
    ],
)
def test_what_is_no_single_curve_is_refused(give: Give, wdf: Path, signals: tuple[Any, ...], what: str) -> None:
    give("renishaw", *signals)
    with pytest.raises(ReadError, match=what) as error:
        FORMAT.read(request(wdf))
    assert error.value.where.startswith(str(wdf))


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("odd"), AssertionError("odd"), struct.error("odd")])
def test_whatever_the_package_raises_is_a_refusal(give: Give, wdf: Path, error: Exception) -> None:
    give("renishaw", error=error)
    for look in (FORMAT.inspect, lambda path: FORMAT.read(request(path))):
        with pytest.raises(ReadError, match=r"RosettaSciIO cannot read it: .*odd"):
            look(wdf)


def test_a_damaged_wdf_is_refused_before_its_reader_stays_in_it_for_ever(give: Give, wdf: Path) -> None:
    give("renishaw", RAMAN)
    for blocks in ((), (b"DATA", 1, 0), (b"DATA", 1, 17), (b"DATA", 1, 2**63)):
        sound = struct.pack("<4sIQ", b"WDF1", 1, 16)
        wdf.write_bytes(sound + struct.pack("<4sIQ", *blocks) if blocks else sound[:15])
        with pytest.raises(ReadError, match=r"no \.wdf at all"):
            FORMAT.inspect(wdf)


def test_other_requests_are_refused(give: Give, wdf: Path) -> None:
    give("renishaw", RAMAN)
    with pytest.raises(DatasetError, match="one curve is read"):
        FORMAT.read(Request(wdf, "x", ModalitySpec(Kind.SCALAR, wdf.name, values="x"), frozenset()))
    with pytest.raises(ReadError, match="no 'height'"):
        FORMAT.read(request(wdf, values="height"))
    with pytest.raises(ReadError, match="no such file"):
        FORMAT.read(request(wdf.with_name("b.wdf")))
    assert FORMAT.read(request(wdf, specimens=STEM)).specimens == ("si-1",)
