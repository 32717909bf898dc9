"""Calibration of precisions: a wrong modality that outvotes a right one loses its vote."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from fingerprint.model import PIMA, Gaussian, ModalityShape
from fingerprint.model.prior import mean_field_responsibilities
from fingerprint.prepare import Tensors
from fingerprint.recipe import Decoder, LinearEncoder, LinearExpert, MLPDecoder, ModalityRecipe, ModelRecipe
from fingerprint.training.precisions import FACTORS, calibrate_precisions

SPECIMENS, PLACES = 200, torch.tensor([-3.0, 3.0])


class Told(PIMA):
    """A model of two clusters at -3 and 3 whose encoders say what they are told: `said` by modality."""

    said: Gaussian

    def encode(self, values: object, present: object, **options: object) -> Gaussian:  # noqa: ARG002
        return self.said


def build(names: tuple[str, ...] = ("image", "line"), expert: bool = True, seeds: int = 1) -> Told:
    """The line's expert knows the clusters' curves."""
    t = torch.arange(5.0).double()
    shape = ModalityShape(torch.ones(5), 1.0, (5,), t, torch.zeros(5).double(), torch.ones(1).double())
    decoder: Decoder = LinearExpert(("1",)) if expert else MLPDecoder((4,))
    decoders = {"image": MLPDecoder((4,)), "line": decoder}
    modalities = {name: ModalityRecipe(encoder=LinearEncoder(), decoder=decoders[name]) for name in names}
    model = Told(
        ModelRecipe(latent=1, clusters=2),
        modalities,
        dict.fromkeys(names, shape),
        [torch.Generator().manual_seed(seed) for seed in range(seeds)],
    )
    model.prior.mean.copy_(PLACES.reshape(1, 2, 1))
    model.prior.log_variance.fill_(math.log(0.25))
    for each in model.experts().values():
        each.set_theta(PLACES.reshape(1, 2, 1).expand(seeds, 2, 1))
    return model.eval()


def case(seed: int = 0) -> tuple[Tensor, Tensors]:
    """The true cluster of every specimen, and its line, which shows it."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.randint(2, (SPECIMENS,), generator=generator)
    line = PLACES[truth].unsqueeze(1) + 0.3 * torch.randn((SPECIMENS, 5), generator=generator)
    values = {"image": torch.zeros(SPECIMENS, 5), "line": line}
    present = {name: torch.ones(SPECIMENS) for name in values}
    return truth, Tensors(tuple(map(str, range(SPECIMENS))), values, present)


def say(model: Told, image: Tensor, line: Tensor, variances: tuple[float, float]) -> None:
    """The places at which the posteriors of each modality lie, [specimen] or [seed, specimen], and their variances."""
    mean = torch.stack([each.expand(model.seeds, -1) for each in (image, line)], 1).unsqueeze(-1)
    spread = torch.tensor(variances).log().reshape(1, 2, 1, 1).expand_as(mean)
    model.said = Gaussian(mean[:, : len(model.names)], spread[:, : len(model.names)])


def agreement(model: Told, truth: Tensor, tensors: Tensors) -> Tensor:
    """Share of the specimens whose joint posterior is in their cluster, [seed]."""
    present = torch.stack([tensors.present[name] for name in model.names]).unsqueeze(0)
    gamma = mean_field_responsibilities(model.fuse(model.said, present), model.prior)
    return (gamma.argmax(-1) == truth).double().mean(-1)


def mostly_wrong(truth: Tensor, share: float = 0.2) -> Tensor:
    """Places of the true cluster, but of the other for a share."""
    wrong = torch.arange(SPECIMENS) < share * SPECIMENS
    return PLACES[torch.where(wrong, 1 - truth, truth)]


def test_a_confident_wrong_modality_no_longer_outvotes_the_right_one() -> None:
    """[Eq. 5] By no more than it takes: the nearest factors to 1 that do."""
    truth, tensors = case()
    model = build()
    say(model, mostly_wrong(truth), PLACES[truth], (0.05, 0.25))
    assert agreement(model, truth, tensors).item() == pytest.approx(0.8)
    calibrate_precisions(model, tensors)
    assert agreement(model, truth, tensors).item() == 1
    image, line = model.log_precision[0].tolist()
    assert line - image > math.log(5)
    assert sum(abs(each) for each in (image, line)) <= math.log(8) + 1e-6


def test_each_member_has_its_own() -> None:
    truth, tensors = case()
    model = build(seeds=2)
    say(model, torch.stack([mostly_wrong(truth), PLACES[truth]]), PLACES[truth], (0.05, 0.25))
    calibrate_precisions(model, tensors)
    assert agreement(model, truth, tensors).tolist() == [1, 1]
    assert model.log_precision[0].any()
    assert not model.log_precision[1].any()


@pytest.mark.parametrize("seed", range(30))
def test_agreement_with_what_is_known_never_falls(seed: int) -> None:
    """Whatever the encoders say, also where modalities are missing; nor is a factor invented."""
    truth, tensors = case(seed)
    generator = torch.Generator().manual_seed(100 + seed)
    missing = torch.rand((2, SPECIMENS), generator=generator) < 0.2
    missing[1] &= ~missing[0]
    tensors.present["image"][missing[0]] = 0
    tensors.present["line"][missing[1]] = 0
    model = build()
    places = 3 * torch.randn((2, SPECIMENS), generator=generator)
    say(model, places[0] + 2 * (truth - 0.5), places[1], (0.1, 0.5))
    present = torch.stack([tensors.present[name] for name in model.names]).unsqueeze(0)
    values = {name: value.unsqueeze(0) for name, value in tensors.values.items()}
    evidence = model.cluster_evidence(values, {name: each.unsqueeze(0) for name, each in tensors.present.items()})
    with torch.no_grad():
        own = mean_field_responsibilities(model.fuse(model.said, present), model.prior)
        known = (evidence + own.clamp_min(1e-30).log()).argmax(-1)
        before = agreement(model, known[0], tensors).item()
        calibrate_precisions(model, tensors)
        assert agreement(model, known[0], tensors).item() >= before
    logs = torch.tensor(FACTORS).log()
    assert all((logs - each).abs().min() < 1e-6 for each in model.log_precision[0])


def test_nothing_is_changed_where_nothing_can_be_gained() -> None:
    truth, tensors = case()
    model = build()
    say(model, PLACES[truth], PLACES[truth], (0.05, 0.25))
    calibrate_precisions(model, tensors)
    assert not model.log_precision.any()


def test_an_earlier_calibration_is_forgotten() -> None:
    truth, tensors = case()
    model = build()
    say(model, PLACES[truth], PLACES[truth], (0.05, 0.25))
    model.log_precision.fill_(1.0)
    calibrate_precisions(model, tensors)
    assert not model.log_precision.any()


@pytest.mark.parametrize("lacks", ["expert", "second modality", "specimens"])
def test_without_what_it_takes_all_factors_stay_at_one(lacks: str) -> None:
    truth, tensors = case()
    model = build(("line",) if lacks == "second modality" else ("image", "line"), expert=lacks != "expert")
    say(model, mostly_wrong(truth), PLACES[truth], (0.05, 0.25))
    calibrate_precisions(model, tensors.subset([]) if lacks == "specimens" else tensors)
    assert not model.log_precision.any()
