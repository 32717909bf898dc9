"""Which runs a folder holds, and which of them is meant where none is named."""

from __future__ import annotations

from pathlib import Path

from fingerprint.errors import RunError
from fingerprint.run.folder import read_info, read_recipe
from fingerprint.run.lock import is_free
from fingerprint.run.records import RunInfo


def all_runs(runs: str | Path) -> list[tuple[RunInfo, Path]]:
    """Every run in a folder, oldest first; one that is damaged or of another format is passed over."""
    found: list[tuple[RunInfo, Path]] = []
    for file in sorted(Path(runs).glob("*/run.json")):
        try:
            read_recipe(file.parent)
            found.append((read_info(file.parent), file.parent))
        except RunError:
            continue
    return sorted(found, key=lambda pair: pair[0].created)


def newest_run(runs: str | Path, *, having: tuple[str, ...] = ()) -> Path:
    """The newest completed run in a folder whose recipe has all the modalities in `having`.

    Raises:
        RunError: there is none.
    """
    unfinished: Path | None = None
    for info, path in reversed(all_runs(runs)):
        if set(having) <= _names(path):
            if info.status == "completed":
                return path
            if info.status != "diverged":
                unfinished = unfinished or path
    known = sorted({name for info, path in all_runs(runs) if info.status == "completed" for name in _names(path)})
    if known:
        raise RunError(
            f"no completed run knows {' and '.join(having)}",
            where=str(runs),
            expected=f"The completed runs know: {', '.join(known)}. {_passed_over(runs)}".rstrip(),
            next="Name one of these, or train on it: fingerprint train --modalities A,B.",
        )
    wanted = f" with {' and '.join(having)}" if having else ""
    raise RunError(
        f"there is no completed run{wanted} yet",
        where=str(runs),
        expected=_passed_over(runs),
        next=f"Finish the one that was begun: fingerprint train --resume --out {unfinished}; or, if it was "
        f"interrupted, use it as it is: --run {unfinished}."
        if unfinished
        else "Train one: fingerprint train --clusters 4.",
    )


def newest_unfinished(runs: str | Path) -> Path:
    """The newest run in a folder that can be resumed: one that nobody trains now.

    Raises:
        RunError: there is none.
    """
    for info, path in reversed(all_runs(runs)):
        if info.status in ("running", "interrupted") and is_free(path):
            return path
    raise RunError(
        "there is no unfinished run",
        where=str(runs),
        expected=_passed_over(runs),
        next="Start one: fingerprint train.",
    )


def _names(path: Path) -> set[str]:
    """The modalities that a run was trained on."""
    return set(read_recipe(path).modalities)


def _passed_over(runs: str | Path) -> str:
    """Names the runs that cannot be read; what is wrong with each is told where it is asked for by name."""
    read = {path for _, path in all_runs(runs)}
    names = [file.parent.name for file in sorted(Path(runs).glob("*/run.json")) if file.parent not in read]
    return f"Passed over, being damaged or of another format: {', '.join(names)}." if names else ""
