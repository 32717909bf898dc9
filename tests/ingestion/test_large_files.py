"""Files larger than what is held at once: read in pieces, and when one is refused, nothing of them stays."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from fingerprint.errors import ReadError
from fingerprint.ingestion import hdf5, hdf5_array, ingest, reading
from fingerprint.ingestion.dataset import AxisSpec, ModalitySpec
from fingerprint.ingestion.reader import Request
from fingerprint.modality import Kind
from fingerprint.store import Store, open_store
from fingerprint.store.axes import axis_id

ROWS, POINTS = 300, 16
AXIS = np.linspace(1.0, 20.0, POINTS)
TOML = """
[modalities.vdos]
kind = "spectrum"
unit = "1/THz"
files = "*.h5"
values = "vdos"
specimens = "id"
axis = { name = "frequency", unit = "THz", values = "frequency" }
"""


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of 16 rows, and files that are held whole of 64 at most."""
    monkeypatch.setattr(hdf5_array, "PIECE_BYTES", 16 * POINTS * 8)
    monkeypatch.setattr(hdf5_array, "MOST_BYTES", 64 * POINTS * 8)
    monkeypatch.setattr(hdf5, "MOST_BYTES", 64 * POINTS * 8)
    monkeypatch.setattr(reading, "AT_ONCE", 16 * POINTS * 8)


def spectra() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(ROWS, POINTS))


def write(path: Path, values: np.ndarray, chunks: tuple[int, int] = (5, POINTS), first: int = 0, **units: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["id"] = [f"s{row:04d}" for row in range(first, first + len(values))]
        file["frequency"] = AXIS
        file.create_dataset("vdos", data=values, chunks=chunks)
        for name, unit in units.items():
            file[name].attrs["units"] = unit
    (path.parent / "dataset.toml").write_text(TOML)
    return path.parent


def held(store: Store) -> tuple[tuple[str, ...], tuple[str, ...], bytes]:
    (block,) = store.read("vdos").blocks
    return block.specimens, block.sources, block.values.tobytes()


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def test_pieces_and_the_whole_are_the_same(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    values = spectra()
    values[[3, 40, 299]] = np.nan  # not measured
    folder = write(tmp_path / "lab" / "cells.h5", values)
    whole = open_store(tmp_path / "whole", create=True)
    ingest(folder, whole)
    request.getfixturevalue("small_pieces")
    pieces = open_store(tmp_path / "pieces", create=True)
    report = ingest(folder, pieces)
    assert held(pieces) == held(whole)
    assert report.modalities["vdos"].read == report.modalities["vdos"].new == ROWS - 3
    assert report.modalities["vdos"].axis is not None
    assert report.modalities["vdos"].axis.distinct == 1
    assert pieces.log()[0].files == whole.log()[0].files
    assert ingest(folder, whole).ingest is None
    assert ingest(folder, whole, dry_run=True).modalities["vdos"].read == ROWS - 3


@pytest.mark.usefixtures("small_pieces")
def test_what_cannot_be_read_in_rows_has_a_limit(tmp_path: Path) -> None:
    folder = write(tmp_path / "lab" / "cells.h5", spectra(), chunks=(ROWS, POINTS))
    with pytest.raises(ReadError, match="that one dataset may have"):
        ingest(folder, tmp_path / "store")
    assert not (tmp_path / "store").exists()


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("is_new", [True, False])
def test_a_late_refusal_leaves_nothing(is_new: bool, tmp_path: Path) -> None:
    store = tmp_path / "store"
    if not is_new:
        ingest(write(tmp_path / "before" / "cells.h5", spectra()[:20], first=1000), store)
    before = files(store)
    values = spectra()
    values[290, 5] = np.inf
    folder = write(tmp_path / "lab" / "cells.h5", values)
    with pytest.raises(ReadError, match="not a finite number") as refusal:
        ingest(folder, store)
    assert refusal.value.where == f"{folder}/cells.h5: vdos[290, 5]"
    assert files(store) == before


@pytest.mark.usefixtures("small_pieces")
def test_skip_bad_leaves_out_all_of_a_file(tmp_path: Path) -> None:
    values = spectra()
    values[290, 5] = np.nan
    folder = write(tmp_path / "lab" / "a.h5", values)
    write(folder / "b.h5", spectra()[:30], first=ROWS)
    report = ingest(folder, tmp_path / "store", skip_bad=True)
    assert [refused.where for refused in report.refused] == [f"{folder}/a.h5: vdos[290, 5]"]
    assert held(open_store(tmp_path / "store"))[0] == tuple(f"s{row:04d}" for row in range(ROWS, ROWS + 30))
    assert list(open_store(tmp_path / "store").log()[0].files) == [f"{folder}/b.h5"]


@pytest.mark.usefixtures("small_pieces")
def test_a_specimen_in_two_large_files_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "lab" / "a.h5", spectra())
    write(folder / "b.h5", spectra()[:30], first=ROWS - 1)
    with pytest.raises(ReadError, match=f"'s0299' was measured before, in {folder}/a.h5"):
        ingest(folder, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_units_that_a_file_states_are_converted(tmp_path: Path) -> None:
    """A density of states in meV: over h in meV per THz, and its values times that, so that the areas stay."""
    folder = write(tmp_path / "lab" / "a.h5", np.abs(spectra()[:5]), frequency="meV", vdos="1/meV")
    ingest(folder, tmp_path / "store")
    (block,) = open_store(tmp_path / "store").read("vdos").blocks
    planck = 4.135667696923859  # meV per THz
    assert block.axis is not None
    np.testing.assert_allclose(block.axis, AXIS / planck, rtol=1e-12)
    np.testing.assert_allclose(block.values, np.abs(spectra()[:5]) * planck, rtol=1e-12)


def test_units_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "lab" / "a.h5", spectra()[:5], vdos="GPa")
    with pytest.raises(ReadError, match="is in GPa here, but 1/THz is declared"):
        ingest(folder, tmp_path / "store")


def test_an_axis_is_stored_once_for_all_pieces(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("small_pieces")
    ingest(write(tmp_path / "lab" / "cells.h5", spectra()), tmp_path / "store")
    from deltalake import DeltaTable, QueryBuilder

    rows = QueryBuilder().register("axes", DeltaTable(tmp_path / "store" / "axes")).execute("SELECT id FROM axes")
    assert [each.as_py() for batch in rows for each in batch.column(0)] == [axis_id(AXIS)]


def test_uncertainties_that_are_not_stored_by_rows_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.arange(4000.0).reshape(40, 100)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["ids"], file["x"], file["y"] = [f"s{row}" for row in range(40)], np.arange(100.0), values
        file.create_dataset("err", data=values / 10, chunks=(40, 10))
    monkeypatch.setattr(hdf5_array, "PIECE_BYTES", 8000)
    whole: list[str] = []
    monkeypatch.setattr(
        hdf5_array, "numbers", lambda dataset, read=hdf5_array.numbers: whole.append(dataset.name) or read(dataset)
    )
    axis = AxisSpec("x", "THz", "x")
    spec = ModalitySpec(Kind.SPECTRUM, "m.h5", values="y", specimens="ids", axis=axis, uncertainty="err")
    pieces = list(hdf5.pieces(Request(tmp_path / "m.h5", "dos", spec, frozenset())))
    assert len(pieces) > 3
    assert whole == ["/err"]
    errors = np.concatenate([np.asarray(block.uncertainty) for piece in pieces for block in piece.blocks])
    np.testing.assert_array_equal(errors, values / 10)


def test_one_uncertainty_for_all_rows_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["ids"], file["y"], file["err"] = ["a", "b"], [1.0, 2.0], 0.5
    spec = ModalitySpec(Kind.SCALAR, "m.h5", values="y", specimens="ids", uncertainty="err")
    with pytest.raises(ReadError, match="shape"):
        hdf5.read(Request(tmp_path / "m.h5", "dos", spec, frozenset()))
