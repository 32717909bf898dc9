"""Delta tables: read, append, take in files, compact. The one file that calls deltalake.

Every address is a string that goes to deltalake untouched, so that a folder and an object store are one
thing. Reading goes through deltalake's own query engine: its pyarrow filesystem calls Python from Arrow's
threads, and a process that ends while one of them still runs is aborted.
"""

from __future__ import annotations

import errno
import json
import random
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, QueryBuilder, Schema, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction

from fingerprint.errors import StoreError, disk_error
from fingerprint.store.remote import options, plain, remote_error

T = TypeVar("T")

_ATTEMPTS = 40
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


class Conflict(Exception):
    """Another process committed first; nothing of ours was committed."""


class NewFile(NamedTuple):
    """A Parquet file in the folder of a table that does not know it yet.

    Attributes:
        path: of the file.
        rows: their number.
    """

    path: Path
    rows: int


def exists(url: str) -> bool:
    """Whether there is a Delta table at `url`."""
    with translated(url):
        return DeltaTable.is_deltatable(url, options(url))


def version(url: str) -> int:
    """The version of the table at `url`; -1 where there is none."""
    with translated(url):
        try:
            return DeltaTable(url, storage_options=options(url)).version()
        except TableNotFoundError as error:
            if "Unknown scheme" in str(error):
                raise
            return -1


def read(
    url: str,
    columns: Sequence[str] | None = None,
    *,
    at: int | None = None,
    where: tuple[str, Sequence[str]] | None = None,
    between: tuple[str, str, str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """The rows of the table at `url`, in no particular order; nothing where there is no table.

    Args:
        url: of the table.
        columns: those wanted; the ones that the table does not have are left out. None for all.
        at: a version of the table; None for the newest.
        where: a column of text, and words, one of which it holds; what of files cannot is not read. None for all.
        between: the same for the first and the last of the words of a column, in the order of their letters' bytes.
    """
    with translated(url):
        try:
            table = DeltaTable(url, version=at, storage_options=options(url))
        except TableNotFoundError:
            return
        present = [field.name for field in table.schema().fields]
        wanted = [name for name in present if columns is None or name in columns]
        selected = ", ".join(f'"{name}"' for name in wanted)
        query = f"SELECT {selected} FROM rows"
        if where is not None:
            column, words = where
            query += f' WHERE "{column}" IN ({", ".join(map(_quoted, words))})' if words else " WHERE false"
        elif between is not None:
            column, first, last = between
            query += f' WHERE "{column}" BETWEEN {_quoted(first)} AND {_quoted(last)}'
        yield from pa.RecordBatchReader.from_stream(QueryBuilder().register("rows", table).execute(query))


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def rows_by_ingest(url: str) -> dict[str, int]:
    """How many rows of each ingest the table at `url` holds."""
    with translated(url):
        try:
            tables = QueryBuilder().register("rows", DeltaTable(url, storage_options=options(url)))
        except TableNotFoundError:
            return {}
        found = tables.execute("SELECT ingest, count(*) AS count FROM rows GROUP BY ingest")
        counted = pa.table(pa.RecordBatchReader.from_stream(found))
    return dict(zip(counted["ingest"].to_pylist(), counted["count"].to_pylist(), strict=True))


def append(url: str, rows: Callable[[], pa.RecordBatchReader]) -> None:
    """Append to the table at `url`, made or given new columns where needed.

    Appends of several processes never shut each other out.

    Args:
        url: of the table.
        rows: called once for every attempt.
    """
    retried(lambda: _append_once(url, rows))


def adopt(url: str, schema: pa.Schema, files: Sequence[NewFile]) -> None:
    """Let the table in the folder `url`, made or given new columns where needed, take in files that lie there.

    Appends of several processes never shut each other out.

    Args:
        url: of the table, a folder.
        schema: all columns of the files.
        files: of rows.
    """
    retried(lambda: _adopt_once(url, schema, files))


def files(url: str) -> set[str]:
    """The names of the files of the table in the folder `url`."""
    with translated(url):
        return {Path(uri).name for uri in DeltaTable(url).file_uris()} if DeltaTable.is_deltatable(url) else set()


def append_next(url: str, rows: pa.Table, after: int) -> None:
    """Append `rows` as the version of the table that follows version `after` (-1 makes the table).

    Raises:
        Conflict: the table has moved on.
    """
    with translated(url):
        try:
            if after < 0:
                write_deltalake(url, rows, mode="error", storage_options=options(url))
            else:
                only_next = CommitProperties(max_commit_retries=0)
                table = DeltaTable(url, version=after, storage_options=options(url))
                write_deltalake(table, rows, mode="append", schema_mode="merge", commit_properties=only_next)
        except DeltaError as error:
            if _is_conflict(error):
                raise Conflict from error
            raise


def compact(url: str) -> tuple[int, int]:
    """Merge small files of the table at `url`, and delete those that it has not known for a week: merged or abandoned.

    Returns:
        The number of files before and after.
    """

    def once() -> tuple[int, int]:
        with translated(url):
            try:
                table = DeltaTable(url, storage_options=options(url))
                before = len(table.file_uris())
                table.optimize.compact()
                table.vacuum(dry_run=False, full=True)
            except CommitFailedError as error:
                raise Conflict from error
            return before, len(table.file_uris())

    return retried(once)


def retried(attempt: Callable[[], T]) -> T:
    """What `attempt` returns, tried again while other processes commit first."""
    for number in range(_ATTEMPTS):
        try:
            return attempt()
        except Conflict:
            time.sleep(random.SystemRandom().uniform(0, min(0.02 * 2**number, 1.0)))
    raise StoreError(
        f"other processes kept writing to the store for {_ATTEMPTS} attempts",
        next="Run the same command again when they are done.",
    )


def _append_once(url: str, rows: Callable[[], pa.RecordBatchReader]) -> None:
    with translated(url):
        try:
            write_deltalake(url, rows(), mode="append", schema_mode="merge", storage_options=options(url))
        except DeltaError as error:
            if _is_conflict(error):
                raise Conflict from error
            raise


def _adopt_once(url: str, schema: pa.Schema, files: Sequence[NewFile]) -> None:
    with translated(url):
        try:
            if not DeltaTable.is_deltatable(url):
                DeltaTable.create(url, schema)
            table = DeltaTable(url)
            present = {field.name for field in table.schema().fields}
            missing = [field for field in Schema.from_arrow(schema).fields if field.name not in present]
            if missing:
                table.alter.add_columns(missing)
            table.create_write_transaction([_added(file) for file in files], "append", table.schema())
        except DeltaError as error:
            if _is_conflict(error):
                raise Conflict from error
            raise


def _added(file: NewFile) -> AddAction:
    told = file.path.stat()
    statistics = json.dumps({"numRecords": file.rows})
    return AddAction(file.path.name, told.st_size, {}, int(told.st_mtime * 1000), data_change=True, stats=statistics)


def _is_conflict(error: DeltaError) -> bool:
    return isinstance(error, CommitFailedError) or "already exists" in str(error)


@contextmanager
def translated(url: str) -> Generator[None]:
    """Turn the reports of deltalake and pyarrow of a full disk, of an object store or of lost files into ours."""
    try:
        yield
    except (DeltaError, pa.ArrowException, OSError) as error:
        text = str(error)
        if isinstance(error, OSError) and error.errno is not None:
            number = error.errno
        else:
            number = next((code for code in _DISK_ERRORS if f"os error {code})" in text), 0)
        full = disk_error(OSError(number, text), where=url)
        if full is not None:
            raise full from error
        remote = remote_error(url, text)
        if remote is not None:
            raise remote from error
        raise StoreError(
            f"the table cannot be read or written: {plain(text) or type(error).__name__}",
            where=url,
            expected="A Delta table whose files are all there.",
            next="Check the address. If files are lost, restore a copy, or ingest into a new store.",
        ) from error
