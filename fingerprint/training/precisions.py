"""How much each modality's posterior counts in the product of experts."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model import PIMA
from fingerprint.model.prior import mean_field_responsibilities
from fingerprint.prepare import Tensors
from fingerprint.training.alignment import cluster_logits

FACTORS = tuple(2.0**power for power in range(-4, 7))
ROUNDS = 2


@torch.no_grad()
def calibrate_precisions(model: PIMA, validation: Tensors) -> None:
    r"""Choose a factor for each modality's precisions, on the validation part.

    Cures a wrong image that outvotes a right line: where clusters are as narrow as the posteriors, both unimodal
    precisions saturate near the prior's, whatever they are worth. The factors are those with which the cluster of the
    product agrees most often with what the experts and all modalities together say,
    $\gamma_c \propto \pi_c \prod_m p(x_m|c) \exp E_{q(Z)} \log p(Z|c)$; of equally good ones the nearest to 1. Nothing
    is chosen by a label. Without an expert, or a second modality, all factors stay at 1.

    Args:
        model: in evaluation mode; its `log_precision` is changed.
        validation: some specimens, each with at least one modality.
    """
    model.log_precision.zero_()
    if not model.experts() or len(model.names) < 2 or not len(validation):
        return
    values, present, certainty = validation.whole()
    unimodal = model.encode(values, present, certainty=certainty)
    kept = torch.stack([present[name] for name in model.names], -2)
    evidence = model.cluster_evidence(values, present, certainty)

    def clusters() -> Float[Tensor, "seed specimen cluster"]:
        return mean_field_responsibilities(model.fuse(unimodal, kept), model.prior)

    said = model.prior.expected_log_density(model.fuse(unimodal, kept))
    known = (evidence + cluster_logits(said, model.prior, 1.0)).argmax(-1)
    seeds = torch.arange(model.seeds)
    for _ in range(ROUNDS):
        for index in range(len(model.names)):
            before = model.log_precision[:, index].clone()
            scores: list[Tensor] = []
            for factor in FACTORS:
                model.log_precision[:, index] = math.log(factor)
                agreement = (clusters().argmax(-1) == known).double().mean(-1)
                scores.append(agreement - 1e-9 * abs(math.log(factor)))
            best = torch.stack(scores).argmax(0)
            chosen = torch.tensor(FACTORS, device=before.device).log()[best]
            model.log_precision[seeds, index] = chosen.to(before)
