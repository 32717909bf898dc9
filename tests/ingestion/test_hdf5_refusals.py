"""HDF5 that must not be read: it leads out of the file, claims what is not there, or says what numbers here cannot."""

from __future__ import annotations

import resource
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from hdf5_files import AXIS, POINTS, SPECTRA, Matlab, groups, hyperspy, matlab, matlab_table, nexus, put, single
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fingerprint.errors import FingerprintError, ReadError
from fingerprint.ingestion import ingest, read_measurement
from fingerprint.ingestion.dataset import AxisSpec, ModalitySpec
from fingerprint.ingestion.hdf5 import FORMAT
from fingerprint.ingestion.reader import Request, Unrecognised
from fingerprint.modality import Kind, Modality, RawModality

SPEC = ModalitySpec(Kind.SPECTRUM, "f.h5", "1/THz", values="intensity", axis=AxisSpec("frequency", "THz", "frequency"))


def read(path: Path, spec: ModalitySpec = SPEC) -> RawModality:
    return FORMAT.read(Request(path, "dos", spec, frozenset()))


def _replaced(path: Path, make: Callable[[h5py.File], object]) -> None:
    """One spectrum whose intensity is something else."""
    single(path)
    with h5py.File(path, "a") as file:
        del file["intensity"]
        make(file)


def _external_link(file: h5py.File) -> None:
    with h5py.File(Path(file.filename).with_name("other.hdf"), "w") as other:
        other["intensity"] = SPECTRA["S1"]
    file["intensity"] = h5py.ExternalLink("other.hdf", "intensity")


def _soft_link_out(file: h5py.File) -> None:
    file["away"] = h5py.ExternalLink("other.hdf", "/")
    file["intensity"] = h5py.SoftLink("/away/intensity")


def _soft_links_in_a_circle(file: h5py.File) -> None:
    file["intensity"], file["again"] = h5py.SoftLink("/again"), h5py.SoftLink("/intensity")


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout(shape=(POINTS,), dtype="f8")
    layout[:] = h5py.VirtualSource("other.hdf", "intensity", shape=(POINTS,))
    file.create_virtual_dataset("intensity", layout)


def _external_storage(file: h5py.File) -> None:
    raw = Path(file.filename).with_name("raw.bin")
    raw.write_bytes(SPECTRA["S1"].tobytes())
    file.create_dataset("intensity", (POINTS,), "f8", external=[(str(raw), 0, 8 * POINTS)])


def _bomb(file: h5py.File) -> None:
    """A chunk that says it holds 12 numbers, and holds 256 MiB."""
    file.create_dataset("intensity", (POINTS,), "f8", chunks=(POINTS,), compression="gzip")
    file["intensity"].id.write_direct_chunk((0,), zlib.compress(bytes(256 << 20), 9))


def _unavailable_filter(file: h5py.File) -> None:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((POINTS,))
    properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    space = h5py.h5s.create_simple((POINTS,))
    h5py.h5d.create(file.id, b"intensity", h5py.h5t.IEEE_F64LE, space, properties)
    file["intensity"].id.write_direct_chunk((0,), SPECTRA["S1"].tobytes())


def _large_chunk(file: h5py.File) -> None:
    file.create_dataset("intensity", (12,), "f8", chunks=(25 << 20,), maxshape=(None,))[0] = 1.0


def _cut_short(file: h5py.File) -> None:
    file.create_dataset("intensity", (POINTS,), "f8", chunks=(4,))
    file["intensity"][:4] = 1.0


REFUSED = {
    "a link to another file": _external_link,
    "link to another file, and": _soft_link_out,
    "in circles": _soft_links_in_a_circle,
    "in other files": _virtual,
    "stand in other files": _external_storage,
    "larger than the file says": _bomb,
    "compressed with Zstandard": _unavailable_filter,
    "2 of its 3 chunks were never written": _cut_short,
    "nothing was ever written": lambda file: file.create_dataset("intensity", (POINTS,), "f8"),
    "more than the 448 MiB": lambda file: file.create_dataset("intensity", (10**12,), "f8", chunks=(1000,)),
    "the dataset is empty": lambda file: file.create_dataset("intensity", (0,), "f8"),
    "chunks are of 200 MiB": _large_chunk,
    "complex": lambda file: file.create_dataset("intensity", data=SPECTRA["S1"] + 1j),
    "a table of fields (x, y)": lambda file: file.create_dataset("intensity", (POINTS,), [("x", "f8"), ("y", "f8")]),
    "refers to other datasets": lambda file: file.create_dataset("intensity", (POINTS,), h5py.ref_dtype),
    "neither numbers nor text": lambda file: file.create_dataset("intensity", data=np.zeros(POINTS, "V8")),
    "beyond 2^53 (9007199254740993)": lambda file: file.create_dataset("intensity", data=[2**53 + 1] * POINTS),
    "the values are not numbers": lambda file: file.create_dataset("intensity", data=["a"] * POINTS),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_by_name_when_it_is_asked_for_and_noted_when_it_is_not(what: str, tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    _replaced(path, REFUSED[what])
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(ReadError) as error:
        read(path)
    assert what in error.value.what
    assert error.value.where.startswith(f"{path}: ")
    if "2^53" not in what:
        layout = FORMAT.inspect(path)
        assert isinstance(layout, Unrecognised)
        assert "intensity" in layout.reason or "text" in what or "not numbers" in what
    assert time.monotonic() - start < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20


def test_links_inside_the_file_are_followed(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    single(path)
    with h5py.File(path, "a") as file:
        file.move("intensity", "detector/counts")
        file["detector/up"] = h5py.SoftLink("/")
        file["circle"] = file["/"]  # a hard link
        file["intensity"] = h5py.SoftLink("/detector/up/circle/detector/counts")
    np.testing.assert_array_equal(read(path).blocks[0].values, [SPECTRA["S1"]])


@pytest.mark.parametrize("how", ["attribute", "property", "netcdf", "integer"])
def test_declared_fill_values_were_not_measured(how: str, tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    spectra = np.round(np.stack(list(SPECTRA.values())) * 100)
    spectra[1] = -999
    with h5py.File(path, "w") as file:
        file["id"], file["frequency"] = list(SPECTRA), AXIS
        fill = -999 if how == "property" else None
        kind = "i8" if how == "integer" else "f4" if how == "netcdf" else "f8"
        dataset = file.create_dataset("intensity", data=spectra.astype(kind), fillvalue=fill)
        if how != "property":
            dataset.attrs["missing_value" if how == "attribute" else "_FillValue"] = np.array([-999], kind)
    spec = ModalitySpec(
        Kind.SPECTRUM, "f.h5", values="intensity", specimens="id", axis=AxisSpec("f", "THz", "frequency")
    )
    block = read(path, spec).blocks[0]
    assert block.specimens == ("S1", "S3")
    np.testing.assert_array_equal(block.values, spectra[[0, 2]])


def test_a_gap_in_a_spectrum_is_refused_and_a_fill_of_zero_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    _replaced(path, lambda file: file.create_dataset("intensity", data=np.arange(12.0), fillvalue=0.0))
    assert read(path).blocks[0].values[0, 0] == 0
    with h5py.File(path, "a") as file:
        file["intensity"].attrs["_FillValue"] = 3.0
    with pytest.raises(ReadError, match="a value is missing inside") as error:
        read(path)
    assert error.value.where == f"{path}: intensity[3]"


def test_a_large_dataset_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    numbers = np.arange(3_000_000, dtype=np.int64)
    with h5py.File(path, "w") as file:
        put(file, "frequency", numbers + 1.0, "THz")
        file.create_dataset("intensity", data=numbers % 1000, chunks=(70_001,), compression="gzip")
    np.testing.assert_array_equal(read(path).blocks[0].values[0], numbers % 1000)


def test_an_old_matlab_file_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "f.mat"
    path.write_bytes(b"MATLAB 5.0 MAT-file, Platform: PCWIN64".ljust(124) + b"\0\1IM" + bytes(100))
    with pytest.raises(ReadError, match="version 7 or older") as error:
        FORMAT.inspect(path)
    assert "-v7.3" in error.value.next
    path.write_bytes(bytes(20))
    with pytest.raises(ReadError, match="version 7 or older"):
        read(path)


def _cell_of_cells(to: Matlab) -> None:
    to.cell("specimen", ["a", "b", "c"])
    cell = to.file["specimen"]
    cell[0, 1] = cell.ref  # refers to itself


def _cell_of_numbers(to: Matlab) -> None:
    to.number("#refs#/n", [[1.0, 2.0]])
    put(to.file, "specimen", np.array([[to.file["#refs#/n"].ref] * 3], h5py.ref_dtype), MATLAB_class=np.bytes_("cell"))


@pytest.mark.parametrize("write", [_cell_of_cells, _cell_of_numbers])
def test_cells_that_hold_no_texts_are_refused(write: Callable[[Matlab], None], tmp_path: Path) -> None:
    path = tmp_path / "f.mat"
    matlab(path, write)
    with pytest.raises(ReadError, match="the cell does not hold one text"):
        FORMAT.inspect(path)


def test_other_matlab_classes_are_named(tmp_path: Path) -> None:
    def write(to: Matlab) -> None:
        to.number("frequency", AXIS)
        to.number("intensity", SPECTRA["S1"])
        put(to.file, "notes", np.array([[1], [2]], "u4"), MATLAB_class=np.bytes_("string"), MATLAB_object_decode=3)
        put(to.file, "nothing", np.array([0, 0], "u8"), MATLAB_class=np.bytes_("double"), MATLAB_empty=np.uint8(1))
        to.file.create_group("matrix").attrs.update({"MATLAB_class": np.bytes_("double"), "MATLAB_sparse": 3})

    matlab(tmp_path / "f.mat", write)
    layout = FORMAT.inspect(tmp_path / "f.mat")
    unmatched = "; ".join(getattr(layout, "unmatched", ()))
    for what in ("class string", "is empty", "a sparse matrix"):
        assert what in unmatched


def test_a_heap_that_never_ends_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    single(path)
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL")
    content[heap + 16 : heap + 32] = bytes(16)  # an object of no size: the library would read it for ever
    path.write_bytes(content)
    with pytest.raises(ReadError, match="a heap of texts has an object that does not end"):
        FORMAT.inspect(path)


def _written(write: Callable[[Path], None], ending: str, folder: Path) -> bytes:
    path = folder / f"f{ending}"
    write(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    folder = tmp_path_factory.mktemp("originals")
    writers: list[tuple[str, Callable[[Path], None]]] = [
        (".h5", groups), (".nxs", nexus), (".hspy", hyperspy), (".mat", matlab_table)
    ]  # fmt: skip
    return [(ending, _written(write, ending, folder)) for ending, write in writers]


def _try(step: Callable[[], object]) -> None:
    with suppress(FingerprintError):
        step()


MODALITY = Modality("intensity", Kind.SPECTRUM, "1/THz", "", "frequency", "THz")


@settings(max_examples=400, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_are_refused_or_read_and_nothing_else(
    originals: list[tuple[str, bytes]], data: st.DataObject, tmp_path: Path
) -> None:
    ending, content = data.draw(st.sampled_from(originals))
    damaged = bytearray(content)
    flips = st.tuples(st.integers(0, len(content) - 1), st.integers(1, 255))
    for place, flip in data.draw(st.lists(flips, max_size=12)):
        damaged[place] ^= flip
    end = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    path = tmp_path / f"f{ending}"
    path.write_bytes(damaged[:end])
    _try(lambda: FORMAT.inspect(path))
    _try(lambda: ingest(path, tmp_path / "store", dry_run=True))
    _try(lambda: read_measurement(path, MODALITY))
