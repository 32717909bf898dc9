"""The generalised linear expert: least squares in measured units, for each cluster."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.model import Certainty, ModalityShape
from fingerprint.model.decoders import log_likelihood
from fingerprint.model.experts import ExpertDecoder, Law, build_laws
from fingerprint.prepare import Preparation, fit_preparation
from fingerprint.recipe import FixedVariance, GridInput, LinearExpert, ModalityRecipe

SPECIMENS, CLUSTERS = 40, 3
T = np.concatenate([np.linspace(0.0, 1.0, 12), [2.0, 5.0]])
BASIS = ("1", "t^2", "exp(-t)")
FUNCTIONS = np.stack([T**0, T**2, np.exp(-T)], axis=1)
NOISE = 0.04
EVERYWHERE = {"line": torch.full((2, CLUSTERS), NOISE).double()}


class Curves(NamedTuple):
    """Curves of a few parameters with noise, as they were measured and as the model sees them.

    Attributes:
        measured: [specimen, point].
        seen: the same in model units, [1, specimen, point].
        gamma: responsibilities, [2, specimen, cluster].
    """

    measured: np.ndarray
    preparation: Preparation
    seen: Tensor
    gamma: Tensor

    @property
    def law(self) -> Law:
        p = self.preparation
        grid, centre, scale = (torch.as_tensor(each) for each in (T, p.centre, p.scale))
        return linear_law(BASIS, ModalityShape(torch.ones(len(T)), 1.0, p.shape, grid, centre, scale))

    def decoder(self, solve: Literal["closed_form", "gradient"] = "closed_form") -> ExpertDecoder:
        spec = LinearExpert(BASIS, solve, FixedVariance(NOISE))
        generators = [torch.Generator().manual_seed(seed) for seed in range(2)]
        return ExpertDecoder(spec, self.law, CLUSTERS, 2, generators).double()

    def fit(
        self, decoder: ExpertDecoder, gamma: Tensor | None = None, seen: Tensor | None = None, **certainty: Certainty
    ) -> Tensor:
        """The parameters after a fit of all."""
        shares, values = self.gamma if gamma is None else gamma, self.seen if seen is None else seen
        decoder.fit({"line": shares}, {"line": values}, EVERYWHERE, certainty)
        return decoder.theta.detach().clone()


def linear_law(basis: tuple[str, ...], shape: ModalityShape) -> Law:
    return build_laws({"line": ModalityRecipe(decoder=LinearExpert(basis))}, {"line": shape})["line"][0]


def follow(decoder: ExpertDecoder, gamma: Tensor, seen: Tensor, rate: float) -> None:
    decoder.follow({"line": gamma}, {"line": seen}, EVERYWHERE, rate)


def curves(scale: Literal["one", "each"], noise: float = 0.3) -> Curves:
    """Points of very different spread, so that it matters in which unit a misfit is taken."""
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(SPECIMENS, 3)) * [3.0, 1.0, 2.0] + [10.0, 0.0, -4.0]
    measured = theta @ FUNCTIONS.T + noise * rng.normal(size=(SPECIMENS, len(T)))
    modality = Modality("line", Kind.SERIES, "m", axis_name="t", axis_unit="s")
    raw = RawModality(modality, (Block(tuple(f"s{row}" for row in range(SPECIMENS)), measured, T),))
    preparation = fit_preparation(raw, GridInput(scale))
    seen = torch.as_tensor(preparation.to_model(measured))[None]
    gamma = torch.softmax(torch.as_tensor(2 * rng.normal(size=(2, SPECIMENS, CLUSTERS))), -1)
    return Curves(measured, preparation, seen, gamma)


scales = pytest.mark.parametrize("scale", ["one", "each"])


@scales
def test_a_fit_is_numpys_in_measured_units(scale: Literal["one", "each"]) -> None:
    """[Eq. 16] However the model sees the curves."""
    data = curves(scale)
    expected = np.linalg.lstsq(FUNCTIONS, data.measured.T, rcond=None)[0].T
    found = data.law.fit(data.law.measured({"line": data.seen}), torch.ones(1, SPECIMENS, len(T)).double())
    np.testing.assert_allclose(found[0], expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("low", "high", "powers"), [(1e-9, 1e-8, 3), (1000.0, 1010.0, 4), (0.0, 4000.0, 5), (1e14, 2e14, 3)]
)
def test_the_unit_of_the_axis_leaves_no_function_out(low: float, high: float, powers: int) -> None:
    """[Eq. 16] A polynomial over nanometres in metres, or over thousands of seconds, is fitted as a polynomial."""
    t = np.linspace(low, high, 100)
    shape = ModalityShape(torch.ones(100), 1.0, (100,), torch.as_tensor(t), torch.zeros(100).double(), torch.ones(1))
    law = linear_law(tuple(f"t^{power}" for power in range(powers)), shape)
    unit = (t - low) / (high - low)
    curve = torch.as_tensor(sum((-1.0) ** power * unit**power for power in range(powers)))
    for weights in (torch.ones(1, 1, 100), torch.linspace(1, 2, 100)[None, None]):
        found = law.fit(curve[None, None], weights.double())
        torch.testing.assert_close(law.design @ found[0, 0], curve, atol=1e-4, rtol=0)


def test_the_weighted_fit_is_that_of_every_specimen_as_its_own_rows() -> None:
    """[Eq. 16] Naive weighted least squares, each point of each specimen one equation."""
    data = curves("each")
    found = data.fit(data.decoder())
    for seed in range(2):
        for cluster in range(CLUSTERS):
            weight = np.repeat(data.gamma[seed, :, cluster].numpy(), len(T)) ** 0.5
            equations = weight[:, None] * np.tile(FUNCTIONS, (SPECIMENS, 1))
            expected = np.linalg.lstsq(equations, weight * data.measured.ravel(), rcond=None)[0]
            np.testing.assert_allclose(found[seed, cluster], expected, rtol=1e-6)


def test_missing_and_uncertain_points_count_for_what_they_are() -> None:
    """[Eq. 16] Each point of each specimen one equation, weighted by what is known of it."""
    data, rng = curves("one"), np.random.default_rng(1)
    decoder = data.decoder()
    weight = (rng.random((SPECIMENS, len(T))) < 0.6).astype(float)
    noise = rng.exponential(0.2, size=weight.shape)
    weights, variance = torch.as_tensor(weight)[None], torch.as_tensor(noise)[None]
    found = data.fit(decoder, line=Certainty(data.seen, weights, variance, torch.zeros(1, SPECIMENS)))
    each = (weight * NOISE / (NOISE + noise)).ravel()
    for seed in range(2):
        for cluster in range(CLUSTERS):
            root = np.sqrt(np.repeat(data.gamma[seed, :, cluster].numpy(), len(T)) * each)
            equations = root[:, None] * np.tile(FUNCTIONS, (SPECIMENS, 1))
            expected = np.linalg.lstsq(equations, root * data.measured.ravel(), rcond=None)[0]
            np.testing.assert_allclose(found[seed, cluster], expected, rtol=1e-6)


def test_both_scalings_of_the_data_give_the_same_parameters() -> None:
    """[Eq. 16]"""
    one, each = (data.fit(data.decoder()) for data in (curves("one"), curves("each")))
    torch.testing.assert_close(one, each, rtol=1e-6, atol=1e-9)


@scales
def test_what_is_decoded_is_the_curve_in_model_units(scale: Literal["one", "each"]) -> None:
    """[Eq. 11] A theta, whatever Z."""
    data = curves(scale)
    decoder = data.decoder()
    p = decoder(torch.zeros(2, 5, 2).double())
    measured = data.preparation.to_physical(p.mean[:, :, 0].numpy())
    np.testing.assert_allclose(measured, decoder.theta.numpy() @ FUNCTIONS.T, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(decoder(torch.ones(2, 9, 2).double()).mean, p.mean)


@scales
def test_where_all_points_have_one_scale_the_fit_maximises_the_bound(scale: Literal["one", "each"]) -> None:
    """[Eq. 11, Eq. 16] The likelihood's gradient vanishes there; in coordinates scaled one by one it does not."""
    data = curves(scale)
    decoder = data.decoder("gradient")
    fit = data.fit(decoder)
    sizes: list[float] = []
    for theta in (fit, 1.01 * fit):
        decoder.set_theta(theta)
        likelihood = log_likelihood(data.seen.expand(2, -1, -1), decoder(torch.zeros(2, SPECIMENS, 2).double()))
        (gradient,) = torch.autograd.grad((data.gamma * likelihood).sum(), decoder.value)
        sizes.append(gradient.abs().max().item())
    ratio = sizes[0] / sizes[1]
    assert ratio < 1e-4 if scale == "one" else ratio > 1e-2


def test_by_gradient_it_comes_to_the_same_curve() -> None:
    """[Eq. 16] Where all points have one scale."""
    data = curves("one")
    expected = data.fit(data.decoder())
    decoder = data.decoder("gradient")
    assert [name for name, _ in decoder.named_parameters()] == ["value"]
    optimizer = torch.optim.LBFGS([decoder.value], max_iter=60, tolerance_grad=1e-9, tolerance_change=1e-14)

    def closure() -> Tensor:
        optimizer.zero_grad()
        likelihood = log_likelihood(data.seen.expand(2, -1, -1), decoder(torch.zeros(2, SPECIMENS, 2).double()))
        loss = -(data.gamma * likelihood).sum()
        loss.backward()
        return loss

    for _ in range(2):
        optimizer.step(closure)  # pyright: ignore
    torch.testing.assert_close(decoder.theta.detach(), expected, rtol=1e-3, atol=1e-3)


def test_distances_are_misfits_between_curves_in_units_of_their_noise() -> None:
    """The noise is found from what the fits leave: 11 of the 14 points of each curve are free."""
    data = curves("each")
    coordinates = data.law.whitened({"line": data.seen[0]}).numpy()
    theta = np.linalg.lstsq(FUNCTIONS, data.measured.T, rcond=None)[0].T
    left = data.measured - theta @ FUNCTIONS.T
    noise = np.sqrt((left**2).sum() / (SPECIMENS * 11))
    assert noise == pytest.approx(0.3, rel=0.15)
    between = np.linalg.norm(coordinates[:, None] - coordinates[None], axis=-1)
    misfit = np.linalg.norm((theta[:, None] - theta[None]) @ FUNCTIONS.T, axis=-1)
    np.testing.assert_allclose(between, misfit / noise, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("noise", [0.0, 1e-12])
def test_curves_without_noise_have_finite_distances(noise: float) -> None:
    data = curves("one", noise)
    assert torch.isfinite(data.law.whitened({"line": data.seen[0]})).all()


def test_a_step_of_rate_one_on_a_balanced_batch_is_the_fit() -> None:
    """[Eq. 16] And of rate 0 is none."""
    data = curves("one")
    balanced = torch.nn.functional.one_hot(torch.arange(39) % CLUSTERS, CLUSTERS).double().expand(2, -1, -1)
    batch = data.seen[:, :39].expand(2, -1, -1)
    followed, fitted, still = (data.decoder() for _ in range(3))
    follow(still, balanced, batch, 0.0)
    torch.testing.assert_close(still.theta, fitted.theta)
    follow(followed, balanced, batch, 1.0)
    torch.testing.assert_close(followed.theta, data.fit(fitted, balanced, batch))


def test_those_with_less_follow_more_slowly() -> None:
    """[Eq. 16] A cluster with a third of an even share takes a third of the step, and none overshoots."""
    data = curves("one")
    labels = torch.tensor([0] * 26 + [1] * 9 + [2] * 4)
    gamma = torch.nn.functional.one_hot(labels, CLUSTERS).double().expand(2, -1, -1)
    batch = data.seen[:, :39].expand(2, -1, -1)
    decoder = data.decoder()
    start, fit = decoder.theta.clone(), data.fit(data.decoder(), gamma, batch)
    follow(decoder, gamma, batch, 0.9)
    for cluster, step in enumerate((1.0, 0.9 * 9 / 13, 0.9 * 4 / 13)):
        torch.testing.assert_close(
            decoder.theta[:, cluster], start[:, cluster] + step * (fit[:, cluster] - start[:, cluster])
        )


def test_a_cluster_without_specimens_keeps_its_parameters() -> None:
    """[Eq. 16] In the fit and in a step; gamma is 0 also for those that were not measured."""
    data = curves("one")
    followed = data.decoder()
    gamma = data.gamma.clone()
    gamma[0, :, 1] = 0
    gamma[1] = 0
    before = followed.theta.clone()
    follow(followed, gamma, data.seen.expand(2, -1, -1), 0.5)
    for found in (data.fit(data.decoder(), gamma), followed.theta):
        assert torch.equal(found[0, 1], before[0, 1])
        assert torch.equal(found[1], before[1])
        assert not torch.equal(found[0, 0], before[0, 0])


def test_moving_averages_come_to_the_fit_of_all() -> None:
    """[Eq. 16] Batches of ten, at a small rate."""
    data = curves("one")
    decoder = data.decoder()
    expected = data.fit(data.decoder())
    generator = torch.Generator().manual_seed(0)
    for _ in range(300):
        for rows in torch.randperm(SPECIMENS, generator=generator).tensor_split(4):
            follow(decoder, data.gamma[:, rows], data.seen[:, rows].expand(2, -1, -1), 0.02)
    apart = (decoder.theta - expected) @ torch.as_tensor(FUNCTIONS).T
    spread = torch.as_tensor(data.measured.std(0))
    assert (apart.abs() < 0.1 * spread).all()


def test_half_precision_does_not_round_a_curve() -> None:
    """[Eq. 11] Its noise may be far smaller than what bfloat16 tells apart."""
    data = curves("one")
    decoder = data.decoder().float()
    expected = decoder(torch.zeros(2, 5, 2)).mean
    with torch.autocast("cpu", torch.bfloat16):
        found = decoder(torch.zeros(2, 5, 2)).mean
    torch.testing.assert_close(found, expected)


def test_the_law_goes_where_the_model_goes_and_is_not_saved() -> None:
    """Its numbers follow from the preparation, which the run keeps."""
    decoder = curves("one").decoder()
    assert {"law.design", "law.offset", "law.centre", "law.scale", "law.solver"} <= set(dict(decoder.named_buffers()))
    assert not [key for key in decoder.state_dict() if key.startswith("law")]
    elsewhere = decoder.to("meta")
    assert elsewhere.law.measured({"line": torch.zeros(3, len(T), device="meta")}).device.type == "meta"
