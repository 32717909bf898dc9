"""One batch of each seed, with every random number that it takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fingerprint.errors import within
from fingerprint.model import Certainties, ModalityShape
from fingerprint.prepare import Repeated, Tensors
from fingerprint.recipe import Recipe
from fingerprint.training.augmentation import Augmenter, draw_changes
from fingerprint.training.modality_dropout import draw_terms

Values = Mapping[str, Float[Tensor, "seed specimen _"]]
Presence = Mapping[str, Float[Tensor, "seed specimen"]]


@dataclass(frozen=True)
class Batch:
    """One batch of each seed.

    Attributes:
        values: as measured, in model units, by modality.
        seen: what the encoders are shown: augmented where the recipe says so, else `values` itself.
        present: 1 where measured, by modality.
        certainty: of the modalities that are not certain throughout.
        active: 1 for the specimens that count, [seed, specimen].
        complete: modalities that every specimen of the data has.
        terms: modalities fused in each term; whatever a term fuses, it reconstructs everything that was measured.
        noise: N(0, I), one draw per term and specimen.
        directions: N(0, I) by modality, from which adversarial changes are found; empty where there are none.
        told: whether the experts alone tell the clusters: every specimen has the modality of one and the same expert,
            which is not doubted; or those that have none have not joined yet.
        hint: a first cluster of each specimen, [seed, specimen]; None where there is none.
    """

    values: Values
    seen: Values
    present: Presence
    active: Float[Tensor, "seed specimen"]
    complete: frozenset[str]
    terms: Float[Tensor, "seed term modality"]
    noise: Float[Tensor, "seed term specimen latent"]
    directions: Values
    certainty: Certainties = field(default_factory=dict)
    told: bool = False
    hint: Int[Tensor, "seed specimen"] | None = None


@dataclass(frozen=True)
class BatchSource:
    """Draws batches of the training part.

    Attributes:
        recipe: planned.
        train: the training part, on the model's device.
        complete: modalities that every specimen of it has.
        augmenters: of the modalities whose images are changed.
        shapes: of the modalities.
        has_expert: 1 for the specimens of which a modality was measured that tells the cluster, [specimen]; all 1 where
            there is none.
        telling: modalities whose measurement tells the cluster by itself.
        repeated: of the modalities of which one measurement of each specimen is drawn for every batch.
    """

    recipe: Recipe
    train: Tensors
    complete: frozenset[str]
    augmenters: Mapping[str, Augmenter]
    shapes: Mapping[str, ModalityShape]
    has_expert: Float[Tensor, " specimen"]
    telling: frozenset[str] = frozenset()
    repeated: Mapping[str, Repeated] = field(default_factory=dict)

    def draw(
        self,
        rows: Int[Tensor, "seed specimen"],
        generators: Sequence[torch.Generator],
        *,
        joined: bool = True,
        hint: Int[Tensor, "seed every_specimen"] | None = None,
    ) -> Batch:
        """The batch of these rows.

        Args:
            rows: of the training part.
            generators: one per seed; each batch takes its random numbers from its own seed's.
            joined: whether specimens without any expert's modality count.
            hint: a first cluster of every specimen of the training part.
        """
        values, present, certainty = self.train.rows(rows)
        device, recipe = rows.device, self.recipe
        for name, each in sorted(self.repeated.items()):
            values[name], own = each.drawn(rows, _uniform(rows.shape[1], generators, device))
            certainty = certainty if own is None else {**certainty, name: own}
        terms = to_device(draw_terms(recipe, sorted(values), generators), device)
        noise = _normal((terms.shape[1], rows.shape[1], recipe.model.latent), generators, device)
        seen = dict(values)
        for name, augmenter in self.augmenters.items():
            seen[name] = augmenter(values[name], to_device(draw_changes(rows.shape[1], generators), device))
        directions: dict[str, Tensor] = {}
        trusted = [name for name in self.telling if not recipe.modalities[name].outliers]
        told = not self.complete.isdisjoint(trusted) or (bool(self.telling) and not joined)
        if recipe.alignment.weight and recipe.alignment.adversarial and not told:
            directions = {n: _normal(value.shape[1:], generators, device) for n, value in sorted(values.items())}
        active = torch.ones_like(rows, dtype=torch.float32) if joined else self.has_expert[rows]
        own = None if hint is None else hint.gather(1, rows)
        return Batch(values, seen, present, active, self.complete, terms, noise, directions, certainty, told, own)


def batch_source(
    recipe: Recipe,
    train: Tensors,
    shapes: Mapping[str, ModalityShape],
    telling: Collection[str],
    repeated: Mapping[str, Repeated] | None = None,
) -> BatchSource:
    """What draws batches of a training part.

    Args:
        recipe: planned.
        train: on the model's device.
        shapes: of the modalities; those that are augmented are images on their raster.
        telling: modalities whose measurement tells the cluster by itself (`PIMA.telling`).
        repeated: of the modalities of which measurements are drawn.
    """
    complete = frozenset(name for name, present in train.present.items() if bool((present > 0).all()))
    has_expert = torch.ones(len(train), device=next(iter(train.present.values())).device)
    if telling:
        has_expert = (torch.stack([train.present[name] for name in sorted(telling)]).sum(0) > 0).to(has_expert)
    augmenters = make_augmenters(recipe, shapes, has_expert.device)
    return BatchSource(recipe, train, complete, augmenters, shapes, has_expert, frozenset(telling), repeated or {})


def make_augmenters(recipe: Recipe, shapes: Mapping[str, ModalityShape], device: torch.device) -> dict[str, Augmenter]:
    """Of the modalities whose images are changed.

    Raises:
        RecipeError: one of them is no image, or the model sees it as scores.
    """
    made: dict[str, Augmenter] = {}
    for name, choice in recipe.modalities.items():
        if choice.augment.any:
            with within(f"modalities.{name}"):
                made[name] = Augmenter(choice.augment, shapes[name], device)
    return made


def _uniform(count: int, generators: Sequence[torch.Generator], device: torch.device) -> Tensor:
    """In [0, 1), each seed's from its own generator, [seed, count]."""
    return to_device(torch.stack([torch.rand(count, generator=each) for each in generators]), device)


def _normal(shape: Sequence[int], generators: Sequence[torch.Generator], device: torch.device) -> Tensor:
    """N(0, 1), each seed's from its own generator, [seed, *shape]."""
    return to_device(torch.stack([torch.randn(tuple(shape), generator=g) for g in generators]), device)


def to_device(drawn: Tensor, device: torch.device) -> Tensor:
    """What was drawn on the CPU, on the device; the CPU goes on without waiting for a GPU."""
    return drawn.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else drawn.to(device)
