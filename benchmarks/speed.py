"""Speed, each as a ratio to a named reference in the same run. Time nothing else meanwhile.

    python benchmarks/speed.py [--epochs 60]

stacked: five members trained as one computation, against the same five one after another
commands: `--help`, `predict-stress` of one file, in seconds and against `python -c "import torch"`
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from record import record, silicon_store

import fingerprint
from fingerprint.bundled import bundled

REPEATS = 5


def seconds(action: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """Wall-clock seconds of each repeat."""
    result = []
    for _ in range(repeats):
        begun = time.perf_counter()
        action()
        result.append(time.perf_counter() - begun)
    return result


def command(*arguments: str) -> Callable[[], object]:
    """A command of this interpreter, its output thrown away."""
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def main() -> None:
    """Measure and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=60)
    epochs = parser.parse_args().epochs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = silicon_store(folder)

        def train(label: str, **choices: Any) -> float:
            run = fingerprint.train(store, fingerprint.load_recipe(**choices), folder / label)
            return run.info.seconds

        warm = train("warm", epochs=5)
        stacked = train("stacked", epochs=epochs)
        alone = sum(train(f"alone-{seed}", epochs=epochs, restarts=1, seed=seed) for seed in range(5))
        whole = train("whole")
        spectrum = bundled("datasets/silicon_vdos/new_specimens/si-new-1.csv")
        run = str(folder / "whole")
        timed = {
            "fingerprint --help": seconds(command("-m", "fingerprint", "--help")),
            "fingerprint predict-stress": seconds(
                command("-m", "fingerprint", "predict-stress", str(spectrum), "--run", run)
            ),
            "import torch": seconds(command("-c", "import torch")),
        }
    record(
        "speed",
        {
            "seeds": list(range(5)),
            "failures": [],
            "epochs": epochs,
            "warm_up_seconds": warm,
            "stacked_seconds": stacked,
            "one_after_another_seconds": alone,
            "stacked_to_one_after_another": stacked / alone,
            "default_recipe_seconds": whole,
            "commands_seconds": timed,
            "predict_to_import_torch": statistics.median(timed["fingerprint predict-stress"])
            / statistics.median(timed["import torch"]),
        },
    )


if __name__ == "__main__":
    main()
