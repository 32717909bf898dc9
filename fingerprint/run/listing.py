"""Which runs a folder holds, and which of them is meant where none is named."""

from __future__ import annotations

from pathlib import Path

from fingerprint.errors import RunError
from fingerprint.run.folder import read_info, read_recipe
from fingerprint.run.records import RunInfo


def all_runs(runs: str | Path) -> list[tuple[RunInfo, Path]]:
    """Every run in a folder, oldest first.

    Raises:
        RunError: one is damaged or of a newer format.
    """
    folders = sorted(each.parent for each in Path(runs).glob("*/run.json"))
    return sorted(((read_info(folder), folder) for folder in folders), key=lambda pair: pair[0].created)


def newest_run(runs: str | Path, *, having: tuple[str, ...] = ()) -> Path:
    """The newest completed run in a folder whose recipe has all the modalities in `having`.

    Raises:
        RunError: there is none, or one is damaged or of a newer format.
    """
    unfinished: Path | None = None
    for info, path in reversed(all_runs(runs)):
        if set(having) <= set(read_recipe(path).modalities):
            if info.status == "completed":
                return path
            unfinished = unfinished or path
    wanted = f" with {' and '.join(having)}" if having else ""
    raise RunError(
        f"there is no completed run{wanted} yet",
        where=str(runs),
        next=f"Finish the one that was begun: fingerprint train --resume --out {unfinished}."
        if unfinished
        else "Train one: fingerprint train --clusters 4.",
    )


def newest_unfinished(runs: str | Path) -> Path:
    """The newest run in a folder that can be resumed.

    Raises:
        RunError: there is none, or one is damaged or of a newer format.
    """
    unfinished = [path for info, path in all_runs(runs) if info.status != "completed"]
    if not unfinished:
        raise RunError("there is no unfinished run", where=str(runs), next="Start one: fingerprint train.")
    return unfinished[-1]
