"""The annotations of shapes are alive: a wrong shape is refused where it enters."""

from __future__ import annotations

import pytest
import torch
from jaxtyping import TypeCheckError

from fingerprint.model.gaussian import Gaussian, draw
from fingerprint.model.outliers import with_outliers
from fingerprint.model.posterior import fuse
from fingerprint.model.prior import MixturePrior, responsibilities
from fingerprint.training.em import maximise


def test_a_latent_point_without_its_seed_axis_is_refused() -> None:
    with pytest.raises(TypeCheckError):
        responsibilities(torch.zeros(4, 2), MixturePrior(1, 3, 2))


def test_integers_are_no_latent_points() -> None:
    with pytest.raises(TypeCheckError):
        draw(Gaussian(torch.zeros(1, 4, 2), torch.zeros(1, 4, 2)), torch.zeros(1, 4, 2, dtype=torch.int64))


def test_training_is_checked_too() -> None:
    q = Gaussian(torch.zeros(1, 4, 2), torch.zeros(1, 4, 2))
    with pytest.raises(TypeCheckError):
        maximise(q, torch.ones(4, 3))


def test_presence_of_other_specimens_is_refused() -> None:
    q = Gaussian(torch.zeros(2, 5, 3), torch.zeros(2, 5, 3))
    with pytest.raises(TypeCheckError):
        fuse(q, torch.ones(5), "mixture")


def test_a_share_of_outliers_for_each_specimen_is_refused() -> None:
    with pytest.raises(TypeCheckError):
        with_outliers(torch.zeros(2, 5, 3), torch.zeros(2, 1, 3), torch.zeros(2, 5))
