"""One contract for every decoder; likelihoods against scipy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch
from model_examples import EXAMPLES, Example, example_model, generators, grid_shape, normal
from scipy.stats import norm

from fingerprint.errors import RecipeError
from fingerprint.model import ModalityShape
from fingerprint.model.decoders import AbstractNetworkDecoder, build_decoder, log_likelihood
from fingerprint.model.experts import LinearExpertDecoder
from fingerprint.recipe import ConvDecoder, Decoder, FixedVariance, LearnedVariance, LinearExpert, MLPDecoder

CLUSTERS = 3
SCORES = ModalityShape(torch.ones(4), 1.0)


class Case(NamedTuple):
    """A decoder, and what it is told of its modality."""

    spec: Decoder
    shape: ModalityShape

    def build(self, networks: int, seeds: tuple[int, ...] = (0, 1)) -> AbstractNetworkDecoder | LinearExpertDecoder:
        return build_decoder(self.spec, self.shape, 2, CLUSTERS, networks, generators(seeds)).double()

    @property
    def features(self) -> int:
        return self.shape.features

    def answers(self, networks: int) -> int:
        """Of how many clusters it answers."""
        return CLUSTERS if isinstance(self.spec, LinearExpert) else networks


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
    "expert": Case(LinearExpert(), grid_shape(6)),
    "expert_by_gradient": Case(LinearExpert(("1", "exp(-t/3)"), "gradient", FixedVariance(0.2)), grid_shape(6)),
}
FIXED = [name for name, case in CASES.items() if isinstance(case.spec.variance, FixedVariance)]

every = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
shared_or_not = pytest.mark.parametrize("networks", [1, CLUSTERS], ids=["per_modality", "per_cluster"])


@every
@shared_or_not
def test_shapes(case: Case, networks: int) -> None:
    """[Eq. 9, Eq. 10, Eq. 11] An expert, which does not see Z, answers once for all specimens."""
    p = case.build(networks)(normal(2, 7, 2))
    specimens = 1 if isinstance(case.spec, LinearExpert) else 7
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
    assert parameters or isinstance(case.spec, LinearExpert)
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
    assert not torch.equal(first(z).mean, other(z).mean)


@every
def test_relabelling_permutes_the_networks(case: Case) -> None:
    decoder, z = case.build(CLUSTERS), normal(2, 7, 2)
    order = torch.tensor([[2, 0, 1], [1, 0, 2]])
    with torch.no_grad():
        before = decoder(z)
        decoder.relabel(order)
        after = decoder(z)
    for seed in range(2):
        torch.testing.assert_close(after.mean[seed], before.mean[seed, order[seed]])
        assert torch.equal(after.log_variance[seed], before.log_variance[seed, order[seed]])


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


@pytest.mark.parametrize("name", FIXED)
def test_the_fixed_variance_is_the_recipes(name: str) -> None:
    """[Eq. 9] Section 2.5: a constant, and no parameter."""
    decoder, value = CASES[name].build(CLUSTERS), CASES[name].spec.variance.value  # pyright: ignore
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
    ("spec", "shape", "said"),
    [
        (ConvDecoder(), SCORES, "no neighbours"),
        (ConvDecoder(strides=(2,)), grid_shape(28, 28), "3 channels and 1 strides"),
        (ConvDecoder(variance=LearnedVariance(depends_on_z=True)), grid_shape(28, 28), "has one variance"),
        (LinearExpert(), SCORES, "no neighbours"),
        (LinearExpert(), grid_shape(4, 4), "a curve over an axis"),
        (LinearExpert(("t", "2 * t")), grid_shape(4), "cannot be told apart"),
        (LinearExpert(("1", "t", "t^2")), grid_shape(2), "cannot be told apart"),
    ],
)
def test_what_cannot_be_decoded_is_refused(spec: Decoder, shape: ModalityShape, said: str) -> None:
    with pytest.raises(RecipeError, match=said) as refused:
        Case(spec, shape).build(1)
    assert refused.value.where in ("decoder", "decoder.basis")
    assert refused.value.expected or refused.value.where == "decoder"
