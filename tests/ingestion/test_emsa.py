"""EMSA/MAS: the axis from offset and step or point by point, and nothing that contradicts itself is read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from emsa_files import X, Y, emsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fingerprint.errors import DatasetError, FingerprintError, ReadError
from fingerprint.ingestion import ingest, read_measurement
from fingerprint.ingestion.dataset import STEM, AxisSpec, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.emsa import FORMAT
from fingerprint.ingestion.reader import CurveLayout, Request, Unrecognised
from fingerprint.modality import Kind, Modality, RawModality
from fingerprint.store import open_store

MISSING = frozenset({"", "nan"})


def request(path: Path, axis_unit: str = "eV", unit: str = "") -> Request:
    spec = ModalitySpec(Kind.SPECTRUM, path.name, unit, "", "", STEM, AxisSpec("energy", axis_unit))
    return Request(path, "eels", spec, MISSING)


def read(path: Path, text: str, **keys: str) -> RawModality:
    path.write_bytes(text.encode("latin-1"))
    return FORMAT.read(request(path, **keys))


def refused(path: Path, text: str, what: str) -> ReadError:
    with pytest.raises(ReadError) as by_reading:
        read(path, text)
    with pytest.raises(ReadError) as by_looking:
        FORMAT.inspect(path)
    assert str(by_reading.value) == str(by_looking.value)
    assert what in by_reading.value.what
    return by_reading.value


FIVE = [", ".join(map(str, Y[at : at + 5])) for at in range(0, 20, 5)]
SIX = [" ".join(map(str, Y[at : at + 6])) + "," for at in range(0, 20, 6)]
TWO_PAIRS = [f"{X[at]:.2f}, {Y[at]}, {X[at + 1]:.2f}, {Y[at + 1]}" for at in range(0, 20, 2)]


@pytest.mark.parametrize(
    "text",
    [
        emsa(),
        emsa(DATATYPE="Y"),
        emsa(FIVE, DATATYPE="Y", NCOLUMNS="5."),
        emsa(SIX, DATATYPE="Y", NCOLUMNS=6),
        emsa(TWO_PAIRS, NCOLUMNS=2),
        emsa(NCOLUMNS=2),  # some count the numbers
        emsa(NCOLUMNS=None, CHOFFSET=None),
        emsa(XPERCHAN=None, OFFSET=None),
        emsa(DATATYPE="Y", CHOFFSET="0.0"),
        emsa().replace("\n", "\r\n"),
        emsa(TITLE="Probe µ").replace("#NPOINTS", "#npoints") + "\n",
        emsa().replace(", ", "   "),
    ],
)
def test_each_manner_gives_the_same_numbers(text: str, tmp_path: Path) -> None:
    raw = read(tmp_path / "a.msa", text)
    (block,) = raw.blocks
    assert block.axis is not None
    np.testing.assert_allclose(block.axis, X, rtol=1e-14)
    np.testing.assert_array_equal(block.values, [Y])
    assert block.specimens == ("a",)
    assert raw.modality.axis_unit == "eV"
    layout = FORMAT.inspect(tmp_path / "a.msa")
    assert isinstance(layout, CurveLayout)
    assert layout.x is not None
    assert layout.y is not None
    assert (layout.x.header, layout.y.header) == ("energy loss (eV)", "intensity")


def test_a_descending_axis_is_turned(tmp_path: Path) -> None:
    (block,) = read(tmp_path / "a.msa", emsa(DATATYPE="Y", XPERCHAN="-3.1", CHOFFSET=None)).blocks
    assert block.axis is not None
    np.testing.assert_allclose(block.axis, 520.13 - 3.1 * np.arange(20)[::-1])
    np.testing.assert_array_equal(block.values, [Y[::-1]])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (emsa(NPOINTS="21"), "there are 20 points, and #NPOINTS says 21"),
        (emsa(NPOINTS="19"), "more points than the 19"),
        (emsa(NPOINTS=None), "there is no #NPOINTS"),
        (emsa(NPOINTS="many"), "#NPOINTS 'many' is not a number"),
        (emsa(NPOINTS="1e12"), "#NPOINTS 1000000000000"),
        (emsa(NCOLUMNS="3"), "2 numbers in a line, and #NCOLUMNS says 3"),
        (emsa(DATATYPE="Y", NCOLUMNS="2"), "1 numbers in a line, and #NCOLUMNS says 2"),
        (emsa(DATATYPE="Z"), "#DATATYPE 'Z'"),
        (emsa(DATATYPE="Y", lines=[f"{x:.2f}, {y}" for x, y in zip(X, Y, strict=True)]), "2 numbers in a line"),
        (emsa(lines=[f"{y}" for y in Y]), "1 numbers in a line"),
        (emsa(OFFSET="523.23"), "the point is at 520.13, and #OFFSET and #XPERCHAN put it at 523.23"),
        (emsa(XPERCHAN="3.4"), "the point is at 523.23, and #OFFSET and #XPERCHAN put it at 523.53"),
        (emsa(XPERCHAN="3,1"), "#XPERCHAN '3,1' is not a number"),
        (emsa(DATATYPE="Y", OFFSET=None), "there is no #OFFSET"),
        (emsa(DATATYPE="Y", XPERCHAN="0"), "there is no #XPERCHAN, or it is 0"),
        (emsa(DATATYPE="Y", CHOFFSET="-100"), "#CHOFFSET -100, and by #OFFSET and #XPERCHAN"),
        (emsa().replace("#ENDOFDATA   : \n", ""), "there is no #ENDOFDATA"),
        (emsa().replace("#SPECTRUM", "#SPECTRA"), "before #SPECTRUM"),
        (emsa() + "1, 2\n", "text after #ENDOFDATA"),
        (emsa().replace("4066.0", "x"), "'x' is not a number"),
        (emsa().replace("4066.0", "4,066.0"), "3 numbers in a line"),
        (emsa().replace("4066.0", "nan"), "'nan' is not a number"),
        (emsa().replace("523.23", "#523.23"), "among the points"),
        (emsa().replace("#VERSION", "#NPOINTS : 30\n#VERSION"), "#NPOINTS stands here again"),
        (emsa([]), "there are 0 points"),
    ],
)
def test_a_contradiction_or_damage_is_refused(text: str, what: str, tmp_path: Path) -> None:
    error = refused(tmp_path / "a.msa", text, what)
    assert error.where.startswith(f"{tmp_path}/a.msa:")


def test_a_file_cut_off_anywhere_or_without_a_line_is_refused(tmp_path: Path) -> None:
    for text in (emsa(), emsa(DATATYPE="Y"), emsa(SIX, DATATYPE="Y", NCOLUMNS=6)):
        for length in range(text.index("#ENDOFDATA") + 9):
            with pytest.raises(ReadError):
                read(tmp_path / "a.msa", text[:length])
        lines = text.splitlines()
        for number in range(lines.index("#SPECTRUM    : Spectral Data Starts Here"), len(lines)):
            with pytest.raises(ReadError):
                read(tmp_path / "a.msa", "\n".join(lines[:number] + lines[number + 1 :]))


@pytest.mark.parametrize("text", ["CLUSTAL W\n\nseq1 ACGT\n", "", "#NPOINTS : 3\n", "#FORMAT : other\n"])
def test_other_files_of_that_name_are_no_stop_for_a_folder(text: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="this is not an EMSA/MAS spectrum"):
        read(tmp_path / "a.msa", text)
    assert isinstance(FORMAT.inspect(tmp_path / "a.msa"), Unrecognised)


def test_units_are_converted_into_those_declared(tmp_path: Path) -> None:
    (block,) = read(tmp_path / "a.msa", emsa(), axis_unit="keV").blocks
    np.testing.assert_allclose(np.asarray(block.axis), X / 1000, rtol=1e-12)
    with pytest.raises(ReadError, match="but GPa is declared"):
        read(tmp_path / "a.msa", emsa(), axis_unit="GPa")
    with pytest.raises(ReadError, match=r"is in arbitrary units here"):
        read(tmp_path / "a.msa", emsa(YUNITS="Counts"), unit="%")
    with pytest.raises(DatasetError, match="no table"):
        FORMAT.read_metadata(tmp_path / "a.msa", SpecimensSpec("a.msa", "id"), MISSING)


def test_a_folder_explains_itself_and_a_file_is_read_for_a_prediction(tmp_path: Path) -> None:
    folder = tmp_path / "eds"
    folder.mkdir()
    keys = {"SIGNALTYPE": "EDS", "XLABEL": "Energy", "YLABEL": "X-ray Intensity"}
    for name in ("a", "b"):
        (folder / f"{name}.msa").write_text(emsa(**keys))
    text = ingest(folder, tmp_path / "store").dataset_toml
    assert 'values = "x-ray intensity"' in text
    (folder / "dataset.toml").write_text(text)
    ingest(folder, tmp_path / "store")
    modality = Modality("x-ray_intensity", Kind.SPECTRUM, "", "", "energy", "eV")
    assert open_store(tmp_path / "store").modalities() == {"x-ray_intensity": modality}
    in_kev = read_measurement(folder / "a.msa", Modality("x", Kind.SPECTRUM, "", "", "energy", "keV"))
    axis = in_kev.raw.blocks[0].axis
    assert axis is not None
    np.testing.assert_allclose(axis, X / 1000)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid file with some bytes changed, left out, doubled or put elsewhere."""
    content = bytearray(
        draw(st.sampled_from([emsa(), emsa(DATATYPE="Y"), emsa(SIX, DATATYPE="Y", NCOLUMNS=6)])).encode()
    )
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content) - 1))
        piece = draw(
            st.binary(max_size=4)
            | st.text("0123456789.+-eE#: ,;\n", max_size=8).map(str.encode)
            | st.just(bytes(content[at : at + 40]))
        )
        content[at : at + draw(st.integers(0, 12))] = piece
        if not content:
            return b""
    return bytes(content)


@settings(max_examples=300, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=mutated())
def test_no_damage_ends_in_anything_but_a_refusal(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.msa"
    path.write_bytes(content)
    attempts: list[Callable[[], object]] = [lambda: FORMAT.inspect(path), lambda: FORMAT.read(request(path))]
    for attempt in attempts:
        with contextlib.suppress(FingerprintError):
            attempt()
