"""Stress from the spectrum alone: the default recipe beside Ridge, PLS and a Gaussian process, on the same splits.

    python benchmarks/vdos_baselines.py [--splits 0-19]

Everything is fitted on the training part; Ridge's penalty and PLS's number of components are chosen on the validation
part; the Gaussian process maximises its marginal likelihood. Errors are root-mean-square over the test part, in percent
of the training part's range. The ratio to the Gaussian process has a paired bootstrap interval over the splits.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from record import mean, record, silicon_store, span
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

import fingerprint
from fingerprint.prediction import Prediction, predict_raw
from fingerprint.run import Run
from fingerprint.store import Store
from fingerprint.training import Part, split

COMPONENTS = 40
BOOTSTRAPS = 10_000


class Silicon:
    """The set as arrays: spectra [specimen, point], stress [specimen]."""

    def __init__(self, store: Store) -> None:
        spectra, stress = store.read("vdos"), store.read("stress")
        of = {specimen: float(value) for specimen, value, _ in stress.rows()}
        self.ids = spectra.specimens
        self.x = np.concatenate([block.values for block in spectra.blocks]).astype(np.float64)
        self.y = np.array([of[specimen] for specimen in self.ids])

    def rows(self, split_seed: int, part: Part) -> np.ndarray:
        """The rows of one part."""
        parts = split(self.ids, split_seed)
        return np.array([row for row, specimen in enumerate(self.ids) if parts[specimen] is part])


def baselines(data: Silicon, split_seed: int) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Test error in percent, and seconds, of each baseline; and the Gaussian process's predictions by specimen."""
    train, validation, test = (data.rows(split_seed, part) for part in Part)
    x, y = data.x, data.y
    whole = float(np.ptp(y[train]))

    def percent(predicted: np.ndarray, rows: np.ndarray) -> float:
        return 100 * float(np.sqrt(np.mean((predicted.ravel() - y[rows]) ** 2))) / whole

    result: dict[str, dict[str, float]] = {}
    begun = time.perf_counter()
    ridges = [Ridge(alpha=10.0**power).fit(x[train], y[train]) for power in range(-6, 3)]
    best = min(ridges, key=lambda model: percent(model.predict(x[validation]), validation))
    result["ridge"] = {"rmse_percent": percent(best.predict(x[test]), test), "seconds": time.perf_counter() - begun}

    begun = time.perf_counter()
    models = [PLSRegression(count, scale=False).fit(x[train], y[train]) for count in range(2, 42, 2)]
    best = min(models, key=lambda model: percent(model.predict(x[validation]), validation))
    result["pls"] = {"rmse_percent": percent(best.predict(x[test]), test), "seconds": time.perf_counter() - begun}

    processes = {
        "gaussian_process_20": (x, train, 20),
        "gaussian_process_2": (x, train, 2),
        "gaussian_process_quantiles": (quantile_functions(x), train, 20),
        "gaussian_process_more_data": (x, np.concatenate([train, validation]), 40),
        "gaussian_process": (x, train, 40),
    }
    answer = np.empty(0)
    for name, (features, rows, components) in processes.items():
        begun = time.perf_counter()
        answer = gaussian_process(features, y, rows, test, components)
        result[name] = {"rmse_percent": percent(answer, test), "seconds": time.perf_counter() - begun}
    return result, {data.ids[row]: float(value) for row, value in zip(test, answer, strict=True)}


def gaussian_process(x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, components: int) -> np.ndarray:
    """Predictions for `test` by a Gaussian process on principal scores, its kernel by marginal likelihood."""
    basis = PCA(components, svd_solver="full").fit(x[train])
    scale = np.sqrt(basis.explained_variance_[0])
    kernel = ConstantKernel(10.0, (1e-2, 1e5)) * RBF(1.0, (1e-2, 1e3)) + WhiteKernel(1e-3, (1e-7, 1e1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        process = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=1, random_state=0)
        process.fit(basis.transform(x[train]) / scale, y[train])
    return np.asarray(process.predict(basis.transform(x[test]) / scale))


def quantile_functions(x: np.ndarray) -> np.ndarray:
    """Each density's quantile function at 200 levels, in which a shift or stretch of the axis is linear."""
    cumulative = np.cumsum(x, axis=1)
    levels = np.linspace(0.005, 0.995, 200)
    positions = np.arange(x.shape[1])
    return np.stack([np.interp(levels, row / row[-1], positions) for row in cumulative])


def shared_error(run: Run, store: Store, process: dict[str, float]) -> dict[str, float]:
    """How much of the test error PIMA and the Gaussian process have in common, and the error of their mean."""
    truth = {specimen: float(value) for specimen, value, _ in store.read("stress").rows()}
    answers = predict_test(run, store)
    ours = np.array([each.mean - truth[each.specimen] for each in answers])
    theirs = np.array([process[each.specimen] - truth[each.specimen] for each in answers])
    whole = run.preparations["stress"].range
    return {
        "residual_correlation": float(np.corrcoef(ours, theirs)[0, 1]),
        "mean_of_both_percent": 100 * float(np.sqrt(np.mean(((ours + theirs) / 2) ** 2))) / whole,
    }


def train(store: Store, split_seed: int, folder: Path, recipe: str, **choices: Any) -> Run:
    """One run of a recipe on one split."""
    return fingerprint.train(store, fingerprint.load_recipe(recipe, split_seed=split_seed, **choices), folder)


def assess(run: Run, store: Store) -> dict[str, Any]:
    """Everything that is asked of a run."""
    test = run.metrics.parts["test"]
    intervals = coverage(run, store)
    return {
        "rmse_percent": test.rmse_percent["stress"]["vdos"],
        "members": [each.rmse_percent["stress"]["vdos"] for each in run.metrics.restarts],
        "given_both_percent": test.rmse_percent["stress"]["joint"],
        "spectrum_percent": test.rmse_percent["vdos"]["vdos"],
        "alive": alive_clusters(run, store),
        "stability": [each.stability for each in run.metrics.clusters],
        "seconds": run.info.seconds,
        **intervals,
    }


def predict_test(run: Run, store: Store) -> list[Prediction]:
    """The stress of every test specimen, from its spectrum alone."""
    chosen = {specimen for specimen, part in run.parts.items() if part == "test"}
    return predict_raw(run, "stress", {"vdos": store.read("vdos").keeping(chosen)})


def coverage(run: Run, store: Store) -> dict[str, float]:
    """Of the test part: share of stresses in their intervals, mean width in GPa, share of spectra flagged."""
    truth = {specimen: float(value) for specimen, value, _ in store.read("stress").rows()}
    answers = predict_test(run, store)
    bounds = np.array([[each.low, truth[each.specimen], each.high] for each in answers], dtype=np.float64)
    inside = (bounds[:, 0] <= bounds[:, 1]) & (bounds[:, 1] <= bounds[:, 2])
    return {
        "coverage": float(inside.mean()),
        "width_gpa": float((bounds[:, 2] - bounds[:, 0]).mean()),
        "flagged": mean(each.novelty.flagged for each in answers),
        "test_specimens": len(answers),
    }


def alive_clusters(run: Run, store: Store) -> list[int]:
    """Clusters with at least 2 % of the training specimens, for each member."""
    from fingerprint.prepare import align, to_tensors
    from fingerprint.training.evaluation import hard_labels

    train = sorted(specimen for specimen, part in run.parts.items() if part == "train")
    raws = {name: store.read(name) for name in run.preparations}
    labels = hard_labels(run.model, to_tensors(align(raws, run.preparations, train), run.preparations))
    clusters = run.recipe.model.clusters
    return [int((np.bincount(row, minlength=clusters) >= 0.02 * len(train)).sum()) for row in labels]


def ratio_interval(ours: np.ndarray, theirs: np.ndarray) -> dict[str, float]:
    """Ratio of the mean errors, with its paired-bootstrap 95 % interval over the splits."""
    rng = np.random.default_rng(0)
    draws = rng.integers(len(ours), size=(BOOTSTRAPS, len(ours)))
    ratios = ours[draws].mean(1) / theirs[draws].mean(1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return {"ratio": float(ours.mean() / theirs.mean()), "low": float(low), "high": float(high)}


def main() -> None:
    """Run all splits and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", default="0-19")
    splits = span(parser.parse_args().splits)
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        store = silicon_store(Path(name))
        data = Silicon(store)
        for split_seed in splits:
            try:
                with threadpool_limits(1):
                    others, process = baselines(data, split_seed)
                run = train(store, split_seed, Path(name) / str(split_seed), "default")
                own = assess(run, store) | shared_error(run, store, process)
                rows.append({"split_seed": split_seed, "pima": own} | others)
            except Exception as error:
                failures.append({"split_seed": split_seed, "error": repr(error)})
                continue
            theirs = others["gaussian_process"]["rmse_percent"]
            print(f"split {split_seed}: {own['rmse_percent']:.3f}, Gaussian process {theirs:.3f}", flush=True)
    ours = np.array([row["pima"]["rmse_percent"] for row in rows])
    theirs = np.array([row["gaussian_process"]["rmse_percent"] for row in rows])
    record(
        "vdos_baselines",
        {
            "split_seeds": splits,
            "seeds": list(range(5)),
            "failures": failures,
            "ratio_to_gaussian_process": ratio_interval(ours, theirs),
            "rows": rows,
        },
    )


if __name__ == "__main__":
    main()
