"""What simulation codes write, damaged: every contradiction is refused where it stands, and nothing else comes out."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

import pytest
from code_files import (
    AVE_TIME,
    AVE_TIME_TWO,
    CORRELATE,
    ELECTRON_JSON,
    EXTXYZ,
    LOG,
    LOG_TWO_COLUMNS,
    PHONON_JSON,
    PROJECTED_DOS,
    RDF,
    SPIN,
    SPIN_DOWN,
    TOTAL_DOS,
    doscar,
    electron_dos,
    phonon_dos,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fingerprint.errors import FingerprintError
from fingerprint.ingestion.codes import numbers
from fingerprint.ingestion.collecting import collect
from fingerprint.ingestion.sources import find_sources

DOSCAR = doscar(atoms=1)
SPINS = doscar((SPIN, SPIN_DOWN))
CHUNKS = (
    "# Chunk-averaged data for fix 1\n# Timestep Number-of-chunks Total-count\n# Chunk Ncount vx\n100 1 4\n  1 4 0.5\n"
)


def refusal(folder: Path, name: str, content: str | bytes) -> FingerprintError:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        found = collect(find_sources([folder])[0], None)
    except FingerprintError as error:
        return error
    assert found.refused, "it was read"
    return found.refused[0][1]


def without_line(text: str, number: int) -> str:
    lines = text.splitlines(keepends=True)
    return "".join([*lines[: number - 1], *lines[number:]])


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("DOSCAR", "", "ends in its header"),
        ("DOSCAR", DOSCAR[:300], "ends"),
        ("DOSCAR", "\n".join(DOSCAR.splitlines()[:9]), "NEDOS is 4, and the file ends after 3"),
        ("DOSCAR", doscar()[:-13], "fields where 3 are expected"),
        ("DOSCAR", DOSCAR.replace("    4 ", "    3 ", 1), "goes on after NEDOS"),
        ("DOSCAR", DOSCAR.replace("    4 ", "    5 ", 1), "fields where 3"),
        ("DOSCAR", DOSCAR.replace("    4 ", "***** ", 1), "no line of EMAX"),
        ("DOSCAR", DOSCAR.replace("    4 ", " -4.5 ", 1), "no line of EMAX"),
        ("DOSCAR", DOSCAR.replace("      1.25000000", "****************"), "no line of EMAX"),
        ("DOSCAR", DOSCAR.replace("      1.25000000", "             NaN"), "no line of EMAX"),
        ("DOSCAR", DOSCAR.replace("     -5.000", "  *********"), "did not fit into its field"),
        ("DOSCAR", DOSCAR.replace("  0.2500E+00", "         NaN"), "is not a finite number"),
        ("DOSCAR", DOSCAR.replace("  0.2500E+00", "  0.2500+400"), "is not a finite number"),
        ("DOSCAR", DOSCAR.replace("     -5.000", "    -10.000"), "repeats"),
        ("DOSCAR", DOSCAR.replace("     -5.000", "      3.000"), "turns back"),
        ("DOSCAR", DOSCAR.replace("    -10.000  0", "    -30.000  0"), "where EMIN -10 should"),
        ("DOSCAR", without_line(DOSCAR, 8), "fields where 3"),
        ("DOSCAR", without_line(doscar(), 8), "NEDOS is 4, and the file ends after 3"),
        ("DOSCAR", doscar() + doscar().splitlines()[-1], "goes on after NEDOS"),
        ("DOSCAR", "\n".join(line + "  0.1E+00" for line in DOSCAR.splitlines()), "4 columns"),
        ("DOSCAR", PROJECTED_DOS, "ends in its header"),
        ("total_dos.dat", TOTAL_DOS.replace("0.2500000000", "0.25000x0000"), "is not a finite number"),
        ("total_dos.dat", TOTAL_DOS.replace("0.2500000000", "nan"), "is not a finite number"),
        ("total_dos.dat", TOTAL_DOS.replace("0.2500000000", "1_0"), "is not a finite number"),
        ("total_dos.dat", TOTAL_DOS[:-4], "may be cut off"),
        ("msd.dat", AVE_TIME[:-2], "may be cut off"),
        ("total_dos.dat", TOTAL_DOS[:-14] + "\n", "1 fields where 2"),
        ("total_dos.dat", TOTAL_DOS + "# frequency (cm^-1)\n", "no such comment"),
        ("total_dos.dat", TOTAL_DOS + TOTAL_DOS, "no such comment"),
        ("total_dos.dat", TOTAL_DOS.replace("0.5000000000", "-0.1112731149"), "repeats"),
        ("total_dos.dat", "# Tetrahedron method\n\n", "no data"),
        ("projected_dos.dat", PROJECTED_DOS, "single atoms"),
        ("a.dat", AVE_TIME + AVE_TIME, "2 headers"),
        ("a.dat", AVE_TIME + "200 1\n", "repeats"),
        ("a.dat", AVE_TIME + "300 1 2\n", "3 fields where 2"),
        ("a.dat", AVE_TIME_TWO + "300 1\n", "2 fields where 3"),
        ("a.dat", AVE_TIME.replace("0.0125", "inf"), "not a finite number"),
        ("a.rdf", RDF + "".join(RDF.splitlines(keepends=True)[3:]), "several blocks"),
        ("a.rdf", RDF[: RDF.rindex("3 ")], "3 rows are announced, and 2"),
        ("a.rdf", RDF.replace("2 0.15", "4 0.15"), "row 4 stands as row 2"),
        ("a.dat", CORRELATE.replace("3 10 98", "3 10 0"), "nothing was averaged"),
        ("a.dat", CORRELATE + "2000 3\n1 0 1 1\n2 5 1 1\n3 10 1 1\n", "several blocks"),
        ("a.dat", CHUNKS, "over chunks or bins"),
        ("log.lammps", LOG + LOG, "2 runs"),
        ("log.lammps", LOG + "Loop time of 1 on 1 procs\n", "2 runs"),
        ("log.lammps", LOG[: LOG.index("Loop")], "ends inside its run"),
        ("log.lammps", LOG.replace("WARNING", "SHAKE stats"), "fields where 3"),
        ("log.lammps", LOG_TWO_COLUMNS.replace("148.25", "nan"), "not a finite number"),
        ("log.lammps", "LAMMPS (1 Jan 2024)\nunits metal\n", "without columns"),
        ("a.json", PHONON_JSON[:-3], "cannot be understood"),
        ("a.json", PHONON_JSON.replace("7.25", "NaN"), "cannot be understood"),
        ("a.json", PHONON_JSON.replace("7.25", "1e999"), "cannot be understood"),
        ("a.json", PHONON_JSON.replace("7.25", '"7.25"'), "cannot be understood"),
        ("a.json", PHONON_JSON.replace("7.25", "-0.25"), "turns back"),
        ("a.json", PHONON_JSON.replace("7.25, ", "").replace(", 7.25", ""), "2, 3 numbers"),
        ("a.json", json.dumps(phonon_dos(frequencies=None)), "0, 3 numbers"),
        ("a.json", json.dumps(phonon_dos(densities={"1": [1, 2, 3]})), "3, 0 numbers"),
        ("a.json", json.dumps(electron_dos(efermi=None)), "no efermi"),
        ("a.json", json.dumps(electron_dos(densities={"-1": [*SPIN]})), "densities of the spins -1"),
        ("a.json", json.dumps(electron_dos(densities={"1": [*SPIN], "2": [*SPIN]})), "densities of the spins 1, 2"),
        ("a.json", json.dumps(electron_dos(densities=[1.0])), "densities of the spins none"),
        ("a.json", json.dumps([phonon_dos(), electron_dos()]), "electrons and of phonons"),
        ("a.json", json.dumps([phonon_dos(id="a"), phonon_dos()]), "there is no id here"),
        ("a.json", json.dumps([phonon_dos(id="a"), phonon_dos(id="a")]), "stands here again"),
        ("a.json", json.dumps({"dos": phonon_dos()}), "an object without @class"),
        ("a.json", '{"@class": "PhononDos", "x": ' + "[" * 100_000, "cannot be understood"),
        ("a.json", '{"@class": "Structure"}', "not read"),
        ("a.xyz", EXTXYZ[:-20], "columns, and Properties names 7"),
        ("a.xyz", EXTXYZ[: EXTXYZ.rindex("Si")], "the file ends after 1"),
        ("a.xyz", EXTXYZ.replace("2\nLattice", "3\nLattice", 1), "1 columns, and Properties names 7"),
        ("a.xyz", EXTXYZ.replace("2\nLattice", "1\nLattice", 1), "is no number of atoms"),
        ("a.xyz", EXTXYZ.replace("2\nLattice", "6\nLattice", 1), "1 columns, and Properties names 7"),
        ("a.xyz", EXTXYZ.replace("energy=-10.847", "energy=-10.847 energy=-10"), "stands twice"),
        ("a.xyz", EXTXYZ.replace("energy=-10.847", 'energy="-10.847'), "no key=value"),
        ("a.xyz", EXTXYZ.replace("surface", "surface energy=-10.8x47"), "is not a number"),
        ("a.xyz", EXTXYZ.replace("surface", "surface energy=***"), "is not a number"),
        ("a.xyz", EXTXYZ.replace("species:S:1:", "species:S:one:"), "cannot be understood"),
        ("a.xyz", "2\nenergy -10.8\nSi 0 0 0\nSi 1 1 1\n", "no numbers on the comment lines"),
        ("a.xyz", "", "no numbers on the comment lines"),
        ("DOSCAR", b"\x00\x01\x02" * 4000, "not text"),
        ("DOSCAR.gz", b"\x1f\x8b" + b"x" * 50, "damaged or cut off"),
    ],
)  # fmt: skip
def test_a_contradiction_is_refused(name: str, content: str | bytes, what: str, tmp_path: Path) -> None:
    refused = refusal(tmp_path, name, content)
    said = f"{refused.what} {refused.expected}"
    assert what in said
    assert str(tmp_path) in refused.where


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("1.234-101", 1.234e-101), ("-0.5+100", -0.5e100), ("1.5D-3", 0.0015), (".5", 0.5), ("-3", -3.0),
        ("2.E+01", 20.0), ("1e5", 1e5), ("1-2", None), ("1.0-10", None), ("nan", None), ("inf", None), ("1e999", None),
        ("1_0", None),        ("****", None), ("", None), ("٣", None), ("0x1", None), ("1,5", None),
    ],
)  # fmt: skip
def test_a_number_is_read_exactly_or_not_at_all(token: str, value: float | None) -> None:
    assert numbers.number(token) == value


FILES = {
    "DOSCAR": DOSCAR, "ni.doscar": SPINS, "total_dos.dat": TOTAL_DOS, "projected_dos.dat": PROJECTED_DOS,
    "msd.dat": AVE_TIME, "t.dat": AVE_TIME_TWO, "g.rdf": RDF, "c.dat": CORRELATE, "log.lammps": LOG,
    "a.log": LOG_TWO_COLUMNS, "ph.json": PHONON_JSON, "el.json": ELECTRON_JSON, "run.xyz": EXTXYZ,
}  # fmt: skip
PIECES = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [b"\n", b" ", b"-", b"*", b"9" * 30, b"1e999", b"nan", b"\x00", b"[" * 3000, b'"', b"=", b"\xff", b"#"]
    ),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(FILES)),
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), PIECES), min_size=1, max_size=4),
)
def test_a_mutated_file_is_read_or_refused(
    name: str, edits: list[tuple[float, int, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = FILES[name].encode()
    for share, cut, piece in edits:
        place = int(share * len(content))
        content = content[:place] + piece + content[place + cut :]
    folder = tmp_path_factory.mktemp("mutated")
    (folder / name).write_bytes(content)
    begun = time.monotonic()
    with suppress(FingerprintError):
        collect(find_sources([folder])[0], None)
    assert time.monotonic() - begun < 60, "it hangs"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("DOSCAR", DOSCAR.encode() + b"1 " * (20 << 20)),
        ("DOSCAR", DOSCAR.replace("    4 ", "99999 ", 1).encode() + b"1 2 3\n" * 99_999),
        ("DOSCAR", DOSCAR.replace("1.25000000", "5" * 1_000_000 + "x", 1).encode()),
        ("total_dos.dat", b"# Tetrahedron method\n" + b"1 " * (15 << 20)),
        ("total_dos.dat", b"# Tetrahedron method\n" + b"\n" * (30 << 20)),
        ("total_dos.dat", b"# Tetrahedron method\n" + b"1 2\n" * 990_000),
        ("log.lammps", b"LAMMPS (x)\nStep T\n" + b"Step 1\n" * 990_000),
        ("a.json", b'{"@class":"PhononDos","densities":[' + b"0," * (15 << 20) + b"0]}"),
        ("a.json", b'{"@class":"PhononDos","structure":[' + b"[]," * (10 << 20) + b"0]}"),
        ("a.json", b'[{"@class":"PhononDos"}' + b",{}" * (10 << 20) + b"]"),
        ("a.xyz", b'1\nLattice="1" ' + b"a=1 " * (1 << 20) + b"\nSi 0 0 0\n"),
        ("a.xyz", b"0\nLattice=1 a=1\n" * 1_900_000),
        ("a.xyz", b'9999999999999\nLattice="1"\n' + b"Si 0 0 0\n" * 100),
    ],
)
def test_a_hostile_file_takes_neither_long_nor_much(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    begun = time.monotonic()
    with suppress(FingerprintError):
        collect(find_sources([tmp_path])[0], None)
    assert time.monotonic() - begun < 10  # twice 5: it is inspected, and read
