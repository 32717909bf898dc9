"""The paper's second experiment: accuracy over seeds, Table 3, whether errors cover, and what the equations cost.

    python benchmarks/mnist_ode.py --folder FOLDER --source MNIST --part seeds|contrast|table3|coverage|cost

seeds, contrast: rows of `fingerprint reproduce mnist_ode`, kept in FOLDER, so that the command goes on where it was
    stopped: the oscillator's equations, and networks in their place
table3: the equations fitted to all training specimens with noise drawn anew, for two noises, with alpha, gamma and
    delta shared by the clusters and with all four free; clusters are told by the run expert-seed-N of FOLDER, where it
    is there, else by k-means of the curves; no digit is looked at. Errors are put beside the Cramer-Rao bound
coverage: how often intervals of the stated standard errors hold the truth
cost: an expert's step beside that of networks. Time nothing else meanwhile

Each part writes a record of its own: results/mnist_ode_PART.json.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from expert_cost import cost
from mnist_lines import is_trained, note_commit, noted_commit
from oscillator_fits import NOISES, coverage, setting, table_three
from record import record, span

from fingerprint.errors import FingerprintError
from fingerprint.experiments import Row, reproduce, solved
from fingerprint.experiments.data import OSCILLATORS, filled_store
from fingerprint.experiments.mnist_ode import MNIST_ODE
from fingerprint.experiments.reproducing import run_folder
from fingerprint.experiments.summary import worst_error
from fingerprint.run import load_run


def trained(folder: Path, source: Path | None, names: list[str], seeds: list[int]) -> dict[str, Any]:
    """Rows of the experiment; one that fails is noted, and the others go on."""
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    for name in names:
        for seed in seeds:
            where = run_folder(folder, name, seed)
            try:
                if not is_trained(where):
                    note_commit(where)
                (row,) = reproduce(MNIST_ODE.name, folder, [seed], [name], source=source)
            except FingerprintError as error:
                failures.append({"row": name, "seed": seed, "error": str(error).replace(f"{folder}/", "")})
                print(failures[-1], flush=True)
                continue
            if row.scores is None:
                failures.append({"row": name, "seed": seed, "error": row.failure})
            else:
                rows.append(told(row, where))
                print(rows[-1], flush=True)
    return {"seeds": seeds, "failures": failures, "rows": rows}


def told(row: Row, where: Path) -> dict[str, Any]:
    """A row as the record has it."""
    asked, run = MNIST_ODE.identification, load_run(where)
    assert row.scores is not None
    assert asked is not None
    return {
        "name": row.name,
        "title": row.title,
        "seed": row.seed,
        "accuracy": row.scores.accuracy,
        "seconds": row.seconds,
        "epochs": run.recipe.training.epochs,
        "alive": sum(cluster.alive for cluster in run.metrics.clusters),
        "commit": noted_commit(where),
        "parameters": [
            {
                "digit": each.label,
                "name": each.name,
                "value": each.value,
                "standard_error": each.standard_error,
                "relative_error": each.relative_error,
            }
            for each in row.parameters
        ],
        "worst_error": worst_error(asked.wanted, row) if row.parameters else None,
        "deviations": {each.label: each.deviation for each in solved(asked, row.parameters)},
    }


def main() -> None:
    """Measure and write the records."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--seeds", default="0-9", help="of trainings; of the noise in table3, from 1 on")
    parser.add_argument("--part", choices=["seeds", "contrast", "table3", "coverage", "cost"], required=True)
    parser.add_argument("--run", type=int, default=0, help="the seed of the run that tells the clusters in table3")
    parser.add_argument("--draws", type=int, default=100, help="of the noise in coverage")
    parser.add_argument("--specimens", type=int, default=100, help="of each digit in coverage")
    chosen = parser.parse_args()
    folder, source, seeds = chosen.folder, chosen.source, span(chosen.seeds)
    plain: dict[str, Any] = {"seeds": seeds, "failures": []}
    match chosen.part:
        case "seeds" | "contrast":
            names = ["expert"] if chosen.part == "seeds" else ["conv-large", "conv-small"]
            content = trained(folder, source, names, seeds)
        case "table3":
            given = setting(folder, source, chosen.run)
            draws = [seed + 1 for seed in seeds]
            content = {**plain, "seeds": draws, "told_by": given.told_by, "specimens": len(given.train)}
            content["rows"] = table_three(given, draws)
        case "coverage":
            given = setting(folder, source, chosen.run)
            content = plain | coverage(given, chosen.draws, chosen.specimens, NOISES["variance 0.1"])
        case _:
            content = plain | cost(filled_store(OSCILLATORS, folder, source))
    record(f"mnist_ode_{chosen.part}", content)


if __name__ == "__main__":
    main()
