"""One contract for every encoder."""

from __future__ import annotations

import pytest
import torch
from model_examples import generators, normal
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.model.encoders import LOG_VARIANCE_RANGE, AbstractEncoder, build_encoder
from fingerprint.recipe import ConvEncoder, LinearEncoder, MLPEncoder

SPECS = {
    "linear": LinearEncoder(),
    "mlp": MLPEncoder(hidden=(7, 5)),
    "mlp_without_skip": MLPEncoder(hidden=(7,), skip=False, activation="elu"),
    "mlp_whitened": MLPEncoder(hidden=(7,), whiten=True, gain=4.0),
    "mlp_without_hidden": MLPEncoder(hidden=()),
    "conv1d": ConvEncoder(channels=(3, 4)),
    "conv1d_strided": ConvEncoder(channels=(3, 4), stride=2, kernel=2, activation="silu"),
}
POINTS, LATENT, SPECIMENS = 11, 2, 9
SPREAD = torch.linspace(0.5, 3, POINTS)

every = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


def build(spec: LinearEncoder | MLPEncoder | ConvEncoder, seeds: tuple[int, ...] = (0, 1)) -> AbstractEncoder:
    return build_encoder(spec, SPREAD, LATENT, generators(seeds)).double()


def batch(seeds: int = 2) -> tuple[Tensor, Tensor]:
    return normal(seeds, SPECIMENS, POINTS), torch.ones(seeds, SPECIMENS).double()


@every
@pytest.mark.parametrize("training", [True, False])
def test_shapes(spec: LinearEncoder | MLPEncoder | ConvEncoder, training: bool) -> None:
    """[Eq. 3] A batch of each seed's own, or one for all seeds."""
    encoder = build(spec).train(training)
    for seeds in (1, 2):
        q = encoder(*batch(seeds))
        assert q.mean.shape == q.log_variance.shape == (2, SPECIMENS, LATENT)


@every
def test_a_shared_batch_is_each_seeds_own(spec: LinearEncoder | MLPEncoder | ConvEncoder) -> None:
    """[Eq. 3]"""
    encoder, (x, present) = build(spec), batch(1)
    shared, own = encoder(x, present), encoder(x.expand(2, -1, -1), present.expand(2, -1))
    torch.testing.assert_close(shared.mean, own.mean)
    torch.testing.assert_close(shared.log_variance, own.log_variance)


@every
def test_log_variances_stay_in_their_range(spec: LinearEncoder | MLPEncoder | ConvEncoder) -> None:
    """[Eq. 3] However strange the measurement."""
    found = build(spec).eval()(1e6 * batch()[0], batch()[1]).log_variance
    assert (found >= LOG_VARIANCE_RANGE[0]).all()
    assert (found <= LOG_VARIANCE_RANGE[1]).all()


@every
def test_gradients_reach_every_parameter(spec: LinearEncoder | MLPEncoder | ConvEncoder) -> None:
    encoder = build(spec)
    q = encoder(*batch())
    (q.mean.sin().sum() + q.log_variance.sin().sum()).backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.flatten(1).any(-1).all(), f"{name}: a member has no gradient"


@every
@pytest.mark.parametrize("junk", [0.0, 1e3])
def test_what_was_not_measured_influences_no_other_row(
    spec: LinearEncoder | MLPEncoder | ConvEncoder, junk: float
) -> None:
    """[Eq. 3] Nor any parameter's gradient, nor the moments that batch norm keeps."""
    x, present = batch()
    present[:, 2:4] = 0
    measured = [row for row in range(SPECIMENS) if row not in (2, 3)]
    found: list[list[Tensor]] = []
    for rows in (range(SPECIMENS), measured):
        encoder = build(spec)
        changed = x.clone()
        changed[:, 2:4] = junk * normal(2, 2, POINTS, seed=5)
        q = encoder(changed[:, list(rows)], present[:, list(rows)])
        kept = q.mean if len(rows) == len(measured) else q.mean[:, measured]
        kept.square().sum().backward()
        gradients = [parameter.grad for parameter in encoder.parameters() if parameter.grad is not None]
        found.append([kept.detach(), *gradients, *encoder.buffers()])
    for first, second in zip(*found, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-9, atol=1e-9)


@every
def test_the_generator_alone_decides_the_weights(spec: LinearEncoder | MLPEncoder | ConvEncoder) -> None:
    first, again, other = (build(spec, (seed,)) for seed in (4, 4, 5))
    for one, same in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, same)
    assert not torch.equal(first(*batch(1)).mean, other(*batch(1)).mean)


@every
def test_evaluation_depends_on_the_row_alone(spec: LinearEncoder | MLPEncoder | ConvEncoder) -> None:
    """[Eq. 3] A file's one spectrum is embedded as it would be among others."""
    encoder, (x, present) = build(spec).eval(), batch()
    torch.testing.assert_close(encoder(x, present).mean[:, 4:5], encoder(x[:, 4:5], present[:, 4:5]).mean)


@pytest.mark.parametrize(("whiten", "size"), [(True, SPREAD), (False, torch.tensor(7.0))])
def test_the_first_layer_sees_inputs_of_unit_size(whiten: bool, size: Tensor) -> None:
    """Whitened: each coordinate in units of its spread. Otherwise all of them in units of one number."""
    spec, (x, present) = MLPEncoder(hidden=(7,), whiten=whiten), batch()
    unit = build_encoder(spec, torch.ones(POINTS), LATENT, generators([0, 1])).double()
    sized = build_encoder(spec, torch.ones(POINTS) * size, LATENT, generators([0, 1])).double()
    expected = unit(x, present).mean
    torch.testing.assert_close(sized(x * size.double(), present).mean, expected, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(sized(x, present).mean, expected, atol=1e-3)


def test_too_few_points_for_the_convolutions_are_refused() -> None:
    with pytest.raises(RecipeError, match="1 points are too few for 2 convolutions"):
        build_encoder(ConvEncoder(), torch.ones(1), LATENT, generators([0]))
    build_encoder(ConvEncoder(), torch.ones(5), LATENT, generators([0]))
    with pytest.raises(RecipeError):
        build_encoder(ConvEncoder(), torch.ones(4), LATENT, generators([0]))
