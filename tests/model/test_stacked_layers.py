"""Layers of several members against torch's own layers of one."""

from __future__ import annotations

import pytest
import torch
from model_examples import generators, normal
from torch import nn

from fingerprint.model.layers import StackedBatchNorm, StackedConv, StackedLinear, StackedMLP


def test_linear_is_torchs() -> None:
    layer = StackedLinear((2, 3), 4, 5, generators([0, 1])).double()
    x = normal(2, 1, 6, 4)
    found = layer(x)
    for seed in range(2):
        for cluster in range(3):
            weight, bias = layer.weight[seed, cluster].T, layer.bias[seed, cluster, 0]
            torch.testing.assert_close(found[seed, cluster], nn.functional.linear(x[seed, 0], weight, bias))


def test_the_skip_is_a_linear_path_beside_the_network() -> None:
    with_skip = StackedMLP((2,), (4, 6, 5), "elu", generators([0, 1]), skip=True).double()
    without = StackedMLP((2,), (4, 6, 5), "elu", generators([0, 1])).double()
    x = normal(2, 7, 4)
    assert with_skip.skip is not None
    torch.testing.assert_close(with_skip(x), without(x) + with_skip.skip(x))


@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_is_torchs(stride: int) -> None:
    layer = StackedConv(2, 3, 4, stride, generators([0, 1])).double()
    x = normal(2, 5, 2, 11)
    found = layer(x)
    for seed in range(2):
        torch.testing.assert_close(
            found[seed], nn.functional.conv1d(x[seed], layer.weight[seed], layer.bias[seed], stride=stride)
        )


def test_batch_norm_is_torchs() -> None:
    """In training and afterwards; torch keeps the unbiased variance, this the one it divides by."""
    norm = StackedBatchNorm(2, 3).double()
    theirs = [nn.BatchNorm1d(3).double() for _ in range(2)]
    x, present = 2 + normal(2, 5, 3, 7), torch.ones(2, 5).double()
    for step in range(2):
        found = norm(x + step, present)
        for seed in range(2):
            torch.testing.assert_close(found[seed], theirs[seed](x[seed] + step))
    for seed in range(2):
        torch.testing.assert_close(norm.running_mean[seed, 0, :, 0], theirs[seed].running_mean)
        ours = norm.running_variance[seed, 0, :, 0] - 0.81
        torch.testing.assert_close(ours * 35 / 34, theirs[seed].running_var - 0.81)
    found = norm.eval()(x, present)
    scale = torch.rsqrt(norm.running_variance + norm.epsilon)
    torch.testing.assert_close(found, (x - norm.running_mean) * scale)


def test_a_batch_without_a_measured_row_teaches_batch_norm_nothing() -> None:
    """Seed 0 drew only specimens that lack the modality; seed 1 did not."""
    norm, alone = StackedBatchNorm(2, 3).double(), StackedBatchNorm(1, 3).double()
    x = 5 + normal(2, 4, 3, 7)
    present = torch.tensor([[0.0] * 4, [1.0] * 4]).double()
    assert torch.isfinite(norm(x, present)).all()
    alone(x[1:], present[1:])
    assert torch.equal(norm.running_mean[0], torch.zeros_like(norm.running_mean[0]))
    assert torch.equal(norm.running_variance[0], torch.ones_like(norm.running_variance[0]))
    torch.testing.assert_close(norm.running_mean[1], alone.running_mean[0])
