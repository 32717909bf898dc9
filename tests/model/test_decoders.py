"""One contract for every decoder; likelihoods against scipy."""

from __future__ import annotations

from typing import NamedTuple

import example_laws  # noqa: F401
import numpy as np
import pytest
import torch
from model_examples import EXAMPLES, Example, example_model, generators, grid_shape, normal
from scipy.stats import norm

from fingerprint.errors import RecipeError
from fingerprint.model import ModalityShape
from fingerprint.model.decoders import AbstractNetworkDecoder, build_decoders, log_likelihood
from fingerprint.model.experts import AnyExpertDecoder, ExpertDecoder
from fingerprint.recipe import (
    ConvDecoder,
    Decoder,
    ExpertComponent,
    FixedVariance,
    LearnedVariance,
    LinearExpert,
    MLPDecoder,
    ModalityRecipe,
    RegisteredExpert,
)

CLUSTERS = 3
SCORES = ModalityShape(torch.ones(4), 1.0)
BOTH = ("one", "two")


class Case(NamedTuple):
    """A decoder, and what it is told of its modality.

    Attributes:
        beside: the decoder of a second modality, "two", of six points.
        place: which of the two is looked at.
        sees_z: whether its answer depends on Z.
        drawn: whether its first weights are drawn.
        of_all: whether the clusters have one answer, though it is an expert.
    """

    spec: Decoder
    shape: ModalityShape
    beside: Decoder | None = None
    place: str = "one"
    sees_z: bool = True
    drawn: bool = True
    of_all: bool = False

    def build_all(
        self, networks: int, seeds: tuple[int, ...] = (0, 1)
    ) -> dict[str, AbstractNetworkDecoder | AnyExpertDecoder]:
        """All decoders; an expert's parameters differ between clusters as far as they may."""
        modalities, shapes = {"one": ModalityRecipe(decoder=self.spec)}, {"one": self.shape}
        if self.beside is not None:
            modalities["two"], shapes["two"] = ModalityRecipe(decoder=self.beside), grid_shape(6, scale=3.0)
        made = build_decoders(modalities, shapes, 2, CLUSTERS, networks, generators(seeds))
        for decoder in made.values():
            decoder.double()
            if isinstance(decoder, ExpertDecoder) and not decoder.drawn:
                apart = torch.stack([normal(*decoder.value.shape[1:], seed=seed) for seed in seeds])
                decoder.set_theta(decoder.theta.detach() * (1 + 0.1 * apart))
        return made

    def build(self, networks: int, seeds: tuple[int, ...] = (0, 1)) -> AbstractNetworkDecoder | AnyExpertDecoder:
        return self.build_all(networks, seeds)[self.place]

    @property
    def features(self) -> int:
        return self.shape.features if self.place == "one" else 6

    @property
    def expert(self) -> bool:
        return isinstance(self.spec, LinearExpert | RegisteredExpert)

    def answers(self, networks: int) -> int:
        """Of how many clusters it answers."""
        return 1 if self.of_all else CLUSTERS if self.expert else networks


def decay(**choices: object) -> RegisteredExpert:
    return RegisteredExpert("example decay", **choices)  # pyright: ignore


SWING = RegisteredExpert("example swing", components=BOTH)
CASES = {
    "fixed": Case(MLPDecoder(hidden=(6,), variance=FixedVariance(value=0.3)), SCORES),
    "learned": Case(MLPDecoder(hidden=(6,), variance=LearnedVariance(log_start=-2.0)), SCORES),
    "learned_of_z": Case(
        MLPDecoder(hidden=(6, 5), variance=LearnedVariance(log_start=-2.0, depends_on_z=True)), SCORES
    ),
    "linear": Case(MLPDecoder(hidden=(), variance=LearnedVariance()), SCORES),
    "without_skip": Case(MLPDecoder(hidden=(6,), skip=False, activation="silu"), SCORES),
    "conv_curve": Case(ConvDecoder(channels=(3, 4), strides=(2,)), grid_shape(11)),
    "conv_image": Case(ConvDecoder(channels=(3, 4, 2), strides=(2, 3), activation="elu"), grid_shape(7, 5)),
    "conv_even_kernel": Case(ConvDecoder(channels=(3, 4, 2), strides=(2, 1), kernel=4), grid_shape(6, 5)),
    "conv_fixed": Case(ConvDecoder(channels=(3,), strides=(), variance=FixedVariance(0.3)), grid_shape(3, 5)),
    "expert": Case(LinearExpert(), grid_shape(6), sees_z=False),
    "expert_by_gradient": Case(
        LinearExpert(("1", "exp(-t/3)"), "gradient", FixedVariance(0.2)), grid_shape(6), sees_z=False
    ),
    "law_by_fit": Case(decay(), grid_shape(6), sees_z=False, drawn=False),
    "law_by_gradient": Case(decay(solve="gradient"), grid_shape(6), sees_z=False, drawn=False),
    "law_with_a_fixed_parameter": Case(decay(fixed={"rate": 0.2}), grid_shape(6), sees_z=False, drawn=False),
    "law_with_a_shared_parameter": Case(
        decay(shared=("rate",), solve="gradient"), grid_shape(6), sees_z=False, drawn=False
    ),
    "law_along_z": Case(decay(along_z=("rate",), solve="gradient"), grid_shape(6)),
    "law_that_takes_z": Case(RegisteredExpert("example tilt", solve="gradient"), grid_shape(6), drawn=False),
    "law_that_takes_z_and_runs_along_it": Case(
        RegisteredExpert("example tilt", along_z=("offset",), solve="gradient"), grid_shape(6)
    ),
    "law_of_all_along_z": Case(
        decay(shared=("amplitude", "rate"), along_z=("rate",), solve="gradient"), grid_shape(6), of_all=True
    ),
    "law_of_two": Case(SWING, grid_shape(5), ExpertComponent("one"), sees_z=False, drawn=False),
    "component": Case(SWING, grid_shape(5), ExpertComponent("one"), "two", sees_z=False, drawn=False),
    "component_along_z": Case(
        RegisteredExpert("example swing", components=BOTH, along_z=("frequency",), solve="gradient"),
        grid_shape(5),
        ExpertComponent("one", FixedVariance(0.7)),
        "two",
    ),
}
FIXED = [
    pytest.param(case, spec.variance.value, id=name)
    for name, case in CASES.items()
    for spec in [case.spec if case.place == "one" else case.beside]
    if spec is not None and isinstance(spec.variance, FixedVariance)
]

every = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
shared_or_not = pytest.mark.parametrize("networks", [1, CLUSTERS], ids=["per_modality", "per_cluster"])


@every
@shared_or_not
def test_shapes(case: Case, networks: int) -> None:
    """[Eq. 9, Eq. 10, Eq. 11] An expert, which does not see Z, answers once for all specimens."""
    decoder = case.build(networks)
    assert decoder.uses_z is case.sees_z
    p = decoder(normal(2, 7, 2))
    specimens = 7 if case.sees_z else 1
    assert p.mean.shape == (2, case.answers(networks), specimens, case.features)
    assert torch.broadcast_shapes(p.log_variance.shape, p.mean.shape) == p.mean.shape
    x = normal(2, 7, case.features, seed=1)
    assert log_likelihood(x, p).shape == (2, 7, case.answers(networks))


@every
@shared_or_not
def test_log_likelihood_is_scipys(case: Case, networks: int) -> None:
    """[Eq. 9, Eq. 13]"""
    p, x = case.build(networks)(normal(2, 7, 2)), normal(2, 7, case.features, seed=1)
    mean = p.mean.detach().numpy()
    sd = np.exp(0.5 * p.log_variance.detach().numpy())
    expected = norm.logpdf(x.numpy()[:, None], mean, sd).sum(-1).swapaxes(1, 2)
    np.testing.assert_allclose(log_likelihood(x, p).detach(), expected, rtol=1e-11)


@every
@shared_or_not
def test_several_draws_of_each_specimen_are_each_draws_own(case: Case, networks: int) -> None:
    """[Eq. 13] All specimens before the next draw; x is not repeated. An expert has one answer for all draws."""
    decoder, z, x = case.build(networks), normal(2, 21, 2), normal(2, 7, case.features, seed=1)
    together = log_likelihood(x, decoder(z))
    for draw in range(3 if decoder.uses_z else 1):
        own = log_likelihood(x, decoder(z[:, 7 * draw : 7 * draw + 7]))
        torch.testing.assert_close(together[:, 7 * draw : 7 * draw + 7], own)
    assert together.shape[1] == (21 if decoder.uses_z else 7)


@every
@shared_or_not
def test_each_network_is_a_function_of_z_alone(case: Case, networks: int) -> None:
    """[Eq. 10] A specimen's answer does not depend on its neighbours, nor a seed's on other seeds."""
    decoder, z = case.build(networks), normal(2, 7, 2)
    whole = decoder(z)
    place = 3 if decoder.uses_z else 0
    alone = decoder(z[:, 3:4])
    torch.testing.assert_close(alone.mean[:, :, 0], whole.mean[:, :, place])
    torch.testing.assert_close(
        alone.log_variance.expand_as(alone.mean)[:, :, 0], whole.log_variance.expand_as(whole.mean)[:, :, place]
    )
    second = case.build(networks, seeds=(1,))(z[1:])
    torch.testing.assert_close(second.mean[0], whole.mean[1])


@every
@shared_or_not
def test_gradients_reach_every_parameter(case: Case, networks: int) -> None:
    decoder = case.build(networks)
    likelihood = log_likelihood(normal(2, 7, case.features, seed=1), decoder(normal(2, 7, 2))).sum()
    parameters = dict(decoder.named_parameters())
    assert parameters or case.expert
    if parameters:
        likelihood.backward()
    for name, parameter in parameters.items():
        assert parameter.grad is not None, name
        assert parameter.grad.flatten(2).any(-1).all(), f"{name}: a member has no gradient"


@every
def test_the_generator_alone_decides_the_weights(case: Case) -> None:
    first, again, other = (case.build(CLUSTERS, seeds=(seed,)) for seed in (4, 4, 5))
    state, same = first.state_dict(), again.state_dict()
    assert all(torch.equal(state[key], same[key]) for key in state)
    z = normal(1, 7, 2)
    if case.drawn:
        assert not torch.equal(first(z).mean, other(z).mean)


@every
def test_relabelling_permutes_the_networks(case: Case) -> None:
    decoders, z = case.build_all(CLUSTERS), normal(2, 7, 2)
    order = torch.tensor([[2, 0, 1], [1, 0, 2]])
    with torch.no_grad():
        before = decoders[case.place](z)
        for decoder in decoders.values():
            decoder.relabel(order)
        after = decoders[case.place](z)
    for seed in range(2):
        here = order[seed] if not case.of_all else torch.tensor([0])
        torch.testing.assert_close(after.mean[seed], before.mean[seed, here])
        assert torch.equal(after.log_variance[seed], before.log_variance[seed, here])
    if not case.of_all:
        assert not torch.equal(after.mean, before.mean)


@pytest.mark.parametrize("decoders", ["per_modality", "per_cluster"])
@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
@torch.no_grad()
def test_relabelling_a_model_changes_no_prediction(decoders: str, example: Example) -> None:
    """[Eq. 12] Prior and decoders move together."""
    model = example_model(decoders=decoders, example=example).eval()  # pyright: ignore
    z = normal(2, 7, 2)
    before = [model.decode(z, name) for name in model.names]
    model.relabel(torch.tensor([[2, 0, 1], [1, 2, 0]]))
    for name, (mean, variance) in zip(model.names, before, strict=True):
        found = model.decode(z, name)
        torch.testing.assert_close(found[0], mean)
        torch.testing.assert_close(found[1], variance)


@pytest.mark.parametrize(("case", "value"), FIXED)
def test_the_fixed_variance_is_the_recipes(case: Case, value: float) -> None:
    """[Eq. 9] Section 2.5: a constant, and no parameter."""
    decoder = case.build(CLUSTERS)
    found = decoder(normal(2, 7, 2)).log_variance.exp()
    torch.testing.assert_close(found, torch.full((2, CLUSTERS, 1, 1), value).double())
    assert not [each for each, _ in decoder.named_parameters() if "log_variance" in each]


@pytest.mark.parametrize("shape", [(28,), (27, 5), (1, 1), (13, 8)])
@pytest.mark.parametrize("strides", [(2, 2), (3, 2), (4,), ()])
def test_whatever_the_strides_the_size_is_the_modalitys(shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
    """Cropped, where the strides do not divide it: of the rows and columns that are left, none is moved."""
    spec = ConvDecoder(channels=(2,) * (len(strides) + 1), strides=strides)
    case = Case(spec, grid_shape(*shape))
    whole = torch.Size(strides).numel() if strides else 1
    larger = tuple(-(-points // whole) * whole for points in shape)
    decoder, full = case.build(1), Case(spec, grid_shape(*larger)).build(1)
    full.load_state_dict(decoder.state_dict())
    z = normal(2, 3, 2)
    found, expected = decoder(z).mean.unflatten(-1, shape), full(z).mean.unflatten(-1, larger)
    cropped = expected[..., : shape[0]] if len(shape) == 1 else expected[..., : shape[0], : shape[1]]
    torch.testing.assert_close(found, cropped)


@pytest.mark.parametrize(
    ("spec", "shape", "said", "where"),
    [
        (ConvDecoder(), SCORES, "no neighbours", ""),
        (ConvDecoder(strides=(2,)), grid_shape(28, 28), "3 channels and 1 strides", ""),
        (ConvDecoder(variance=LearnedVariance(depends_on_z=True)), grid_shape(28, 28), "has one variance", ""),
        (LinearExpert(), SCORES, "no axis", ""),
        (LinearExpert(), grid_shape(4, 4), "a curve over an axis", ""),
        (LinearExpert(("t", "2 * t")), grid_shape(4), "cannot be told apart", ".basis"),
        (LinearExpert(("1", "t", "t^2")), grid_shape(2), "cannot be told apart", ".basis"),
        (RegisteredExpert("example dekay"), grid_shape(4), "did you mean 'example decay'", ".name"),
        (RegisteredExpert("example tilt"), grid_shape(4), "not found by a fit", ".solve"),
        (decay(along_z=("rate",)), grid_shape(4), "not found by a fit", ".solve"),
        (decay(options={"count": 3}), grid_shape(4), "no option 'count'", ".options"),
        (decay(shared=("speed",)), grid_shape(4), "no parameter 'speed'", ".shared"),
        (decay(along_z=("speed",)), grid_shape(4), "no parameter 'speed'", ".along_z"),
        (decay(fixed={"speed": 1.0}), grid_shape(4), "no parameter 'speed'", ".fixed"),
        (decay(fixed={"rate": 1.0}, shared=("rate",)), grid_shape(4), "no parameter 'rate'", ".shared"),
        (decay(fixed={"rate": 1.0, "amplitude": 2.0}), grid_shape(4), "none is left", ".fixed"),
        (decay(bounds={"rate": (2.0, 1.0)}), grid_shape(4), "its bounds are 2 and 1", ""),
        (decay(start={"rate": 9.0}), grid_shape(4), "starts at 9", ""),
        (decay(start={"amplitude": 2.0}), grid_shape(4), "'amplitude' is solved in closed form", ".start"),
        (decay(start={"ampl*": 2.0}), grid_shape(4), "'amplitude' is solved in closed form", ".start"),
        (decay(components=("two",)), grid_shape(4), "the components are two", ".components"),
        (decay(components=BOTH), grid_shape(4), "'two' is no modality", ".components"),
    ],
)
def test_what_cannot_be_decoded_is_refused(spec: Decoder, shape: ModalityShape, said: str, where: str) -> None:
    with pytest.raises(RecipeError, match=said) as refused:
        Case(spec, shape).build(1)
    assert refused.value.where == f"modalities.one.decoder{where}"
    assert refused.value.expected or not where


def test_a_law_of_z_is_asked_for_a_curve_before_it_is_trained() -> None:
    """[Eq. 11] It wants a third coordinate of a latent space of two."""
    spec = RegisteredExpert("example of three", solve="gradient")
    with pytest.raises(RecipeError, match="fails at its start: IndexError") as refused:
        Case(spec, grid_shape(5)).build(1)
    assert refused.value.where.startswith("modalities.one.decoder")


def test_a_law_and_its_components_name_each_other() -> None:
    shape, component = grid_shape(5), ExpertComponent("one")
    for spec, beside, said in (
        (decay(), component, "does not name it"),
        (SWING, MLPDecoder(), "has its own decoder"),
        (SWING, ExpertComponent("two"), "has its own decoder"),
        (decay(components=BOTH), component, "gives one curve, and decodes one, two"),
        (MLPDecoder(), component, "does not name it"),
    ):
        with pytest.raises(RecipeError, match=said) as refused:
            Case(spec, shape, beside).build(1)
        assert refused.value.where.startswith("modalities.")
        assert refused.value.expected
