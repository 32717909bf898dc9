"""What every benchmark shares: the silicon store, and one JSON file of results with what it was measured on."""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import fingerprint
from fingerprint.bundled import bundled
from fingerprint.files import write_text_atomically
from fingerprint.store import Store

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch")


def silicon_store(folder: Path) -> Store:
    """The shipped silicon set, ingested into a store in `folder`."""
    store = fingerprint.open_store(folder / "store", create=True)
    fingerprint.ingest([bundled("datasets/silicon_vdos/vdos")], store)
    return store


def commit() -> str:
    """The commit that is checked out, and whether what is measured was changed since."""
    git = ["git", "-C", str(Path(__file__).parents[1])]
    head, changed = (
        subprocess.run([*git, *command], capture_output=True, text=True, check=True).stdout.strip()
        for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "fingerprint", "recipes", "datasets"])
    )
    return head + (" with changes" if changed else "")


def record(name: str, content: dict[str, Any]) -> Path:
    """Write `results/NAME.json`: command, commit, versions, machine, and `content`, which names seeds and failures."""
    arguments = [Path(each).name if Path(each).is_absolute() else each for each in sys.argv[1:]]
    document = {
        "name": name,
        "command": " ".join(["python", f"{Path(sys.argv[0]).parent.name}/{Path(sys.argv[0]).name}", *arguments]),
        "commit": commit(),
        "versions": {"python": platform.python_version(), "fingerprint": fingerprint.__version__}
        | {package: importlib.metadata.version(package) for package in PACKAGES},
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "architecture": platform.machine()},
        **content,
    }
    path = RESULTS / f"{name}.json"
    write_text_atomically(path, json.dumps(finite(document), indent=1, allow_nan=False) + "\n")
    print(f"written: {path}")
    return path


def finite(content: Any) -> Any:
    """The same, with None for numbers that are not finite: JSON has none of these."""
    if isinstance(content, dict):
        return {key: finite(each) for key, each in content.items()}
    if isinstance(content, list | tuple):
        return [finite(each) for each in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def span(text: str) -> list[int]:
    """Seeds from "0-19" or "3,17"."""
    seeds: list[int] = []
    for piece in text.split(","):
        first, _, last = piece.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def mean(values: Iterable[float]) -> float:
    """The mean; nan for none."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else float("nan")
