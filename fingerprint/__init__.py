"""Fingerprints of materials from many measurements of the same specimens.

The public names are imported when they are first used, so that `import fingerprint` costs nothing:

    store = fingerprint.open_store("fingerprint-store")
    fingerprint.ingest(["vdos/"], store)
    run = fingerprint.train(store, fingerprint.load_recipe("default", clusters=4), "runs/silicon")
    predictions = fingerprint.predict(run, "stress", ["spectrum.csv"])
    fingerprint.report(run, store, "report.html")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fingerprint.errors import FingerprintError
    from fingerprint.experts import load_plugin
    from fingerprint.exporting import to_nexus, to_xarray
    from fingerprint.fingerprints import Fingerprint, export
    from fingerprint.ingestion import ingest, ingest_arrays, ingest_frame
    from fingerprint.modality import Modality, RawModality
    from fingerprint.prediction import Prediction, predict
    from fingerprint.recipe import Recipe, load_recipe
    from fingerprint.reporting import report
    from fingerprint.run import Run, load_run
    from fingerprint.store import Store, open_store
    from fingerprint.training import train

__version__ = "0.1.0"

_HOMES = {
    "Fingerprint": "fingerprints",
    "FingerprintError": "errors",
    "Modality": "modality",
    "Prediction": "prediction",
    "RawModality": "modality",
    "Recipe": "recipe",
    "Run": "run",
    "Store": "store",
    "export": "fingerprints",
    "ingest": "ingestion",
    "ingest_arrays": "ingestion",
    "ingest_frame": "ingestion",
    "load_plugin": "experts",
    "load_recipe": "recipe",
    "load_run": "run",
    "open_store": "store",
    "predict": "prediction",
    "report": "reporting",
    "to_nexus": "exporting",
    "to_xarray": "exporting",
    "train": "training",
}

__all__ = [
    "Fingerprint",
    "FingerprintError",
    "Modality",
    "Prediction",
    "RawModality",
    "Recipe",
    "Run",
    "Store",
    "__version__",
    "export",
    "ingest",
    "ingest_arrays",
    "ingest_frame",
    "load_plugin",
    "load_recipe",
    "load_run",
    "open_store",
    "predict",
    "report",
    "to_nexus",
    "to_xarray",
    "train",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'fingerprint' has no attribute {name!r}")
    return getattr(importlib.import_module(f"fingerprint.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
