"""Every dialect of delimited text: read as what it says, or refused with a named reason."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fingerprint.errors import ReadError
from fingerprint.ingestion import decoding
from fingerprint.ingestion.dataset import STEM, AxisSpec, ModalitySpec
from fingerprint.ingestion.delimited import inspect, read
from fingerprint.ingestion.reader import CurveLayout, Request
from fingerprint.modality import Block, Kind

X, Y = [400.5, 401.25, 402.0, 403.0], [0.125, -2.5, 1e-3, 12.0]
POINTS = list(zip(X, Y, strict=True))


def written(point: str, between: str, decimal: str = ".", end: str = "\n") -> str:
    """The points as lines of text."""
    lines = [point.format(x=f"{x:g}", y=f"{y:g}", between=between) for x, y in POINTS]
    return "".join(line.replace(".", decimal) + end for line in lines)


PLAIN = written("{x}{between}{y}", ",")
CURVES: dict[str, tuple[bytes, str, str]] = {
    # bytes, header of x, header of y ("" where the file has none)
    "comma": (PLAIN.encode(), "", ""),
    "semicolon": (written("{x}{between}{y}", ";").encode(), "", ""),
    "tab": (written("{x}{between}{y}", "\t").encode(), "", ""),
    "blanks": (written("  {x}{between}{y}", "    ").encode(), "", ""),
    "semicolon, decimal comma": (written("{x}{between}{y}", ";", ",").encode(), "", ""),
    "tab, decimal comma": (written("{x}{between}{y}", "\t", ",").encode(), "", ""),
    "blanks, decimal comma": (written("{x}{between}{y}", "  ", ",").encode(), "", ""),
    "quoted decimal comma": (written('"{x}"{between}"{y}"', "|", ",").replace("|", ",").encode(), "", ""),
    "comma and blank": (written("{x}{between}{y}", ", ").encode(), "", ""),
    "CR": (written("{x}{between}{y}", ",", end="\r").encode(), "", ""),
    "CRLF": (written("{x}{between}{y}", ",", end="\r\n").encode(), "", ""),
    "no end": (PLAIN.rstrip().encode(), "", ""),
    "UTF-8 with mark": (b"\xef\xbb\xbf" + PLAIN.encode(), "", ""),
    "UTF-16": (PLAIN.encode("utf-16"), "", ""),
    "UTF-16 without mark": (PLAIN.encode("utf-16-le"), "", ""),
    "UTF-16, big end first": (b"\xfe\xff" + PLAIN.encode("utf-16-be"), "", ""),
    "Latin-1": (
        "Wellenl\u00e4nge (nm),T (\u00b0C)\n".encode("latin-1") + PLAIN.encode(),
        "Wellenl\u00e4nge (nm)",
        "T (\u00b0C)",
    ),
    "header": (b"x (nm),y\n" + PLAIN.encode(), "x (nm)", "y"),
    "header in a comment": (b"# made by hand\n# x (nm)  y (1)\n" + PLAIN.encode(), "x (nm)", "y (1)"),
    "comments of other kinds": (b"% one\n! two\n@ three\n// four\n" + PLAIN.encode(), "", ""),
    "free text above": (b"Instrument: A 3\nDate\t2020-01-01\n\nx [nm],y\n" + PLAIN.encode(), "x [nm]", "y"),
    "fields above, of another number": (b"Sample,S1,old\nScans,32,x\nx [nm],y\n" + PLAIN.encode(), "x [nm]", "y"),
    "fields above, of the same number": (b"TITLE,S1\nNPOINTS,4\nXYDATA\n" + PLAIN.encode(), "", ""),
    "units below the header": (b"Wavelength,Signal\nnm,V\n" + PLAIN.encode(), "Wavelength [nm]", "Signal [V]"),
    "blank header of blank columns": (
        b"x (nm)   y (V)\n" + written("{x}{between}{y}", "  ").encode(),
        "x (nm)",
        "y (V)",
    ),
    "delimiter at the end": (written("{x}{between}{y}{between}", ";").encode(), "", ""),
    "typographic minus": (PLAIN.replace("-2.5", "\u22122.5").encode(), "", ""),
    "Fortran": (PLAIN.replace("0.125", "1.25D-01").encode(), "", ""),
}


def packed(name: str) -> bytes:
    """The plain points in a compression."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("inside/a.csv", PLAIN)
    return {
        ".gz": gzip.compress(PLAIN.encode()),
        ".xz": lzma.compress(PLAIN.encode()),
        ".bz2": bz2.compress(PLAIN.encode()),
        ".zip": archive.getvalue(),
    }[name]


def curve(path: Path, decimal: str = "") -> Block:
    """The one curve of a file of two columns."""
    found = inspect(path)
    assert isinstance(found, CurveLayout), found
    x, y = ("", "") if found.x is None or found.y is None else (found.x.header, found.y.header)
    axis = AxisSpec("x", "" if found.x is None else found.x.unit or "", x)
    unit = "" if found.y is None else found.y.unit or ""
    spec = ModalitySpec(Kind.SPECTRUM, path.name, unit, "", y, STEM, axis, decimal)  # type: ignore[arg-type]
    (block,) = read(Request(path, "a", spec, frozenset({"", "nan"}))).blocks
    return block


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_in_every_dialect(name: str, tmp_path: Path) -> None:
    content, x, y = CURVES[name]
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    found = inspect(path)
    assert isinstance(found, CurveLayout), found
    assert ("" if found.x is None else found.x.header, "" if found.y is None else found.y.header) == (x, y)
    block = curve(path)
    assert block.axis is not None
    np.testing.assert_array_equal(block.axis, X)
    np.testing.assert_array_equal(block.values, [Y])


@pytest.mark.parametrize("suffix", decoding.COMPRESSIONS)
def test_a_curve_in_every_compression(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.csv{suffix}"
    path.write_bytes(packed(suffix))
    block = curve(path)
    assert block.specimens == ("a",)
    np.testing.assert_array_equal(block.values, [Y])
    path.write_bytes(packed(suffix)[:-12])
    with pytest.raises(ReadError, match="damaged or cut off"):
        inspect(path)


def test_a_file_that_swells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "LARGEST", len(PLAIN) - 1)
    for suffix in decoding.COMPRESSIONS:
        path = tmp_path / f"a.csv{suffix}"
        path.write_bytes(packed(suffix))
        with pytest.raises(ReadError, match="holds more than"):
            inspect(path)


def test_several_files_in_a_zip_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as file:
        file.writestr("a.csv", PLAIN)
        file.writestr("b.csv", PLAIN)
    with pytest.raises(ReadError, match="holds 2 files"):
        inspect(tmp_path / "a.csv.zip")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("1,234;5,678\n2,345;6,789\n", "may be decimal or separate thousands"),
        ("plate 1,5\nplate 2,7\n", "may separate fields or be decimal"),
        ("x;y\n400,5;1,5\n401,5;1.5\n402,5;2,5\n", "'1.5' is not a number"),
        ("400.5;1\n401.5;1 234\n402.5;2\n", "'1 234' is not a number"),
        ("400.5;1\n401.5;****\n402.5;2\n", "is not a number"),
        ("400,1\n401,2\n\nsecond scan\n400,3\n401,4\n", "1 fields where 2"),
        ("400,1\n401,2\n402\n", "1 fields where 2"),
        ("400,1\n401,2\nx,y\n402,3\n", "is not a number"),
    ],
)
def test_what_is_open_or_wrong_is_refused_and_named(content: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(content)
    with pytest.raises(ReadError, match=what.replace("*", "[*]")):
        curve(path)


def test_no_comment_above_the_data_takes_long(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"# x{'((1,' * 100_000}\n1 2\n3 4\n")
    begun = time.process_time()
    assert len(curve(path).values) == 1
    assert time.process_time() - begun < 5  # 1 s


def test_a_decimal_mark_that_is_declared_is_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("1,234;5,678\n2,345;6,789\n")
    np.testing.assert_array_equal(curve_declared(path, ",").values, [[5.678, 6.789]])
    with pytest.raises(ReadError, match="3 columns"):
        curve_declared(path, ".")


def curve_declared(path: Path, decimal: str) -> Block:
    spec = ModalitySpec(Kind.SPECTRUM, path.name, "", "", "", STEM, AxisSpec("x"), decimal)  # type: ignore[arg-type]
    (block,) = read(Request(path, "a", spec, frozenset({"", "nan"}))).blocks
    return block
