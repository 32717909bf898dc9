"""Which run a command means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fingerprint.cli import console

if TYPE_CHECKING:
    from fingerprint.run import Run


def run_path(name: str | None, runs: Path, *, having: tuple[str, ...] = ()) -> Path:
    """The run of that name or folder; without one the newest completed run that has the modalities, said on stderr."""
    if name is not None:
        return runs / name if (runs / name / "run.json").is_file() else Path(name)
    from fingerprint.run import newest_run

    path = newest_run(runs, having=having)
    console.say(f"Run: {path}")
    return path


def open_run(name: str | None, runs: Path, *, having: tuple[str, ...] = ()) -> Run:
    """Open the run that `run_path` names."""
    from fingerprint.run import load_run

    return load_run(run_path(name, runs, having=having))
