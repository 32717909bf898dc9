"""The shipped samples in place of the whole sets of the experiments on MNIST, and rows that train in a second."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fingerprint.bundled import bundled
from fingerprint.experiments import EXPERIMENTS
from fingerprint.experiments.variants import Variant
from fingerprint.ingestion import ingest
from fingerprint.store import Store, open_store

QUICK = {"epochs": 2, "batch": 50, "warmup": 2, "precision": "float32", "threads": 1}
IMAGE: dict[str, Any] = {
    "input": {"kind": "basis", "components": 8},
    "encoder": {"kind": "mlp", "hidden": [16]},
    "decoder": {"kind": "mlp", "hidden": [16]},
    "augment": {"shift": 0, "rotation": 0.0, "scale": 0.0, "shear": 0.0},
}
CURVE: dict[str, Any] = {"encoder": {"kind": "mlp", "hidden": [16]}}


def fill(folder: Path, name: str = "mnist_lines") -> Store:
    """The sample as the store of an experiment that works in this folder: nothing is made or downloaded any more."""
    whole = folder / "stores" / "whole"
    ingest([bundled(f"datasets/{name}/sample")], whole)
    return open_store(whole)


def quick(variant: Variant) -> Variant:
    """The same row with small networks and two epochs."""
    sections = {name: dict(changes) for name, changes in variant.changes.items()}
    modalities = sections.get("modalities", {})
    for name in variant.build(0).modalities:
        modalities[name] = IMAGE if name == "image" else CURVE
    training = {**sections.get("training", {}), **QUICK}
    return replace(variant, changes={**sections, "training": training, "modalities": modalities})


def make_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows small; the baselines too."""
    for name, experiment in EXPERIMENTS.items():
        monkeypatch.setitem(EXPERIMENTS, name, replace(experiment, variants=tuple(map(quick, experiment.variants))))
    baselines = importlib.import_module("fingerprint.experiments.baselines")
    monkeypatch.setattr(baselines, "COMPONENTS", 4)
    monkeypatch.setattr(baselines, "EPOCHS", 1)
