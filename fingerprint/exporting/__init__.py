"""A store as others want it: NeXus files, and arrays of xarray.

chosen.py   which modalities are written, and the metadata of specimens as columns
nexus.py    NXdata groups in an HDF5 file, which `ingest` reads back
arrays.py   a tree of labelled arrays
"""

from __future__ import annotations

from fingerprint.exporting.arrays import to_xarray
from fingerprint.exporting.nexus import to_nexus

__all__ = ["to_nexus", "to_xarray"]
