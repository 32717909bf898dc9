"""Preparations on disk: arrays as safetensors, the rest as JSON in its header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from safetensors import safe_open
from safetensors.numpy import save_file

from fingerprint.files import write_atomically
from fingerprint.modality import Modality
from fingerprint.prepare.preparation import Preparation

_ARRAYS = ("grid", "centre", "scale", "components", "score_variance")


class _Header(Struct, frozen=True):
    """What is not an array."""

    modality: Modality
    residual_variance: float
    in_basis: bool
    low: float
    high: float
    shape: tuple[int, ...]


def save_preparations(path: Path, preparations: Mapping[str, Preparation]) -> None:
    """Write all preparations of a run to one file, whole or not at all."""
    arrays: dict[str, np.ndarray] = {}
    headers: dict[str, dict[str, object]] = {}
    for name, preparation in preparations.items():
        fields = {key: value for key, value in vars(preparation).items() if key not in _ARRAYS}
        fields["modality"] = asdict(preparation.modality)
        headers[name] = fields
        for key in _ARRAYS:
            value = getattr(preparation, key)
            if value is not None:
                arrays[f"{name}/{key}"] = np.ascontiguousarray(value)
    text = msgspec.json.encode(headers).decode()
    write_atomically(path, lambda temporary: save_file(arrays, temporary, metadata={"preparations": text}))


def load_preparations(path: Path) -> dict[str, Preparation]:
    """Read what `save_preparations` wrote, bit for bit."""
    with safe_open(path, framework="np") as file:
        arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        headers = msgspec.json.decode(file.metadata()["preparations"], type=dict[str, _Header])
    return {
        name: Preparation(
            grid=arrays.get(f"{name}/grid"),
            centre=arrays[f"{name}/centre"],
            scale=arrays[f"{name}/scale"],
            components=arrays[f"{name}/components"],
            score_variance=arrays[f"{name}/score_variance"],
            **msgspec.structs.asdict(header),
        )
        for name, header in sorted(headers.items())
    }
