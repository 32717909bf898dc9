"""Layers of several members against torch's own layers of one."""

from __future__ import annotations

import pytest
import torch
from model_examples import generators, normal
from torch import nn

from fingerprint.model.layers import StackedLinear, StackedMLP, full_precision


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


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_only_what_is_less_than_single_precision_is_widened(dtype: torch.dtype) -> None:
    found = full_precision(torch.ones(3, dtype=dtype))
    assert found.dtype == (torch.float64 if dtype is torch.float64 else torch.float32)
