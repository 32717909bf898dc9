"""Rate of the training step on MNIST with lines, in specimens per second. Time nothing else meanwhile.

    python benchmarks/mnist_rate.py --folder FOLDER --source MNIST [--multivae PYTHON]

bare: a hand-written PyTorch loop over the same networks, batches, terms and precision, against N(0, I), with nothing of
    PIMA's: no mixture, expert, augmentation, alignment
multivae: one epoch of MVAE with sub-sampling by MultiVae's own trainer over the same networks, batch, single precision;
    PYTHON is the interpreter of an environment that has it
threads: two cores against one
cuda, where there is one: 8 restarts as one computation against 1, the share of the time that the device is busy, and
    the time of training until the clusters of the test part are right in 99.79 %, the best that the paper reports

Rates are medians over several repeats, the contestants by turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mnist_networks import bare_step
from record import record

from fingerprint.experiments.damage import mnist_lines_store
from fingerprint.experiments.reproducing import digits
from fingerprint.recipe import Recipe, load_recipe, with_choices
from fingerprint.run import build_model, make_generators, modality_shapes
from fingerprint.store import Store
from fingerprint.training import Progress, train
from fingerprint.training.batch import BatchSource, batch_source, to_device
from fingerprint.training.data import fit_preparations, make_plan, part_data, read_measured
from fingerprint.training.evaluation import clustering_accuracy, hard_labels
from fingerprint.training.split import Part
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import begin_epoch, make_optimizer, train_batch

STEPS, REPEATS = 20, 15
AIM = 99.79  # % of the test part: the best of the nine runs that the paper reports


class Contestant:
    """Our training, ready to step."""

    def __init__(self, recipe: Recipe, store: Store, device: str) -> None:
        measured = read_measured(store, recipe, sorted(recipe.modalities), store.snapshot())
        self.recipe = make_plan(recipe, measured)
        preparations = fit_preparations(self.recipe, measured)
        train = part_data(measured, preparations, device)[Part.TRAIN].tensors
        generators = make_generators(range(recipe.training.restarts))
        model = build_model(self.recipe, preparations, generators).to(device)
        self.state = TrainingState(model, make_optimizer(model, self.recipe), generators)
        shapes = modality_shapes(self.recipe, preparations)
        self.source: BatchSource = batch_source(self.recipe, train, shapes, model.telling())
        begin_epoch(self.state, self.recipe, train)
        model.train()
        self.device = torch.device(device)

    def step(self) -> None:
        """One batch of every member."""
        shape = (self.state.model.seeds, self.recipe.training.batch)
        rows = to_device(torch.randint(len(self.source.train), shape), self.device)
        train_batch(self.state, self.recipe, self.source, rows, 1e-3)


def rates(
    steps: dict[str, Callable[[], None]],
    batch: int,
    device: str = "cpu",
    *,
    count: int = STEPS,
    repeats: int = REPEATS,
) -> dict[str, list[float]]:
    """Specimens per second of each repeat of so many steps, the contestants by turns."""
    found: dict[str, list[float]] = {name: [] for name in steps}
    for repeat in range(repeats + 1):
        for name, step in steps.items():
            if device == "cuda":
                torch.cuda.synchronize()
            begun = time.perf_counter()
            for _ in range(count):
                step()
            if device == "cuda":
                torch.cuda.synchronize()
            if repeat:  # the first one warms up
                found[name].append(batch * count / (time.perf_counter() - begun))
    return found


def on_cpu(store: Store, multivae: str | None) -> dict[str, Any]:
    """Ratios to the bare loop, to MultiVae, and of two cores to one."""
    recipe = load_recipe("mnist_lines")
    batch = recipe.training.batch
    result: dict[str, Any] = {}
    for precision in ("bfloat16", "float32"):
        ours = Contestant(with_choices(recipe, precision=precision), store, "cpu")
        values = {name: value.clone() for name, value in ours.source.train.values.items()}
        theirs = bare_step(values, batch, half=precision == "bfloat16")
        for threads in (2, 1):
            torch.set_num_threads(threads)
            result[f"{precision}_threads_{threads}"] = rates({"ours": ours.step, "bare": theirs}, batch)
    if multivae:
        command = [multivae, str(Path(__file__).with_name("multivae_rate.py")), "--batch", str(batch)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        result["multivae"] = json.loads(done.stdout.splitlines()[-1])
    return result


def on_cuda(store: Store) -> dict[str, Any]:
    """One restart and eight, and how long the device is busy."""
    result: dict[str, Any] = {"device": torch.cuda.get_device_name()}
    for restarts in (1, 8):
        ours = Contestant(with_choices(load_recipe("mnist_lines"), restarts=restarts), store, "cuda")
        found = rates({"ours": ours.step}, ours.recipe.training.batch, "cuda")["ours"]
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
            begun = time.perf_counter()
            for _ in range(STEPS):
                ours.step()
            torch.cuda.synchronize()
            wall = time.perf_counter() - begun
        busy = sum(event.self_device_time_total for event in profile.key_averages()) / 1e6
        result[f"restarts_{restarts}"] = {"specimens_per_second": found, "busy": busy / wall}
    one, eight = (statistics.median(result[f"restarts_{n}"]["specimens_per_second"]) for n in (1, 8))
    return {**result, "time_of_8_to_1": one / eight, "to_aim": to_aim(store, load_recipe("mnist_lines"), "cuda")}


def to_aim(store: Store, recipe: Recipe, device: str) -> dict[str, Any]:
    """Seconds of one whole training until an epoch ends with `AIM`; None where none does.

    They count from the call of `train` on, reading and preparing included, which `seconds_before` says by itself; but
    without the scoring here, of the test part after every epoch. Which epoch is kept is decided by nothing of this.
    """
    measured = read_measured(store, recipe, sorted(recipe.modalities), store.snapshot())
    preparations = fit_preparations(make_plan(recipe, measured), measured)
    test = part_data(measured, preparations, device)[Part.TEST].tensors
    truth = digits(store)
    labels = [truth[specimen] for specimen in test.specimens]
    epochs: list[dict[str, float]] = []
    before = scoring = 0.0

    def after_epoch(progress: Progress) -> None:
        nonlocal before, scoring
        if device == "cuda":
            torch.cuda.synchronize()
        ended = time.perf_counter()
        before = before or ended - begun - progress.seconds
        model = progress.state.model
        accuracy = 100 * clustering_accuracy(labels, hard_labels(model.eval(), test)[0])
        model.train()
        epochs.append({"epoch": progress.state.epoch, "seconds": ended - begun - scoring, "accuracy": accuracy})
        scoring += time.perf_counter() - ended

    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        train(store, recipe, Path(folder) / "run", device=device, on_epoch=after_epoch)
        in_all = time.perf_counter() - begun - scoring
    reached = next((each["seconds"] for each in epochs if each["accuracy"] >= AIM), None)
    return {
        "aim": AIM,
        "seed": recipe.training.seed,
        "seconds": reached,
        "seconds_before": before,
        "seconds_in_all": in_all,
        "epochs": epochs,
    }


def main() -> None:
    """Measure and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--multivae", help="the interpreter of an environment with multivae")
    chosen = parser.parse_args()
    store = mnist_lines_store(chosen.folder, chosen.source)
    content: dict[str, Any] = {"seeds": [0], "failures": [], "cpu": on_cpu(store, chosen.multivae)}
    cpu = content["cpu"]

    def median(key: str, who: str) -> float:
        return statistics.median(cpu[key][who])

    content["ratio_to_bare"] = {
        key: median(key, "ours") / median(key, "bare") for key in cpu if key.startswith(("bfloat16", "float32"))
    }
    content["two_cores_to_one"] = median("bfloat16_threads_2", "ours") / median("bfloat16_threads_1", "ours")
    if "multivae" in cpu:
        theirs = statistics.median(cpu["multivae"]["rates"])
        content["ratio_to_multivae"] = median("float32_threads_2", "ours") / theirs
    if torch.cuda.is_available():
        content["cuda"] = on_cuda(store)
    record("mnist_rate", content)


if __name__ == "__main__":
    sys.exit(main())
