"""A set of specimens: made in several processes, kept one by one, written as one folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from fingerprint.errors import FingerprintError
from fingerprint.files import write_atomically
from fingerprint.generators.silicon_vdos.cell import REPEATS, make_cell, specimen_id
from fingerprint.generators.silicon_vdos.tables import (
    DATASET,
    Measured,
    read_folder,
    read_part,
    write_folder,
    write_part,
)
from fingerprint.generators.silicon_vdos.workers import in_processes

_PARTS = ".parts"


def make(
    out: str | Path,
    cells: int,
    *,
    jobs: int = 1,
    seed: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
    repeats: int = REPEATS,
) -> tuple[Path, ...]:
    """Make silicon specimens and write `spectra.h5`, `stress.csv` and `dataset.toml` into the folder `out`.

    Cell k of a seed is the same whatever the number of cells and jobs. Each is kept in `out/.parts` as soon
    as it is finished, until the folder is complete: after an interruption the same call goes on from there.
    Specimens of the same seed that `out` already holds are neither made again nor dropped, so a set can be
    made larger.

    Args:
        out: the folder to fill.
        cells: how many specimens.
        jobs: how many processes work on them; 1 works in this one.
        seed: of the whole set; specimens are called `si-SEED-CELL`.
        on_progress: called with the number of specimens finished and their total, first before any is made.
        repeats: cubic cells along each edge of a specimen.

    Returns:
        The paths of the three files.

    Raises:
        FingerprintError: `out` holds something else, or a process was ended from outside.
        OSError: the disk is full or cannot be written.
    """
    folder = Path(out)
    known = _already_made(folder, seed, repeats)
    cells = max(cells, len(known))
    parts = [_part(folder, seed, cell, repeats) for cell in range(cells)]
    missing = [cell for cell, part in enumerate(parts) if part.stem not in known and not part.exists()]
    finished = cells - len(missing)
    report = on_progress or _silent
    report(finished, cells)
    for _ in _made(folder, missing, jobs, seed, repeats):
        finished += 1
        report(finished, cells)

    measured = [known[part.stem] if part.stem in known else read_part(part) for part in parts]
    paths = write_folder(folder, measured, _description(cells, seed))
    shutil.rmtree(folder / _PARTS, ignore_errors=True)
    return paths


def _made(folder: Path, missing: Sequence[int], jobs: int, seed: int, repeats: int) -> Iterator[int]:
    """Make the missing cells, one part file each."""
    task = partial(_make_part, folder, seed, repeats)
    if jobs > 1 and len(missing) > 1:
        yield from in_processes(task, missing, jobs)
        return
    for cell in missing:
        task(cell)
        yield cell


def _make_part(folder: Path, seed: int, repeats: int, cell: int) -> None:
    measured = make_cell(seed, cell, repeats)
    write_atomically(_part(folder, seed, cell, repeats), lambda path: write_part(path, measured))


def _part(folder: Path, seed: int, cell: int, repeats: int) -> Path:
    return folder / _PARTS / f"{repeats}x{repeats}x{repeats}" / f"{specimen_id(seed, cell)}.h5"


def _already_made(folder: Path, seed: int, repeats: int) -> dict[str, Measured]:
    """Specimens that the folder holds, by id; none where it is new."""
    if folder.exists() and not folder.is_dir():
        raise FingerprintError("not a folder", where=str(folder), next="Choose another folder with --out.")
    if not (folder / DATASET).exists():
        return {}
    try:
        held = {cell.specimen: cell for cell in read_folder(folder)}
    except (OSError, KeyError, ValueError):
        held = {}
    mine = specimen_id(seed, 0)[:-4]
    if not held or any(not cell.specimen.startswith(mine) or cell.n_sites != 8 * repeats**3 for cell in held.values()):
        raise FingerprintError(
            "the folder holds another data set",
            where=str(folder),
            expected=f"A new folder, or specimens that were made with seed {seed}.",
            next="Choose another folder with --out.",
        )
    return held


def _description(cells: int, seed: int) -> str:
    return (
        f"Vibrational density of states and mean stress of {cells} silicon cells with disorder and "
        f"compression (Stillinger-Weber), made with seed {seed}"
    )


def _silent(done: int, total: int) -> None:
    """Report nothing."""
