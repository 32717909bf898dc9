"""Convolutions of several members against torch's own of one: curves and images, there and back."""

from __future__ import annotations

import pytest
import torch
from model_examples import generators, normal
from torch import Tensor, nn
from torch.nn import functional

from fingerprint.model.convolutions import (
    StackedBatchNorm,
    StackedConv,
    StackedTransposedConv,
    grouped,
    running_moments_kept,
    ungrouped,
)

SIZES = {1: (11,), 2: (8, 11)}
CONVOLUTION = {1: functional.conv1d, 2: functional.conv2d}
TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}

curves_and_images = pytest.mark.parametrize("dimensions", [1, 2], ids=["curves", "images"])


def own(x: Tensor, networks: int) -> Tensor:
    """[specimen, network * channel, *point] as [network, specimen, channel, *point]."""
    return x.unflatten(1, (networks, -1)).transpose(0, 1)


@curves_and_images
def test_there_and_back_is_the_identity(dimensions: int) -> None:
    shape = SIZES[dimensions]
    x = normal(2, 5, torch.Size(shape).numel())
    wide = grouped(x, 2, shape)
    assert wide.shape == (5, 2, *shape)
    assert torch.equal(ungrouped(wide, 2), x)
    shared = grouped(x[:1], 3, shape)
    assert torch.equal(ungrouped(shared, 3), x[:1].expand(3, -1, -1))


@pytest.mark.parametrize("stack", [(2,), (2, 3)], ids=["seeds", "seeds_and_clusters"])
@pytest.mark.parametrize(("stride", "padding", "kernel"), [(1, 0, 3), (2, 0, 2), (2, 1, 3), (3, 2, 5)])
@curves_and_images
def test_convolution_is_torchs(stack: tuple[int, ...], stride: int, padding: int, kernel: int, dimensions: int) -> None:
    layer = StackedConv(
        stack, 3, 4, generators([0, 1]), kernel=kernel, stride=stride, padding=padding, dimensions=dimensions
    ).double()
    networks = torch.Size(stack).numel()
    x = normal(5, networks * 3, *SIZES[dimensions])
    found = own(layer(x), networks)
    weight, bias = layer.weight.flatten(0, len(stack) - 1), layer.bias.flatten(0, len(stack) - 1)
    for network in range(networks):
        expected = CONVOLUTION[dimensions](own(x, networks)[network], weight[network], bias[network], stride, padding)
        torch.testing.assert_close(found[network], expected)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (3, 1), (4, 2), (5, 3), (2, 2), (1, 2), (2, 3), (1, 1)])
@curves_and_images
def test_a_transposed_convolution_makes_as_many_points_of_each_as_its_stride(
    kernel: int, stride: int, dimensions: int
) -> None:
    """And is torch's own with the padding that this takes."""
    layer = StackedTransposedConv(
        (2, 3), 3, 4, generators([0, 1]), kernel=kernel, stride=stride, dimensions=dimensions
    ).double()
    x = normal(5, 18, *SIZES[dimensions])
    found = layer(x)
    assert found.shape == (5, 24, *[stride * size for size in SIZES[dimensions]])
    weight, bias = layer.weight.flatten(0, 1), layer.bias.flatten(0, 1)
    for network in range(6):
        expected = TRANSPOSED[dimensions](
            own(x, 6)[network], weight[network], bias[network], stride, layer.padding, layer.extra
        )
        torch.testing.assert_close(own(found, 6)[network], expected)


@pytest.mark.parametrize("kernel", [2, 4])
@curves_and_images
def test_an_even_kernel_of_stride_one_loses_no_point(kernel: int, dimensions: int) -> None:
    """No padding keeps the size; what is too much is cropped by the decoder."""
    layer = StackedTransposedConv((2,), 3, 4, generators([0, 1]), kernel=kernel, dimensions=dimensions).double()
    found = layer(normal(5, 6, *SIZES[dimensions]))
    assert all(size in (before, before + 1) for size, before in zip(found.shape[2:], SIZES[dimensions], strict=True))


@curves_and_images
@pytest.mark.parametrize("complete", [True, False], ids=["complete", "with_presence"])
def test_batch_norm_is_torchs(dimensions: int, complete: bool) -> None:
    """In training and afterwards, running variance unbiased; with all present and where presence is not even told."""
    norm = StackedBatchNorm(2, 3).double()
    theirs = [NORM[dimensions](3).double() for _ in range(2)]
    x = 2 + normal(5, 6, *SIZES[dimensions])
    present = None if complete else torch.ones(2, 5).double()
    with torch.no_grad():
        norm.scale.copy_(1 + normal(2, 3, seed=1).abs())
        norm.shift.copy_(normal(2, 3, seed=2))
        for seed, each in enumerate(theirs):
            each.weight.copy_(norm.scale[seed])
            each.bias.copy_(norm.shift[seed])
    for step in range(2):
        found = own(norm(x + step, present), 2)
        for seed in range(2):
            torch.testing.assert_close(found[seed], theirs[seed](own(x, 2)[seed] + step))
    for seed in range(2):
        torch.testing.assert_close(norm.running_mean[seed], theirs[seed].running_mean)
        torch.testing.assert_close(norm.running_variance[seed], theirs[seed].running_var)
    norm.eval()
    found = own(norm(x, present), 2)
    for seed in range(2):
        torch.testing.assert_close(found[seed], theirs[seed].eval()(own(x, 2)[seed]))


@curves_and_images
def test_batch_norm_over_some_specimens_is_torchs_of_them_alone(dimensions: int) -> None:
    """Each seed has its own; gradients included."""
    norm, alone = StackedBatchNorm(2, 3).double(), [NORM[dimensions](3).double() for _ in range(2)]
    x = (2 + normal(6, 6, *SIZES[dimensions])).requires_grad_()
    measured = [[0, 2, 3, 5], [1, 2]]
    present = torch.zeros(2, 6).double()
    for seed, rows in enumerate(measured):
        present[seed, rows] = 1
    found = own(norm(x, present), 2)
    for seed, rows in enumerate(measured):
        expected = alone[seed](own(x, 2)[seed, rows])
        torch.testing.assert_close(found[seed, rows], expected)
        torch.testing.assert_close(norm.running_mean[seed], alone[seed].running_mean)
        torch.testing.assert_close(norm.running_variance[seed], alone[seed].running_var)
        (ours,) = torch.autograd.grad(found[seed, rows].sin().sum(), x, retain_graph=True)
        (theirs,) = torch.autograd.grad(expected.sin().sum(), x, retain_graph=True)
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


def test_a_batch_without_a_measured_row_teaches_batch_norm_nothing() -> None:
    """Seed 0 drew only specimens that lack the modality; seed 1 did not."""
    norm, alone = StackedBatchNorm(2, 3).double(), StackedBatchNorm(1, 3).double()
    x = 5 + normal(4, 6, 7)
    present = torch.tensor([[0.0] * 4, [1.0] * 4]).double()
    assert torch.isfinite(norm(x, present)).all()
    alone(x[:, 3:], present[1:])
    assert torch.equal(norm.running_mean[0], torch.zeros_like(norm.running_mean[0]))
    assert torch.equal(norm.running_variance[0], torch.ones_like(norm.running_variance[0]))
    torch.testing.assert_close(norm.running_mean[1], alone.running_mean[0])


@pytest.mark.parametrize("complete", [True, False], ids=["complete", "with_presence"])
def test_half_precision_keeps_the_moments(complete: bool) -> None:
    """Of 600 specimens far from zero: the running moments are single precision's to that of the input."""
    x = 3 + normal(600, 3, 5).float()
    whole, half = StackedBatchNorm(1, 3), StackedBatchNorm(1, 3)
    whole(x, torch.ones(1, 600))
    half(x.bfloat16(), None if complete else torch.ones(1, 600))
    torch.testing.assert_close(half.running_mean, whole.running_mean, rtol=2e-3, atol=0)
    torch.testing.assert_close(half.running_variance, whole.running_variance, rtol=2e-3, atol=0)


@pytest.mark.parametrize("complete", [True, False], ids=["complete", "with_presence"])
def test_running_moments_can_be_kept(complete: bool) -> None:
    """What is shown meanwhile is normalised by its own moments and teaches nothing; afterwards all is as before."""
    norm = StackedBatchNorm(2, 3).double()
    x, present = 5 + normal(8, 6, 7), None if complete else torch.ones(2, 8).double()
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    with running_moments_kept(nn.Sequential(norm)):
        found = norm(x, present)
    torch.testing.assert_close(norm.state_dict(), before)
    torch.testing.assert_close(norm(x, present), found)
    assert not torch.equal(norm.running_mean, before["running_mean"])
