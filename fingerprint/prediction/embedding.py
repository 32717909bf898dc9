"""Where specimens lie in the latent space, and in which clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model import PIMA, Certainty, Gaussian
from fingerprint.model.prior import mean_field_responsibilities
from fingerprint.prepare import Tensors
from fingerprint.recipe import Fusion

MOST_SPECIMENS = 1024
MOST_NUMBERS = 400_000


class Embedding(NamedTuple):
    """The posterior of every specimen under every member.

    Attributes:
        posterior: q(Z|X), each [seed, specimen, latent].
        responsibilities: q(C=c|X), [seed, specimen, cluster].
    """

    posterior: Gaussian
    responsibilities: Float[Tensor, "seed specimen cluster"]


@torch.no_grad()
def embed(model: PIMA, tensors: Tensors, given: Sequence[str] | None = None, fusion: Fusion | None = None) -> Embedding:
    """Embed specimens from what was measured, or from some of it. [Eq. 3, Eq. 5, section 3.2]

    They go through the encoders in groups, so that the layers stay small in memory.

    Args:
        model: in evaluation mode.
        tensors: every specimen has at least one of the modalities used.
        given: the modalities to use; all where None.
        fusion: how they are fused; as the model does where None.
    """
    parts: list[Embedding] = []
    for values, present, certainty in _groups(tensors if given is None else tensors.keeping(given)):
        posterior = model.embed(values, present, fusion, certainty, given)
        parts.append(Embedding(posterior, mean_field_responsibilities(posterior, model.prior)))
    return Embedding(
        Gaussian(
            torch.cat([part.posterior.mean for part in parts], 1),
            torch.cat([part.posterior.log_variance for part in parts], 1),
        ),
        torch.cat([part.responsibilities for part in parts], 1),
    )


@torch.no_grad()
def fitting_responsibilities(
    model: PIMA, tensors: Tensors, posterior: Gaussian
) -> Float[Tensor, "seed specimen cluster"]:
    r"""The q(C|X) that maximises the bound, with which experts are fitted. [Eq. 14, Eq. 16]

    $$\gamma_c \propto \pi_c \exp\left(E_{q(Z)} \log p(Z|c) + \sum_m \log p(x_m|c)\right)$$

    the sum over the modalities that tell the cluster by themselves. `embed` leaves it out, so as to say what the latent
    space alone says of a specimen.

    Args:
        model: in evaluation mode.
        tensors: the specimens.
        posterior: q(Z|X) of each, as `embed` gives it.
    """
    evidence = torch.cat([model.cluster_evidence(*each) for each in _groups(tensors)], 1)
    return mean_field_responsibilities(posterior, model.prior, evidence)


@torch.no_grad()
def embed_alone(model: PIMA, tensors: Tensors, names: Sequence[str]) -> Float[Tensor, "modality seed specimen cluster"]:
    """Responsibilities given each modality by itself. [Eq. 3, Eq. 18, section 3.2]

    Where it tells the cluster, Bayes' rule says them: an encoder may have learned the training part by heart, swapped
    measurements too; a law with a few parameters cannot.

    Args:
        model: in evaluation mode.
        tensors: the specimens; where one lacks a modality the answer means nothing.
        names: of modalities.
    """
    places = torch.tensor([model.names.index(name) for name in names])
    telling = model.telling()
    parts: list[Tensor] = []
    for values, present, certainty in _groups(tensors):
        unimodal = model.encode(values, present, certainty=certainty)
        count = unimodal.mean.shape[2]
        only = torch.nn.functional.one_hot(places, len(model.names)).to(unimodal.mean)
        posteriors = [model.fuse(unimodal, each[:, None].expand(-1, count).unsqueeze(0)) for each in only]
        told = [mean_field_responsibilities(each, model.prior) for each in posteriors]
        for place, name in enumerate(names):
            if name in telling:
                log_joint = model.prior.log_weights_per_specimen() + model.expert_log_likelihood(
                    name, values, certainty
                )
                told[place] = torch.softmax(log_joint, -1)
        parts.append(torch.stack(told))
    return torch.cat(parts, 2)


def _groups(tensors: Tensors) -> Iterator[tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Certainty]]]:
    """Values, presence and certainty, with a leading seed axis, of a few specimens after another."""
    most = max(value.shape[-1] for value in tensors.values.values())
    step = max(16, min(MOST_SPECIMENS, MOST_NUMBERS // most))
    for start in range(0, max(len(tensors), 1), step):
        yield tensors.piece(slice(start, start + step))
