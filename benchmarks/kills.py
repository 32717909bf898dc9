"""Trainings stopped by SIGKILL at random moments and resumed: do they end with the weights of an undisturbed one?

    python benchmarks/kills.py [--kills 100] [--data silicon|mnist]

Each training is killed again and again, a random time after its process has begun to save epochs or before, until it
ends; then the next one begins, until there were enough kills. Every file of the run but run.json, which holds times and
seconds, is compared byte for byte. The MNIST training is of the shipped sample, with what a recipe can ask for:
images in half precision, augmentation, an expert in closed form, outliers, adversarial alignment.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from record import record, silicon_store

import fingerprint
from fingerprint.bundled import bundled
from fingerprint.experiments import Variant
from fingerprint.recipe import Recipe, format_recipe, load_recipe
from fingerprint.run import read_info
from fingerprint.store import Store

COMPARED = (
    "model.safetensors",
    "preparation.safetensors",
    "history.json",
    "calibration.json",
    "metrics.json",
    "split.json",
    "recipe.toml",
)
LONGEST_WAIT = 8.0


def killed_training(store: str, recipe: Path, out: Path, rng: random.Random, most: int) -> int:
    """Train to the end, killed at most `most` times on the way; how many kills there were."""
    command = [sys.executable, "-m", "fingerprint", "train", "--quiet", "--store", store, "--out", str(out)]
    kills = 0
    while True:
        begun = (out / "run.json").is_file()
        if begun and read_info(out).status == "completed":
            return kills
        process = subprocess.Popen(
            [*command, *(["--resume"] if begun else ["--recipe", str(recipe)])],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        if kills < most:
            time.sleep(rng.uniform(0, LONGEST_WAIT))
            if process.poll() is None:
                process.kill()
                process.wait()
                kills += 1
                continue
        if process.wait() != 0:
            assert process.stderr is not None
            raise RuntimeError(process.stderr.read().decode())
        return kills


def silicon(folder: Path) -> tuple[Store, Recipe]:
    """The default recipe, shortened, on the silicon set."""
    return silicon_store(folder), load_recipe("default", epochs=120, restarts=2, checkpoint_seconds=0.05)


def mnist(folder: Path) -> tuple[Store, Recipe]:
    """The recipe of the first experiment on the shipped sample."""
    store = fingerprint.open_store(folder / "store", create=True)
    fingerprint.ingest([bundled("datasets/mnist_lines/sample")], store)
    choices = {"training": {"epochs": 60, "batch": 32, "checkpoint_seconds": 0.05, "threads": 1}}
    doubted = {"modalities": {"line": {"outliers": 0.05}}}
    return store, Variant("kills", "", "mnist_lines", {**choices, **doubted}).build(0)


DATA = {"silicon": silicon, "mnist": mnist}


def main() -> None:
    """Kill, resume, compare, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--data", choices=list(DATA), default="silicon")
    options = parser.parse_args()
    kills = options.kills
    rng = random.Random(0)
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store, chosen = DATA[options.data](folder)
        recipe = folder / "recipe.toml"
        recipe.write_text(format_recipe(chosen), encoding="utf-8")
        whole = fingerprint.train(store, chosen, folder / "undisturbed", device="cpu").path
        while kills > 0:
            out = folder / f"killed-{len(rows) + len(failures)}"
            try:
                own = killed_training(store.path, recipe, out, rng, min(kills, 10))
            except RuntimeError as error:
                failures.append({"training": out.name, "error": str(error)})
                kills -= 1
                continue
            kills -= max(own, 1)
            same = all((out / each).read_bytes() == (whole / each).read_bytes() for each in COMPARED)
            rows.append({"kills": own, "identical": same})
            print(rows[-1], flush=True)
    name = "kills" if options.data == "silicon" else f"kills_{options.data}"
    record(name, {"seeds": list(range(chosen.training.restarts)), "failures": failures, "rows": rows})


if __name__ == "__main__":
    main()
