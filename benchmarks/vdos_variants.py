"""Other choices beside the default recipe, on the same splits: the latent size, and the paper's configuration.

    python benchmarks/vdos_variants.py [--splits 0-1] [--paper-splits 0]

The paper's configuration (recipes/vdos_paper.toml) takes seconds an epoch on one core, so it has one member, splits of
its own, and far fewer than the 40,000 epochs of the paper.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from record import record, silicon_store, span
from vdos_baselines import assess, train

LATENT_SIZES = (1, 2, 3, 4, 8)
PAPER_EPOCHS = 150


def main() -> None:
    """Run every variant and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", default="0-1")
    parser.add_argument("--paper-splits", default="0")
    arguments = parser.parse_args()
    splits, paper_splits = span(arguments.splits), span(arguments.paper_splits)
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    variants = [(f"latent {size}", "default", {"latent": size}, splits) for size in LATENT_SIZES]
    variants += [("joint term only", "default", {"terms": "joint"}, splits)]
    paper = f"the paper's configuration, {PAPER_EPOCHS} epochs"
    variants += [(paper, "vdos_paper", {"restarts": 1, "epochs": PAPER_EPOCHS}, paper_splits)]
    with tempfile.TemporaryDirectory() as name:
        store = silicon_store(Path(name))
        for variant, recipe, choices, own_splits in variants:
            for split_seed in own_splits:
                folder = Path(name) / f"{variant}-{split_seed}".replace(" ", "-")
                try:
                    result = assess(train(store, split_seed, folder, recipe, **choices), store)
                except Exception as error:
                    failures.append({"variant": variant, "split_seed": split_seed, "error": repr(error)})
                    continue
                rows.append({"variant": variant, "split_seed": split_seed, **result})
                print(f"{variant}, split {split_seed}: {result['rmse_percent']:.3f} %", flush=True)
    record(
        "vdos_variants",
        {"split_seeds": splits, "paper_split_seeds": paper_splits, "failures": failures, "rows": rows},
    )


if __name__ == "__main__":
    main()
