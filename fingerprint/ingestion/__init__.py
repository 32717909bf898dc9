"""From measurement files, arrays and tables into the store.

dataset.py     dataset.toml: the facts about a folder
inference.py   the dataset.toml that a folder without one suggests
  draft.py, guesses.py, table_guesses.py, grouping.py    it in the making; guesses; files that look alike
  uncertainties.py, uncertain_arrays.py, replicated.py, name_patterns.py    uncertainties; ids within names of files
  axis_names.py, asking.py    how axes are called; what only a person knows
sources.py     which files belong to which data set and modality; file_names.py: ids that are a part of a name
formats.py     the registry of file families; reader.py says what each must offer
decoding.py, dialect.py    text out of its compression and encoding; delimiter and decimal mark
opening.py, body.py, above.py, ending.py, spare.py, text.py    where its data begin and end, and what stands around
  them; its fields and numbers
  plain.py     lines of plain numbers, looked at together
delimited.py, delimited_layout.py, columns.py, pairs.py   delimited text
acts.py, head.py    which measurement of which specimen a row is, and what is known of it; what stands above the numbers
jcamp.py, jcamp_blocks.py, jcamp_table.py, jcamp_spectrum.py, emsa.py, curves.py   JCAMP-DX and EMSA/MAS
  quantities.py, printed.py    their words for quantities, and the worth of their digits
hdf5.py        HDF5
  hdf5_access.py, hdf5_heaps.py, hdf5_chunks.py, hdf5_array.py, hdf5_matlab.py                       read with care
  hdf5_address.py, hdf5_axis.py, hdf5_parts.py                                                       where it stands
  hdf5_layout.py, hdf5_groups.py, hdf5_curves.py, hdf5_names.py, hdf5_nexus.py, hdf5_nexus_errors.py,
  hdf5_hyperspy.py, hdf5_described.py                                                                what it means
codes/         what simulation codes write: VASP, phonopy, LAMMPS, pymatgen, extended XYZ
beginning.py   the first lines of a file, and files of limited length
table.py, workbook.py, excel.py     rows of cells that are no text; Excel
stack.py, idx.py, idx_array.py      arrays without names; IDX
npy.py, npy_array.py, npz.py, npz_layout.py   NumPy
pixels.py, images.py                PNG and TIFF
vendors.py     binary files of instruments, through RosettaSciIO
archive.py, memory.py, shapes.py   what may be opened, and what fits
checks.py      what every measurement must satisfy
assembling.py  arrays that fit together as measurements
collecting.py  one data set: what it describes
reading.py     the files of one modality, read while they are stored
conform.py     into the units of the store or of a model
writer.py      ingest: all or nothing
arrays.py      the same from Python
measurement.py one file for a prediction
report.py      what was found and done
"""

from __future__ import annotations

from fingerprint.ingestion.arrays import ingest_arrays, ingest_frame
from fingerprint.ingestion.conform import conform
from fingerprint.ingestion.dataset import DatasetSpec, load_dataset
from fingerprint.ingestion.dataset_text import dump_dataset
from fingerprint.ingestion.measurement import FileMeasurement, read_measurement
from fingerprint.ingestion.report import IngestReport, write_rejected
from fingerprint.ingestion.writer import ingest

__all__ = [
    "DatasetSpec",
    "FileMeasurement",
    "IngestReport",
    "conform",
    "dump_dataset",
    "ingest",
    "ingest_arrays",
    "ingest_frame",
    "load_dataset",
    "read_measurement",
    "write_rejected",
]
