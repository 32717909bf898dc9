"""Runs every benchmark, one after another, and makes docs/benchmarks.md. Time nothing else meanwhile.

python benchmarks/run_all.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = ("speed.py", "vdos_baselines.py", "vdos_variants.py", "vdos_controls.py", "kills.py")


def main() -> None:
    """Run them all; the first that fails ends it."""
    for script in SCRIPTS:
        subprocess.run([sys.executable, str(HERE / script)], check=True)
    subprocess.run([sys.executable, str(HERE.parent / "docs" / "make_benchmarks.py")], check=True)


if __name__ == "__main__":
    main()
