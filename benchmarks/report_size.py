"""Memory, time and size of the report on a run with 70,000 specimens and their images.

    python benchmarks/report_size.py --folder FOLDER --source MNIST

The run is that of seed 0 of `mnist_lines.py --parts seeds` in the same folder; it is trained where it is not there.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import record

from fingerprint.experiments import reproduce
from fingerprint.experiments.data import whole_store


def main() -> None:
    """Write the page in a process of its own, and the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--source", type=Path)
    chosen = parser.parse_args()
    (row,) = reproduce("mnist_lines", chosen.folder, [0], ["multimodal"], source=chosen.source)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        command = [sys.executable, "-m", "fingerprint", "report", "--run", row.run, "--out", str(page)]
        begun = time.perf_counter()
        subprocess.run([*command, "--store", str(whole_store(chosen.folder))], check=True, capture_output=True)
        seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        size = page.stat().st_size
    record("report_size", {"seeds": [0], "failures": [], "peak_bytes": peak, "page_bytes": size, "seconds": seconds})


if __name__ == "__main__":
    main()
