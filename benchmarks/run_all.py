"""Runs every benchmark, one after another, and makes docs/benchmarks.md. Time nothing else meanwhile.

python benchmarks/run_all.py [--folder FOLDER] [--source MNIST] [--multivae PYTHON]

The trainings on MNIST are kept in FOLDER, so that they go on where they were stopped; its files are downloaded where
no folder with them is named.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
OWN_DATA = (
    ("speed.py",),
    ("vdos_baselines.py",),
    ("vdos_variants.py",),
    ("vdos_experts.py",),
    ("vdos_controls.py",),
    ("kills.py",),
    ("kills.py", "--data", "mnist", "--kills", "10"),
    ("hostile_files.py",),
    ("ingest_kills.py",),
    ("ingest_rate.py",),
)
MNIST = (
    ("mnist_lines.py", "--parts", "seeds", "--seeds", "0-8"),
    ("mnist_lines.py", "--parts", "latent,image", "--seeds", "0-4"),
    ("mnist_lines.py", "--parts", "missing,corrupted,deconvolutions,starts,table", "--seeds", "0-2"),
    ("mnist_lines.py", "--parts", "literal,ablation", "--seeds", "0-1"),
    ("mnist_rate.py",),
    ("mnist_ode.py", "--part", "seeds"),
    ("mnist_ode.py", "--part", "contrast"),
    ("mnist_ode.py", "--part", "table3"),
    ("mnist_ode.py", "--part", "coverage"),
    ("mnist_ode.py", "--part", "cost"),
    ("report_size.py",),
)


def main() -> None:
    """Run them all; the first that fails ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=HERE / "runs")
    parser.add_argument("--source", type=Path)
    parser.add_argument("--multivae", help="the interpreter of an environment with multivae, for its rate")
    chosen = parser.parse_args()
    source = ["--source", str(chosen.source)] if chosen.source else []
    for script, *arguments in OWN_DATA:
        subprocess.run([sys.executable, str(HERE / script), *arguments], check=True)
    for script, *arguments in MNIST:
        multivae = ["--multivae", chosen.multivae] if chosen.multivae and script == "mnist_rate.py" else []
        folder = chosen.folder / "mnist_ode" if script == "mnist_ode.py" else chosen.folder
        own = ["--folder", str(folder), *source, *multivae]
        subprocess.run([sys.executable, str(HERE / script), *arguments, *own], check=True)
    subprocess.run([sys.executable, str(HERE.parent / "docs" / "make_benchmarks.py")], check=True)


if __name__ == "__main__":
    main()
