"""Files as instruments and their programs export them: the right numbers with their units, or a refusal by name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from fingerprint.errors import AmbiguousError, FingerprintError
from fingerprint.ingestion import ingest
from fingerprint.ingestion.collecting import Collected, collect
from fingerprint.ingestion.sources import find_sources
from fingerprint.modality import RawModality

COUNT = 40
STEPS = range(COUNT)
ANGLES = [10 + 0.02 * i for i in STEPS]
WAVENUMBERS = [4000.0 - 2 * i for i in STEPS]
NANOMETRES = [800.0 - i for i in STEPS]
COUNTS = [100.0 + (i * 37) % 50 for i in STEPS]


class Export(NamedTuple):
    """What a file says: its axis and values as they stand, and what they are."""

    lines: list[str]
    x: list[float]
    y: list[float]
    what: tuple[str, str, str, str]
    uncertain: bool = False
    encoding: str = "utf-8"


def rows(form: str, x: list[float], y: list[float] = COUNTS) -> list[str]:
    return [form.format(i=i, x=a, y=b) for i, (a, b) in enumerate(zip(x, y, strict=True))]


def comma(lines: list[str]) -> list[str]:
    return [line.replace(".", ",") for line in lines]


READ = {
    "S7.xye": Export(rows("{x:.4f} {y} 3.5", ANGLES), ANGLES, COUNTS, ("axis", "", "intensity", ""), True),
    "neutrons S7.xye": Export(
        ["# TOF(us) I E", *rows("{x:.4f} {y} 3.5", ANGLES)], ANGLES, COUNTS, ("tof", "us", "i", ""), True
    ),
    "rheometer S7.csv": Export(
        ["Interval data:\tPoint No.\tShear Rate\tViscosity", "\t\t[1/s]\t[Pa·s]", *rows("\t{i}\t{x}\t{y}", ANGLES)],
        ANGLES, COUNTS, ("shear_rate", "1/s", "viscosity", "Pa·s"),
    ),
    "fit2d S7.chi": Export(
        ["S7.tif: azimuthal integration", "2-Theta Angle (Degrees)", "Intensity", "          40",
         *rows(" {x:.7E}  {y:.7E}", ANGLES)],
        ANGLES, COUNTS, ("axis", "", "lab", ""),
    ),
    "EC-Lab S7.mpt": Export(
        ["EC-Lab ASCII FILE", "Nb header lines : 4", "", "time/s\tEwe/V", *rows("{x:.6E}\t{y:.6E}", ANGLES)],
        ANGLES, COUNTS, ("time", "s", "ewe", "V"),
    ),
    "Zwick S7.tra": Export(
        ['"Dehnung";"Standardkraft"', '"%";"MPa"', *comma(rows("{x:.4f};{y:.4f}", ANGLES))],
        ANGLES, COUNTS, ("dehnung", "%", "standardkraft", "MPa"),
    ),
    "Cary S7.csv": Export(
        ["S7,", "Wavelength (nm),%T", *rows("{x:.2f},{y:.3f}", NANOMETRES), "", "S7",
         "Collection Time: 12/4/2023 10:11:12 AM", "Instrument Parameters", "  Start (nm)  800.0"],
        NANOMETRES, COUNTS, ("wavelength", "nm", "transmittance", "%"),
    ),
    "PerkinElmer S7.csv": Export(
        ["Created as New Dataset,11/29/2023 10:10:10 AM", '"cm-1","%T"', *rows("{x:.2f},{y:.2f}", WAVENUMBERS)],
        WAVENUMBERS, COUNTS, ("wavenumber", "cm^-1", "transmittance", "%"),
    ),
    "pandas S7.csv": Export(
        [",wavelength (nm),absorbance", *rows("{i},{x},{y}", NANOMETRES)],
        NANOMETRES, COUNTS, ("wavelength", "nm", "absorbance", ""),
    ),
    "pandas, saved twice S7.csv": Export(
        ["Unnamed: 0,wavelength (nm),absorbance", *rows("{i},{x},{y}", NANOMETRES)],
        NANOMETRES, COUNTS, ("wavelength", "nm", "absorbance", ""),
    ),
    "R S7.csv": Export(
        ['"","wavelength_nm","absorbance"', *rows('"{i}",{x},{y}', NANOMETRES)],
        NANOMETRES, COUNTS, ("wavelength", "nm", "absorbance", ""),
    ),
    "R, write.table S7.txt": Export(
        ['"wavelength_nm" "absorbance"', *rows('"{i}" {x} {y}', NANOMETRES)],
        NANOMETRES, COUNTS, ("wavelength", "nm", "absorbance", ""),
    ),
    "EPR S7.txt": Export(
        ["index\tField [G]\tIntensity (a.u.)", *rows("{i}\t{x}\t{y}", ANGLES)],
        ANGLES, COUNTS, ("field", "gauss", "intensity", ""),
    ),
    "Quantum Design S7.dat": Export(
        ["[Header]", "TITLE,ACMS", "[Data]", "Comment,Temperature (K),Moment (emu)", *rows(",{x},{y}", ANGLES)],
        ANGLES, COUNTS, ("temperature", "K", "moment", "emu"),
    ),
    "WITec S7.txt": Export(
        ["[Header]", "GraphName = S7", "[Data]", "X-Axis\tSpectrum", "rel. 1/cm\tCCD cts", *rows("{x}\t{y}", ANGLES)],
        ANGLES, COUNTS, ("x-axis", "cm^-1", "spectrum", ""),
    ),
    "units in brackets S7.txt": Export(
        ["Temperature\tHeat Flow (Normalized)", "(°C)\t(W/g)", *rows("{x}\t{y}", ANGLES)],
        ANGLES, COUNTS, ("temperature", "degC", "heat_flow_normalized", "W/g"), False, "cp1252",
    ),
    "units that nobody knows S7.txt": Export(
        ["Wavelength\tReflectance", "[nm]\t[zonks]", *rows("{x}\t{y}", ANGLES)],
        ANGLES, COUNTS, ("wavelength", "nm", "reflectance_zonks", ""),
    ),
    "Kubelka-Munk S7.txt": Export(
        ["Wavelength\tReflectance", "nm\tKubelka-Munk", *rows("{x}\t{y}", ANGLES)],
        ANGLES, COUNTS, ("wavelength", "nm", "reflectance", ""),
    ),
    "XPS S7.txt": Export(
        ["Binding Energy (eV)\tCounts / s", *rows("{x}\t{y}", ANGLES)],
        ANGLES, COUNTS, ("binding_energy", "eV", "counts", "1/s"),
    ),
    "SAXS S7.dat": Export(
        ["# SAXS", "# q(A^-1) I(q) Sig(q)", *rows("{x:.6E} {y:.6E} 1.5", ANGLES)],
        ANGLES, COUNTS, ("q", "1/angstrom", "i_q", ""), True,
    ),
    "Renishaw S7.txt": Export(
        ["#Wave\t\t#Intensity", *rows("{x:.6f}\t{y:.6f}", WAVENUMBERS)],
        WAVENUMBERS, COUNTS, ("wave", "", "intensity", ""),
    ),
    "Potentiostat S7.txt": Export(
        ["Potential / V vs. SHE\tCurrent/A", *rows("{x}\t{y}", ANGLES)],
        ANGLES, COUNTS, ("potential_vs_she", "V", "current", "A"),
    ),
    "an indented German one S7.txt": Export(
        ["Weg in mm\tKraft in N", *comma(rows("{x:.3f}\t{y}", ANGLES))],
        ANGLES, COUNTS, ("weg", "mm", "kraft", "N"),
    ),
    "an empty column between S7.txt": Export(
        rows("{x}\t \t{y}", ANGLES), ANGLES, COUNTS, ("axis", "", "lab", "")
    ),
    "an empty column in front S7.csv": Export(
        [",Wavelength (nm),Abs", *rows(",{x},{y}", ANGLES)], ANGLES, COUNTS, ("wavelength", "nm", "abs", "")
    ),
    "zeros S7.csv": Export(
        ["Zeit (s);Kraft (N)", *rows("{i};0,0", ANGLES)], [float(i) for i in STEPS], [0.0] * COUNT,
        ("zeit", "s", "kraft", "N"),
    ),
}  # fmt: skip


def save(folder: Path, name: str, lines: list[str], encoding: str = "utf-8", ending: str = "\n") -> Path:
    """A folder of one file."""
    (folder / "lab").mkdir(exist_ok=True)
    (folder / "lab" / name).write_bytes((ending.join(lines) + ending).encode(encoding))
    return folder / "lab"


def look(lab: Path) -> Collected:
    found = collect(find_sources([lab])[0], None)
    for _, error in found.refused:
        raise error
    return found


def only(lab: Path) -> RawModality:
    (raw,) = look(lab).modalities
    return raw


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("name", READ)
def test_exports_of_instruments(name: str, ending: str, tmp_path: Path) -> None:
    export = READ[name]
    lab = save(tmp_path, name, export.lines, export.encoding, ending)
    raw = only(lab)
    modality, (block,) = raw.modality, raw.blocks
    assert (modality.axis_name, modality.axis_unit, modality.name, modality.unit) == export.what
    order = np.argsort(export.x)
    np.testing.assert_allclose(np.asarray(block.axis), np.array(export.x)[order], rtol=1e-7)
    np.testing.assert_allclose(block.values, [np.array(export.y)[order]], rtol=1e-7)
    assert (block.uncertainty is not None) == export.uncertain
    (lab / "dataset.toml").write_text(look(lab).dataset_toml)
    np.testing.assert_array_equal(only(lab).blocks[0].values, block.values)


REFUSED = {
    "stress before strain.csv": (["Stress (MPa),Strain (%)", *rows("{i},{x}", ANGLES)], "which of them is the axis"),
    "a loop.txt": (["Field (Oe)\tMoment (emu)", *(f"{abs(20 - i)}\t{i}" for i in STEPS)], "turns back"),
    "percentages.csv": (["Wavelength (nm),R", *rows("{i},{y}%", ANGLES)], "does not look like a column of ids"),
    "GSAS.gsa": (["A title", "BANK 1 40 4 CONST 1000.00 2.00 0 0 FXYE", *rows("{i} {y} 1", ANGLES)], "GSAS"),
    "EC-Lab, cut.mpt": (["EC-Lab ASCII FILE", "Nb header lines : 9", "", "time/s\tEwe/V", "1\t2", "2\t3"], "are said"),
    "a second block.csv": (["x (nm),y", *rows("{i},{y}", ANGLES), "", "block 2", "40,1", "41,2"], "1 fields where 2"),
    "a lost last point.csv": (["x (nm),y", *rows("{i},{y}", ANGLES), "", "40,saturated"], "is not a number"),
    "one German column.csv": (["Kraft", *(f"{10 + i},{i % 10}" for i in STEPS)], "be decimal"),
    "one German column of zeros.csv": (["Kraft", *(f"0,{i:02d}" for i in STEPS)], "be decimal"),
    "a count above.xy": (["40 2", *rows("{x} {y}", ANGLES)], "how many points follow"),
    "only words.csv": (["sample,HV (GPa)", "A,>1.5", "B,<1.6"], "is kept as text"),
    "both marks.csv": (["sample;E (MPa)", "A;1.234,5", "B;2.345,6"], "semicolons stand in every line"),
    "either mark.csv": (["sample;HV;d", "A;150,5;1.5", "B;160,5;1.6"], "have ',' where others have '.'"),
    "thousands.csv": (["x (nm);y", *(f"{400 + i};1 {i:03d}" for i in STEPS)], "does not look like a column of ids"),
    "pairs without names.csv": (
        ["Wavelength (nm),%T,Wavelength (nm),%T", *rows("{x},{y},{x},1", NANOMETRES)], "not each with a name",
    ),
    "a gap in a pair.csv": (
        ["S1,,S2,", "nm,Abs,nm,Abs", *(f"{800 - i},1,{700 - i},{'' if i == 5 else 2}" for i in STEPS)],
        "missing inside",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_refused_by_name(name: str, tmp_path: Path) -> None:
    lines, what = REFUSED[name]
    with pytest.raises(FingerprintError) as refusal:
        look(save(tmp_path, name, lines))
    assert what in str(refusal.value)


ASKED = {
    "ampere or angstrom.csv": (["T (K),a (A)", *rows("{x},{y}", ANGLES)], '"A" or "angstrom"'),
    "pairs of quantities.csv": (["T (K),DSC,T (K),TG", *rows("{x},{y},{x},1", ANGLES)], "are they specimens"),
    "columns.nor": (["# energy S1 S2", *rows("{x} {y} {i}", ANGLES)], "2 columns over energy (S1, S2)"),
    "sigma.csv": (["sample,E,sigma", *(f"S{i},{i}.5,{i}.1" for i in STEPS)], "2 columns of numbers (E, sigma)"),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_only_a_person_knows_is_asked(name: str, tmp_path: Path) -> None:
    lines, question = ASKED[name]
    lab = save(tmp_path, name, lines)
    with pytest.raises(AmbiguousError) as refusal:
        look(lab)
    assert question in refusal.value.what
    (lab / "dataset.toml").write_text(refusal.value.proposal)
    assert look(lab).modalities


def test_the_unit_of_a_letter_is_what_dataset_toml_says(tmp_path: Path) -> None:
    lab = save(tmp_path, "S7.csv", ASKED["ampere or angstrom.csv"][0])
    with pytest.raises(AmbiguousError) as refusal:
        look(lab)
    (lab / "dataset.toml").write_text(refusal.value.proposal.replace('unit = ""\nfiles', 'unit = "angstrom"\nfiles'))
    assert only(lab).modality.unit == "angstrom"


@pytest.mark.parametrize("short", [0, 1])
def test_pairs_of_columns_are_specimens_of_their_names(short: int, tmp_path: Path) -> None:
    x, y = NANOMETRES, COUNTS
    pairs = [[f"{a},{b}" for a, b in zip(x, y, strict=True)], [f"{a - 7},{b + 1}" for a, b in zip(x, y, strict=True)]]
    pairs[short] = [cells if row < 30 else "," for row, cells in enumerate(pairs[short])]
    data = [f"{first},{second}," for first, second in zip(*pairs, strict=True)]
    log = ["", "S1", "Collection Time: 12/4/2023 10:11:12 AM", "Start (nm),800.0"] if short else []
    lines = ["S1,,S 2,,", "Wavelength (nm),%T,Wavelength (nm),%T,", *data, *log]
    lab = save(tmp_path, "cary.csv", lines)
    report = ingest([lab], tmp_path / "store")
    assert any("is text, and not read" in warning for warning in report.warnings) == bool(short)
    raw = only(lab)
    assert raw.specimens == ("S1", "S 2")
    assert (raw.modality.name, raw.modality.unit, raw.modality.axis_unit) == ("transmittance", "%", "nm")
    lengths = [30 if place == short else 40 for place in range(2)]
    for place, (block, length) in enumerate(zip(raw.blocks, lengths, strict=True)):
        np.testing.assert_array_equal(np.asarray(block.axis), np.array(x[:length][::-1]) - 7 * place)
        np.testing.assert_array_equal(block.values, [np.array(y[:length][::-1]) + place])


@pytest.mark.parametrize(("last", "told"), [("10.8000 123.4", True), ("10.8000 123.4000", False)])
def test_a_last_number_that_was_cut_off_is_told(last: str, told: bool, tmp_path: Path) -> None:
    """With a dataset.toml as without; a file that ends in a whole number, or in an end of line, is sound."""
    lab = save(tmp_path, "S7.dat", [])
    text = "\n".join(["# 2theta (deg) counts", *rows("{x:.4f} {y:.4f}", ANGLES)])
    (lab / "S7.dat").write_text(f"{text}\n{last}")
    found = look(lab)
    assert any("cut off" in warning for warning in found.warnings) == told
    (lab / "dataset.toml").write_text(found.dataset_toml)
    assert any("cut off" in warning for warning in look(lab).warnings) == told
    (lab / "S7.dat").write_text(f"{text}\n{last}\n")
    assert not look(lab).warnings


def test_an_axis_without_a_unit_is_asked_about_and_answered_with_one_edit(tmp_path: Path) -> None:
    lab = save(tmp_path, "S7.csv", ["frequency,dos", *rows("{x},{y}", ANGLES)])
    ingest([lab], tmp_path / "store", dry_run=True)
    with pytest.raises(AmbiguousError, match="in which unit its axis 'frequency' is") as question:
        ingest([lab], tmp_path / "store")
    answer = question.value.proposal.replace('name = "frequency", unit = ""', 'name = "frequency", unit = "THz"')
    for toml in (question.value.proposal, answer):
        (lab / "dataset.toml").write_text(toml)
        ingest([lab], tmp_path / f"store {len(toml)}")
    assert only(lab).modality.axis_unit == "THz"


@pytest.mark.parametrize("header", ["Elapsed (s),T (degC)", "Capacity (mAh/g),Voltage (V)", "V (A^3),energy (eV)"])
def test_what_is_no_axis_elsewhere_may_be_one(header: str, tmp_path: Path) -> None:
    lab = save(tmp_path, "S7.csv", [header, *rows("{x},{y}", ANGLES)])
    np.testing.assert_allclose(np.asarray(only(lab).blocks[0].axis), ANGLES)


@pytest.mark.parametrize("count", [6, COUNT])
@pytest.mark.parametrize("header", [",temperature (degC),HV", "Unnamed: 0,temperature (degC),HV"])
def test_few_numbered_rows_may_be_specimens(header: str, count: int, tmp_path: Path) -> None:
    lab = save(tmp_path, "S7.csv", [header, *rows("{i},{x},{y}", ANGLES[:count], COUNTS[:count])])
    if count == COUNT:
        assert only(lab).specimens == ("S7",)
        return
    with pytest.raises(AmbiguousError):
        look(lab)


@pytest.mark.parametrize("name", ["cycle", "step", "m/z", "channel"])
def test_an_axis_that_counts_has_no_unit(name: str, tmp_path: Path) -> None:
    lab = save(tmp_path, "S7.csv", [f"{name},load (N)", *rows("{i},{y}", ANGLES)])
    assert not ingest([lab], tmp_path / "store").warnings
