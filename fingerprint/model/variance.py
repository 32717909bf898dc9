"""The decoder's variance: fixed, learned, or a function of Z."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fingerprint.model.gaussian import smooth_clamp
from fingerprint.recipe import FixedVariance, Variance

LOG_VARIANCE_RANGE = (-14.0, 6.0)


class DecoderVariance(nn.Module):
    """One log-variance for all coordinates of a modality, for each network of the stack. [Eq. 10, section 2.5]

    Args:
        spec: the recipe's choice.
        stack: (seed, cluster), with 1 for a decoder that the clusters share.
    """

    log_variance: Tensor

    def __init__(self, spec: Variance, stack: tuple[int, int]) -> None:
        super().__init__()
        self.learned = not isinstance(spec, FixedVariance)
        if isinstance(spec, FixedVariance):
            self.register_buffer("log_variance", torch.full((*stack, 1, 1), spec.value).log())
        else:
            self.log_variance = nn.Parameter(torch.full((*stack, 1, 1), spec.log_start))

    def relabel(self, order: Int[Tensor, "seed cluster"]) -> None:
        """Put the clusters of each seed in another order; nothing to do where they share one."""
        if self.log_variance.shape[1] > 1:
            seeds = torch.arange(len(order), device=order.device).unsqueeze(1)
            self.log_variance.copy_(self.log_variance[seeds, order])

    @torch.no_grad()
    def begin(self, variance: Float[Tensor, "seed cluster"]) -> None:
        """Let what is learned begin at these variances, model units; where clusters share one, at their mean."""
        if self.learned:
            own = variance.mean(1, keepdim=True) if self.log_variance.shape[1] == 1 else variance
            lower, upper = LOG_VARIANCE_RANGE
            self.log_variance.copy_(own.log().clamp(lower + 2, upper - 2)[..., None, None])

    def forward(self, beside: Tensor | None = None) -> Float[Tensor, "seed cluster specimen_or_1 1"]:
        """The log-variance, plus what a network says `beside` it."""
        total = self.log_variance if beside is None else self.log_variance + beside
        return smooth_clamp(total, *LOG_VARIANCE_RANGE) if self.learned else total
