"""pandas, Polars, DuckDB and Spark see what the store reads, with the lines of docs/other-tools.md."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from store_measurements import VDOS, vdos

from fingerprint.modality import Block, RawModality
from fingerprint.store import Store, open_store

PAGE = (Path(__file__).parents[2] / "docs" / "other-tools.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^## (\w+)\n.*?```python\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))
MODULES = {"pandas": "pandas", "Polars": "polars", "DuckDB": "duckdb", "Spark": "pyspark"}
Row = tuple[str, str]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Spectra on two axes, one measured again, one undone, one that was left behind by a killed ingest."""
    monkeypatch.chdir(tmp_path)
    store = open_store("fingerprint-store", create=True)
    store.append([vdos(["a", "b"])], {}, "")
    store.append([vdos(["b", "c"], points=7, seed=1)], {}, "")
    undone = store.append([vdos(["a", "d"], seed=2)], {}, "").ingest
    assert undone is not None
    store.undo(undone)
    table = f"{store.path}/modalities/vdos"
    stray = DeltaTable(table).to_pyarrow_table().slice(0, 1)
    position = stray.schema.get_field_index("ingest")
    write_deltalake(table, stray.set_column(position, "ingest", pa.array(["killed"])), mode="append")
    axes = f"{store.path}/axes"
    write_deltalake(axes, DeltaTable(axes).to_pyarrow_table(), mode="append")  # as two processes at once may
    return store


def test_every_tool_has_its_block() -> None:
    assert list(BLOCKS) == [*MODULES, "xarray"]


def test_the_lines_for_xarray_run(store: Store) -> None:
    assert store.exists()
    pytest.importorskip("xarray", reason="xarray is not installed")
    names: dict[str, Any] = {}
    exec(compile(BLOCKS["xarray"], "other-tools.md", "exec"), names)
    assert len(names["tree"]["vdos"].leaves) == 2


@pytest.fixture
def _spark_ends() -> Iterator[None]:
    yield
    if importlib.util.find_spec("pyspark") is not None:
        from pyspark.sql import SparkSession

        session = SparkSession.getActiveSession()
        if session is not None:
            session.stop()


@pytest.mark.usefixtures("_spark_ends")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Spark's
@pytest.mark.parametrize("several", [False, True], ids=["one each", "several of a specimen"])
@pytest.mark.parametrize("tool", MODULES)
def test_it_sees_what_the_store_reads(tool: str, several: bool, store: Store) -> None:
    if importlib.util.find_spec(MODULES[tool]) is None:
        pytest.skip(f"{MODULES[tool]} is not installed")
    if several:
        measure_again(store)
    else:
        forget_columns(f"{store.path}/modalities/vdos")
    names: dict[str, Any] = {}
    exec(compile(BLOCKS[tool], "other-tools.md", "exec"), names)
    seen = names["newest"]
    if tool == "Spark":
        rows = [row.asDict() for row in seen.collect()]
    elif tool == "DuckDB":
        rows = seen.to_arrow_table().to_pylist()
    else:
        rows = seen.to_dict("records") if tool == "pandas" else seen.to_dicts()
    found = {identity(row): (list(row["values_float64"]), list(row["axis_values"])) for row in rows}
    assert len(found) == len(rows)
    assert found == stored(store)
    assert [identity(row)[0] for row in rows] == sorted(specimen for specimen, _ in found)


def identity(row: Mapping[str, Any]) -> Row:
    """Specimen and measurement of a row of a table."""
    own = row.get("measurement")
    return row["specimen"], own if isinstance(own, str) else ""


def stored(store: Store) -> dict[Row, tuple[list[float], list[float]]]:
    """Values and axis of each measurement, as the store itself reads them."""
    found: dict[Row, tuple[list[float], list[float]]] = {}
    for block in store.read("vdos").blocks:
        assert block.axis is not None
        for own, values in zip(block.ids, block.values, strict=True):
            found[own] = (values.tolist(), block.axis.tolist())
    return found


def measure_again(store: Store) -> None:
    """Several measurements of specimen a, one of them measured anew."""
    for seed, own in ((3, ("", "x")), (4, ("x", "y"))):
        raw = vdos(["a", "a"], seed=seed)
        block = Block(("a", "a"), raw.blocks[0].values, raw.blocks[0].axis, measurements=own)
        store.append([RawModality(VDOS, (block,))], {}, "")


def forget_columns(table: str) -> None:
    """The table as older versions wrote it."""
    rows = DeltaTable(table).to_pyarrow_table()
    kept = [name for name in rows.column_names if name not in ("measurement", "facts")]
    write_deltalake(table, rows.select(kept), mode="overwrite", schema_mode="overwrite")
    assert np.isin(["specimen", "ingest"], kept).all()
