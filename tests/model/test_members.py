"""Several seeds at once: each member is what it would be alone."""

from __future__ import annotations

import pytest
import torch
from model_examples import EXAMPLE, example_batch, example_model, normal
from torch import Tensor

from fingerprint.model import PIMA
from fingerprint.recipe import ModelRecipe, Recipe
from fingerprint.training.em import seed_clusters, streaming_update
from fingerprint.training.objective import objective
from fingerprint.training.trainer import make_optimizer

SEEDS = (3, 7, 11)
TERMS = torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]).double()
# Batched and single matrix products add in another order; in float64 that leaves about 1e-13 of what is compared.
CLOSE = {"rtol": 1e-8, "atol": 1e-10}


def by_member(model: PIMA) -> dict[str, Tensor]:
    """All that has a seed axis; the spread of the data is the same for all."""
    return {key: value for key, value in model.state_dict().items() if not key.endswith("whitening")}


def three_steps(seeds: tuple[int, ...], decoders: str) -> tuple[PIMA, list[Tensor]]:
    """AdamW and streaming EM; the loss's parts before each step, by member."""
    model = example_model(seeds, decoders=decoders).train()
    optimizer = make_optimizer(model, Recipe(model=ModelRecipe(clusters=3), modalities=EXAMPLE))
    values, present = example_batch(seeds)
    noise = torch.stack([normal(3, 8, 2, seed=seed) for seed in seeds])
    record: list[Tensor] = []
    for _ in range(3):
        result = objective(model, values, present, TERMS.expand(len(seeds), -1, -1), noise, 10.0)
        optimizer.zero_grad()
        result.loss.backward()
        optimizer.step()
        streaming_update(model.prior, result.q, result.responsibilities, 0.1, 1e-3)
        record.append(torch.stack([result.reconstruction, result.kl]))
    return model, record


@pytest.mark.parametrize("decoders", ["per_modality", "per_cluster"])
def test_members_train_as_they_would_alone(decoders: str) -> None:
    """A convolution with batch norm and a network; loss, every gradient's step, every buffer."""
    together, record = three_steps(SEEDS, decoders)
    for index, seed in enumerate(SEEDS):
        alone, own_record = three_steps((seed,), decoders)
        for both, own in zip(record, own_record, strict=True):
            torch.testing.assert_close(both[:, index], own[:, 0], **CLOSE)
        own_state = by_member(alone)
        for key, value in by_member(together).items():
            torch.testing.assert_close(value[index], own_state[key][0], **CLOSE, msg=lambda m, key=key: f"{key}: {m}")


def test_members_start_as_they_would_alone() -> None:
    """Bit for bit: each draws from its own generator, in the same order."""
    together = by_member(example_model(SEEDS))
    for index, seed in enumerate(SEEDS):
        alone = by_member(example_model((seed,)))
        assert all(torch.equal(value[index], alone[key][0]) for key, value in together.items())


def test_members_agree_in_single_precision() -> None:
    """Embedding and decoding in float32, to 1e-5 of what is compared."""
    together = example_model(SEEDS).float().eval()
    values, present = ({k: v.float() for k, v in each.items()} for each in example_batch(SEEDS))
    q = together.embed(values, present)
    for index, seed in enumerate(SEEDS):
        alone = example_model((seed,)).float().eval()
        own = alone.embed(
            {name: value[index : index + 1] for name, value in values.items()},
            {name: value[index : index + 1] for name, value in present.items()},
        )
        torch.testing.assert_close(q.mean[index], own.mean[0], rtol=1e-5, atol=1e-5)
        decoded = together.decode(q.mean, "curve")[0][index]
        torch.testing.assert_close(decoded, alone.decode(own.mean, "curve")[0][0], rtol=1e-5, atol=1e-5)


def test_no_gradient_passes_between_members() -> None:
    """The loss is a sum over members; one member's share moves its own parameters alone."""
    model = example_model(SEEDS).train()
    values, present = example_batch(SEEDS)
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
