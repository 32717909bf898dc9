"""Rows on their way into a table: in Parquet files that no reader sees before all of an ingest has been read."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fingerprint.errors import FingerprintError
from fingerprint.store import delta

GROUP_BYTES = 16 << 20  # of a row group, what is read or written at once
_REPEATED = ["axis", "ingest"]  # columns of few different words; of these and the ids, files keep the range
_RANGES = ["specimen", *_REPEATED]
_ALIKE = [*_REPEATED, "measurement", "facts"]  # of few different words, too


class Staging:
    """Rows of one table, each of them written as it comes; `commit` makes them the table's, `discard` deletes them.

    The files of a table in a folder lie beside its own, and it takes them in as they are. Those of a table in an object
    store wait in a temporary folder.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._folder: Path | None = None
        self._is_committed = False
        self._made: list[Path] = []
        self._files: dict[tuple[str, ...], _File] = {}

    @property
    def is_folder(self) -> bool:
        """Whether the table is one in a folder."""
        return "://" not in self.url

    def __len__(self) -> int:
        return sum(file.rows for file in self._files.values())

    def write(self, batches: pa.RecordBatchReader) -> None:
        """Write rows; those of other columns than before into a file of their own.

        Raises:
            DiskError: the disk is full or cannot be written.
        """
        with delta.translated(self.url):
            for batch in batches:
                self._file(batch.schema).write(batch)

    def read(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """These columns of what was written."""
        for file in self._files.values():
            with pq.ParquetFile(file.path) as opened:
                yield from opened.iter_batches(columns=list(columns))

    def finish(self) -> None:
        """Write what waits to be written; nothing comes after it.

        Raises:
            DiskError: the disk is full or cannot be written.
        """
        with delta.translated(self.url):
            for file in self._files.values():
                file.close()

    def commit(self) -> None:
        """Append the rows, which are finished, to the table.

        Raises:
            DiskError: the disk is full or cannot be written.
        """
        files = list(self._files.values())
        if not files:
            return
        if self.is_folder:
            schema = pa.unify_schemas([file.schema for file in files])
            delta.adopt(self.url, schema, [delta.NewFile(file.path, file.rows) for file in files])
            self._is_committed = True
            return
        for file in files:
            delta.append(self.url, file.reader)

    def discard(self) -> None:
        """Delete the files that are not the table's, and folders that were made for them."""
        for file in self._files.values():
            with suppress(Exception):  # what cannot be written need not be
                file.close(abandoned=True)
        if self._folder is None or self._is_committed:
            return
        if not self.is_folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            return
        try:
            known = delta.files(self.url)
        except FingerprintError:
            return  # what the table knows cannot be told, so they stay, unseen
        for file in self._files.values():
            if file.path.name not in known:
                file.path.unlink(missing_ok=True)
        with suppress(OSError):
            for folder in self._made:
                folder.rmdir()

    def _file(self, schema: pa.Schema) -> _File:
        names = tuple(schema.names)
        if names not in self._files:
            path = self._place() / f"part-{secrets.token_hex(16)}.parquet"
            try:
                self._files[names] = _File(path, schema)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        return self._files[names]

    def _place(self) -> Path:
        if self._folder is None:
            folder = Path(self.url if self.is_folder else tempfile.mkdtemp(prefix="fingerprint-"))
            self._made = [each for each in (folder, *folder.parents) if not each.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            self._folder = folder
        return self._folder


class _File:
    """A Parquet file that is being written, in row groups of about `GROUP_BYTES`, while the next rows are made."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.schema, self.rows = path, schema, 0
        self._waiting: list[pa.RecordBatch] = []
        self._bytes = 0
        self._writing: Future[None] | None = None
        self._worker = ThreadPoolExecutor(1)
        self._is_open = True
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=_ALIKE,  # pyright: ignore[reportArgumentType]
            write_statistics=_RANGES,  # pyright: ignore[reportArgumentType]
            store_schema=False,
        )

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._bytes += batch.nbytes
        self.rows += len(batch)
        if self._bytes >= GROUP_BYTES:
            self._flush()

    def close(self, *, abandoned: bool = False) -> None:
        if self._is_open:
            self._is_open = False
            try:
                if not abandoned:
                    self._flush()
                self._wait()
            finally:
                self._worker.shutdown()
                self._writer.close()

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema, pq.ParquetFile(self.path).iter_batches(1024))

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting, self.schema)
            step = max(1, len(table) * GROUP_BYTES // max(1, self._bytes))
            self._waiting, self._bytes = [], 0
            self._wait()
            self._writing = self._worker.submit(self._writer.write_table, table, row_group_size=step)

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()
