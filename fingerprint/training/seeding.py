"""Where clusters begin: in the experts' space, in the latent space, and how they are laid out there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from torch import Tensor

from fingerprint.model import PIMA, Certainty, Gaussian
from fingerprint.model.prior import MixturePrior
from fingerprint.prepare import Tensors, even_rows
from fingerprint.recipe import PriorRecipe
from fingerprint.training.agreement import Labels
from fingerprint.training.em import maximise, set_prior
from fingerprint.training.split_merge import split_merge

MOST_SPECIMENS = 20_000
RESTARTS = 20


@torch.no_grad()
def lay_out(prior: MixturePrior, recipe: PriorRecipe, generators: Sequence[torch.Generator]) -> None:
    """Put the clusters where the recipe says that they are before EM begins; their weights are even."""
    clusters, latent = prior.mean.shape[1:]
    match recipe.layout:
        case "standard":
            return
        case "separated":
            prior.mean.copy_(recipe.radius * spread_points(clusters, latent))
            prior.log_variance.fill_(float(np.log(recipe.variance)))
        case "random":
            drawn = [torch.randn((clusters, latent), generator=generator) for generator in generators]
            prior.mean.copy_(torch.stack(drawn))


def spread_points(clusters: int, latent: int) -> Float[Tensor, "cluster latent"]:
    """Points on the unit sphere, as far from each other as can be.

    The corners of a simplex where the space has room for it; else a ring in two dimensions, and in others what
    repulsion makes of a spiral. In one dimension they are evenly spaced from -1 to 1. Neighbours in number are
    neighbours on the ring.
    """
    if clusters == 1:
        return torch.zeros(1, latent)
    if latent >= clusters - 1:
        corners = np.eye(clusters) - 1 / clusters
        directions = np.linalg.svd(corners)[2][: clusters - 1]
        placed = corners @ directions.T
        placed = np.pad(placed / np.linalg.norm(placed, axis=1, keepdims=True), ((0, 0), (0, latent - clusters + 1)))
        return torch.as_tensor(placed, dtype=torch.float32)
    if latent == 1:
        return torch.linspace(-1, 1, clusters).unsqueeze(1)
    angle = 2 * np.pi * np.arange(clusters) / clusters
    if latent == 2:
        return torch.as_tensor(np.stack([np.cos(angle), np.sin(angle)], 1), dtype=torch.float32)
    points = np.random.default_rng(0).normal(size=(clusters, latent))
    for step in np.geomspace(0.3, 1e-3, 3000):
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        between = points[:, None] - points[None]
        distance = np.linalg.norm(between, axis=-1) + np.eye(clusters)
        force = (between / distance[..., None] ** 3).sum(1)
        points += step * force / np.linalg.norm(force, axis=1).max()
    return torch.as_tensor(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=torch.float32)


@torch.no_grad()
def seed_experts(model: PIMA, train: Tensors, recipe: PriorRecipe, generators: Sequence[torch.Generator]) -> None:
    """Give every cluster of the experts its first parameters. [Eq. 16]

    Cures the collapse of Algorithm 1, in which experts that start alike stay alike: where an expert tells the cluster,
    clusters are found among its specimens' curves (`expert_coordinates`) by k-means++ or from random labels, improved
    by `split_merge`, and the expert is fitted to each. They are numbered along the direction in which they differ most,
    so that on a ring neighbours are alike. Where clusters begin elsewhere, the law of all specimens together is the
    first of every cluster.

    Args:
        model: its experts are changed; nothing happens where it has none.
        train: the training part.
        recipe: of the prior.
        generators: one per seed.
    """
    count = model.prior.mean.shape[1]
    if not model.experts():
        return
    if recipe.seeding not in ("expert", "random"):
        _start_alike(model, train)
        return
    coordinates, rows = expert_coordinates(model, train)
    assignments = [
        _sorted_labels(coordinates, seed_labels(coordinates, count, recipe, generator)) for generator in generators
    ]
    gamma = torch.nn.functional.one_hot(torch.as_tensor(np.stack(assignments)), count)
    _fit_experts(model, train.subset(rows.cpu().numpy()), gamma)


def _start_alike(model: PIMA, train: Tensors) -> None:
    """Begin with the law of all specimens together in every cluster, of the experts that are no sums of formulas."""
    rows = even_rows(len(train), MOST_SPECIMENS)
    clusters = model.prior.mean.shape[1]
    gamma = torch.full((model.seeds, len(rows), clusters), 1 / clusters)
    _fit_experts(model, train.subset(rows), gamma, drawn=False)


def _fit_experts(model: PIMA, train: Tensors, gamma: Tensor, *, drawn: bool = True) -> None:
    """Fit every expert that does not take Z, and let its variance begin at what that leaves."""
    values, present, certainty = train.whole()
    for expert in model.experts().values():
        if expert.drawn and not drawn:
            continue
        if expert.law.expert.takes_z:
            expert.measure_steps()
            continue
        weights = {name: gamma.to(values[name]) * present[name].unsqueeze(-1) for name in expert.law.names}
        expert.fit(weights, values, model.noise(weights), certainty)
        if not expert.fitted:
            expert.measure_steps()
        for name in () if expert.uses_z else expert.law.names:
            model.decoder(name).variance.begin(_left(model, name, values[name], weights[name], certainty.get(name)))


def _left(
    model: PIMA,
    name: str,
    values: Float[Tensor, "1 specimen point"],
    weights: Float[Tensor, "seed specimen cluster"],
    certainty: Certainty | None,
) -> Float[Tensor, "seed cluster"]:
    """Mean square that the clusters' curves leave of what was measured, less its own variance, model units; of a
    cluster without specimens, that of all."""
    told = model.decoder(name)(model.prior.mean).mean.squeeze(2).double()
    x = (values if certainty is None else certainty.values)[0].double()
    known = torch.ones_like(x) if certainty is None else certainty.weight[0].double()
    own = torch.zeros_like(x) if certainty is None else certainty.variance[0].double()
    share = weights.double().mT
    count = share @ known
    squares = share @ (known * (x.square() - own)) - 2 * (share @ (known * x)) * told + count * told.square()
    left, number = squares.sum(-1), count.sum(-1)
    whole = (left.sum(1) / number.sum(1).clamp_min(1e-12)).unsqueeze(1)
    return torch.where(number > 0, left / number.clamp_min(1e-12), whole).clamp_min(1e-12).to(values)


def expert_coordinates(model: PIMA, train: Tensors) -> tuple[NDArray[np.float64], Tensor]:
    """The specimens' curves, whitened, of those that have every modality that tells the cluster (or the commonest).

    Returns:
        [specimen, coordinate], of as many specimens as `MOST_SPECIMENS`; and their rows.
    """
    experts = {name: each for name, each in model.experts().items() if each.tells}
    measured = torch.stack(
        [torch.stack([train.present[name] for name in each.law.names]).amin(0) for each in experts.values()]
    )
    together = (measured > 0).all(0)
    chosen = list(experts.values())
    if int(together.sum()) < 2 * model.prior.mean.shape[1]:
        commonest = int((measured > 0).sum(1).argmax())
        chosen, together = [chosen[commonest]], measured[commonest] > 0
    every = torch.nonzero(together).squeeze(1)
    rows = every[torch.as_tensor(even_rows(len(every), MOST_SPECIMENS), device=every.device)]
    parts = [each.law.whitened({name: train.values[name][rows] for name in each.law.names}) for each in chosen]
    return torch.cat(parts, -1).cpu().numpy(), rows


def seed_labels(points: NDArray[np.float64], clusters: int, recipe: PriorRecipe, generator: torch.Generator) -> Labels:
    """A first cluster of every point, from k-means++ or random labels, improved by `split_merge` where the recipe says.

    Args:
        points: [specimen, coordinate].
        clusters: how many there are.
        recipe: of the prior.
        generator: of the seed.
    """
    state = int(torch.randint(2**31 - 1, (1,), generator=generator))
    if recipe.seeding == "random":
        labels = torch.randint(clusters, (len(points),), generator=generator).numpy()
    else:
        labels = _k_means(points, clusters, state)
    return split_merge(points, labels, clusters, state) if recipe.split_merge else labels


def _sorted_labels(points: NDArray[np.float64], labels: Labels) -> Labels:
    """Renumber along the direction in which the clusters' centres differ most."""
    present = np.unique(labels)
    centres = np.stack([points[labels == each].mean(0) for each in present])
    direction = np.linalg.svd(centres - centres.mean(0), full_matrices=False)[2][0]
    direction *= np.sign(direction[np.abs(direction).argmax()])
    number = np.zeros(present.max() + 1, dtype=np.int64)
    number[present[np.argsort(centres @ direction, kind="stable")]] = np.arange(len(present))
    return number[labels]


@torch.no_grad()
def seed_clusters(
    prior: MixturePrior,
    q: Gaussian,
    generators: Sequence[torch.Generator],
    floor: float,
    *,
    posterior_variance: bool = True,
    improve: bool = True,
) -> None:
    """Lay the clusters out by k-means++ on the latent means, the best of 20 starts for each seed, and `split_merge`.

    Cures clusters that start on top of each other, of which all but one die (docs/deviations.md).
    """
    clusters = prior.mean.shape[1]
    assignments: list[Tensor] = []
    for mean, generator in zip(q.mean, generators, strict=True):
        state = int(torch.randint(2**31 - 1, (1,), generator=generator))
        points = mean.double().cpu().numpy()
        labels = _k_means(points, clusters, state)
        if improve:
            labels = split_merge(points, labels, clusters, state)
        assignments.append(torch.nn.functional.one_hot(torch.as_tensor(labels).long(), clusters))
    gamma = torch.stack(assignments).to(q.mean)
    set_prior(prior, *maximise(q, gamma, posterior_variance=posterior_variance), floor)


def _k_means(points: NDArray[np.float64], clusters: int, state: int) -> Labels:
    kmeans = KMeans(clusters, n_init=RESTARTS, random_state=state)  # pyright: ignore[reportArgumentType]
    return kmeans.fit_predict(points).astype(np.int64)


@torch.no_grad()
def reseed_dead(model: PIMA, least: float) -> None:
    """Give every dead cluster half of the heaviest one: a standard deviation to either side of its mean.

    Args:
        model: its prior is changed, and the dead clusters' expert parameters become those of the heaviest.
        least: share below which a cluster is dead.
    """
    prior = model.prior
    for seed in range(model.seeds):
        for dead in torch.nonzero(prior.log_weights[seed].exp() < least).flatten().tolist():
            heavy = int(prior.log_weights[seed].argmax())
            widest = int(prior.log_variance[seed, heavy].argmax())
            step = torch.zeros_like(prior.mean[seed, heavy])
            step[widest] = (0.5 * prior.log_variance[seed, heavy, widest]).exp()
            prior.mean[seed, dead] = prior.mean[seed, heavy] + step
            prior.mean[seed, heavy] -= step
            prior.log_variance[seed, dead] = prior.log_variance[seed, heavy]
            prior.log_weights[seed, [dead, heavy]] = prior.log_weights[seed, heavy] - float(np.log(2))
            order = torch.arange(prior.mean.shape[1], device=prior.mean.device).repeat(model.seeds, 1)
            order[seed, dead] = heavy
            for name in {each for expert in model.experts().values() for each in expert.law.names}:
                model.decoder(name).relabel(order)
        prior.log_weights[seed] = torch.log_softmax(prior.log_weights[seed], -1)
    if prior.logits is not None:
        prior.logits.copy_(prior.log_weights)
