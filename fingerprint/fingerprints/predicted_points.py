"""Predicted curves and images as one wide table, written a piece at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from fingerprint.fingerprints.pieces import pieces
from fingerprint.fingerprints.predicted import TEST
from fingerprint.prediction.groups import predict_groups
from fingerprint.prepare import Preparation
from fingerprint.run import Run
from fingerprint.store import Store

MOST_NUMBERS = 10_000_000
HEAD = ("specimen", "part", "from")


def write_predicted(run: Run, store: Store, target: str, path: Path, form: str) -> None:
    """Write the predicted means of a curve or image: specimen, part, from, then a column per point.

    Args:
        run: a trained run.
        store: the one that it was trained on.
        target: the curve or image.
        path: the file.
        form: "csv" or "parquet".
    """
    names = point_names(run.preparations[target])
    write = _write_csv if form == "csv" else _write_parquet
    with threadpool_limits(run.recipe.training.threads):
        write(names, _tables(run, store, target, names), path)


def chosen_specimens(run: Run, points: int) -> list[str]:
    """All specimens of a run; the test part, thinned evenly, where all have more than `MOST_NUMBERS` points."""
    specimens = sorted(run.parts)
    if len(specimens) * points <= MOST_NUMBERS:
        return specimens
    tested = [specimen for specimen in specimens if run.parts[specimen] == TEST]
    count = min(len(tested), max(1, MOST_NUMBERS // points))
    return [tested[row] for row in np.linspace(0, len(tested) - 1, count).round().astype(int)] if tested else []


def point_names(preparation: Preparation) -> list[str]:
    """What the columns are called: x of each point of a curve, row_column of each of an image."""
    if preparation.grid is not None:
        return [repr(x) for x in preparation.grid.tolist()]
    return [f"{row}_{column}" for row, column in np.ndindex(*preparation.shape)]


def _tables(run: Run, store: Store, target: str, names: list[str]) -> Iterator[pd.DataFrame]:
    """One table per piece, specimens in order."""
    points = run.preparations[target].points
    for piece in pieces(run, store, chosen_specimens(run, points)):
        rows = range(len(piece.tensors))
        means = np.full((len(rows), points), np.nan)
        given = [""] * len(rows)
        for group in predict_groups(run, target, piece.physical, piece.tensors, rows, run.calibration.level):
            means[group.rows] = group.mean
            for row in group.rows.tolist():
                given[row] = "+".join(group.given)
        told = [row for row in rows if given[row]]
        specimens = [piece.physical.specimens[row] for row in told]
        columns = [specimens, [run.parts[specimen] for specimen in specimens], [given[row] for row in told]]
        head = pd.DataFrame(dict(zip(HEAD, columns, strict=True)))
        yield pd.concat([head, pd.DataFrame(means[told], columns=names)], axis=1)


def _write_csv(names: list[str], tables: Iterable[pd.DataFrame], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        pd.DataFrame(columns=[*HEAD, *names]).to_csv(file, index=False, lineterminator="\n")
        for table in tables:
            table.to_csv(file, index=False, header=False, lineterminator="\n")


def _write_parquet(names: list[str], tables: Iterable[pd.DataFrame], path: Path) -> None:
    schema = pa.schema([(name, pa.string()) for name in HEAD] + [(name, pa.float64()) for name in names])
    with pq.ParquetWriter(path, schema) as writer:
        for table in tables:
            writer.write_table(pa.Table.from_pandas(table, schema, preserve_index=False))
