"""What instruments and their software write: read as it is meant, or refused; never a part of it in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fingerprint.errors import AmbiguousError, FingerprintError
from fingerprint.ingestion import ingest
from fingerprint.ingestion.collecting import collect
from fingerprint.ingestion.sources import find_sources
from fingerprint.store import open_store

X = [10 + i / 10 for i in range(80)]
FALLING = [1500 * np.exp(-i / 30) for i in range(80)]


def table(head: str, rows: list[str]) -> str:
    return "\n".join([*([head] if head else []), *rows, ""])


def curve(head: str, form: str) -> str:
    return table(head, [form.format(x=x, y=y) for x, y in zip(X, FALLING, strict=True)])


def on_top(head: str, token: str) -> str:
    """A spectrum whose first three values are not numbers."""
    return table(head, [f"{400 + i},{token if i < 3 else i / 10}" for i in range(80)])


REFUSED = {
    # separators of thousands in the first lines only, where the background is high
    "thousands between commas": curve("2theta (deg),counts", "{x:.1f},{y:,.0f}"),
    "thousands in quotes": curve("2theta (deg),counts", '{x:.1f},"{y:,.0f}"'),
    "thousands between blanks": curve("", "{x:.1f} {y:,.0f}"),
    "points as thousands": table("x;counts", [f"{400 + i};{1 + i / 100:.3f}" for i in range(80)]),
    "points as thousands, and decimal commas": table("x;counts", [f"{i},5;{1 + i / 100:.3f}" for i in range(80)]),
    "stars on top": on_top("x (nm),y", "****"),
    "below detection on top": on_top("", "<0.01"),
    "words on top": on_top("x (nm),y", "saturated"),
    "run together on top": table("", [f"{i:12.5E}{(-1) ** (i < 4) * 1.5:12.5E}" for i in range(80)]),
    "too wide on top": table("", [f"{i:8.3f}{'*' * 8 if i < 4 else '   1.000'}" for i in range(80)]),
    "a block of three columns, then one of two": table("", ["1 2 3", "2 3 4", "3 4 5"])
    + table("# scan 2", [f"{i} {i}" for i in range(80)]),
    "a line of numbers above": table("10.0 0.02 29.98", [" ".join(["7"] * 9 + [str(i)]) for i in range(80)]),
    "a second scan below comments": table("#S 1 scan\n#L E  I", ["0 1", "1 2", "2 3"])
    + table("#S 2 scan\n#L E  I", ["3 7", "4 8", "5 9"]),
    "ids that look like comments": "sample,stress_gpa\nA,1\n#2,2\n#3,3\nB,4\n",
    "no header, and text first": "A1,1.2,3.4\nA2,1.3,3.5\nA3,1.1,3.9\n",
    "columns called by numbers over an axis": table("Wavelength (nm),1,2,3", [f"{400 + i},1,2,3" for i in range(9)]),
    "times": table("Time,T (degC)", [f"00:00:{i:02d},{20 + i}" for i in range(9)]),
    "dates": table("Date,pH", [f"2024-01-{i + 1:02d},{i}" for i in range(9)]),
    "dates and times": table("Timestamp,load (N)", [f"1/{i + 1}/2024 10:22 AM,{i}" for i in range(9)]),
    "dates by months": table("Date,pH", [f"{i + 1:02d}-Mar-24,{i}" for i in range(9)]),
    "digits in brackets": table("T (K),a (angstrom)", [f"{300 + i},5.43{i}(2)" for i in range(9)]),
    "lines of words above": "Instrument,FTIR\n"
    + table("", [f"{word},2" for word in ("Scans", "Gain", "Delay", "Phase", "Zero", "Stop", "Lamp", "Slit")])
    + table("", [f"{400 + i},{i / 8}" for i in range(6)]),
    "an index that is an axis": table(",intensity", [f"{100 + i / 2},{i}" for i in range(9)]),
    "a mean below": "sample,HV\nA,150\nB,160\nMean,155\nStd. Dev.,7\n",
    "extremes below": "sample,HV\nA,150\nB,160\nMin,150\nMax,160\n",
    "replicates": "sample,HV,E\nA,150,3\nA,160,4\nB,170,5\nB,175,6\n",
    "a header torn by blanks": "sample  stress (GPa)\nA 1  1.5\nA 2  2.5\nA 3  3.5\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_not_stored(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(REFUSED[name])
    with pytest.raises(FingerprintError):
        ingest([tmp_path / "a.csv"], tmp_path / "store")


@pytest.mark.parametrize(
    ("text", "encoding"), [("样品,HV\n样1,150\n样2,160\n", "gbk"), ("образец,HV\nа1,150\nа2,160\n", "cp1251")]
)
def test_letters_of_other_scripts_are_refused(text: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    with pytest.raises(FingerprintError, match="letters"):
        ingest([tmp_path / "a.csv"], tmp_path / "store")


DOTS = table("", [f"{400 + i}\t{i / 8}" for i in range(9)])
READ = {
    # text, axis and its unit, values and their unit
    "Origin": (f"Wavelength\tAbsorbance\nnm\ta.u.\nComments\tS1\n{DOTS}", "wavelength", "nm", "absorbance", ""),
    "Origin, short names": (f"A(X)\tB(Y)\nWavelength\tT\nnm\t%\n\tS1\n{DOTS}", "wavelength", "nm", "t", "%"),
    "units that begin with %": (f"Dehnung\tSpannung\n%\tMPa\n{DOTS}", "dehnung", "%", "spannung", "MPa"),
    "a tab behind the header": (f"x (nm)\ty (V)\t\n{DOTS}", "x", "nm", "y", "V"),
    "Excel": (f"sep=\t\nx (nm)\ty (V)\n{DOTS}", "x", "nm", "y", "V"),
    "Latin-1": (f"x (µm)\ty (W/m²·K)\n{DOTS}", "x", "um", "y", "W/m²·K"),
    "Ocean Optics": (f">>>>>Begin Spectral Data<<<<<\n{DOTS}>>>>>End Spectral Data<<<<<\n", "axis", "", "lab", ""),
    "JASCO": (f"XYDATA\n{DOTS}\n##### Extended Information\n[Comments]\nUser\tme\n", "axis", "", "lab", ""),
}


@pytest.mark.parametrize("name", READ)
def test_headers_and_footers_of_instruments(name: str, tmp_path: Path) -> None:
    text, axis, axis_unit, values, unit = READ[name]
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "S7.txt").write_text(text, encoding="latin-1")
    (raw,) = collect(find_sources([tmp_path / "lab"])[0], None).modalities
    assert raw.modality.name == values
    assert raw.specimens == ("S7",)
    modality = raw.modality
    assert (modality.axis_name, modality.axis_unit, modality.unit) == (axis, axis_unit, unit)
    np.testing.assert_array_equal(np.asarray(raw.blocks[0].axis), 400 + np.arange(9))
    np.testing.assert_array_equal(raw.blocks[0].values, [np.arange(9) / 8])


def test_an_element_is_no_uncertainty(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sample,Cd,Se\nA,48,52\nB,47,53\n")
    with pytest.raises(AmbiguousError, match="2 columns"):
        ingest([tmp_path / "a.csv"], tmp_path / "store")


def test_codes_stay_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sample,batch,HV\nA,24_01,150\nB,24_02,160\n")
    ingest([tmp_path / "a.csv"], tmp_path / "store")
    assert open_store(tmp_path / "store").specimens() == {"A": {"batch": "24_01"}, "B": {"batch": "24_02"}}


def test_numbers_that_are_kept_as_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sample,E,HV\nA,12.3 GPa,150\nB,13.1 GPa,160\n")
    report = ingest([tmp_path / "a.csv"], tmp_path / "store")
    assert any("kept as text" in warning for warning in report.warnings)


def test_a_label_in_brackets_is_no_unit(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sample,stress (S1)\nA,1.5\nB,1.6\n")
    ingest([tmp_path / "a.csv"], tmp_path / "store")
    (modality,) = open_store(tmp_path / "store").modalities().values()
    assert modality.unit == ""


@pytest.mark.parametrize("other", ["3", "3.0D0"])
def test_a_number_that_means_missing_may_be_written_otherwise(other: str, tmp_path: Path) -> None:
    """Also where a token that only Python reads makes the reader take the slow way."""
    (tmp_path / "a.csv").write_text(f"sample,s\nA,-99\nB,-99.0\nC, -99\nD,1\nE,{other}\n")
    toml = 'name = "x"\nmissing = ["-99"]\n[modalities.s]\nkind = "scalar"\nfiles = "a.csv"\n'
    (tmp_path / "dataset.toml").write_text(toml + 'values = "s"\nspecimens = "sample"\n')
    ingest([tmp_path / "a.csv"], tmp_path / "store")
    assert sorted(open_store(tmp_path / "store").read("s").specimens) == ["D", "E"]


def test_columns_in_the_other_order_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(table("abs,wavenumber", [f"{i},{400 + i}" for i in range(9)]))
    toml = 'name = "x"\n[modalities.ir]\nkind = "spectrum"\nfiles = "*.csv"\nspecimens = "{stem}"\n'
    (tmp_path / "dataset.toml").write_text(toml + 'axis = { name = "wavenumber", unit = "cm^-1" }\n')
    with pytest.raises(FingerprintError, match="as the axis is"):
        ingest([tmp_path], tmp_path / "store")


def test_the_corner_of_a_wide_table_may_name_the_axis(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("wavelength (nm),400,410,420\nS1,1,2,3\nS2,2,3,4\n")
    ingest([tmp_path / "a.csv"], tmp_path / "store")
    raw = open_store(tmp_path / "store").read("a")
    assert sorted(raw.specimens) == ["S1", "S2"]
    assert (raw.modality.axis_name, raw.modality.axis_unit) == ("wavelength", "nm")


@pytest.mark.parametrize("order", "<>")
def test_characters_beyond_unicode_are_refused(order: str, tmp_path: Path) -> None:
    table = np.array([("A", 1.0), ("B", 2.0)], dtype=[("id", f"{order}U2"), ("s", "<f8")])
    names = np.frombuffer(table.tobytes(), np.uint8).copy()
    names[:4] = 0x7F
    np.save(tmp_path / "a.npy", names.view(table.dtype))
    with pytest.raises(FingerprintError, match="Unicode"):
        ingest([tmp_path / "a.npy"], tmp_path / "store")
