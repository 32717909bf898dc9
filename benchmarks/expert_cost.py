"""What the oscillator's equations cost as a decoder, beside networks for the same two curves. Used by mnist_ode.py.

Of every decoder the same is timed: its answer to a batch of latent points, the likelihood of the batch's curves, the
gradient and a step of Adam; of the equations also `follow`, which fits them again once in `REFIT` batches. A repeat is
of so many steps, so that each has one fit in it. And the whole training step with each of them.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import msgspec
import torch
from mnist_rate import Contestant, rates

from fingerprint.experts import Sharing
from fingerprint.model import PIMA
from fingerprint.model.decoders import log_likelihood
from fingerprint.model.experts.decoder import REFIT
from fingerprint.recipe import MLPDecoder, Recipe, load_recipe
from fingerprint.store import Store

CURVES = ("dx_dt", "dy_dt")
REPEATS = 2
WHOLE = "whole step: "


def contestants() -> dict[str, Recipe]:
    """Recipes that differ in what decodes the rates; all the rest is that of mnist_ode."""
    recipe = load_recipe("mnist_ode")

    def decoded(by: Recipe | None) -> Recipe:
        own = dict(recipe.modalities)
        for name in CURVES:
            decoder = MLPDecoder() if by is None else by.modalities[name].decoder
            own[name] = msgspec.structs.replace(own[name], decoder=decoder)
        changed = msgspec.structs.replace(recipe, modalities=own)
        return msgspec.structs.replace(changed, prior=msgspec.structs.replace(recipe.prior, seeding="none"))

    return {
        "oscillator": recipe,
        "mlp": decoded(None),
        "conv-large": decoded(load_recipe("mnist_ode_conv_large")),
        "conv-small": decoded(load_recipe("mnist_ode_conv_small")),
    }


def numbers(model: PIMA) -> int:
    """Free numbers of what decodes the rates: weights, or the parameters of all clusters, what they share once."""
    laws = [each.law for each in model.experts().values()]
    clusters = model.prior.mean.shape[1]
    free = [Sharing(law.expert, clusters, law.shared, model.prior.mean.device).chosen.shape[-1] for law in laws]
    weights = [
        each.numel()
        for curve in CURVES
        for name, each in model.decoder(curve).named_parameters()
        if not name.startswith("variance.")
    ]
    return sum(free) + sum(weights)


def decoder_step(ours: Contestant) -> Callable[[], None]:
    """One batch through the decoders of the rates alone."""
    model, recipe, train = ours.state.model, ours.recipe, ours.source.train
    decoders = {name: model.decoder(name) for name in CURVES}
    parameters = {id(each): each for decoder in decoders.values() for each in decoder.parameters()}
    optimizer = torch.optim.AdamW(parameters.values(), lr=1e-3, fused=True)
    batch, latent = recipe.training.batch, recipe.model.latent

    def step() -> None:
        rows = torch.randint(len(train), (batch,))
        x = {name: train.values[name][rows].unsqueeze(0) for name in CURVES}
        z = torch.randn(1, batch, latent, requires_grad=True)
        told = torch.stack(torch.broadcast_tensors(*(log_likelihood(x[n], decoders[n](z)) for n in CURVES))).sum(0)
        gamma = torch.softmax(told.detach(), -1)
        loss = -(gamma * told).sum(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for expert in model.experts().values():
                own = gamma.expand(1, batch, -1)
                expert.follow(dict.fromkeys(CURVES, own), x, model.noise(CURVES), recipe.prior.rate)

    return step


def cost(store: Store) -> dict[str, Any]:
    """Seconds per step on one thread, each repeat, by contestant."""
    ready = {name: Contestant(recipe, store, "cpu") for name, recipe in contestants().items()}
    batch = load_recipe("mnist_ode").training.batch
    steps: dict[str, Callable[[], None]] = {name: decoder_step(each) for name, each in ready.items()}
    steps |= {WHOLE + name: each.step for name, each in ready.items()}
    torch.set_num_threads(1)
    told = rates(steps, batch, count=REFIT, repeats=REPEATS)
    seconds = {name: [batch / each for each in own] for name, own in told.items()}
    found: dict[str, Any] = {"batch": batch, "steps": REFIT, "seconds": seconds}
    medians = {name: statistics.median(own) for name, own in seconds.items()}
    found["ratio_to_mlp"] = {
        name: medians[name] / medians[(WHOLE if name.startswith(WHOLE) else "") + "mlp"] for name in medians
    }
    found["numbers"] = {name: numbers(each.state.model) for name, each in ready.items()}
    print(medians, flush=True)
    return found
