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
from fingerprint.prediction import predict_raw
from fingerprint.run import Run
from fingerprint.store import Store
from fingerprint.training import Part, split
from fingerprint.training.data import keep_specimens

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


def baselines(data: Silicon, split_seed: int) -> dict[str, dict[str, float]]:
    """Test error in percent, and seconds, of each baseline."""
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

    begun = time.perf_counter()
    basis = PCA(COMPONENTS, svd_solver="full").fit(x[train])
    scale = np.sqrt(basis.explained_variance_[0])
    scores = {name: basis.transform(x[rows]) / scale for name, rows in (("train", train), ("test", test))}
    kernel = ConstantKernel(10.0, (1e-2, 1e5)) * RBF(1.0, (1e-2, 1e3)) + WhiteKernel(1e-3, (1e-7, 1e1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        process = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=1, random_state=0)
        process.fit(scores["train"], y[train])
    predicted = process.predict(scores["test"])
    result["gaussian_process"] = {"rmse_percent": percent(predicted, test), "seconds": time.perf_counter() - begun}
    return result


def pima(store: Store, split_seed: int, folder: Path, recipe: str, **choices: Any) -> dict[str, Any]:
    """One run of a recipe on one split, and everything that is asked of it."""
    begun = time.perf_counter()
    run = fingerprint.train(store, fingerprint.load_recipe(recipe, split_seed=split_seed, **choices), folder)
    seconds = time.perf_counter() - begun
    test = run.metrics.parts["test"]
    intervals = coverage(run, store)
    return {
        "rmse_percent": test.rmse_percent["stress"]["vdos"],
        "members": [each.rmse_percent["stress"]["vdos"] for each in run.metrics.restarts],
        "given_both_percent": test.rmse_percent["stress"]["joint"],
        "spectrum_percent": test.rmse_percent["vdos"]["vdos"],
        "alive": alive_clusters(run, store),
        "stability": [each.stability for each in run.metrics.clusters],
        "seconds": seconds,
        **intervals,
    }


def coverage(run: Run, store: Store) -> dict[str, float]:
    """Of the test part: share of stresses in their intervals, mean width in GPa, share of spectra flagged."""
    chosen = {specimen for specimen, part in run.parts.items() if part == "test"}
    truth = {specimen: float(value) for specimen, value, _ in store.read("stress").rows()}
    answers = predict_raw(run, "stress", {"vdos": keep_specimens(store.read("vdos"), chosen)})
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
                    others = baselines(data, split_seed)
                row = {
                    "split_seed": split_seed,
                    "pima": pima(store, split_seed, Path(name) / str(split_seed), "default"),
                }
                rows.append(row | others)
            except Exception as error:
                failures.append({"split_seed": split_seed, "error": repr(error)})
                continue
            ours, process = row["pima"]["rmse_percent"], others["gaussian_process"]["rmse_percent"]
            print(f"split {split_seed}: pima {ours:.3f} gp {process:.3f} {row['pima']['seconds']:.0f} s", flush=True)
    ours = np.array([row["pima"]["rmse_percent"] for row in rows])
    process = np.array([row["gaussian_process"]["rmse_percent"] for row in rows])
    record(
        "vdos_baselines",
        {
            "split_seeds": splits,
            "seeds": list(range(5)),
            "failures": failures,
            "ratio_to_gaussian_process": ratio_interval(ours, process),
            "rows": rows,
        },
    )


if __name__ == "__main__":
    main()
