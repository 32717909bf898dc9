"""What simulation codes write.

output.py            curves over one axis, read and described alike for all of them
numbers.py           rows of numbers as Fortran and C print them
doscar.py            VASP: electronic densities of states
phonopy.py           phonopy: densities of states of phonons
lammps_averages.py   LAMMPS: fix ave/time, fix ave/correlate
lammps_log.py        LAMMPS: thermodynamic output
pymatgen.py          pymatgen: densities of states in JSON
extxyz.py            extended XYZ, as ASE writes it: scalars of each frame
"""
