"""The oscillator's equations fitted to training specimens whose noise is drawn anew. Used by mnist_ode.py."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import norm
from torch import Tensor

from fingerprint.experiments.data import OSCILLATORS, filled_store
from fingerprint.experiments.mnist_ode import solve, true_parameters
from fingerprint.experiments.reproducing import digits, part_tensors, run_folder
from fingerprint.experts import Sharing
from fingerprint.fingerprints.parameters import ParameterSums
from fingerprint.generators.mnist_ode import blocks
from fingerprint.model.experts import Law
from fingerprint.model.experts.law import mean_curves
from fingerprint.model.experts.laws import build_laws
from fingerprint.prediction.embedding import embed, fitting_responsibilities
from fingerprint.prepare import Tensors, even_rows
from fingerprint.recipe import PriorRecipe, Recipe, RegisteredExpert, load_recipe
from fingerprint.run import Run, load_run, modality_shapes
from fingerprint.training.data import fit_preparations, make_plan, part_data, read_measured
from fingerprint.training.matching import match_labels
from fingerprint.training.seeding import MOST_SPECIMENS, seed_labels
from fingerprint.training.split import Part

FIRST = "dx_dt"  # the modality that names the law
SHARED = ("alpha", "gamma", "delta")
NOISES = {"standard deviation 0.1": 0.1**2, "variance 0.1": 0.1}  # 1/s^2
LEVELS = (0.68, 0.95)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """Training specimens, the equations with and without shared parameters, and who tells the clusters.

    Attributes:
        train: the training part.
        digits: of its specimens.
        laws: "shared" and "free".
        run: whose encoders and equations tell the clusters; None for k-means of the curves, as a training is seeded.
    """

    train: Tensors
    digits: NDArray[np.int64]
    laws: dict[str, Law]
    run: Run | None

    @property
    def told_by(self) -> str:
        """Who tells the clusters, in words."""
        return "k-means of the curves" if self.run is None else f"the trained run {self.run.path.name}"


def setting(folder: Path, source: Path | None, seed: int) -> Setting:
    """The training part as it is in the store, and the run `expert-seed-N` of the folder, if it is there."""
    store = filled_store(OSCILLATORS, folder, source)
    where = run_folder(folder, "expert", seed)
    truth = digits(store)
    if (where / "run.json").exists():
        run = load_run(where)
        recipe, preparations, train = run.recipe, run.preparations, part_tensors(run, store, Part.TRAIN)
    else:
        run, chosen = None, load_recipe("mnist_ode")
        measured = read_measured(store, chosen, sorted(chosen.modalities), store.snapshot())
        recipe = make_plan(chosen, measured)
        preparations = fit_preparations(recipe, measured)
        train = part_data(measured, preparations, "cpu")[Part.TRAIN].tensors
    shapes = modality_shapes(recipe, preparations)
    laws = {
        kind: build_laws(_sharing(recipe, shared), shapes)[FIRST][0]
        for kind, shared in (("shared", SHARED), ("free", ()))
    }
    return Setting(train, np.array([int(truth[each]) for each in train.specimens]), laws, run)


def _sharing(recipe: Recipe, shared: tuple[str, ...]) -> dict[str, Any]:
    """The recipe's modalities, with these parameters alike in all clusters."""
    first = recipe.modalities[FIRST]
    assert isinstance(first.decoder, RegisteredExpert)
    decoder = msgspec.structs.replace(first.decoder, shared=shared)
    return {**recipe.modalities, FIRST: msgspec.structs.replace(first, decoder=decoder)}


def drawn(law: Law, digits: NDArray[np.int64], seed: int, variance: float) -> dict[str, Tensor]:
    """Rates with new noise, as `datasets/mnist_ode` makes them, in model units, [specimen, point] by modality."""
    pieces = [law.modelled(torch.as_tensor(each).flatten(1).double()) for each in blocks(digits, seed, variance)]
    return {name: torch.cat([each[place] for each in pieces]).float() for place, name in enumerate(law.names)}


def responsibilities(given: Setting, values: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """gamma, [1, specimen, cluster], and the decoders' variances, [1, cluster], model units; no digit is looked at."""
    law = given.laws["shared"]
    if given.run is not None:
        model, member = given.run.model, slice(given.run.info.map_member, given.run.info.map_member + 1)
        tensors = replace(given.train, values={**given.train.values, **values})
        gamma = fitting_responsibilities(model, tensors, embed(model, tensors).posterior)
        return gamma[member], {name: each[member] for name, each in model.noise(law.names).items()}
    gamma = by_curves(law, values, 10).unsqueeze(0)
    return gamma, {name: torch.ones(1, gamma.shape[-1]) for name in law.names}


def by_curves(law: Law, values: Mapping[str, Tensor], clusters: int) -> Tensor:
    """Clusters as a training is seeded: k-means++ of the whitened curves, the others by the nearest centre; 0 or 1."""
    points = law.whitened(values).numpy()
    rows = even_rows(len(points), MOST_SPECIMENS)
    labels = seed_labels(points[rows], clusters, PriorRecipe(seeding="expert"), torch.Generator().manual_seed(0))
    centres = np.stack([points[rows][labels == each].mean(0) for each in range(clusters)])
    nearest = np.square(points[:, None] - centres).sum(-1).argmin(1)
    return torch.nn.functional.one_hot(torch.as_tensor(nearest), clusters).float()


def truth(law: Law) -> Array:
    """The parameters of the ten digits, [digit, parameter]."""
    return np.array([[true_parameters(str(digit))[name] for name in law.expert.names] for digit in range(10)])


def cramer_rao(law: Law, counts: NDArray[np.int64], variance: float) -> Array:
    """The least standard deviations that any unbiased estimate can have, [digit, parameter], digits being known.

    Args:
        law: whose parameters are sought.
        counts: specimens of each digit.
        variance: of the noise of each rate, 1/s^2.
    """
    _, jacobian = law.expert.jacobian(torch.as_tensor(truth(law)))
    own = torch.as_tensor(counts, dtype=torch.float64)[:, None, None] / variance * (jacobian.mT @ jacobian)
    sharing = Sharing(law.expert, len(own), law.shared, own.device)
    covariance = torch.linalg.inv(sharing.matrix(own.unsqueeze(0))[0])
    return sharing.theta(covariance.diagonal().sqrt().unsqueeze(0))[0].numpy()


@torch.no_grad()
def table_three(given: Setting, seeds: list[int]) -> list[dict[str, Any]]:
    """Fits to the whole training part, without a digit, for each noise and each draw of it.

    Without a trained run clusters are k-means of the curves; with one they come from its encoders, images included.
    """
    found: list[dict[str, Any]] = []
    for noise, variance in (("none", 0.0), *NOISES.items()):
        for seed in seeds if variance else seeds[:1]:
            values = drawn(given.laws["shared"], given.digits, seed, variance)
            gamma, left = responsibilities(given, values)
            matched = match_labels([str(each) for each in given.digits], gamma[0].argmax(-1).numpy(), 10)
            row: dict[str, Any] = {"noise": noise, "variance": variance, "seed": seed}
            row["accuracy"] = 100 * matched.right / len(given.digits)
            for kind, law in given.laws.items():
                means = mean_curves(law, dict.fromkeys(law.names, gamma), _with_seed(values), left, {})
                theta = law.fit(*means)[0].numpy()[matched.clusters]
                row[kind] = judged(law, theta)
                if variance:
                    row[kind] |= in_bounds(law, theta, cramer_rao(law, np.bincount(given.digits), variance))
            print(noise, seed, {kind: row[kind]["worst_relative_error"] for kind in given.laws}, flush=True)
            found.append(row)
    return found


def judged(law: Law, theta: Array) -> dict[str, Any]:
    """Parameters, [digit, parameter], beside the truth."""
    right, beta = truth(law), law.expert.names.index("beta")
    deviations: list[float] = []
    for own, true in zip(theta, right, strict=True):
        (_, found), (_, states) = (solve(dict(zip(law.expert.names, each, strict=True))) for each in (own, true))
        deviations.append(float(np.abs(found - states).max() / np.abs(states).max()))
    return {
        "parameters": {name: theta[:, index].tolist() for index, name in enumerate(law.expert.names)},
        "worst_relative_error": float(np.abs(theta / right - 1)[:, beta].max()),
        "worst_deviation": max(deviations),
    }


def in_bounds(law: Law, theta: Array, least: Array) -> dict[str, Any]:
    """The errors of beta in units of the Cramer-Rao standard deviations, [digit, parameter]."""
    beta = law.expert.names.index("beta")
    off = (theta - truth(law))[:, beta] / least[:, beta]
    return {
        "cramer_rao_of_beta": least[:, beta].tolist(),
        "in_cramer_rao": off.tolist(),
        "worst_in_cramer_rao": float(np.abs(off).max()),
    }


def coverage(given: Setting, draws: int, specimens: int, variance: float) -> dict[str, Any]:
    """How often intervals of the stated standard errors hold the truth, over draws of the noise.

    Args:
        given: the equations in it, shared and free.
        draws: of the noise, each with its own k-means.
        specimens: of each digit.
        variance: of the noise, 1/s^2.
    """
    own = np.repeat(np.arange(10), specimens)
    seen: list[tuple[dict[str, Tensor], Tensor, NDArray[np.int64]]] = []
    for draw in range(draws):
        values = drawn(given.laws["shared"], own, 1000 + draw, variance)
        gamma = by_curves(given.laws["shared"], values, 10)
        seen.append((values, gamma, match_labels([str(each) for each in own], gamma.argmax(-1).numpy(), 10).clusters))
    wrong = sum(int((gamma[:, clusters].argmax(-1).numpy() != own).sum()) for _, gamma, clusters in seen)
    found: dict[str, Any] = {"draws": draws, "specimens_per_digit": specimens, "variance": variance, "wrong": wrong}
    for kind, law in given.laws.items():
        noise = {name: torch.ones(1, 10) for name in law.names}
        means = [
            mean_curves(law, dict.fromkeys(law.names, g.unsqueeze(0)), _with_seed(v), noise, {}) for v, g, _ in seen
        ]
        theta = law.fit(*(torch.cat(each) for each in zip(*means, strict=True)))
        scores: list[Array] = []
        ratios: list[Array] = []
        exact = _exact(law, specimens, variance)
        for (values, gamma, clusters), each in zip(seen, theta, strict=True):
            sums = ParameterSums(law, each)
            curves = law.measured(values)
            weights = gamma.T.double().unsqueeze(-1) / law.unit.square()  # as `mean_curves` has them
            sums.add(curves, weights, gamma.double())
            stated = sums.errors().numpy()[clusters]
            scores.append((each.numpy()[clusters] - truth(law)) / stated)
            ratios.append(stated / exact)
        found[kind] = _told(law, np.stack(scores), np.stack(ratios))
        print(kind, found[kind], flush=True)
    return found


def _exact(law: Law, specimens: int, variance: float) -> Array:
    """Standard deviations of the fitted parameters about the truth, to first order, from the variance that the noise
    has, [digit, parameter]."""
    _, jacobian = law.expert.jacobian(torch.as_tensor(truth(law)))
    sharing, unit = Sharing(law.expert, len(jacobian), law.shared, jacobian.device), law.unit.unsqueeze(-1)
    bread = torch.linalg.inv(sharing.matrix((specimens * jacobian.mT @ (jacobian / unit**2)).unsqueeze(0))[0])
    meat = sharing.matrix((specimens * variance * jacobian.mT @ (jacobian / unit**4)).unsqueeze(0))[0]
    return (bread @ meat @ bread).diagonal().sqrt()[sharing.chosen.argmax(-1)].numpy()


def _told(law: Law, scores: Array, ratios: Array) -> dict[str, Any]:
    """Coverage from distances in units of the stated errors, and these over the exact ones, both [draw, digit,
    parameter]; what is shared counts once."""
    result: dict[str, Any] = {}
    for index, name in enumerate(law.expert.names):
        own = scores[:, :1, index] if name in law.shared else scores[..., index]
        result[name] = {
            "intervals": own.size,
            "coverage": {str(level): float((np.abs(own) < norm.ppf((1 + level) / 2)).mean()) for level in LEVELS},
            "root_mean_square": float(np.sqrt(np.square(own).mean())),
            "mean": statistics.fmean(own.ravel().tolist()),
            "stated_over_exact": float(ratios[..., index].mean()),
        }
    return result


def _with_seed(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: each.unsqueeze(0) for name, each in values.items()}
