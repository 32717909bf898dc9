"""Several seeds at once: each member is what it would be alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest
import torch
from model_examples import (
    CURVE_AND_NUMBER,
    EXAMPLES,
    IMAGE_AND_LINE,
    TRUSTED_LINE,
    Example,
    example_batch,
    example_model,
    normal,
    with_law,
)
from torch import Tensor

from fingerprint.model import PIMA
from fingerprint.model.experts import decoder as expert_decoder
from fingerprint.recipe import AlignmentRecipe, ModelRecipe, PriorRecipe, Recipe
from fingerprint.training.batch import Batch
from fingerprint.training.em import streaming_update
from fingerprint.training.objective import objective
from fingerprint.training.seeding import seed_clusters
from fingerprint.training.trainer import follow_batch, make_optimizer

SEEDS = (3, 7, 11)
TERMS = torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]).double()
NONE, ALL = AlignmentRecipe(), AlignmentRecipe(weight=2.0, adversarial=0.5, information=0.7)
# Batched and single matrix products add in another order; in float64 that leaves about 1e-13 of what is compared.
CLOSE = {"rtol": 1e-8, "atol": 1e-10}


def by_member(model: PIMA) -> dict[str, Tensor]:
    """All that has a seed axis; the spread of the data and an expert's functions are the same for all."""
    shared = ("whitening", "design", "offset", "waiting")
    return {key: value for key, value in model.state_dict().items() if not key.endswith(shared)}


def batch_of(seeds: Sequence[int], example: Example, *, told: bool) -> Batch:
    """Each seed's own, with one specimen that does not count; an expert's modality is complete where it has `told`."""
    values, present = example_batch(seeds, example=example)
    if told:
        present["line"] = torch.ones_like(present["line"])
    active = torch.ones(len(seeds), 8).double()
    active[:, 5] = 0
    return Batch(
        values=values,
        seen={name: value + 0.1 for name, value in values.items()},
        present=present,
        active=active,
        complete=frozenset({"line"}) if told else frozenset(),
        told=told,
        terms=TERMS.expand(len(seeds), -1, -1),
        noise=torch.stack([normal(3, 8, 2, seed=seed) for seed in seeds]),
        directions={
            name: torch.stack([normal(*value.shape[1:], seed=seed + 1) for seed in seeds])
            for name, value in values.items()
        },
    )


def three_steps(
    seeds: tuple[int, ...],
    decoders: Literal["per_modality", "per_cluster"],
    example: Example,
    aligned: AlignmentRecipe,
    *,
    told: bool,
) -> tuple[PIMA, list[Tensor]]:
    """AdamW, then what the experts, outliers and the mixture follow; the loss's parts before each step, by member."""
    model = example_model(seeds, decoders=decoders, example=example).train()
    recipe = Recipe(model=ModelRecipe(clusters=3), modalities=example.modalities)
    optimizer = make_optimizer(model, recipe)
    for expert in model.experts().values():
        if not expert.drawn:
            expert.set_theta(expert.theta * (1 + 0.1 * torch.stack([normal(3, 2, seed=seed) for seed in seeds])))
            expert.measure_steps()
    batch = batch_of(seeds, example, told=told)
    record: list[Tensor] = []
    for _ in range(3):
        result = objective(model, batch, 10.0, aligned)
        optimizer.zero_grad()
        result.loss.backward()
        optimizer.step()
        follow_batch(model, batch, result, PriorRecipe(rate=0.1, points="terms"), em=True)
        record.append(torch.stack([result.reconstruction, result.kl]))
    return model, record


@pytest.mark.parametrize("decoders", ["per_modality", "per_cluster"])
@pytest.mark.parametrize(
    ("example", "aligned", "told"),
    [
        (CURVE_AND_NUMBER, NONE, False),
        (IMAGE_AND_LINE, NONE, False),
        (IMAGE_AND_LINE, ALL, False),
        (TRUSTED_LINE, ALL, True),
        (CURVE_AND_NUMBER, ALL, False),
        (with_law(), ALL, True),
        (with_law(shared=("rate",)), NONE, True),
        (with_law(solve="gradient"), NONE, True),
        (with_law(along_z=("rate",), solve="gradient"), ALL, False),
    ],
    ids=[
        "curve_and_number",
        "image_and_line",
        "aligned",
        "aligned_and_told",
        "aligned_without_expert",
        "law",
        "law_shared",
        "law_by_gradient",
        "law_along_z",
    ],
)
def test_members_train_as_they_would_alone(
    decoders: Literal["per_modality", "per_cluster"],
    example: Example,
    aligned: AlignmentRecipe,
    told: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Curves and images with batch norm, networks, an expert, outliers; every gradient's step, every buffer."""
    monkeypatch.setattr(expert_decoder, "REFIT", 2)
    together, record = three_steps(SEEDS, decoders, example, aligned, told=told)
    for index, seed in enumerate(SEEDS):
        alone, own_record = three_steps((seed,), decoders, example, aligned, told=told)
        for both, own in zip(record, own_record, strict=True):
            torch.testing.assert_close(both[:, index], own[:, 0], **CLOSE)
        own_state = by_member(alone)
        for key, value in by_member(together).items():
            torch.testing.assert_close(value[index], own_state[key][0], **CLOSE, msg=lambda m, key=key: f"{key}: {m}")


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_members_start_as_they_would_alone(example: Example) -> None:
    """Bit for bit: each draws from its own generator, in the same order."""
    together = by_member(example_model(SEEDS, example=example))
    for index, seed in enumerate(SEEDS):
        alone = by_member(example_model((seed,), example=example))
        assert all(torch.equal(value[index], alone[key][0]) for key, value in together.items())


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_members_agree_in_single_precision(example: Example) -> None:
    """Embedding and decoding in float32, to 1e-5 of what is compared."""
    together = example_model(SEEDS, example=example).float().eval()
    values, present = ({k: v.float() for k, v in each.items()} for each in example_batch(SEEDS, example=example))
    q = together.embed(values, present)
    for index, seed in enumerate(SEEDS):
        alone = example_model((seed,), example=example).float().eval()
        own = alone.embed(
            {name: value[index : index + 1] for name, value in values.items()},
            {name: value[index : index + 1] for name, value in present.items()},
        )
        torch.testing.assert_close(q.mean[index], own.mean[0], rtol=1e-5, atol=1e-5)
        for name in together.names:
            decoded = together.decode(q.mean, name)[0][index]
            torch.testing.assert_close(decoded, alone.decode(own.mean, name)[0][0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_no_gradient_passes_between_members(example: Example) -> None:
    """The loss is a sum over members; one member's share moves its own parameters alone."""
    model = example_model(SEEDS, example=example).train()
    values, present = example_batch(SEEDS, example=example)
    q = model.embed(values, present)
    model.elbo(q, torch.zeros_like(q.mean), values, present).value()[1].sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad[1].any(), name
        assert not parameter.grad[0].any(), name
        assert not parameter.grad[2].any(), name


def test_clusters_are_laid_out_as_they_would_be_alone() -> None:
    together = example_model(SEEDS).eval()
    values, present = example_batch(SEEDS)
    q = together.embed(values, present)
    seed_clusters(together.prior, q, [torch.Generator().manual_seed(seed) for seed in SEEDS], 1e-3)
    for index, seed in enumerate(SEEDS):
        alone = example_model((seed,)).eval()
        own = alone.embed(
            *(dict(zip(m, (v[index : index + 1] for v in m.values()), strict=True)) for m in (values, present))
        )
        seed_clusters(alone.prior, own, [torch.Generator().manual_seed(seed)], 1e-3)
        torch.testing.assert_close(together.prior.mean[index], alone.prior.mean[0], **CLOSE)


def test_the_mixture_follows_as_it_would_alone() -> None:
    together = example_model(SEEDS).eval()
    values, present = example_batch(SEEDS)
    q = together.embed(values, present)
    gamma = torch.softmax(normal(3, 8, 3), -1)
    streaming_update(together.prior, q, gamma, 0.3, 1e-3)
    for index, seed in enumerate(SEEDS):
        alone = example_model((seed,)).eval()
        own = type(q)(q.mean[index : index + 1], q.log_variance[index : index + 1])
        streaming_update(alone.prior, own, gamma[index : index + 1], 0.3, 1e-3)
        for key, value in together.prior.state_dict().items():
            torch.testing.assert_close(value[index], alone.prior.state_dict()[key][0], **CLOSE)
