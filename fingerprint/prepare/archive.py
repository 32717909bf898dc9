"""Preparations on disk: arrays as safetensors, the rest as JSON in its header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from safetensors import safe_open
from safetensors.numpy import save_file

from fingerprint.files import write_atomically
from fingerprint.modality import Modality
from fingerprint.prepare.preparation import Preparation
from fingerprint.prepare.preprocessing import FittedStep
from fingerprint.recipe import Step

_ARRAYS = ("grid", "centre", "scale", "components", "score_variance", "noise", "point_noise")


class _Header(Struct, frozen=True):
    """What is not an array."""

    modality: Modality
    source: Modality
    steps: tuple[Step, ...]
    residual_variance: float
    in_basis: bool
    low: float
    high: float
    shape: tuple[int, ...]
    counts_noise: bool
    covered: float


def save_preparations(path: Path, preparations: Mapping[str, Preparation]) -> None:
    """Write all preparations of a run to one file, whole or not at all."""
    arrays: dict[str, np.ndarray] = {}
    headers: dict[str, _Header] = {}
    for name, preparation in preparations.items():
        plain: dict[str, Any] = {field.name: getattr(preparation, field.name) for field in fields(preparation)}
        found = {f"{name}/{key}": plain.pop(key) for key in _ARRAYS}
        for number, step in enumerate(preparation.steps):
            found |= {f"{name}/step {number}/centre": step.centre, f"{name}/step {number}/scale": step.scale}
        arrays |= {key: np.ascontiguousarray(value) for key, value in found.items() if value is not None}
        plain["steps"] = tuple(each.step for each in preparation.steps)
        headers[name] = _Header(**plain)
    text = msgspec.json.encode(headers).decode()
    write_atomically(path, lambda temporary: save_file(arrays, temporary, metadata={"preparations": text}))


def load_preparations(path: Path) -> dict[str, Preparation]:
    """Read what `save_preparations` wrote, bit for bit."""
    with safe_open(path, framework="np") as file:
        arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        headers = msgspec.json.decode(file.metadata()["preparations"], type=dict[str, _Header])
    return {name: _preparation(name, header, arrays) for name, header in sorted(headers.items())}


def _preparation(name: str, header: _Header, arrays: Mapping[str, np.ndarray]) -> Preparation:
    def step_arrays(number: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        return arrays.get(f"{name}/step {number}/centre"), arrays.get(f"{name}/step {number}/scale")

    plain = msgspec.structs.asdict(header)
    plain["steps"] = tuple(FittedStep(step, *step_arrays(number)) for number, step in enumerate(header.steps))
    return Preparation(
        grid=arrays.get(f"{name}/grid"),
        centre=arrays[f"{name}/centre"],
        scale=arrays[f"{name}/scale"],
        components=arrays[f"{name}/components"],
        score_variance=arrays[f"{name}/score_variance"],
        noise=arrays.get(f"{name}/noise"),
        point_noise=arrays.get(f"{name}/point_noise"),
        **plain,
    )
