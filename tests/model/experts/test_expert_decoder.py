"""The decoder of every law: fitted, followed, relabelled, saved and stepped."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import example_laws  # noqa: F401
import pytest
import torch
from torch import Tensor

from fingerprint.model import ModalityShape
from fingerprint.model.decoders import build_decoders
from fingerprint.model.experts import ComponentDecoder, ExpertDecoder
from fingerprint.model.experts import decoder as expert_decoder
from fingerprint.recipe import ExpertComponent, FixedVariance, ModalityRecipe, RegisteredExpert


def normal(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


CLUSTERS, SPECIMENS, NOISE = 3, 60, 0.01
T = torch.tensor([*torch.linspace(0, 4, 15).tolist(), 6.0, 9.0], dtype=torch.float64)
DECAYS = torch.tensor([[2.0, 0.25], [1.0, 1.0], [-3.0, 0.5]], dtype=torch.float64)
SWINGS = torch.tensor([[2.0, 1.0], [1.0, 0.4], [-1.5, 2.0]], dtype=torch.float64)
LABELS = torch.arange(SPECIMENS) % CLUSTERS
GAMMA = torch.nn.functional.one_hot(LABELS, CLUSTERS).double().expand(2, -1, -1)
Z = normal(2, 5, 2)


def shape(scale: float = 2.0) -> ModalityShape:
    centre, unit = torch.linspace(0, 1, len(T)).double(), torch.tensor([scale]).double()
    return ModalityShape(torch.ones(len(T)), 1.0, (len(T),), T, centre, unit, "s", "m")


def decoders(spec: RegisteredExpert, seeds: Sequence[int] = (0, 1), scale: float = 2.0) -> dict[str, ExpertDecoder]:
    modalities, shapes = {"one": ModalityRecipe(decoder=spec)}, {"one": shape(scale)}
    if spec.components:
        modalities["two"] = ModalityRecipe(decoder=ExpertComponent("one", FixedVariance(NOISE)))
        shapes["two"] = shape(0.5)
    made = build_decoders(modalities, shapes, 2, CLUSTERS, 1, [torch.Generator().manual_seed(seed) for seed in seeds])
    return {name: each.double() for name, each in made.items()}  # pyright: ignore


def build(name: str = "decay", **choices: object) -> ExpertDecoder:
    spec = RegisteredExpert(f"example {name}", variance=FixedVariance(NOISE), **choices)  # pyright: ignore
    return decoders(spec)["one"]


def measured(decoder: ExpertDecoder, theta: Tensor, noise: float = 0.05) -> dict[str, Tensor]:
    """Noisy curves in model units, by modality, of specimens whose clusters are `LABELS`."""
    parts = decoder.law.modelled(decoder.law.expert.curves(theta)[LABELS][None])
    names = decoder.law.names
    return {name: part + noise * normal(*part.shape, seed=9) for name, part in zip(names, parts, strict=True)}


def arguments(
    decoder: ExpertDecoder, curves: dict[str, Tensor], gamma: Tensor = GAMMA, rows: slice | Tensor = slice(None)
):
    """gamma, curves and variances of some specimens, for `fit` and `follow`."""
    names = decoder.law.names
    return (
        dict.fromkeys(names, gamma[:, rows]),
        {name: curves[name][:, rows].expand(2, -1, -1) for name in names},
        {name: torch.full((2, CLUSTERS), NOISE).double() for name in names},
    )


@pytest.mark.parametrize(("name", "truth"), [("decay", DECAYS), ("swing", SWINGS)])
def test_a_fit_finds_the_law_of_each_cluster(name: str, truth: Tensor) -> None:
    """[Eq. 16] In measured units, whatever the model's; of one modality and of two."""
    decoder = build(name, components=("one", "two") if name == "swing" else ())
    decoder.fit(*arguments(decoder, measured(decoder, truth, noise=0.0)))
    torch.testing.assert_close(decoder.theta, truth.expand(2, -1, -1), rtol=1e-6, atol=1e-6)
    decoder.fit(*arguments(decoder, measured(decoder, truth)))
    torch.testing.assert_close(decoder.theta, truth.expand(2, -1, -1), rtol=0.1, atol=0.05)


def test_the_components_of_a_law_are_its_curves() -> None:
    """[Eq. 11] In the model units of each."""
    spec = RegisteredExpert("example swing", components=("one", "two"))
    first, second = decoders(spec).values()
    assert isinstance(second, ComponentDecoder)
    first.set_theta(SWINGS.expand(2, -1, -1))
    place = SWINGS[:, :1] * torch.cos(SWINGS[:, 1:] * T)
    rate = -SWINGS.prod(1, keepdim=True) * torch.sin(SWINGS[:, 1:] * T)
    for decoder, curve, scale in ((first, place, 2.0), (second, rate, 0.5)):
        expected = (curve - torch.linspace(0, 1, len(T)).double()) / scale
        torch.testing.assert_close(decoder(Z).mean.squeeze(2), expected.expand(2, -1, -1))
    assert [name for name, _ in second.named_parameters()] == [], "its variance is fixed, and the law is the first's"


def test_the_noisier_of_two_modalities_counts_for_less() -> None:
    """[Eq. 16] Their curves disagree; each is believed as far as its decoder's variance says."""
    decoder = build("swing", components=("one", "two"))
    curves = measured(decoder, SWINGS, 0.0)
    curves["two"] = decoder.law.modelled(decoder.law.expert.curves(1.1 * SWINGS)[LABELS][None])[1]
    gamma, values, variance = arguments(decoder, curves)
    for sure, truth in (("one", SWINGS), ("two", 1.1 * SWINGS)):
        doubted = {name: each * (1 if name == sure else 1e9) for name, each in variance.items()}
        decoder.fit(gamma, values, doubted)
        torch.testing.assert_close(decoder.theta, truth.expand(2, -1, -1), rtol=1e-5, atol=1e-5)


def test_moving_means_come_to_the_fit_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """[Eq. 16] Batches of unlike composition, at a small rate; from parameters far away."""
    monkeypatch.setattr(expert_decoder, "REFIT", 5)
    decoder, curves = build(), measured(build(), DECAYS)
    fitted = copy.deepcopy(decoder)
    fitted.fit(*arguments(decoder, curves))
    generator = torch.Generator().manual_seed(0)
    for _ in range(60):
        for rows in torch.randperm(SPECIMENS, generator=generator).split([30, 20, 10]):
            gamma, values, variance = arguments(decoder, curves, rows=rows)
            decoder.follow(gamma, values, variance, 0.05)
    torch.testing.assert_close(decoder.theta, fitted.theta, rtol=0.02, atol=0.02)
    together = arguments(decoder, curves)
    for _ in range(5):
        decoder.follow(*together, 1.0)
    torch.testing.assert_close(decoder.theta, fitted.theta, rtol=1e-6, atol=1e-7)


def test_the_law_is_fitted_to_the_means_from_time_to_time() -> None:
    """[Eq. 16] Between, the parameters rest, whatever comes."""
    decoder = build()
    decoder.fit(*arguments(decoder, measured(decoder, DECAYS)))
    other = arguments(decoder, measured(decoder, DECAYS.flip(0)))
    start = decoder.theta.clone()
    for _ in range(expert_decoder.REFIT - 1):
        decoder.follow(*other, 0.1)
        assert torch.equal(decoder.theta, start)
    decoder.follow(*other, 0.1)
    assert not torch.equal(decoder.theta, start)
    assert int(decoder.waiting) == 0


def test_a_follower_of_rate_0_stays() -> None:
    """[Eq. 16]"""
    decoder = build()
    decoder.fit(*arguments(decoder, measured(decoder, DECAYS)))
    start = decoder.theta.clone()
    for _ in range(expert_decoder.REFIT):
        decoder.follow(*arguments(decoder, measured(decoder, DECAYS.flip(0))), 0.0)
    torch.testing.assert_close(decoder.theta, start, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("shared", [(), ("rate",), ("amplitude",)])
def test_a_cluster_without_specimens_keeps_what_is_its_own(shared: tuple[str, ...]) -> None:
    """[Eq. 16] What it shares is found by the others; with no specimen at all nothing moves."""
    decoder = build(shared=shared)
    truth = DECAYS.clone()
    for name in shared:
        truth[:, decoder.names.index(name)] = DECAYS[0, decoder.names.index(name)]
    before = decoder.theta.clone()
    gamma = GAMMA.clone()
    gamma[0, :, 1] = 0
    gamma[1] = 0
    decoder.fit(*arguments(decoder, measured(decoder, truth, 0.0), gamma))
    expected = truth.clone()
    for index, name in enumerate(decoder.names):
        if name not in shared:
            expected[1, index] = before[0, 1, index]
    torch.testing.assert_close(decoder.theta[0], expected, rtol=1e-6, atol=1e-6)
    assert torch.equal(decoder.theta[1], before[1])


def test_what_is_shared_is_one_number_for_all_clusters() -> None:
    """[Eq. 11, Eq. 16] Fitted, put there, or after a step of the gradient."""
    fitted, stepped = build(shared=("rate",)), build(shared=("rate",), solve="gradient")
    fitted.fit(*arguments(fitted, measured(fitted, DECAYS)))
    stepped.set_theta(DECAYS.expand(2, -1, -1))
    torch.testing.assert_close(stepped.theta[..., 0], DECAYS[:, 0].expand(2, -1))
    torch.testing.assert_close(stepped.theta[..., 1], DECAYS[:, 1].mean().expand(2, 3))
    optimizer = torch.optim.SGD(stepped.parameters(), 0.01)
    (stepped(Z).mean.square() * torch.arange(3).reshape(1, 3, 1, 1)).sum().backward()
    optimizer.step()
    for decoder in (fitted, stepped):
        rates = decoder.theta[..., 1]
        assert (rates == rates[:, :1]).all()


def test_relabelled_it_answers_in_the_new_order_and_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """[Eq. 16] The moving means go with their clusters."""
    monkeypatch.setattr(expert_decoder, "REFIT", 1)
    order = torch.tensor([[2, 0, 1], [1, 0, 2]])
    seeds = torch.arange(2).unsqueeze(1)
    decoder = build()
    curves = measured(decoder, DECAYS)
    decoder.fit(*arguments(decoder, curves))
    theta, before = decoder.theta.clone(), decoder(Z).mean.clone()
    relabelled = copy.deepcopy(decoder)
    relabelled.relabel(order)
    assert torch.equal(relabelled.theta, theta[seeds, order])
    torch.testing.assert_close(relabelled(Z).mean, before[seeds, order])
    moved = measured(decoder, 1.2 * DECAYS)
    gamma, values, variance = arguments(decoder, moved)
    decoder.follow(gamma, values, variance, 0.3)
    reordered = torch.stack([gamma["one"][seed][:, order[seed]] for seed in range(2)])
    relabelled.follow({"one": reordered}, values, variance, 0.3)
    torch.testing.assert_close(relabelled.theta, decoder.theta[seeds, order], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("solve", ["fit", "gradient"])
@pytest.mark.parametrize("shared", [(), ("rate",)])
def test_saved_and_loaded_it_is_the_same(solve: str, shared: tuple[str, ...]) -> None:
    """With what it has seen of the batches, and the size of its steps."""
    decoder = build(solve=solve, shared=shared)
    decoder.fit(*arguments(decoder, measured(decoder, DECAYS)))
    decoder.measure_steps()
    if solve == "fit":
        decoder.follow(*arguments(decoder, measured(decoder, DECAYS.flip(0))), 0.1)
    other = build(solve=solve, shared=shared)
    other(Z)
    other.load_state_dict(decoder.state_dict())
    assert torch.equal(other.theta, decoder.theta)
    assert torch.equal(other(Z).mean, decoder(Z).mean)
    if solve == "fit":
        for _ in range(expert_decoder.REFIT):
            for each in (decoder, other):
                each.follow(*arguments(decoder, measured(decoder, DECAYS.flip(0))), 0.1)
        assert torch.equal(other.theta, decoder.theta)


def test_the_curves_are_computed_again_when_the_parameters_have_moved() -> None:
    """[Eq. 11] However they were moved, and for whatever precision is asked."""
    decoder = build()
    asked: list[int] = []
    told = decoder.law.expert.curves
    decoder.law.expert.curves = lambda theta, z=None: (asked.append(1), told(theta, z))[1]  # pyright: ignore
    first = decoder(Z).mean
    assert torch.equal(decoder(normal(2, 9, 2, seed=3)).mean, first)
    assert len(asked) == 1
    decoder.set_theta(DECAYS.expand(2, -1, -1))
    second = decoder(Z).mean
    assert not torch.equal(second, first)
    assert len(asked) == 2
    decoder.value[0, 1, 1] += 0.1
    third = decoder(Z).mean
    assert not torch.equal(third[0, 1], second[0, 1])
    assert torch.equal(third[1], second[1])
    assert decoder(Z.float()).mean.dtype == torch.float32


def test_parameters_stay_within_their_bounds() -> None:
    """[Eq. 11] Whoever moves them: the rate is from 0 to 5."""
    outside = torch.tensor([[1.0, -2.0], [1.0, 9.0], [1.0, 1.0]]).double().expand(2, -1, -1)
    for solve in ("fit", "gradient"):
        decoder = build(solve=solve)
        decoder.measure_steps()
        decoder.set_theta(outside)
        torch.testing.assert_close(decoder.theta[0, :, 1], torch.tensor([0.0, 5.0, 1.0]).double())
        torch.testing.assert_close(decoder.theta[..., 0], outside[..., 0])
    decoder = build(solve="gradient")
    with torch.no_grad():
        decoder.value[..., 1] = 7.0
    decoder.keep_within_bounds()
    assert (decoder.theta[..., 1] == 5).all()
    tilted = build(solve="gradient", along_z=("rate",))
    told = tilted(100 * Z).mean * 2 + torch.linspace(0, 1, len(T)).double()
    lowest, highest = 1.5 * torch.exp(-5 * T), torch.full_like(T, 1.5)
    assert ((told >= lowest - 1e-9) & (told <= highest + 1e-9)).all()


def test_a_step_changes_the_curves_alike_whatever_the_parameter() -> None:
    """By 1 in model units, root mean square over clusters and points; the parameters stay; each seed has its own."""
    decoder = build(solve="gradient")
    theta = torch.stack([DECAYS, 10 * DECAYS])
    theta[1, :, 1] = 0.3
    decoder.set_theta(theta)
    decoder.measure_steps()
    torch.testing.assert_close(decoder.theta, theta)
    before = decoder(Z).mean.squeeze(2)
    for index in range(2):
        moved = copy.deepcopy(decoder)
        with torch.no_grad():
            moved.value[..., index] += 1e-6
        change = (moved(Z).mean.squeeze(2) - before).square().mean((1, 2)).sqrt() / 1e-6
        torch.testing.assert_close(change, torch.ones(2).double(), rtol=1e-4, atol=0)
    alone = decoders(RegisteredExpert("example decay", solve="gradient"), seeds=(1,))["one"]
    alone.set_theta(theta[1:])
    alone.measure_steps()
    torch.testing.assert_close(alone.size[0], decoder.size[1])


def test_what_has_no_effect_where_it_stands_keeps_its_unit() -> None:
    """A rate, where the amplitude is 0."""
    decoder = build(solve="gradient")
    decoder.set_theta(torch.tensor([0.0, 0.5]).double().expand(2, 3, -1))
    decoder.measure_steps()
    assert (decoder.size[..., 1] == 1).all()
    assert decoder.size.isfinite().all()


@pytest.mark.parametrize(
    ("name", "along"), [("decay", ("rate",)), ("decay", ("amplitude", "rate")), ("tilt", ("height",))]
)
def test_along_z_a_parameter_is_a_linear_function_of_it(name: str, along: tuple[str, ...]) -> None:
    """[Eq. 11] In measured units, the same curve as of a law with that parameter."""
    decoder = build(name, along_z=along, solve="gradient")
    apart = 1 + 0.3 * normal(2, CLUSTERS, 2, seed=4)
    decoder.set_theta(decoder.theta.detach() * apart)
    if name == "decay":
        decoder.measure_steps()
    assert decoder.slope is not None
    z = 0.1 * Z
    theta = decoder.theta.detach().unsqueeze(2).repeat(1, 1, 5, 1)
    for place, each in enumerate(along):
        index = decoder.names.index(each)
        steps = torch.einsum("scl,snl->scn", decoder.slope[:, :, place], z) * decoder.size[..., index, None]
        theta[..., index] += steps.detach()
    points = z.unsqueeze(1).expand(-1, CLUSTERS, -1, -1)
    expected = decoder.law.modelled(decoder.law.expert.curves(theta, points if name == "tilt" else None))[0]
    torch.testing.assert_close(decoder(z).mean, expected)
    places = [decoder.names.index(each) for each in along]
    ends = decoder.theta.unsqueeze(2)[..., places] + torch.einsum("scpl,snl->scnp", decoder.slopes, z)
    torch.testing.assert_close(ends.detach(), theta[..., places])


def test_what_all_clusters_share_is_the_same_along_z() -> None:
    """[Eq. 11]"""
    decoder = build(shared=("rate",), along_z=("rate",), solve="gradient")
    curves = decoder(Z).mean
    torch.testing.assert_close(curves, curves[:, :1].expand_as(curves))
    apart = curves.std(2).max()
    assert apart > 1e-3, "it depends on Z"
    assert (decoder.slopes == decoder.slopes[:, :1]).all()


@pytest.mark.parametrize("shared", [(), ("rate",), ("*",)])
def test_the_slopes_are_how_parameters_change_along_z(shared: tuple[str, ...]) -> None:
    """[Eq. 11] In measured units, of every cluster, also where clusters share them."""
    decoder = build(shared=shared, along_z=("rate",), solve="gradient")
    decoder.measure_steps()
    small = 1e-3 * Z
    (rate,) = [place for place, name in enumerate(decoder.names) if name == "rate"]
    told = decoder.theta_at(small)[..., rate].expand(-1, CLUSTERS, -1)
    steps = torch.einsum("scl,snl->scn", decoder.slopes[:, :, 0], small)
    torch.testing.assert_close(told, decoder.theta[..., rate].unsqueeze(2) + steps)
    assert decoder.slopes.abs().min() > 0
    assert decoder.law.one_for_all == (shared == ("*",)), "a pattern is what it means"


def test_a_law_that_can_follows_the_gradient_in_single_precision() -> None:
    """The curves, of peaks that depend on Z, and their gradient agree with those of double precision."""
    spec = RegisteredExpert("peaks", {"count": 2}, along_z=("*",), shared=("*",), solve="gradient")
    found: list[tuple[Tensor, Tensor]] = []
    for single in (True, False):
        decoder = build_decoders(
            {"one": ModalityRecipe(decoder=spec)}, {"one": shape()}, 2, CLUSTERS, 1, [torch.Generator().manual_seed(0)]
        )["one"]
        assert isinstance(decoder, ExpertDecoder)
        assert decoder.law.single
        decoder.law.single = single
        curves = decoder(Z[:1].float()).mean
        assert curves.dtype == torch.float32
        curves.square().sum().backward()
        assert decoder.slope is not None
        assert decoder.slope.grad is not None
        found.append((curves.detach(), decoder.slope.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_curves_far_from_zero_need_double_precision() -> None:
    law = shape(1e-4)
    spec = RegisteredExpert("peaks", {"count": 2}, along_z=("*",), solve="gradient")
    decoder = build_decoders(
        {"one": ModalityRecipe(decoder=spec)}, {"one": law}, 2, CLUSTERS, 1, [torch.Generator().manual_seed(0)]
    )["one"]
    assert isinstance(decoder, ExpertDecoder)
    assert not decoder.law.single
