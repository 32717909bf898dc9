"""Spectra as the mean and a few principal components."""

from __future__ import annotations

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.linear import LinearLaw
from fingerprint.experts.registry import family


@family("principal")
def principal(domain: Domain, *, components: int = 4) -> AbstractExpert:
    r"""The mean of the training part and its principal components.

    $$y = \bar y + \sum_k s_k\,d_k, \quad |d_k| = 1$$

    Source: Pearson, Philosophical Magazine 2, 559 (1901); Hotelling, J. Educational Psychology 24, 417 (1933).

    Args:
        domain: one modality, with its mean and principal directions.
        components: how many directions; their scores are in the unit of the measurement.

    Raises:
        RecipeError: there are not as many directions.
    """
    known = domain.only
    if known.mean is None or known.directions is None or not 1 <= components <= len(known.directions):
        found = 0 if known.directions is None else len(known.directions)
        raise RecipeError(
            f"{known.name} has {found} principal components, not {components}",
            where="components",
            expected="At least one, and no more than the points and the specimens of the training part give.",
        )
    names = [f"score {each + 1}" for each in range(components)]
    return LinearLaw(names, known.directions[:components].T, ["y"] * components, known.mean)
