"""What a fingerprint says of the laws that decode its modalities."""

from __future__ import annotations

import math

import numpy as np
import torch

from fingerprint.fingerprints.description import ParameterValue
from fingerprint.prepare.preparation import Array
from fingerprint.run import Run


def parameters_of(run: Run, cluster: int) -> dict[str, dict[str, ParameterValue]]:
    """The parameters of every law in one cluster, as training found them."""
    return {
        name: {
            each.name: ParameterValue(
                _number(each.values[cluster]),
                _number(each.standard_errors[cluster]),
                each.unit,
                each.shared,
                each.slopes[cluster] if each.slopes else (),
            )
            for each in found.parameters
        }
        for name, found in run.metrics.experts.items()
    }


@torch.no_grad()
def law_curves(run: Run) -> dict[str, Array]:
    """The curve of every law in each cluster of the map member, in measured units, [cluster, point], by modality."""
    curves: dict[str, Array] = {}
    centres, member = run.model.prior.mean, run.info.map_member
    for name in (each for expert in run.model.experts().values() for each in expert.law.names):
        told = run.model.decoder(name)(centres).mean[member].double().cpu().numpy()
        rows = [told[min(c, len(told) - 1), min(c, told.shape[1] - 1)] for c in range(centres.shape[1])]
        curves[name] = run.preparations[name].to_physical(np.stack(rows))
    return curves


def _number(value: float | None) -> float:
    return math.nan if value is None else value
