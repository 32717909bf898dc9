"""JCAMP-DX: every encoding to the same numbers, and nothing that contradicts itself is read."""

from __future__ import annotations

import contextlib
import gzip
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jcamp_files import ENCODINGS, RAW_Y, STEPS, X, Y, block, labels, table, whole

from fingerprint.errors import DatasetError, FingerprintError, ReadError, UnitError
from fingerprint.ingestion import ingest, read_measurement
from fingerprint.ingestion.curves import LARGEST_TEXT, MOST_LINES, MOST_POINTS
from fingerprint.ingestion.dataset import STEM, STEM_ROW, AxisSpec, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.jcamp import FORMAT
from fingerprint.ingestion.reader import CurveLayout, Request, Unrecognised
from fingerprint.modality import Kind, Modality, RawModality
from fingerprint.store import open_store

MISSING = frozenset({"", "nan"})


def request(path: Path, unit: str = "", axis_unit: str = "cm^-1", specimens: str = STEM, values: str = "") -> Request:
    axis = AxisSpec("wavenumber", axis_unit)
    return Request(path, "ir", ModalitySpec(Kind.SPECTRUM, path.name, unit, "", values, specimens, axis), MISSING)


def read(path: Path, text: str, **keys: str) -> RawModality:
    path.write_bytes(text.encode("latin-1"))
    return FORMAT.read(request(path, **keys))


def numbers(raw: RawModality) -> tuple[np.ndarray, np.ndarray]:
    (block_,) = raw.blocks
    assert block_.axis is not None
    return block_.axis, block_.values[0]


def refused(path: Path, text: str, what: str, line: int | None = None) -> ReadError:
    """That reading and inspecting refuse a file with one and the same message."""
    with pytest.raises(ReadError) as by_reading:
        read(path, text)
    with pytest.raises(ReadError) as by_looking:
        FORMAT.inspect(path)
    assert str(by_reading.value) == str(by_looking.value)
    assert what in by_reading.value.what
    if line is not None:
        assert by_reading.value.where == f"{path}:{line}"
    return by_reading.value


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_gives_the_same_numbers(encoding: str, direction: int, tmp_path: Path) -> None:
    lines = table((160 + STEPS)[::direction].tolist(), RAW_Y[::direction].tolist(), encoding)
    raw = read(tmp_path / "a.jdx", block(labels(X[::direction], Y[::direction], 2.5, 0.001), lines))
    axis, values = numbers(raw)
    np.testing.assert_allclose(axis, X, rtol=1e-15)
    np.testing.assert_array_equal(values, RAW_Y * 0.001)
    assert (axis[0], axis[-1], values[0], values[-1], len(values)) == (400.0, 497.5, 0.0, 0.035, 40)
    assert raw.specimens == ("a",)
    assert raw.modality == Modality("ir", Kind.SPECTRUM, "", "", "wavenumber", "cm^-1")


def test_the_example_of_the_standard_gives_its_numbers(tmp_path: Path) -> None:
    text = (
        "##TITLE= DIFDUP\n##JCAMP-DX= 5.01\n##XUNITS= MILLISECONDS\n##YUNITS= NANOAMPERES\n##XFACTOR= 1\n"
        "##YFACTOR= 0.1\n##FIRSTX= 4\n##LASTX= 56\n##NPOINTS= 53\n##FIRSTY= 0\n##XYDATA= (X++(Y..Y))\n"
        "4@VKT%TLkj%J%KLJ%njKjL%kL%jJULJ%kLK1%lLMNPNPRLJ0QTOJ1P\n56A28\n##END=\n"
    )
    axis, values = numbers(read(tmp_path / "a.jdx", text, axis_unit="ms"))
    plain = (
        "0 0 0 0 2 4 4 4 7 5 4 4 5 5 7 10 11 11 6 5 7 6 9 9 7 10 10 9 10 11 12 15 16 16 14 17 38 38 35 38 42 47 54 "
        "59 66 75 78 88 96 104 110 121 128"
    )
    np.testing.assert_array_equal(values, np.array(plain.split(), float) * 0.1)
    np.testing.assert_array_equal(axis, np.arange(4.0, 57.0))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.integers(-(10**9), 10**9) | st.integers(-3, 3), min_size=2, max_size=60),
    encoding=st.sampled_from(ENCODINGS),
    per_line=st.integers(1, 9),
)
def test_what_is_encoded_is_decoded(values: list[int], encoding: str, per_line: int, tmp_path: Path) -> None:
    x, y = np.arange(len(values)) + 7.0, np.array(values, float)
    lines = table(list(range(7, 7 + len(values))), values, encoding, per_line)
    axis, found = numbers(read(tmp_path / "a.dx", block(labels(x, y), lines)))
    np.testing.assert_array_equal(found, y)
    np.testing.assert_array_equal(axis, x)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("##XYDATA", "##xy_Data").replace("##FIRSTX", "##First X"),
        lambda text: text.replace("##NPOINTS", "##N-POINTS").replace("##JCAMP-DX", "##jcampdx"),
        lambda text: text.replace("made by hand", "Meßprobe µ"),
        lambda text: text.replace("##XFACTOR", "##ORIGIN= a\n  goes on\n\n##$BRUKER= (0..1)\n1 2\n##= no\n##XFACTOR"),
        lambda text: text.replace("\n##FIRSTY", " $$ a comment\n$$ another: ##LASTX= 7\n##FIRSTY"),
        lambda text: text.replace("##LASTX= ", "##LASTX=\n"),
        lambda text: text.replace("(X++(Y..Y))", "( x ++ (y..y) )"),
        lambda text: text + "\x1a",
        lambda text: text + "\n\n$$ end\n",
        lambda text: text.replace("##DELTAX= 2.5\n", ""),
        lambda text: text.replace("##DELTAX= 2.5\n", "##DELTAX= 3\n"),  # rounded
        lambda text: text.replace("##LASTX= 497.5\n", ""),
        lambda text: text.replace("##MINY= -16.16\n", "").replace("##FIRSTY= 0.0\n", "##FIRSTY=\n"),
        lambda text: text.replace("##MINY= -16.16\n", "##MINY= -16.2\n"),
        lambda text: text.replace("##NPOINTS= 40\n", ""),
        lambda text: text.replace("##FIRSTX= 400.0\n", "##FIRSTX= +.4000E+03\n##FIRSTX= +.4000E+03\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["AFFN", "DIFDUP"])
def test_manners_of_writing_change_nothing(change: Callable[[str], str], encoding: str, tmp_path: Path) -> None:
    axis, values = numbers(read(tmp_path / "a.jdx", change(whole(encoding))))
    np.testing.assert_allclose(axis, X, rtol=1e-15)
    np.testing.assert_array_equal(values, RAW_Y * 0.001)


def test_utf_16_gzip_and_the_suffixes_are_read(tmp_path: Path) -> None:
    for name, content in (("a.jcamp", whole().encode("utf-16")), ("b.dx.gz", gzip.compress(whole().encode()))):
        (tmp_path / name).write_bytes(content)
        assert name.endswith(FORMAT.suffixes)
        np.testing.assert_array_equal(numbers(FORMAT.read(request(tmp_path / name)))[1], RAW_Y * 0.001)


@pytest.mark.parametrize(
    "lines", [["400, 1.5; 401.25, -2", "500.5,3;"], ["400 1.5 401.25 -2 500.5 3"], ["400,1.5", "401.25 -2", "500.5\t3"]]
)
def test_pairs_are_read(lines: list[str], tmp_path: Path) -> None:
    known = labels(np.array([400, 401.25, 500.5]), np.array([1.5, -2, 3])) | {"DELTAX": None}
    for form in ("XYPOINTS= (XY..XY)", "XYDATA= (XY..XY)"):
        axis, values = numbers(read(tmp_path / "a.jdx", block(known, lines, form)))
        assert (axis.tolist(), values.tolist()) == ([400, 401.25, 500.5], [1.5, -2, 3])


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"NPOINTS": 41}, "there are 40 points, and ##NPOINTS= says 41"),
        ({"NPOINTS": 39}, " points"),
        ({"NPOINTS": "forty"}, "##NPOINTS= 'forty' is not a number"),
        ({"NPOINTS": 40.5}, "##NPOINTS= 40.5"),
        ({"NPOINTS": -1}, "##NPOINTS= -1"),
        ({"NPOINTS": 10**12}, "##NPOINTS= 1000000000000"),
        ({"FIRSTX": 402.5, "DELTAX": None}, "the line begins at 400"),
        ({"LASTX": 500, "DELTAX": None}, "the line begins at"),
        ({"LASTX": 500}, "the line begins at"),
        ({"LASTX": 510}, "##DELTAX= 2.5, and by 40 points from ##FIRSTX= to ##LASTX= it is 2.8"),
        ({"DELTAX": 5.0}, "##DELTAX= 5"),
        ({"XFACTOR": 2.6}, "the line begins at 416"),
        ({"XFACTOR": 0}, "##XFACTOR= 0"),
        ({"YFACTOR": 0}, "##YFACTOR= 0"),
        ({"YFACTOR": 0.002}, "##MAXY= 1, and by the table it is 2"),
        ({"YFACTOR": "0,001"}, "##YFACTOR= '0,001' is not a number"),
        ({"YFACTOR": None}, "there is no ##YFACTOR="),
        ({"YFACTOR": "1e308", "MAXY": None, "MINY": None}, "is not a finite number"),
        ({"FIRSTY": 0.2}, "##FIRSTY= 0.2, and by the table it is 0"),
        ({"MAXY": 1.1}, "##MAXY= 1.1"),
        ({"MINY": -16.3}, "##MINY= -16.3"),
        ({"FIRSTX": None}, "there is no ##FIRSTX="),
        ({"LASTX": None, "DELTAX": None}, "there is no ##LASTX="),
        ({"FIRSTX": "400 cm-1"}, "##FIRSTX= '400 cm-1' is not a number"),
        ({"FIRSTX": "nan"}, "is not a number"),
        ({"FIRSTX": "1e9999"}, "is not a number"),
    ],
)  # fmt: skip
def test_a_label_that_contradicts_the_points_is_refused(changed: dict[str, object], what: str, tmp_path: Path) -> None:
    refused(tmp_path / "a.jdx", whole(**changed), what)


LINE_OF_POINTS = len(labels(X, Y)) + 2


@pytest.mark.parametrize(
    ("encoding", "old", "new", "what"),
    [
        ("DIFDUP", "\n167D", "\n167E", "the line begins with the ordinate 5, and the line before ends with 4"),
        ("DIF", "\n167D", "\n166D", "the line begins at 415, and ##FIRSTX=, ##LASTX= and the number of points put"),
        ("SQZ", "\n167", "\n168", "the line begins at 420"),
        ("PAC", "\n167", "\n168", "the line begins at 420"),
        ("AFFN", "\n167", "\n16.7", "the line begins at 41.75"),
        ("SQZ", "\n167D", "\n167T", "'T' without an ordinate before it"),
        ("SQZ", "\n167D", "\n167J", "'J' without an ordinate before it"),
        ("SQZ", "\n167D", "\n167?J", "a difference to an ordinate that was not measured"),
        ("DIFDUP", "\n167D", "\n167DT9TT", "repeats what cannot be repeated"),
        ("DIFDUP", "\n167D", "\n167DS99999999999999999", " points"),
        ("DIFDUP", "\n167D", "\n167D#", "is no number of a known encoding"),
        ("DIFDUP", "\n167D", "\n167Dt", "is no number of a known encoding"),
        ("DIFDUP", "\n167D", "\n167D" + "1" * 5000, "is no number of a known encoding"),
        ("DIFDUP", "\n167D", "\n167\n167D", "an abscissa without an ordinate"),
        ("DIFDUP", "\n167D", "\nD", "does not begin with an abscissa"),
        ("AFFN", "\n167 4", "\n167 4x", "is no number of a known encoding"),
        ("AFFN", "\n167 4", "\n167 4.5.6", "'4.5.6' is not a number"),
        ("AFFN", "\n167 4", "\n167\xa04", "is not a number"),
        ("AFFN", "\n167 4", "\n167 ?", "a value is missing inside a measurement"),
        ("AFFN", "\n167 4", "\n167 4,0", " points"),  # a decimal comma
        ("AFFN", "\n167 4", "\n167", "there are 39 points"),
        ("PAC", "##END=\n", "", "the block of line 1 has no ##END="),
        ("PAC", "##XYDATA", "##TITLE= again\n##XYDATA", "a block begins inside that of line 1"),
        ("PAC", "##XYDATA", "##NPOINTS= 41\n##XYDATA", "##NPOINTS= stands in this block again"),
        ("PAC", "##END=\n", "##END=\n##END=\n", "##END= ends no block"),
        ("PAC", "##END=\n", "##END=\n500 1 2\n", "text after ##END="),
        ("PAC", "##FIRSTX= ", "##FIRSTX ", "has no equals sign"),
        ("PAC", "(X++(Y..Y))", "(Y++(X..X))", "the table has the form '(Y++(X..X))'"),
        ("PAC", "##END=", "##XYPOINTS= (XY..XY)\n1 2\n##END=", "two tables of points in one block"),
    ],
)  # fmt: skip
def test_a_damaged_table_is_refused_with_its_line(encoding: str, old: str, new: str, what: str, tmp_path: Path) -> None:
    text = whole(encoding)
    assert text.count(old) == 1
    error = refused(tmp_path / "a.jdx", text.replace(old, new), what)
    if old.startswith("\n167") and "points" not in what.split(",")[0]:
        assert error.where == f"{tmp_path}/a.jdx:{LINE_OF_POINTS + 1}"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_cut_off_anywhere_or_without_a_line_is_refused(encoding: str, tmp_path: Path) -> None:
    text = whole(encoding)
    for length in range(len("##TITLE="), text.rindex("##END=") + len("##END")):
        (tmp_path / "a.jdx").write_text(text[:length])
        with pytest.raises(ReadError):
            FORMAT.read(request(tmp_path / "a.jdx"))
    lines = text.splitlines()
    unneeded = encoding.startswith("DIF")  # the last line, which only says the last ordinate again
    for number in range(LINE_OF_POINTS - 1, len(lines) - 1 - unneeded):
        (tmp_path / "a.jdx").write_text("\n".join(lines[:number] + lines[number + 1 :]))
        with pytest.raises(ReadError):
            FORMAT.read(request(tmp_path / "a.jdx"))


def test_pairs_that_contradict_their_labels_are_refused(tmp_path: Path) -> None:
    known = labels(np.array([400, 401.25, 500.5]), np.array([1.5, -2, 3])) | {"DELTAX": None}
    form, lines = "XYPOINTS= (XY..XY)", ["400, 1.5; 401.25, -2", "500.5,3"]
    for changed, what in (
        ({"FIRSTX": 401.25}, "##FIRSTX= 401.25, and by the points it is 400"),
        ({"LASTX": 499}, "##LASTX= 499"),
        ({"NPOINTS": 4}, "there are 3 points"),
        ({"MAXY": 6}, "##MAXY= 6"),
    ):
        refused(tmp_path / "a.jdx", block(known | changed, lines, form), what)
    refused(tmp_path / "a.jdx", block(known, ["400,1.5", "401.25", "500.5,3"], form), "an abscissa without an ordinate")
    refused(tmp_path / "a.jdx", block(known, ["400,5 1,5", "401,2 2,5"], form), " points")
    refused(tmp_path / "a.jdx", block(known, ["400,1.5", "400,-2", "500.5,3"], form), "the axis repeats 400")


def test_points_that_lag_behind_by_little_are_read_and_by_more_refused(tmp_path: Path) -> None:
    """A writer that adds up a rounded step: the abscissas of the last lines are off, but tell of no lost point."""
    x, y = 400 + 1.928 * STEPS, RAW_Y.astype(float)
    for step, good in ((1.93, True), (1.95, False)):
        lines = [f"{400 + step * at:.3f} {' '.join(map(str, RAW_Y[at : at + 8]))}" for at in range(0, 40, 8)]
        text = block(labels(x, y) | {"DELTAX": step}, lines)
        if good:
            np.testing.assert_allclose(numbers(read(tmp_path / "a.jdx", text))[0], x)
        else:
            refused(tmp_path / "a.jdx", text.replace("DELTAX", "DELTA"), "the line begins at")


WORDS = [
    ("1/CM", "ABSORBANCE", "", "wavenumber (cm^-1)", "absorbance"),
    ("cm-1", "Absorbance Units", "", "wavenumber (cm^-1)", "absorbance"),
    ("WAVENUMBERS (CM-1)", "KUBELKA-MUNK", "", "wavenumber (cm^-1)", "Kubelka-Munk"),
    ("MICROMETERS", "TRANSMITTANCE", "", "wavelength (um)", "transmittance"),
    ("NANOMETERS", "%T", "", "wavelength (nm)", "transmittance (%)"),
    ("nm", "PERCENT REFLECTANCE", "", "wavelength (nm)", "reflectance (%)"),
    ("HZ", "ARBITRARY UNITS", "NMR SPECTRUM", "frequency (Hz)", "intensity"),
    ("PPM", "ARBITRARY UNITS", "NMR SPECTRUM", "chemical shift (ppm)", "intensity"),
    ("RAMAN SHIFT", "COUNTS", "RAMAN SPECTRUM", "Raman shift (cm^-1)", "counts"),
    ("RAMAN SHIFT (1/CM)", "INTENSITY", "", "Raman shift (cm^-1)", "intensity"),
    ("1/CM", "RAMAN INTENSITY", "RAMAN SPECTRUM", "Raman shift (cm^-1)", "Raman intensity"),
    ("TIME (MS)", "VOLTS", "", "TIME (MS)", "potential (V)"),  # milli or mega
    ("FURLONGS", "(micromol/mol)-1m-1 (base 10)", "", "FURLONGS", "(micromol/mol)-1m-1 (base 10)"),
    ("", "", "", "x", "y"),
]


@pytest.mark.parametrize(("x_words", "y_words", "technique", "x", "y"), WORDS)
def test_words_become_quantities_and_units(
    x_words: str, y_words: str, technique: str, x: str, y: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.jdx"
    small = {"YFACTOR": 1e-7, "FIRSTY": None, "MAXY": None, "MINY": None}
    path.write_text(whole(XUNITS=x_words, YUNITS=y_words, **{"DATA TYPE": technique}, **small))
    layout = FORMAT.inspect(path)
    assert isinstance(layout, CurveLayout)
    assert layout.x is not None
    assert layout.y is not None
    assert (layout.x.header, layout.y.header, layout.specimens) == (x, y, STEM)


@pytest.mark.parametrize(("first", "known"), [(6, True), (5, False)])
def test_a_first_line_with_a_point_too_many_is_refused_with_both_readings(
    first: int, known: bool, tmp_path: Path
) -> None:
    """As an archive of quantitative gas spectra has them: six ordinates to a line, and labels that lag by one step."""
    count, step = 42, 0.25
    y = [90078 + 997 * point for point in range(count)]
    lines = ["574.93 " + " ".join(map(str, y[:first]))]
    for begin in range(first, count, 6):
        label = 574.928 + step * (begin - known)
        lines.append(f"{label:.2f} " + " ".join(map(str, y[begin : begin + 6])))
    said = {"TITLE": "Acetone", "JCAMP-DX": "4.24", "DATA TYPE": "INFRARED SPECTRUM", "XUNITS": "cm-1"}
    said |= {"YUNITS": "(micromol/mol)-1m-1 (base 10)", "XFACTOR": "1.0", "YFACTOR": "4.5474E-13", "DELTAX": step}
    said |= {"FIRSTX": 574.928, "LASTX": round(574.928 + step * (count - 1), 3), "NPOINTS": count - 1}
    (tmp_path / "a.jdx").write_text(block(said, lines))
    with pytest.raises(ReadError, match="there are 42 points, and ##NPOINTS= says 41") as refusal:
        FORMAT.inspect(tmp_path / "a.jdx")
    assert ("either the first line" in refusal.value.expected) == known


def test_transmittance_in_percent_is_known_by_its_size(tmp_path: Path) -> None:
    (tmp_path / "a.jdx").write_text(block(labels(X, Y + 50) | {"YUNITS": "TRANSMITTANCE"}, [
        f"{x} {y + 50}" for x, y in zip(X, Y, strict=True)
    ]))  # fmt: skip
    layout = FORMAT.inspect(tmp_path / "a.jdx")
    assert isinstance(layout, CurveLayout)
    assert layout.y is not None
    assert (layout.y.header, layout.y.unit) == ("transmittance (%)", "%")
    with pytest.raises(ReadError, match="is in % here"):
        FORMAT.read(request(tmp_path / "a.jdx"))


def test_declared_units_and_names_must_be_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jdx"
    for keys, what in (
        ({"unit": "%"}, "is in arbitrary units here, but % is"),
        ({"axis_unit": "GPa"}, "but GPa is declared"),
        ({"values": "transmittance"}, "there is no 'transmittance'"),
    ):
        with pytest.raises(ReadError, match=what):
            read(path, whole(), **keys)
    assert len(read(path, whole(), values="absorbance", axis_unit="1/cm")) == 1
    (block,) = read(path, whole(), values="absorbance", axis_unit="nm").blocks
    np.testing.assert_allclose(np.asarray(block.axis), 1e7 / X[::-1], rtol=1e-12)
    np.testing.assert_array_equal(block.values[0], Y[::-1])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (block({"TITLE": "a"}, ["1,2 3,4"], "PEAK TABLE= (XY..XY)"), "a table of peaks, which is no spectrum"),
        (block({"TITLE": "a"}, ["(1,2,<x>)"], "PEAK ASSIGNMENTS= (XYA)"), "a table of peaks and what they are"),
        (block({"TITLE": "a", "DATA TYPE": "MASS SPECTRUM"}, ["1,2"], "XYPOINTS= (XY..XY)"), "a mass spectrum in"),
        (block({"TITLE": "a"}, ["1 2"], "RADATA= (R++(A..A))"), "an interferogram"),
        (
            block({"TITLE": "a", "NTUPLES": "NMR SPECTRUM", "PAGE": "N=1"}, ["1 2"], "DATA TABLE= (X++(R..R)), XYDATA"),
            "tables of several variables (NTUPLES)",
        ),
        ("##TITLE= a\n##END=\n", "JCAMP-DX without a table of points"),
        ("object 1 class gridpositions counts 2 2 2\n", "this is not JCAMP-DX"),
        ("", "this is not JCAMP-DX"),
    ],
)  # fmt: skip
def test_what_is_no_spectrum_is_named_and_no_stop_for_a_folder(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "a.dx"
    with pytest.raises(ReadError) as error:
        read(path, text)
    assert reason in error.value.what
    layout = FORMAT.inspect(path)
    assert isinstance(layout, Unrecognised)
    assert reason in layout.reason


def link(*inner: str, blocks: object) -> str:
    return f"##TITLE= all\n##DATA TYPE= LINK\n##BLOCKS= {blocks}\n" + "".join(inner) + "##END=\n"


def test_the_spectra_of_a_compound_file_are_numbered(tmp_path: Path) -> None:
    other = block(labels(X[:20], Y[:20]), [f"{x} {y}" for x, y in zip(X[:20], Y[:20], strict=True)])
    peaks = block({"TITLE": "peaks"}, ["1,2"], "PEAK TABLE= (XY..XY)")
    path = tmp_path / "a.jdx"
    for text in (
        link(whole(), peaks, whole("SQZ"), other, blocks=4),
        link(whole(), whole("SQZ"), other, blocks=4),
        link(link(whole(), whole("SQZ"), blocks=2), other, blocks=2),
        whole() + whole("SQZ") + other,
    ):
        raw = read(path, text, specimens=STEM_ROW)
        assert [each.specimens for each in raw.blocks] == [("a-00000", "a-00001"), ("a-00002",)]
        assert raw.blocks[0].sources == (f"{path}[0]", f"{path}[1]")
        assert raw.blocks[1].values.shape == (1, 20)
        np.testing.assert_array_equal(raw.blocks[0].values, np.stack([RAW_Y * 0.001] * 2))
        layout = FORMAT.inspect(path)
        assert isinstance(layout, CurveLayout)
        assert layout.specimens == STEM_ROW
        with pytest.raises(ReadError, match="there are 3 spectra in the file"):
            read(path, text)
    assert read(path, link(whole(), peaks, blocks=2)).specimens == ("a",)


def test_a_compound_file_must_be_whole_and_of_one_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.jdx"
    refused(path, link(whole(), whole(), blocks=4), "there are 2 blocks, and ##BLOCKS= says 4", 3)
    for changed in ({"YUNITS": "REFLECTANCE"}, {"XUNITS": "NANOMETERS"}):
        mixed = link(whole(), whole(**changed), blocks=2)
        assert "before" in refused(path, mixed, "here, and").what
    refused(path, link(whole(), whole(NPOINTS=41), blocks=2), "##NPOINTS= says 41")


def test_what_jcamp_cannot_hold_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jdx"
    path.write_text(whole())
    spec = ModalitySpec(Kind.IMAGE, path.name)
    with pytest.raises(DatasetError, match="holds curves"):
        FORMAT.read(Request(path, "picture", spec, MISSING))
    with pytest.raises(DatasetError, match="holds curves"):
        FORMAT.read(request(path, specimens="id"))
    with pytest.raises(DatasetError, match="no table of specimens"):
        FORMAT.read_metadata(path, SpecimensSpec(path.name, "id", ("a",)), MISSING)
    with pytest.raises(ReadError, match="no such file"):
        FORMAT.inspect(tmp_path / "b.jdx")


def test_a_spectrum_of_which_nothing_was_measured_is_refused(tmp_path: Path) -> None:
    text = block(labels(X, Y) | {"FIRSTY": None, "MAXY": None, "MINY": None}, [f"{x} ?" for x in X])
    refused(tmp_path / "a.jdx", text, "no value at all")


def test_a_folder_explains_itself_and_a_file_is_read_for_a_prediction(tmp_path: Path) -> None:
    folder = tmp_path / "ir"
    folder.mkdir()
    (folder / "ir-a.jdx").write_text(whole())
    (folder / "ir-b.jdx").write_text(whole("PAC", XUNITS="cm-1"))
    (folder / "peaks.jdx").write_text(block({"TITLE": "a"}, ["1,2"], "PEAK TABLE= (XY..XY)"))
    report = ingest(folder, tmp_path / "store", dry_run=True)
    assert [ignored.file for ignored in report.ignored] == [str(folder / "peaks.jdx")]
    assert report.warnings == ()
    (folder / "dataset.toml").write_text(report.dataset_toml)
    ingest(folder, tmp_path / "store")
    store = open_store(tmp_path / "store")
    modality = Modality("absorbance", Kind.SPECTRUM, "", "", "wavenumber", "cm^-1")
    assert store.modalities() == {"absorbance": modality}
    assert store.read("absorbance").specimens == ("ir-a", "ir-b")

    found = read_measurement(folder / "ir-a.jdx", modality)
    assert found.axis_unit_stated
    np.testing.assert_array_equal(numbers(found.raw)[1], RAW_Y * 0.001)
    in_nm = read_measurement(folder / "ir-a.jdx", Modality("absorbance", Kind.SPECTRUM, "", "", "wavelength", "nm"))
    np.testing.assert_allclose(numbers(in_nm.raw)[0], 1e7 / X[::-1])
    with pytest.raises(UnitError):
        read_measurement(folder / "ir-a.jdx", Modality("absorbance", Kind.SPECTRUM, "%", "", "wavenumber", "cm^-1"))
    with pytest.raises(ReadError, match="the file holds absorbance, and transmittance is transmittance"):
        read_measurement(folder / "ir-a.jdx", Modality("transmittance", Kind.SPECTRUM, "", "", "wavenumber", "cm^-1"))
    (folder / "all.jdx").write_text(link(whole(), whole(), blocks=2))
    assert read_measurement(folder / "all.jdx", modality).raw.specimens == ("all-00000", "all-00001")


def test_a_folder_of_compound_files_explains_itself(tmp_path: Path) -> None:
    for name in ("p", "q"):
        (tmp_path / f"{name}.jdx").write_text(link(whole(), whole("SQZ"), blocks=2))
    report = ingest(tmp_path, tmp_path / "store")
    assert f'specimens = "{STEM_ROW}"' in report.dataset_toml
    assert open_store(tmp_path / "store").read("absorbance").specimens == ("p-00000", "p-00001", "q-00000", "q-00001")


HEAD = "##TITLE= a\n##YFACTOR= 1\n##FIRSTX= 1\n##LASTX= 9\n"
TABLE = HEAD + "##XYDATA= (X++(Y..Y))\n"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (f"{HEAD}##NPOINTS= {MOST_POINTS}\n##XYDATA= (X++(Y..Y))\n1A{'Js9999999' * 1000}\n##END=", "more points than"),
        (f"{TABLE}{'1A' + 'J' * 200_000}\n##END=\n" * 8, "more points than"),
        (f"{TABLE}{'1 ' * (1 << 22)}\n##END=", "letters in one line"),
        (TABLE + "1 1\n" * (MOST_LINES - 7) + "##END=", "the line begins at 1"),
        ("##TITLE=\n" + "\n" * (LARGEST_TEXT - 9), "lines"),
        ("##TITLE=\n##BLOCKS=\n" * (MOST_LINES // 2), "has no ##END="),
        (gzip.compress(bytes(100_000_000)), "MiB"),
    ],
    ids=["repeated", "differences", "one line", "many lines", "empty lines", "blocks in blocks", "bomb"],
)  # fmt: skip
def test_no_few_letters_ask_for_much_time_or_memory(content: str | bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / "a.jdx").write_bytes(content if isinstance(content, bytes) else content.encode())
    begin = time.process_time()
    with pytest.raises(ReadError, match=what):
        FORMAT.read(request(tmp_path / "a.jdx"))
    assert time.process_time() - begin < 15  # 2 s on a slow machine by itself


def test_memory_stays_small(tmp_path: Path) -> None:
    (tmp_path / "a.jdx").write_text(TABLE + "1 1\n" * 50_000 + "##END=")
    tracemalloc.start()
    with pytest.raises(ReadError):
        FORMAT.read(request(tmp_path / "a.jdx"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000 * 1500  # so that the most lines that are read take less than 400 MB


VALID = [
    *(whole(encoding) for encoding in ENCODINGS),
    block(labels(X[:3], Y[:3]) | {"DELTAX": None}, ["400,0; 402.5,0", "405,0"], "XYPOINTS= (XY..XY)"),
    link(whole(), whole("SQZ"), blocks=2),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid file with some bytes changed, left out, doubled or put elsewhere."""
    content = bytearray(draw(st.sampled_from(VALID)).encode())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content) - 1))
        length = draw(st.integers(0, 12))
        piece = draw(
            st.binary(max_size=4)
            | st.text("0123456789.+-eE@AJSsjTZ%?#=$ ,;\n()", max_size=8).map(str.encode)
            | st.just(bytes(content[at : at + 40]))
        )
        content[at : at + length] = piece
        if not content:
            return b""
    return bytes(content)


@settings(max_examples=400, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=mutated())
def test_no_damage_ends_in_anything_but_a_refusal(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jdx"
    path.write_bytes(content)
    for attempt in (FORMAT.inspect, lambda each: FORMAT.read(request(each, specimens=STEM_ROW))):
        with contextlib.suppress(FingerprintError):
            attempt(path)


@settings(max_examples=200, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_changed_digit_of_a_difference_is_always_noticed(data: st.DataObject, tmp_path: Path) -> None:
    """DIF says every ordinate twice over a line: a changed letter or digit moves the last, which stands again. Or it
    says the same in another way, as a difference of 2 from 0 and an ordinate of 2."""
    text = whole("DIF")
    begin, end = text.index("(X++(Y..Y))\n") + 12, text.rindex("\n##END=")
    place = data.draw(st.sampled_from([at for at in range(begin, end) if text[at] not in "\n"]))
    other = data.draw(st.sampled_from([each for each in "0123456789JKLjklABab" if each != text[place]]))
    as_written = read(tmp_path / "a.jdx", text).blocks[0].values
    with contextlib.suppress(ReadError):
        changed = read(tmp_path / "a.jdx", text[:place] + other + text[place + 1 :])
        np.testing.assert_array_equal(changed.blocks[0].values, as_written)
