"""Row: one training of one variant, scored; and where it is kept if no run keeps it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from fingerprint.errors import RunError
from fingerprint.experiments.clustering import ClusteringScores
from fingerprint.experiments.identified import Identified
from fingerprint.files import write_text_atomically

ROW_FILE = "row.json"


class Row(Struct, frozen=True):
    """One training of one variant, scored on the test part.

    Attributes:
        name, title: of the variant.
        seed: its seed.
        scores: clusters against digits; None where the training diverged.
        seconds: of training and evaluation, on this machine.
        run: its folder; empty for a baseline.
        failure: what was said where it diverged, else empty.
        parameters: that its law identified, where the experiment asks for them.
    """

    name: str
    title: str
    seed: int
    scores: ClusteringScores | None
    seconds: float
    run: str
    failure: str = ""
    parameters: tuple[Identified, ...] = ()


def keep_row(folder: Path, row: Row) -> None:
    """Write a row that no run tells: of a baseline, or of a training that diverged."""
    write_text_atomically(folder / ROW_FILE, msgspec.json.format(msgspec.json.encode(row)).decode() + "\n")


def kept_row(folder: Path) -> Row | None:
    """The row that was kept in that folder; None where there is none.

    Raises:
        RunError: it is damaged.
    """
    path = folder / ROW_FILE
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Row)
    except (OSError, msgspec.DecodeError) as error:
        raise RunError(
            f"the row that was kept is damaged: {error}",
            where=str(path),
            next=f"Remove the folder {folder}; the same command then makes the row again.",
        ) from error
