"""The shipped sample of MNIST with lines in place of the whole set, and rows that train on it in a second."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fingerprint.bundled import bundled
from fingerprint.experiments.variants import Variant
from fingerprint.ingestion import ingest
from fingerprint.store import Store, open_store

mnist_lines = importlib.import_module("fingerprint.experiments.mnist_lines")

QUICK = {"epochs": 2, "batch": 50, "warmup": 2, "precision": "float32", "threads": 1}
IMAGE: dict[str, Any] = {
    "input": {"kind": "basis", "components": 8},
    "encoder": {"kind": "mlp", "hidden": [16]},
    "decoder": {"kind": "mlp", "hidden": [16]},
    "augment": {"shift": 0, "rotation": 0.0, "scale": 0.0, "shear": 0.0},
}
LINE: dict[str, Any] = {"encoder": {"kind": "mlp", "hidden": [16]}}


def fill(folder: Path) -> Store:
    """The sample as the store of an experiment that works in this folder: nothing is made or downloaded any more."""
    whole = folder / "stores" / "whole"
    ingest([bundled("datasets/mnist_lines/sample")], whole)
    return open_store(whole)


def quick(variant: Variant) -> Variant:
    """The same row with small networks and two epochs."""
    sections = {name: dict(changes) for name, changes in variant.changes.items()}
    modalities = sections.get("modalities", {})
    for name, small in (("image", IMAGE), ("line", LINE)):
        if name in variant.build(0).modalities:
            modalities[name] = small
    training = {**sections.get("training", {}), **QUICK}
    return replace(variant, changes={**sections, "training": training, "modalities": modalities})


def make_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows small; the baselines too."""
    monkeypatch.setattr(mnist_lines, "VARIANTS", tuple(map(quick, mnist_lines.VARIANTS)))
    baselines = importlib.import_module("fingerprint.experiments.baselines")
    monkeypatch.setattr(baselines, "COMPONENTS", 4)
    monkeypatch.setattr(baselines, "EPOCHS", 1)
