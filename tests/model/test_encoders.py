"""One contract for every encoder."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from model_examples import generators, grid_shape, normal
from torch import Tensor
from torch.nn.functional import elu

from fingerprint.errors import RecipeError
from fingerprint.model import ModalityShape
from fingerprint.model.convolutions import grouped, ungrouped
from fingerprint.model.encoders import LOG_VARIANCE_RANGE, AbstractEncoder, build_encoder
from fingerprint.recipe import ConvEncoder, Encoder, LinearEncoder, MLPEncoder

POINTS, LATENT, SPECIMENS = 11, 2, 9
SPREAD = torch.linspace(0.5, 3, POINTS)
SCORES, CURVE, IMAGE = ModalityShape(SPREAD, 1.0), grid_shape(POINTS), grid_shape(7, 5)


class Case(NamedTuple):
    """An encoder, and what it is told of its modality."""

    spec: Encoder
    shape: ModalityShape

    def build(self, seeds: tuple[int, ...] = (0, 1)) -> AbstractEncoder:
        return build_encoder(self.spec, self.shape, LATENT, generators(seeds)).double()

    def batch(self, seeds: int = 2) -> tuple[Tensor, Tensor]:
        return normal(seeds, SPECIMENS, self.shape.features), torch.ones(seeds, SPECIMENS).double()


CASES = {
    "linear": Case(LinearEncoder(), SCORES),
    "mlp": Case(MLPEncoder(hidden=(7, 5)), SCORES),
    "mlp_without_skip": Case(MLPEncoder(hidden=(7,), skip=False, activation="elu"), SCORES),
    "mlp_whitened": Case(MLPEncoder(hidden=(7,), whiten=True, gain=4.0), SCORES),
    "mlp_without_hidden": Case(MLPEncoder(hidden=()), SCORES),
    "mlp_of_an_image": Case(MLPEncoder(hidden=(7,)), IMAGE),
    "conv": Case(ConvEncoder(channels=(3, 4)), CURVE),
    "conv_strided": Case(ConvEncoder(channels=(3, 4), strides=(2, 2), kernel=2, activation="silu"), CURVE),
    "conv_image": Case(ConvEncoder(channels=(3, 4)), IMAGE),
    "conv_image_strided": Case(ConvEncoder(channels=(3, 4), strides=(2, 1), kernel=2), IMAGE),
    "conv_image_padded": Case(ConvEncoder(channels=(3, 4, 2), strides=(2, 2, 2), padded=True), IMAGE),
    "conv_image_residual": Case(ConvEncoder(channels=(3, 3, 3), padded=True, residual=True), IMAGE),
    "conv_image_norm_before": Case(ConvEncoder(channels=(3, 4), norm="before", activation="relu"), IMAGE),
}

every = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@every
@pytest.mark.parametrize("training", [True, False])
def test_shapes(case: Case, training: bool) -> None:
    """[Eq. 3] A batch of each seed's own, or one for all seeds; complete, or told what is present."""
    encoder = case.build().train(training)
    for seeds in (1, 2):
        x, present = case.batch(seeds)
        for told in (present, None):
            q = encoder(x, told)
            assert q.mean.shape == q.log_variance.shape == (2, SPECIMENS, LATENT)


@every
def test_a_shared_batch_is_each_seeds_own(case: Case) -> None:
    """[Eq. 3]"""
    encoder, (x, present) = case.build(), case.batch(1)
    shared, own = encoder(x, present), encoder(x.expand(2, -1, -1), present.expand(2, -1))
    torch.testing.assert_close(shared.mean, own.mean)
    torch.testing.assert_close(shared.log_variance, own.log_variance)


@every
def test_members_encode_as_they_would_alone(case: Case) -> None:
    """[Eq. 3]"""
    together, (x, present) = case.build(), case.batch()
    found = together(x, present)
    for index, seed in enumerate((0, 1)):
        own = case.build((seed,))(x[index : index + 1], present[index : index + 1])
        torch.testing.assert_close(found.mean[index], own.mean[0])
        torch.testing.assert_close(found.log_variance[index], own.log_variance[0])


@every
def test_to_be_told_that_everything_is_present_changes_nothing(case: Case) -> None:
    """[Eq. 3] Nor what batch norm keeps."""
    told, untold, (x, present) = case.build(), case.build(), case.batch()
    torch.testing.assert_close(told(x, present).mean, untold(x).mean)
    torch.testing.assert_close(told.state_dict(), untold.state_dict())


@every
def test_log_variances_stay_in_their_range(case: Case) -> None:
    """[Eq. 3] However strange the measurement."""
    found = case.build().eval()(1e6 * case.batch()[0], case.batch()[1]).log_variance
    assert (found >= LOG_VARIANCE_RANGE[0]).all()
    assert (found <= LOG_VARIANCE_RANGE[1]).all()


@every
def test_gradients_reach_every_parameter(case: Case) -> None:
    encoder = case.build()
    q = encoder(*case.batch())
    (q.mean.sin().sum() + q.log_variance.sin().sum()).backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.flatten(1).any(-1).all(), f"{name}: a member has no gradient"


@every
@pytest.mark.parametrize("junk", [0.0, 1e3])
def test_what_was_not_measured_influences_no_other_row(case: Case, junk: float) -> None:
    """[Eq. 3] Nor any parameter's gradient, nor the moments that batch norm keeps."""
    x, present = case.batch()
    present[:, 2:4] = 0
    measured = [row for row in range(SPECIMENS) if row not in (2, 3)]
    found: list[list[Tensor]] = []
    for rows in (range(SPECIMENS), measured):
        encoder = case.build()
        changed = x.clone()
        changed[:, 2:4] = junk * normal(2, 2, case.shape.features, seed=5)
        q = encoder(changed[:, list(rows)], present[:, list(rows)])
        kept = q.mean if len(rows) == len(measured) else q.mean[:, measured]
        kept.square().sum().backward()
        gradients = [parameter.grad for parameter in encoder.parameters() if parameter.grad is not None]
        found.append([kept.detach(), *gradients, *encoder.buffers()])
    for first, second in zip(*found, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-9, atol=1e-9)


@every
def test_the_generator_alone_decides_the_weights(case: Case) -> None:
    first, again, other = (case.build((seed,)) for seed in (4, 4, 5))
    for one, same in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, same)
    assert not torch.equal(first(*case.batch(1)).mean, other(*case.batch(1)).mean)


@every
def test_evaluation_depends_on_the_row_alone(case: Case) -> None:
    """[Eq. 3] A file's one spectrum is embedded as it would be among others."""
    encoder, (x, present) = case.build().eval(), case.batch()
    torch.testing.assert_close(encoder(x, present).mean[:, 4:5], encoder(x[:, 4:5], present[:, 4:5]).mean)


@every
def test_half_precision_answers_in_single(case: Case) -> None:
    """[Eq. 3] The posterior, whose variance enters exponentials, is not left in bfloat16."""
    encoder, x = case.build().float().eval(), case.batch()[0].float()
    whole = encoder(x)
    size = whole.mean.abs().max().item()
    with torch.autocast("cpu", torch.bfloat16):
        half = encoder(x)
    assert half.mean.dtype == half.log_variance.dtype == torch.float32
    torch.testing.assert_close(half.mean, whole.mean, rtol=0.05, atol=0.05 * size)


@pytest.mark.parametrize(("whiten", "size"), [(True, SPREAD), (False, torch.tensor(7.0))])
def test_the_first_layer_sees_inputs_of_unit_size(whiten: bool, size: Tensor) -> None:
    """Whitened: each coordinate in units of its spread. Otherwise all of them in units of one number."""
    spec, (x, present) = MLPEncoder(hidden=(7,), whiten=whiten), CASES["mlp"].batch()
    unit, sized = (
        build_encoder(spec, ModalityShape(torch.ones(POINTS) * each, 1.0), LATENT, generators([0, 1])).double()
        for each in (1.0, size)
    )
    expected = unit(x, present).mean
    torch.testing.assert_close(sized(x * size.double(), present).mean, expected, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(sized(x, present).mean, expected, atol=1e-3)


def test_a_residual_layer_is_added_to_its_input() -> None:
    """Only where it changes neither channels nor size: the second of three, which adds nothing here."""
    shape, x = grid_shape(6, 6), normal(1, SPECIMENS, 36)
    for residual, used in ((True, (0, 2)), (False, (0, 1, 2))):
        spec = ConvEncoder(channels=(3, 3, 3), padded=True, strides=(1, 1, 2), residual=residual)
        encoder = build_encoder(spec, shape, LATENT, generators([0])).double().eval()
        torch.nn.init.zeros_(encoder.convolutions[1].weight)  # pyright: ignore
        torch.nn.init.zeros_(encoder.convolutions[1].bias)  # pyright: ignore
        hidden = grouped(x, 1, (6, 6))
        for layer in used:
            hidden = encoder.norms[layer](elu(encoder.convolutions[layer](hidden)), None)  # pyright: ignore
        expected = encoder.layer(ungrouped(hidden, 1))  # pyright: ignore
        torch.testing.assert_close(encoder.features(x, None), expected)


def test_an_image_is_not_a_curve_of_its_points() -> None:
    """Neighbours are those of the raster: an image and its transpose, encoded by transposed kernels, are the same."""
    spec = ConvEncoder(channels=(3, 4))
    upright, turned = (
        build_encoder(spec, grid_shape(*shape), LATENT, generators([0])).double().eval() for shape in ((7, 5), (5, 7))
    )
    state = upright.state_dict()
    for key in ("convolutions.0.weight", "convolutions.1.weight"):
        state[key] = state[key].transpose(-1, -2)
    state["layer.weight"] = state["layer.weight"].reshape(1, 4, 3, 1, 4).transpose(2, 3).reshape(1, 12, 4)
    turned.load_state_dict(state)
    image = normal(1, SPECIMENS, 7, 5)
    torch.testing.assert_close(
        upright(image.flatten(2)).mean, turned(image.transpose(-1, -2).flatten(2)).mean, rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize(
    ("spec", "shape", "said"),
    [
        (ConvEncoder(), grid_shape(1), "1 points are too few for 2 convolutions"),
        (ConvEncoder(), grid_shape(4), "4 points are too few"),
        (ConvEncoder(), grid_shape(9, 4), "9 x 4 points are too few"),
        (ConvEncoder(strides=(2,)), grid_shape(20), "1 strides for 2 convolutions"),
        (ConvEncoder(), SCORES, "no neighbours"),
    ],
)
def test_what_cannot_be_convolved_is_refused(spec: ConvEncoder, shape: ModalityShape, said: str) -> None:
    with pytest.raises(RecipeError, match=said) as refused:
        build_encoder(spec, shape, LATENT, generators([0]))
    assert refused.value.where == "encoder"
    assert refused.value.expected


def test_just_enough_points_for_the_convolutions_are_enough() -> None:
    build_encoder(ConvEncoder(), grid_shape(5), LATENT, generators([0]))
    build_encoder(ConvEncoder(), grid_shape(9, 5), LATENT, generators([0]))
    build_encoder(ConvEncoder(padded=True), grid_shape(1, 1), LATENT, generators([0]))
