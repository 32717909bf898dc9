"""The networks of `recipes/mnist_lines.toml` in plain PyTorch, and a bare training step over them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

LATENT = 16


class Flat(nn.Module):
    """A curve or an image from flat values, with one channel."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """[specimen, point] to [specimen, 1, *shape]."""
        return x.reshape(-1, 1, *self.shape)


def image_encoder() -> nn.Module:
    """Three strided convolutions without bias, batch norm before the activation."""
    layers: list[nn.Module] = [Flat(28, 28)]
    for inputs, outputs in ((1, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 16, 2 * LATENT))


def line_encoder() -> nn.Module:
    """A.1's for 20 points."""
    return nn.Sequential(
        Flat(20),
        nn.Conv1d(1, 8, 3),
        nn.ELU(),
        nn.BatchNorm1d(8),
        nn.Conv1d(8, 16, 3),
        nn.ELU(),
        nn.BatchNorm1d(16),
        nn.Flatten(),
        nn.Linear(16 * 16, 2 * LATENT),
    )


def image_decoder() -> nn.Module:
    """Fully connected, 256 and 512."""
    return nn.Sequential(nn.Linear(LATENT, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 784))


def line_decoder() -> nn.Module:
    """As cheap as the expert is: one slope, which here depends on Z."""
    return nn.Linear(LATENT, 20)


def bare_step(values: dict[str, Tensor], batch: int, *, half: bool) -> Callable[[], None]:
    """A step of a two-modality VAE: product of experts, the joint and both unimodal ELBOs against N(0, I), Adam."""
    encoders = nn.ModuleList([image_encoder(), line_encoder()])
    decoders = nn.ModuleList([image_decoder(), line_decoder()])
    log_variance = nn.Parameter(torch.full((2,), -4.0))
    parameters = [*encoders.parameters(), *decoders.parameters(), log_variance]
    optimizer = torch.optim.AdamW(parameters, 1e-3, fused=True)
    data = [values["image"], values["line"]]

    def step() -> None:
        rows = torch.randint(len(data[0]), (batch,))
        x = [each[rows] for each in data]
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            encoded = [encoder(each).float().chunk(2, -1) for encoder, each in zip(encoders, x, strict=True)]
            precisions = torch.stack([torch.exp(-each[1]) for each in encoded])
            means = torch.stack([each[0] for each in encoded])
            posteriors: list[tuple[Tensor, Tensor]] = []
            for kept in ((0, 1), (0,), (1,)):
                precision = precisions[list(kept)].sum(0)
                posteriors.append(((precisions[list(kept)] * means[list(kept)]).sum(0) / precision, 1 / precision))
            mean = torch.cat([each[0] for each in posteriors])
            variance = torch.cat([each[1] for each in posteriors])
            z = mean + torch.randn_like(mean) * variance.sqrt()
            loss = 0.5 * (mean.square() + variance - 1 - variance.log()).sum()
            for index, decoder in enumerate(decoders):
                left = decoder(z).float().reshape(3, batch, -1) - x[index]
                own = log_variance[index]
                loss = loss + 0.5 * (left.square().sum() * torch.exp(-own) + left.numel() * own)
        optimizer.zero_grad()
        (loss / (3 * batch)).backward()
        optimizer.step()

    return step
