"""The networks of A.1 for 28 x 28 images, beside torch's own layers with the same weights."""

from __future__ import annotations

import pytest
import torch
from model_examples import generators, grid_shape, normal
from torch import nn

from fingerprint.model.convolutions import StackedConv, StackedTransposedConv
from fingerprint.model.decoders import build_decoders
from fingerprint.model.encoders import LOG_VARIANCE_RANGE, build_encoder
from fingerprint.model.gaussian import smooth_clamp
from fingerprint.model.layers import StackedLinear
from fingerprint.recipe import ConvDecoder, ConvEncoder, ModalityRecipe

LATENT, IMAGE = 10, grid_shape(28, 28)
Layer = StackedConv | StackedTransposedConv | StackedLinear


def take_weights(theirs: nn.Module, ours: Layer, seed: int) -> None:
    """One member's weights, as torch lays them out."""
    weight, bias = ours.weight[seed], ours.bias[seed]
    while weight.ndim > theirs.weight.ndim:  # the cluster axis of a decoder
        weight, bias = weight[0], bias[0]
    with torch.no_grad():
        theirs.weight.copy_(weight.T if isinstance(ours, StackedLinear) else weight)
        theirs.bias.copy_(bias.reshape(-1))


@pytest.mark.parametrize("training", [True, False])
def test_the_encoder_is_torchs(training: bool) -> None:
    """[Eq. 3] Two convolutions of 3 without padding, ELU, batch norm, and Linear(64 * 24 * 24 -> 2 * latent)."""
    encoder = build_encoder(ConvEncoder(channels=(32, 64)), IMAGE, LATENT, generators([0, 1])).double()
    assert encoder.layer.weight.shape == (2, 64 * 24 * 24, 2 * LATENT)  # pyright: ignore
    x = normal(2, 4, 784)
    for seed in range(2):
        first, second = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        linear = nn.Linear(64 * 24 * 24, 2 * LATENT)
        for theirs, ours in zip((first, second), encoder.convolutions, strict=True):  # pyright: ignore
            take_weights(theirs.double(), ours, seed)
        take_weights(linear.double(), encoder.layer, seed)  # pyright: ignore
        network = nn.Sequential(
            first, nn.ELU(), nn.BatchNorm2d(32), second, nn.ELU(), nn.BatchNorm2d(64), nn.Flatten(), linear
        )
        expected = network.double().train(training)(x[seed].reshape(4, 1, 28, 28))
        own = build_encoder(ConvEncoder(channels=(32, 64)), IMAGE, LATENT, generators([seed])).double().train(training)
        found = own(x[seed : seed + 1], torch.ones(1, 4).double())
        torch.testing.assert_close(found.mean[0], expected[:, :LATENT])
        torch.testing.assert_close(found.log_variance[0], smooth_clamp(expected[:, LATENT:], *LOG_VARIANCE_RANGE))


def test_the_decoder_is_torchs() -> None:
    """[Eq. 10] 32 x 7 x 7, transposed convolutions to 64 x 14 x 14 and 32 x 28 x 28, then 1 channel."""
    image = {"image": ModalityRecipe(decoder=ConvDecoder())}
    decoder = build_decoders(image, {"image": IMAGE}, LATENT, 3, 3, generators([0, 1]))["image"].double()
    z = normal(2, 4, LATENT)
    found = decoder(z).mean
    assert found.shape == (2, 3, 4, 784)
    for seed in range(2):
        first = nn.Linear(LATENT, 32 * 7 * 7)
        up = [nn.ConvTranspose2d(a, b, 3, 2, padding=1, output_padding=1) for a, b in ((32, 64), (64, 32))]
        last = nn.Conv2d(32, 1, 3, padding=1)
        pairs = zip((first, *up, last), (decoder.first, *decoder.layers, decoder.last), strict=True)  # pyright: ignore
        for theirs, ours in pairs:
            take_weights(theirs.double(), ours, seed)
        network = nn.Sequential(first, nn.Unflatten(1, (32, 7, 7)), up[0], nn.ReLU(), up[1], nn.ReLU(), last)
        torch.testing.assert_close(found[seed, 0], network(z[seed]).flatten(1))
