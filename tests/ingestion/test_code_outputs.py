"""What simulation codes write, through inspection, an inferred dataset.toml, reading and prediction."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from code_files import (
    AVE_TIME,
    AVE_TIME_TWO,
    CORRELATE,
    ELECTRON_JSON,
    ENERGIES,
    EXTXYZ,
    LOG,
    LOG_TWO_COLUMNS,
    PHONON_JSON,
    PROJECTED_DOS,
    RDF,
    SPIN,
    SPIN_DOWN,
    TETRAHEDRON,
    TOTAL_DOS,
    doscar,
    electron_dos,
    phonon_dos,
)

from fingerprint.errors import AmbiguousError, ReadError, UnitError
from fingerprint.ingestion import read_measurement
from fingerprint.ingestion.collecting import Collected, collect
from fingerprint.ingestion.formats import find_format
from fingerprint.ingestion.sources import find_sources
from fingerprint.modality import Kind, Modality, RawModality

FERMI = ("energy_from_fermi", "eV")
SHIFTED = [energy - 1.25 for energy in ENERGIES]


def collected(folder: Path, name: str, content: str | bytes) -> Collected:
    """The file in a folder "si-1", ingested without a dataset.toml."""
    path = folder / "si-1" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = collect(find_sources([path.parent])[0], None)
    assert not found.refused
    return found


def modalities(folder: Path, name: str, content: str | bytes) -> dict[str, RawModality]:
    return {raw.modality.name: raw for raw in collected(folder, name, content).modalities}


def curve(raw: RawModality) -> tuple[str, list[float], list[float], str, str]:
    """The only measurement: its specimen, axis and values; the axis and its unit, the unit of the values."""
    (block,) = raw.blocks
    assert block.axis is not None
    modality = raw.modality
    return (
        block.specimens[0],
        block.axis.tolist(),
        block.values[0].tolist(),
        f"{modality.axis_name}/{modality.axis_unit}",
        modality.unit,
    )


DOS = "frequency/THz", "1/THz"
ELECTRONS = "energy_from_fermi/eV", "1/eV"
PHONONS = [-0.1112731149, 0.5, 8.66786], [0.0, 0.25, 1.7512345678]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("total_dos.dat", TOTAL_DOS, {"phonon_dos": ("si-1", *PHONONS, *DOS)}),
        ("total_dos.dat", TETRAHEDRON, {"phonon_dos": ("si-1", *PHONONS, *DOS)}),
        ("si-7.dat", TOTAL_DOS, {"phonon_dos": ("si-7", *PHONONS, *DOS)}),
        ("total_dos.dat.gz", gzip.compress(TOTAL_DOS.encode()), {"phonon_dos": ("si-1", *PHONONS, *DOS)}),
        ("DOSCAR", doscar(), {"electron_dos": ("si-1", SHIFTED, [*SPIN], *ELECTRONS)}),
        (
            "DOSCAR.gz",
            gzip.compress(doscar(atoms=2).encode()),
            {"electron_dos": ("si-1", SHIFTED, [*SPIN], *ELECTRONS)},
        ),
        (
            "ni.doscar",
            doscar((SPIN, SPIN_DOWN), atoms=1),
            {
                "electron_dos_up": ("ni", SHIFTED, [*SPIN], *ELECTRONS),
                "electron_dos_down": ("ni", SHIFTED, [*SPIN_DOWN], *ELECTRONS),
            },
        ),
        ("ph.json", PHONON_JSON, {"phonon_dos": ("ph", [-0.5, 0.0, 7.25], [0.0, 0.125, 1.5], *DOS)}),
        (
            "el.json.gz",
            gzip.compress(ELECTRON_JSON.encode()),
            {
                "electron_dos_up": ("el", SHIFTED, [*SPIN], *ELECTRONS),
                "electron_dos_down": ("el", SHIFTED, [*SPIN_DOWN], *ELECTRONS),
            },
        ),
        ("e.json", json.dumps(electron_dos()), {"electron_dos": ("e", SHIFTED, [*SPIN], *ELECTRONS)}),
        ("msd.dat", AVE_TIME, {"c_msd_4": ("msd", [0, 100, 200], [0, 0.0125, 0.05], "timestep/", "")}),
        ("vacf.txt", CORRELATE, {"v_vx_v_vx": ("vacf", [0, 5, 10], [1, 0.5, -0.25], "time_lag/", "")}),
        ("log.lammps", LOG_TWO_COLUMNS, {"temp": ("si-1", [0, 100, 200], [300, 151.5, 148.25], "timestep/", "")}),
        ("run-3.log", LOG_TWO_COLUMNS, {"temp": ("run-3", [0, 100, 200], [300, 151.5, 148.25], "timestep/", "")}),
    ],
)
def test_curves_are_read_with_their_units(
    name: str, content: str | bytes, expected: dict[str, tuple[object, ...]], tmp_path: Path
) -> None:
    found = modalities(tmp_path, name, content)
    assert {key: curve(raw) for key, raw in found.items()} == expected
    assert {raw.modality.kind for raw in found.values()} == {
        Kind.SERIES if "time" in next(iter(found.values())).modality.axis_name else Kind.SPECTRUM
    }


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("total_dos.dat", TOTAL_DOS, "in THz unless it was told another factor (the file does not say)"),
        ("DOSCAR", doscar(), "energies from the Fermi energy in the file, per cell; the total only, without integrals"),
        ("ph.json", PHONON_JSON, "in THz as pymatgen keeps it"),
        ("msd.dat", AVE_TIME, "LAMMPS writes no units"),
    ],
)
def test_the_inferred_dataset_says_why(name: str, content: str, said: str, tmp_path: Path) -> None:
    found = collected(tmp_path, name, content)
    assert said in found.dataset_toml
    (tmp_path / "si-1" / "dataset.toml").write_text(found.dataset_toml)
    again = collect(find_sources([tmp_path / "si-1"])[0], None)
    assert [curve(raw) for raw in again.modalities] == [curve(raw) for raw in found.modalities]


def test_several_folders_of_one_code_are_one_modality(tmp_path: Path) -> None:
    for name, fermi in (("si", 0.0), ("ge", 1.0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "DOSCAR").write_text(doscar(fermi=fermi))
        (tmp_path / name / "total_dos.dat").write_text(TOTAL_DOS)
        (tmp_path / name / "POSCAR").write_text("Si\n1.0\n")
    found = collect(find_sources([tmp_path])[0], None)
    assert {raw.modality.name: set(raw.specimens) for raw in found.modalities} == {
        "electron_dos": {"si", "ge"},
        "phonon_dos": {"si", "ge"},
    }
    first = {name: axis[0] for name, _, axis in found.modalities[0].rows() if axis is not None}
    assert first == {"si": -10.0, "ge": -11.0}


def test_the_first_point_is_left_out_where_it_holds_all_states_below(tmp_path: Path) -> None:
    found = modalities(tmp_path, "DOSCAR", doscar(below=8.0))
    assert curve(found["electron_dos"])[1:3] == (SHIFTED[1:], [*SPIN[1:]])


def test_fortrans_missing_letter_and_joined_header_are_read_exactly(tmp_path: Path) -> None:
    lines = doscar(((1e-101, 0.25, 1.5, 0.0),)).splitlines()
    assert "  0.1000-100" in lines[6]
    lines[5] = lines[5].replace("-10.00000000    4", "-10.0000000000004")
    found = modalities(tmp_path, "DOSCAR", "\n".join(lines))
    assert curve(found["electron_dos"])[2] == [1e-101, 0.25, 1.5, 0.0]


def test_a_list_is_a_specimen_each(tmp_path: Path) -> None:
    several = [phonon_dos(frequencies=[0.0, 1.0 + place, 9.0]) for place in range(2)]
    raw = modalities(tmp_path, "mp.json", json.dumps(several))["phonon_dos"]
    assert raw.specimens == ("mp-00000", "mp-00001")
    assert [None if axis is None else axis.tolist() for _, _, axis in raw.rows()] == [[0, 1, 9], [0, 2, 9]]
    named = [each | {"material_id": f"mp-{149 + place}"} for place, each in enumerate(several)]
    assert modalities(tmp_path, "mp.json", json.dumps(named))["phonon_dos"].specimens == ("mp-149", "mp-150")


def test_frames_hold_scalars_and_words(tmp_path: Path) -> None:
    found = collected(tmp_path, "run.xyz", EXTXYZ)
    (raw,) = found.modalities
    (block,) = raw.blocks
    assert (raw.modality.name, raw.modality.unit) == ("energy", "eV")
    assert (block.specimens, block.values.tolist()) == (("run-00000", "run-00001"), [-10.847, -10.625])
    assert block.sources[1].endswith("run.xyz:6")
    assert found.metadata["run-00002"] == {"config_type": "surface"}
    assert "stress" not in found.dataset_toml


def test_two_scalars_of_a_frame_are_a_proposal(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousError, match="energy, temperature") as refusal:
        collected(tmp_path, "run.extxyz", EXTXYZ.replace("energy=-10.847", "energy=-10.847 temperature=300"))
    assert 'unit = "eV"' in refusal.value.proposal
    toml = refusal.value.proposal.replace('metadata = [\n    "config_type",\n]', 'metadata = ["temperature"]')
    (tmp_path / "si-1" / "dataset.toml").write_text(toml.split("\n[modalities.temperature]")[0])
    found = collect(find_sources([tmp_path / "si-1"])[0], None)
    assert found.metadata["run-00000"] == {"temperature": 300}


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("t.dat", AVE_TIME_TWO, "c_thermo_temp, c_thermo_press"),
        ("g.rdf", RDF, r"c_myRDF\[1\], c_myRDF\[2\]"),
        ("log.lammps", LOG, "Temp, PotEng"),
    ],
)
def test_several_columns_are_a_proposal_that_can_be_used(name: str, content: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(AmbiguousError, match=named) as refusal:
        collected(tmp_path, name, content)
    (tmp_path / "si-1" / "dataset.toml").write_text(refusal.value.proposal)
    found = collect(find_sources([tmp_path / "si-1"])[0], None)
    assert not found.refused
    assert curve(found.modalities[-1])[2][-1] == {"t.dat": 2.5, "g.rdf": 4.0, "log.lammps": -4256.25}[name]


def test_any_column_can_be_the_axis(tmp_path: Path) -> None:
    (tmp_path / "g.rdf").write_text(RDF)
    (tmp_path / "dataset.toml").write_text(
        '[modalities.rdf]\nkind = "spectrum"\nfiles = "g.rdf"\nvalues = "c_myRDF[2]"\nspecimens = "{folder}"\n'
        'axis = { name = "r", unit = "angstrom", values = "c_myRDF[1]" }\n'
    )
    (raw,) = collect(find_sources([tmp_path])[0], None).modalities
    assert curve(raw) == (tmp_path.name, [0.05, 0.15, 0.25], [0.0, 0.5, 1.125], "r/angstrom", "")


def test_projected_densities_are_summed_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "projected_dos.dat"
    path.write_text(PROJECTED_DOS)
    (tmp_path / "total_dos.dat").write_text(TOTAL_DOS)
    found = collect(find_sources([tmp_path])[0], None)
    assert [each.file for each in found.ignored] == [str(path)]
    assert "single atoms" in found.ignored[0].reason
    toml = found.dataset_toml.replace("total_dos.dat", path.name).replace('values = "phonon_dos"', 'values = "sum"')
    (tmp_path / "dataset.toml").write_text(toml)
    (raw,) = collect(find_sources([tmp_path])[0], None).modalities
    assert curve(raw)[1:3] == ([0.2108137977, 0.2514885829, 0.2921633681], [0.0, 1.75, 0.875])


def test_a_density_beyond_any_phonon_has_no_unit(tmp_path: Path) -> None:
    found = collected(tmp_path, "total_dos.dat", TOTAL_DOS.replace("8.6678600000", "521.47"))
    assert curve(found.modalities[0])[3:] == ("frequency/", "")
    assert any("unit" in warning for warning in found.warnings)


def test_dataset_toml_may_say_another_unit_where_the_file_leaves_it_open(tmp_path: Path) -> None:
    found = collected(tmp_path, "total_dos.dat", TOTAL_DOS)
    changed = found.dataset_toml.replace('"THz"', '"cm^-1"').replace('"1/THz"', '"1/cm^-1"')
    (tmp_path / "si-1" / "dataset.toml").write_text(changed)
    (raw,) = collect(find_sources([tmp_path / "si-1"])[0], None).modalities
    assert curve(raw)[3:] == ("frequency/cm^-1", "1/cm^-1")
    (tmp_path / "si-1" / "dataset.toml").write_text(found.dataset_toml.replace('"THz"', '"cm^-1"'))
    with pytest.raises(ReadError, match="is a density over"):
        collect(find_sources([tmp_path / "si-1"])[0], None)


VDOS = Modality("vdos", Kind.SPECTRUM, "1/THz", axis_name="frequency", axis_unit="THz")
WAVENUMBERS = Modality("vdos", Kind.SPECTRUM, "1/cm^-1", axis_name="frequency", axis_unit="cm^-1")
EDOS = Modality("edos", Kind.SPECTRUM, "1/eV", axis_name=FERMI[0], axis_unit=FERMI[1])


def measured(folder: Path, name: str, content: str, modality: Modality, x_unit: str | None = None) -> RawModality:
    path = folder / name
    path.write_text(content)
    return read_measurement(path, modality, x_unit=x_unit).raw


def test_a_prediction_takes_the_density_whatever_the_model_calls_it(tmp_path: Path) -> None:
    raw = measured(tmp_path, "total_dos.dat", TOTAL_DOS, VDOS)
    assert curve(raw) == (tmp_path.name, *PHONONS, *DOS)
    per_wavenumber = curve(measured(tmp_path, "ph.json", PHONON_JSON, WAVENUMBERS))
    assert per_wavenumber[1][-1] == pytest.approx(7.25 * 33.35641, rel=1e-6)
    assert per_wavenumber[2][-1] == pytest.approx(1.5 / 33.35641, rel=1e-6)
    assert curve(measured(tmp_path, "DOSCAR", doscar(), EDOS))[1:3] == (SHIFTED, [*SPIN])
    said = curve(measured(tmp_path, "total_dos.dat", TOTAL_DOS, VDOS, x_unit="cm^-1"))
    assert said[1][-1] == pytest.approx(8.66786 / 33.35641, rel=1e-6)
    assert said[2][-1] == pytest.approx(1.7512345678 * 33.35641, rel=1e-6)
    energy = Modality("energy", Kind.SCALAR, "eV")
    assert measured(tmp_path, "run.xyz", EXTXYZ, energy).blocks[0].values.tolist() == [-10.847, -10.625]


@pytest.mark.parametrize(
    ("name", "content", "modality", "x_unit"),
    [
        ("DOSCAR", doscar(), VDOS, None),
        ("DOSCAR", doscar(), EDOS, "THz"),
        ("DOSCAR", doscar((SPIN, SPIN_DOWN)), EDOS, None),
        ("el.json", ELECTRON_JSON, VDOS, None),
        ("total_dos.dat", TOTAL_DOS, EDOS, None),
        ("projected_dos.dat", PROJECTED_DOS, VDOS, None),
        ("msd.dat", AVE_TIME, VDOS, None),
        ("g.rdf", RDF, VDOS, None),
        ("run.xyz", EXTXYZ, VDOS, None),
        ("DOSCAR", doscar(), Modality("edos", Kind.SCALAR, "eV"), None),
        ("total_dos.dat", TOTAL_DOS, Modality("ir", Kind.SPECTRUM, "", axis_name="x", axis_unit="cm^-1"), None),
    ],
)
def test_a_prediction_never_takes_one_quantity_for_another(
    name: str, content: str, modality: Modality, x_unit: str | None, tmp_path: Path
) -> None:
    with pytest.raises((ReadError, UnitError)):
        measured(tmp_path, name, content, modality, x_unit)


@pytest.mark.parametrize(
    ("name", "content", "family"),
    [
        ("DOSCAR", "", "VASP DOSCAR"),
        ("a.dat", TOTAL_DOS, "phonopy"),
        ("total_dos.dat", "# frequency_thz total\n1 2\n", "delimited text"),
        ("a.dat", "# Sigma = 0.1\n# frequency (THz) total\n1 2\n", "delimited text"),
        ("a.dat", AVE_TIME, "LAMMPS averages"),
        ("a.dat", "1 2\n3 4\n", "delimited text"),
        ("a.txt", LOG, "LAMMPS log"),
        ("a.txt", "x y\n1 2\n", "delimited text"),
        ("a.out", "x y\n1 2\n", None),
        ("a.json", PHONON_JSON, "pymatgen JSON"),
        ("a.json", '{"@class": "Structure"}', None),
        ("phonopy.yaml", "phonopy:\n", None),
        ("a.xyz", EXTXYZ, "extended XYZ"),
        ("a.xy", "1 2\n3 4\n", "delimited text"),
    ],
)
def test_a_family_is_found_by_name_suffix_or_first_lines(
    name: str, content: str, family: str | None, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content)
    found = find_format(path)
    assert (found.name if found else None) == family
