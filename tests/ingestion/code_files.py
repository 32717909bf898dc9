"""Files as simulation codes write them, made by hand after what the codes themselves printed."""

from __future__ import annotations

import json
from collections.abc import Sequence

SPIN, SPIN_DOWN = (0.0, 0.25, 1.5, 0.0), (0.0, 0.125, 0.75, 2.0)
ENERGIES = (-10.0, -5.0, 0.0, 5.0)

TOTAL_DOS = """# Sigma = 0.100000
       -0.1112731149        0.0000000000
        0.5000000000        0.2500000000
        8.6678600000        1.7512345678
"""
TETRAHEDRON = TOTAL_DOS.replace("Sigma = 0.100000", "Tetrahedron method")
PROJECTED_DOS = """# Tetrahedron method
        0.2108137977        0.0000000000        0.0000000000
        0.2514885829        1.2500000000        0.5000000000
        0.2921633681        0.7500000000        0.1250000000
"""

AVE_TIME = """# Time-averaged data for fix msd
# TimeStep c_msd[4]
0 0
100 0.0125
200 0.5e-1
"""
AVE_TIME_TWO = """# Time-averaged data for fix 3
# TimeStep c_thermo_temp c_thermo_press
1000 300.5 -1.25
2000 299.5 2.5
"""
RDF = """# Time-averaged data for fix 2
# TimeStep Number-of-rows
# Row c_myRDF[1] c_myRDF[2] c_myRDF[3]
105000 3
1 0.05 0 0
2 0.15 0.5 1.25
3 0.25 1.125 4
"""
CORRELATE = """# Time-correlated data for fix vacf
# Timestep Number-of-time-windows
# Index TimeDelta Ncount v_vx*v_vx
1000 3
1 0 100 1
2 5 99 0.5
3 10 98 -0.25
"""
LOG = """LAMMPS (2 Aug 2023 - Update 3)
units           metal
thermo_style custom step temp pe
run             200
Per MPI rank memory allocation (min/avg/max) = 4.427 | 4.427 | 4.427 Mbytes
   Step          Temp          PotEng
         0   300           -4336.7651
       100   151.5         -4.2577e+03
WARNING: Something was slow (../verlet.cpp:123)
       200   148.25        -4256.25
Loop time of 1.23456 on 1 procs for 200 steps with 1000 atoms

Performance: 14.0 ns/day
Total wall time: 0:00:01
"""
LOG_TWO_COLUMNS = LOG.replace("          PotEng", "").replace("-4336.7651", "").replace("-4.2577e+03", "")
LOG_TWO_COLUMNS = LOG_TWO_COLUMNS.replace("-4256.25", "")

STRESS = "0.0136 2.7e-17 -3.1e-17 2.7e-17 0.0136 -6.9e-17 -3.1e-17 -6.9e-17 0.0136"
EXTXYZ = "".join(
    f'2\nLattice="5.4 0 0 0 5.4 0 0 0 5.4" Properties=species:S:1:pos:R:3:forces:R:3 {told} pbc="T T T"\n'
    "Si       0.00000000      0.00000000      0.00000000      -0.00568151       0.00000000       0.00000000\n"
    "Si       1.36000000      1.36000000      1.36000000       0.00568151       0.00000000       0.00000000\n"
    for told in (
        rf'config_type=bulk note="two \"words\" here" energy=-10.847 stress="{STRESS}" relaxed=T',
        f'config_type=bulk energy=-1.0625e1 stress="{STRESS}" dipole="0.0 1.0 2.0" relaxed=F',
        'config_type=surface mat="_JSON [[1.0, 0.0], [0.0, 1.0]]"',
    )
)


def doscar(
    densities: Sequence[Sequence[float]] = (SPIN,),
    energies: Sequence[float] = ENERGIES,
    fermi: float = 1.25,
    atoms: int = 0,
    below: float = 0.0,
) -> str:
    """A DOSCAR in VASP's own widths; `below` so many electrons below the first energy, which VASP adds to it."""
    count = len(energies)
    step = (energies[-1] - energies[0]) / (count - 1)
    head = f"{energies[-1]:16.8f}{energies[0]:16.8f}{count:5d}{fermi:16.8f}{1:16.8f}"
    rows: list[str] = []
    filled = [below] * len(densities)
    for row, energy in enumerate(energies):
        values = [density[row] + (below / step if row == 0 else 0) for density in densities]
        filled = [sum_ + (density[row] * step) for sum_, density in zip(filled, densities, strict=True)]
        rows.append(f"{energy:11.3f}" + "".join(_fortran(value) for value in (*values, *filled)))
    top = ["   2   2   1   0", "  0.2001E+02" + 4 * "  0.3840E-09", "  1.000000000000000E-004", "  CAR ", " Si diamond"]
    projected = [head, *(f"{energy:11.3f}" + 9 * "  0.1000E+00" for energy in energies)]
    return "\n".join([*top, head, *rows, *(atoms * projected)]) + "\n"


def _fortran(value: float) -> str:
    """E12.4 of Fortran, which drops the letter for an exponent of three digits."""
    mantissa, exponent = f"{value:.3E}".split("E")
    shifted = int(exponent) + 1 if value else 0
    letter = "E" if abs(shifted) < 100 else ""
    digits = 2 if letter else 3
    return f"0.{mantissa.replace('.', '')}{letter}{shifted:+0{digits + 1}d}".rjust(12)


def phonon_dos(**keys: object) -> dict[str, object]:
    return {
        "@module": "pymatgen.phonon.dos",
        "@class": "PhononDos",
        "frequencies": [-0.5, 0.0, 7.25],
        "densities": [0.0, 0.125, 1.5],
    } | keys


def electron_dos(**keys: object) -> dict[str, object]:
    return {
        "@module": "pymatgen.electronic_structure.dos",
        "@class": "CompleteDos",
        "efermi": 1.25,
        "structure": {"@class": "Structure", "sites": [{"species": [{"element": "Si"}]}]},
        "energies": list(ENERGIES),
        "densities": {"1": list(SPIN)},
        "pdos": [{"s": {"densities": {"1": [0.0] * 4}}}],
    } | keys


PHONON_JSON = json.dumps(phonon_dos())
ELECTRON_JSON = json.dumps(electron_dos(densities={"1": SPIN, "-1": SPIN_DOWN}), indent=1)
