"""Laws in model units: equivalent answers, weighted means, and coordinates in which clusters are told apart."""

from __future__ import annotations

from typing import Literal

import example_laws  # noqa: F401
import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts import Component, Domain, LinearLaw, Parameter, build_expert
from fingerprint.experts.function import FunctionExpert
from fingerprint.model import PIMA, Certainty, ModalityShape
from fingerprint.model.decoders import log_likelihood
from fingerprint.model.experts import ExpertDecoder, Law, build_laws, mean_curves
from fingerprint.recipe import (
    ExpertComponent,
    FixedVariance,
    LinearExpert,
    MLPDecoder,
    ModalityRecipe,
    ModelRecipe,
    RegisteredExpert,
)

T = np.concatenate([np.linspace(0.0, 4.0, 30), [6.0, 9.0]])
DOMAIN = Domain((Component("line", T),))
FUNCTIONS = np.stack([T**0, T, np.exp(-T)], 1)
CENTRE, SCALE = torch.as_tensor(np.sin(T)), torch.tensor([0.5], dtype=torch.float64)
SPECIMENS, CLUSTERS, VARIANCE = 30, 3, 0.04


def linear(t: Tensor, a: Tensor = 0.0, b: Tensor = 1.0, c: Tensor = 1.0) -> Tensor:  # pyright: ignore
    return a + b * t + c * torch.exp(-t)


def decay(t: Tensor, height: Tensor = Parameter(linear=True), rate: Tensor = Parameter(0.5, 0.0)) -> Tensor:  # pyright: ignore
    return height * torch.exp(-rate * t)


LINEAR = LinearLaw(["a", "b", "c"], FUNCTIONS)
LINES = torch.tensor([[1.0, 2.0, -1.0], [0.0, -1.0, 3.0], [5.0, 0.5, 0.0]], dtype=torch.float64)
DECAYS = torch.tensor([[2.0, 0.2], [4.0, 1.5], [-1.0, 0.6]], dtype=torch.float64)


class Problem:
    """Noisy curves of three clusters, responsibilities that are not sure, and a law."""

    def __init__(self, law: LinearLaw | FunctionExpert, truth: Tensor) -> None:
        rng = np.random.default_rng(1)
        self.law = Law(law, ["line"], [CENTRE], [SCALE])
        curves = self.law.modelled(law.curves(truth)[torch.arange(SPECIMENS) % CLUSTERS])[0]
        self.curves = (curves + torch.as_tensor(VARIANCE**0.5 * rng.normal(size=curves.shape)))[None]
        sure = 3 * np.eye(CLUSTERS)[np.arange(SPECIMENS) % CLUSTERS]
        self.gamma = torch.softmax(torch.as_tensor(sure + rng.normal(size=(2, SPECIMENS, CLUSTERS))), -1)
        self.variance = {"line": torch.full((2, CLUSTERS), VARIANCE).double()}

    def decoder(self, solve: Literal["fit", "gradient"]) -> ExpertDecoder:
        spec = RegisteredExpert("none", solve=solve, variance=FixedVariance(VARIANCE))
        generators = [torch.Generator().manual_seed(seed) for seed in range(2)]
        return ExpertDecoder(spec, self.law, CLUSTERS, 2, generators).double()

    def fitted(self) -> Tensor:
        decoder = self.decoder("fit")
        decoder.fit({"line": self.gamma}, {"line": self.curves}, self.variance)
        return decoder.theta

    def loss(self, decoder: ExpertDecoder) -> Tensor:
        p = decoder(torch.zeros(2, SPECIMENS, 2).double())
        return -(self.gamma * log_likelihood(self.curves.expand(2, -1, -1), p)).sum() / SPECIMENS

    def by_gradient(self, kind: str) -> Tensor:
        decoder = self.decoder("gradient")
        decoder.measure_steps()
        if kind == "lbfgs":
            optimizer = torch.optim.LBFGS(
                [decoder.value],
                max_iter=80,
                tolerance_grad=1e-11,
                tolerance_change=1e-16,
                line_search_fn="strong_wolfe",
            )

            def closure() -> Tensor:
                optimizer.zero_grad()
                loss = self.loss(decoder)
                loss.backward()
                return loss

            optimizer.step(closure)  # pyright: ignore
            return decoder.theta.detach()
        adam = torch.optim.Adam([decoder.value], 0.5)
        schedule = torch.optim.lr_scheduler.ExponentialLR(adam, 0.985)
        for _ in range(500):
            adam.zero_grad()
            self.loss(decoder).backward()
            adam.step()
            decoder.keep_within_bounds()
            schedule.step()
        return decoder.theta.detach()


def test_the_closed_form_least_squares_and_the_gradient_agree() -> None:
    """[Eq. 11, Eq. 16] A linear law, declared so or not."""
    closed = Problem(LINEAR, LINES)
    expected = closed.fitted()
    again = Problem(FunctionExpert(linear, DOMAIN), LINES)
    torch.testing.assert_close(again.fitted(), expected, rtol=1e-7, atol=1e-8)
    torch.testing.assert_close(closed.by_gradient("lbfgs"), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["lbfgs", "adam"])
def test_a_law_that_is_not_linear_is_found_by_least_squares_and_by_gradient(kind: str) -> None:
    """[Eq. 11, Eq. 16] Steps of Adam are in units of what they do to the curves, and keep within bounds."""
    problem, near = Problem(FunctionExpert(decay, DOMAIN), DECAYS.abs()), 1e-5 if kind == "lbfgs" else 1e-3
    torch.testing.assert_close(problem.by_gradient(kind), problem.fitted(), rtol=near, atol=near)


def test_the_fit_of_the_means_is_the_fit_of_all_specimens() -> None:
    """[Eq. 16] The slope of the sum over specimens vanishes, with missing and uncertain points too."""
    problem, rng = Problem(FunctionExpert(decay, DOMAIN), DECAYS), np.random.default_rng(2)
    size = (1, SPECIMENS, len(T))
    weight, doubt = torch.as_tensor((rng.random(size) < 0.6) * 1.0), torch.as_tensor(rng.exponential(0.1, size))
    certainty = {"line": Certainty(problem.curves, weight, doubt, torch.zeros(1, SPECIMENS).double())}
    decoder = problem.decoder("fit")
    decoder.fit({"line": problem.gamma}, {"line": problem.curves}, problem.variance, certainty)
    told, jacobian = problem.law.expert.jacobian(decoder.theta)
    residual = problem.law.measured({"line": problem.curves}) - told.unsqueeze(2)
    each = problem.gamma.transpose(1, 2).unsqueeze(-1) * (weight / (VARIANCE + doubt)).unsqueeze(1)
    slope = torch.einsum("scdp,scdp,scpk->sck", each, residual, jacobian)
    scale = torch.einsum("scdp,scdp,scpk->sck", each, residual.abs(), jacobian.abs())
    assert (slope.abs() / scale).max() < 1e-6


def test_means_and_their_weights_are_those_of_loops() -> None:
    """[Eq. 16] Of two modalities in units of their own, each with its responsibilities."""
    rng = np.random.default_rng(3)
    swing = {
        "one": ModalityRecipe(decoder=RegisteredExpert("example swing", components=("one", "two"))),
        "two": ModalityRecipe(decoder=ExpertComponent("one")),
    }
    lengths, scales = {"one": 4, "two": 3}, {"one": 0.5, "two": 7.0}
    shapes = {
        name: ModalityShape(
            torch.ones(points), 1.0, (points,), torch.arange(points).double(),
            torch.full((points,), 2.0).double(), torch.tensor([scales[name]]).double(),
        )
        for name, points in lengths.items()
    }  # fmt: skip
    law = build_laws(swing, shapes)["two"][0]
    gamma = {name: torch.as_tensor(rng.random((2, 5, 3))) for name in lengths}
    curves = {name: torch.as_tensor(rng.normal(size=(1, 5, points))) for name, points in lengths.items()}
    variance = {name: torch.as_tensor(rng.random((2, 3))) for name in lengths}
    weight, doubt = torch.as_tensor(rng.random((1, 5, 3))), torch.as_tensor(rng.random((1, 5, 3)))
    found = mean_curves(
        law, gamma, curves, variance, {"two": Certainty(curves["two"], weight, doubt, torch.zeros(1, 5))}
    )
    for seed, cluster in np.ndindex(2, 3):
        for name, first in (("one", 0), ("two", 4)):
            for point in range(lengths[name]):
                total = summed = 0.0
                for specimen in range(5):
                    share = float(gamma[name][seed, specimen, cluster])
                    noise = float(variance[name][seed, cluster] if name == "one" else variance[name][seed].mean())
                    if name == "two":
                        share *= float(weight[0, specimen, point])
                        noise += float(doubt[0, specimen, point])
                    share /= noise * scales[name] ** 2
                    total += share
                    summed += share * (scales[name] * float(curves[name][0, specimen, point]) + 2)
                assert found.weights[seed, cluster, first + point] == pytest.approx(total)
                assert found.values[seed, cluster, first + point] == pytest.approx(summed / total)


def test_whitened_coordinates_of_a_linear_law_are_those_of_its_fits() -> None:
    """The orthonormal basis of the functions, in units of the root-mean-square residual."""
    rng = np.random.default_rng(4)
    measured = rng.normal(size=(20, 3)) @ FUNCTIONS.T + 0.2 * rng.normal(size=(20, len(T)))
    law = Law(LINEAR, ["line"], [CENTRE], [SCALE])
    found = law.whitened({"line": (torch.as_tensor(measured) - CENTRE) / SCALE}).numpy()
    basis, _ = np.linalg.qr(FUNCTIONS)
    coordinates = measured @ basis
    noise = np.sqrt(((measured - coordinates @ basis.T) ** 2).sum() / (20 * (len(T) - 3)))
    distances, expected = (np.linalg.norm(each[:, None] - each[None], axis=-1) for each in (found, coordinates / noise))
    np.testing.assert_allclose(distances, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("specimens", [12, 300])
def test_k_means_finds_the_clusters_of_a_law_that_is_not_linear(specimens: int) -> None:
    """In its whitened coordinates, with more points than specimens and with fewer."""
    rng = np.random.default_rng(5)
    law = Law(FunctionExpert(decay, DOMAIN), ["line"], [CENTRE], [SCALE])
    labels = np.arange(specimens) % CLUSTERS
    curves = law.modelled(law.expert.curves(DECAYS)[labels])[0]
    noisy = curves + torch.as_tensor(0.3 * rng.normal(size=curves.shape))
    coordinates = law.whitened({"line": noisy}).numpy()
    assert np.isfinite(coordinates).all()
    assert coordinates.shape[1] <= 4, "what is noise has no coordinate"
    found = KMeans(CLUSTERS, n_init=10, random_state=0).fit_predict(coordinates)
    assert adjusted_rand_score(labels, found) == 1
    if specimens == 300:
        spread = np.mean([coordinates[labels == each].std(0) for each in range(CLUSTERS)])
        assert spread == pytest.approx(1, rel=0.15), "in units of the noise"


def test_curves_that_are_all_alike_have_finite_coordinates() -> None:
    law = Law(FunctionExpert(decay, DOMAIN), ["line"], [CENTRE], [SCALE])
    assert torch.isfinite(law.whitened({"line": torch.zeros(6, len(T)).double()})).all()


def test_the_modalities_that_tell_the_cluster_are_those_of_laws_without_z() -> None:
    """[Eq. 18]"""
    points = torch.arange(4).double()
    shape = ModalityShape(torch.ones(4), 1.0, (4,), points, torch.zeros(4).double(), torch.ones(1).double())
    decoders = {
        "linear": LinearExpert(),
        "by_gradient": RegisteredExpert("example decay", solve="gradient"),
        "one": RegisteredExpert("example swing", components=("one", "two")),
        "two": ExpertComponent("one"),
        "along": RegisteredExpert("example decay", along_z=("rate",), solve="gradient"),
        "tilt": RegisteredExpert("example tilt", solve="gradient"),
        "alike": RegisteredExpert("example decay", shared=("rate", "amplitude")),
        "all_alike": RegisteredExpert("example decay", shared=("*",)),
        "network": MLPDecoder(),
    }
    modalities = {name: ModalityRecipe(decoder=each) for name, each in decoders.items()}
    model = PIMA(ModelRecipe(latent=2), modalities, dict.fromkeys(modalities, shape), [torch.Generator()])
    assert set(model.telling()) == {"linear", "by_gradient", "one", "two"}


def test_what_a_law_finds_by_itself_is_not_shared() -> None:
    """[section 4.2] The spectral way fits each cluster alone; it would share nothing and say so nowhere."""
    options = {"states": ["x"], "equations": {"x": "-k * x"}}
    assert Law(build_expert("ode", DOMAIN, options), ["line"], [CENTRE], [SCALE], ["k"]).shared == ("k",)
    spectral = build_expert("ode", DOMAIN, options | {"method": "spectral"})
    assert Law(spectral, ["line"], [CENTRE], [SCALE]).shared == ()
    with pytest.raises(RecipeError, match="the spectral way finds every parameter") as refused:
        Law(spectral, ["line"], [CENTRE], [SCALE], ["k"])
    assert refused.value.where == "shared"
