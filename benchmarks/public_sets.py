"""Scalars from the spectra of the public sets of docs/sets.md: its recipes beside PLS, on the same splits.

    python benchmarks/public_sets.py --source FOLDER [--sets tecator_nir,...] [--splits 0-2]

FOLDER holds a folder of each set (docs/sets.md says where they are from). PLS is given the spectra as measured, and
those that the recipe's preprocessing leaves, as PIMA is; its components are chosen on the validation part. The recipes
were chosen on the validation part of split 0.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from record import record, span
from sklearn.cross_decomposition import PLSRegression
from threadpoolctl import threadpool_limits

import fingerprint
from fingerprint.modality import Kind
from fingerprint.prepare import align, fit_preparation
from fingerprint.recipe import GridInput, parse_recipe
from fingerprint.run import Run
from fingerprint.store import Store

PAGE = Path(__file__).parents[1] / "docs" / "sets.md"
MOST_COMPONENTS = 25


def blocks() -> dict[str, tuple[str, str]]:
    """The dataset.toml and the recipe of each set, from the page."""
    found = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    pairs = zip(found[::2], found[1::2], strict=True)
    return {re.findall(r'name = "(\w+)"', dataset)[0]: (dataset, recipe) for dataset, recipe in pairs}


def pls(x: dict[str, np.ndarray], y: dict[str, np.ndarray]) -> float:
    """Root-mean-square error over the test part; arrays by part."""
    models = [
        PLSRegression(count, scale=False).fit(x["train"], y["train"])
        for count in range(1, min(MOST_COMPONENTS, len(x["train"]) // 2, x["train"].shape[1]) + 1)
    ]
    errors = [rmse(model, x["validation"], y["validation"]) for model in models]
    return rmse(models[int(np.argmin(errors))], x["test"], y["test"])


def rmse(model: PLSRegression, x: np.ndarray, y: np.ndarray) -> float:
    """Of a model's prediction."""
    return float(np.sqrt(np.mean((model.predict(x).ravel() - y) ** 2)))


def compare(run: Run, store: Store) -> list[dict[str, Any]]:
    """Every scalar from every spectrum: error over the test part, in the unit of the prepared scalar."""
    specimens = sorted(run.parts)
    raws = {name: store.read(name) for name in run.preparations}
    prepared = align(raws, run.preparations, specimens)
    part = np.array([run.parts[each] for each in specimens])
    rows: list[dict[str, Any]] = []
    for spectrum, preparation in run.preparations.items():
        if preparation.modality.kind is Kind.SCALAR:
            continue
        plain = fit_preparation(raws[spectrum].keeping(set(np.array(specimens)[part == "train"])), GridInput())
        measured = align(raws, {spectrum: plain}, specimens).values[spectrum]
        for target, own in run.preparations.items():
            if own.modality.kind is not Kind.SCALAR:
                continue
            known = prepared.measured(target) & prepared.measured(spectrum)
            rows_of = {each: known & (part == each) for each in ("train", "validation", "test")}
            y = {each: prepared.values[target][rows, 0] for each, rows in rows_of.items()}
            with threadpool_limits(1):
                others = {
                    name: pls({each: x[rows] for each, rows in rows_of.items()}, y)
                    for name, x in (("pls_measured", measured), ("pls", prepared.values[spectrum]))
                }
            pima = run.metrics.parts["test"].rmse[target][spectrum]
            rows.append(
                {"spectrum": spectrum, "target": target, "unit": own.modality.unit, "test_specimens": len(y["test"])}
                | {"range": own.range, "pima": pima, "seconds": run.info.seconds}
                | others
            )
    return rows


def main() -> None:
    """Run all sets and splits and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--sets", default=",".join(blocks()))
    parser.add_argument("--splits", default="0-2")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    for name in arguments.sets.split(","):
        dataset, text = blocks()[name]
        with tempfile.TemporaryDirectory() as folder:
            described = Path(folder) / "dataset.toml"
            described.write_text(dataset, encoding="utf-8")
            store = fingerprint.open_store(Path(folder) / "store", create=True)
            fingerprint.ingest([arguments.source / name], store, dataset=described)
            for split_seed in span(arguments.splits):
                recipe = parse_recipe(text)
                training = msgspec.structs.replace(recipe.training, split_seed=split_seed)
                recipe = msgspec.structs.replace(recipe, training=training)
                try:
                    run = fingerprint.train(store, recipe, Path(folder) / str(split_seed), device="cpu")
                    found = compare(run, store)
                except Exception as error:
                    failures.append({"set": name, "split_seed": split_seed, "error": repr(error)})
                    continue
                rows += [{"set": name, "split_seed": split_seed} | each for each in found]
                print(name, split_seed, [(r["target"], round(r["pima"] / r["pls"], 2)) for r in found], flush=True)
    record(
        "public_sets",
        {"split_seeds": span(arguments.splits), "seeds": list(range(5)), "failures": failures, "rows": rows},
    )


if __name__ == "__main__":
    main()
