"""NumPy's files: every type of number exactly, nothing that pickle reads, and nothing that a damaged file can do."""

from __future__ import annotations

import io
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damaged, survive

from fingerprint.errors import DatasetError, FingerprintError, ReadError
from fingerprint.ingestion import ingest, npy, npz, read_measurement
from fingerprint.ingestion.dataset import STEM, STEM_ROW, AxisSpec, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.npy_array import read_npy
from fingerprint.ingestion.reader import CurveLayout, Request, StackLayout, TableLayout, Unrecognised
from fingerprint.modality import Kind, Modality
from fingerprint.store import open_store

MISSING = frozenset({"", "nan"})
AXIS = AxisSpec("frequency", "THz")
IMAGES = np.arange(24).reshape(2, 3, 4)
FREQUENCY = np.array([0.1, 0.25, 1.0, 7.5, 1 / 3 + 8])
VDOS = np.random.default_rng(3).normal(size=(3, 5))


def request(path: Path, kind: Kind, specimens: str = STEM_ROW, **keys: Any) -> Request:
    axis = AXIS if kind in (Kind.SPECTRUM, Kind.SERIES) else None
    return Request(
        path, "thing", ModalitySpec(kind, path.name, **{"specimens": specimens, "axis": axis} | keys), MISSING
    )


def save(path: Path, array: np.ndarray, version: tuple[int, int] | None = None) -> Path:
    with path.open("wb") as file:
        np.lib.format.write_array(file, array, version)
    return path


def npz_request(path: Path, values: str = "dos", axis: str = "frequency_thz", specimens: str = "id") -> Request:
    spec = ModalitySpec(Kind.SPECTRUM, path.name, "", "", values, specimens, AxisSpec("frequency", "THz", axis))
    return Request(path, "dos", spec, MISSING)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "dtype", ["<f4", ">f4", "<f8", ">f8", "<f2", "u1", "i1", "<u2", ">i2", "<i4", ">u8", "<i8", "?"]
)
def test_every_type_of_number_is_read_exactly(dtype: str, order: Any, tmp_path: Path) -> None:
    images = np.asarray(IMAGES.astype(dtype), order=order)
    (block,) = npy.FORMAT.read(request(save(tmp_path / "cells.npy", images), Kind.IMAGE)).blocks
    wide = np.dtype(dtype).itemsize > 4 or dtype == "<i4"
    assert block.values.dtype == (np.float64 if wide else np.float32)
    assert block.values.tolist() == images.astype(float).tolist()
    assert block.values.flags.c_contiguous
    assert block.specimens == ("cells-00000", "cells-00001")
    assert block.sources == (f"{tmp_path}/cells.npy[0]", f"{tmp_path}/cells.npy[1]")


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_header_is_read(version: tuple[int, int], tmp_path: Path) -> None:
    scalars = npy.FORMAT.read(request(save(tmp_path / "a.npy", np.array([1.5, -2.25]), version), Kind.SCALAR)).blocks[0]
    assert (scalars.values.tolist(), scalars.values.dtype) == ([1.5, -2.25], np.float64)


def test_a_curve_is_two_columns_of_which_the_first_is_monotonic(tmp_path: Path) -> None:
    points = np.stack([FREQUENCY[::-1], VDOS[0][::-1]], axis=1)
    path = save(tmp_path / "si-1.npy", points)
    assert npy.FORMAT.inspect(path) == CurveLayout(path, None, None)
    (block,) = npy.FORMAT.read(request(path, Kind.SPECTRUM, STEM)).blocks
    assert block.specimens == ("si-1",)
    np.testing.assert_array_equal(block.axis, FREQUENCY)
    np.testing.assert_array_equal(block.values, VDOS[:1])
    save(path, points[[0, 2, 1, 3, 4]])
    assert isinstance(npy.FORMAT.inspect(path), Unrecognised)
    with pytest.raises(ReadError, match="turns back") as error:
        npy.FORMAT.read(request(path, Kind.SPECTRUM, STEM))
    assert error.value.where == f"{path}[2, 0]"


def test_one_image_of_one_specimen_when_dataset_toml_says_so(tmp_path: Path) -> None:
    path = save(tmp_path / "si-1.npy", IMAGES[0])
    layout = npy.FORMAT.inspect(path)
    assert isinstance(layout, Unrecognised)
    assert "numpy.savez" in layout.reason
    (block,) = npy.FORMAT.read(request(path, Kind.IMAGE, STEM)).blocks
    assert (block.specimens, block.values.tolist()) == (("si-1",), IMAGES[:1].tolist())


@pytest.mark.parametrize(
    ("array", "kind", "what"),
    [
        (np.array([1 + 2j]), Kind.SCALAR, "complex"),
        (np.array(["a"]), Kind.SCALAR, "no numbers"),
        (np.array(["2020-01-01"], dtype="M8[D]"), Kind.SCALAR, "no numbers"),
        (np.array([0, 2**53 + 1]), Kind.SCALAR, "9007199254740993 is too large"),
        (np.array([2**64 - 1], dtype=np.uint64), Kind.SCALAR, "too large"),
        (np.array([1.0, np.inf]), Kind.SCALAR, "not a finite number"),
        (np.array([1, 2], dtype=np.longdouble), Kind.SCALAR, "16 bytes"),
        (np.zeros((0, 2, 2)), Kind.IMAGE, "no numbers"),
        (np.zeros((2, 2)), Kind.IMAGE, r"the shape is \(2, 2\)"),
        (np.array(5.0), Kind.SCALAR, "the shape is"),
    ],
)
def test_what_cannot_be_kept_exactly_is_refused(array: np.ndarray, kind: Kind, what: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=what) as error:
        npy.FORMAT.read(request(save(tmp_path / "a.npy", array), kind))
    assert error.value.where.startswith(str(tmp_path / "a.npy"))


def test_the_largest_exact_whole_number_is_kept(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npy", np.array([2**53, -(2**53)]))
    assert npy.FORMAT.read(request(path, Kind.SCALAR)).blocks[0].values.tolist() == [2.0**53, -(2.0**53)]


class _Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("trap-was-sprung"),))


def test_python_objects_are_refused_and_never_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trap = np.array([_Trap(), None], dtype=object)
    np.save(tmp_path / "a.npy", trap, allow_pickle=True)
    for look in (npy.FORMAT.inspect, lambda path: npy.FORMAT.read(request(path, Kind.SCALAR))):
        with pytest.raises(ReadError, match="Python objects"):
            look(tmp_path / "a.npy")
    (tmp_path / "b.npy").write_bytes(pickle.dumps(_Trap()))
    with pytest.raises(ReadError, match="no NumPy array"):
        npy.FORMAT.inspect(tmp_path / "b.npy")
    np.savez(tmp_path / "c.npz", id=np.array(["a", "b"], dtype=object), x=np.arange(2.0), allow_pickle=True)
    layout = npz.FORMAT.inspect(tmp_path / "c.npz")
    assert isinstance(layout, Unrecognised)
    assert "id is an array of Python objects" in layout.reason
    assert not (tmp_path / "trap-was-sprung").exists()


def test_a_structured_array_is_a_table(tmp_path: Path) -> None:
    rows = [("a1", 1 / 3, 7, b"cold"), ("b-2", np.nan, 8, b"hot")]
    dtype = [("specimen", "U5"), ("stress (GPa)", ">f4"), ("n μ", "i8"), ("route", "S4")]
    path = save(tmp_path / "table.npy", np.array(rows, dtype=dtype), (3, 0))
    layout = npy.FORMAT.inspect(path)
    assert isinstance(layout, TableLayout)
    assert (layout.ids, [column.unit for column in layout.columns]) == (("a1", "b-2"), [None, "GPa", None, None])
    keys = {"values": "stress (GPa)", "unit": "GPa"}
    (block,) = npy.FORMAT.read(request(path, Kind.SCALAR, "specimen", **keys)).blocks
    assert (block.specimens, block.values.tolist()) == (("a1",), [float(np.float32(1 / 3))])
    assert block.sources == (f"{path}[0]",)
    spec = SpecimensSpec(path.name, "specimen", ("route", "n μ"))
    assert npy.FORMAT.read_metadata(path, spec, MISSING)["b-2"] == {"route": "hot", "n μ": 8}


def test_a_structured_array_is_refused_where_text_or_a_curve_would_lie(tmp_path: Path) -> None:
    path = tmp_path / "table.npy"
    for dtype in ([("id", "U1"), ("z", "c8")], [("id", "U1"), ("v", "f8", (2,))], [("id", "U1"), ("o", "O")]):
        np.save(path, np.zeros(3, dtype=dtype), allow_pickle=True)
        with pytest.raises(ReadError):
            npy.FORMAT.inspect(path)
    save(path, np.array([("a", 2**53 + 1)], dtype=[("id", "U1"), ("n", "i8")]))
    with pytest.raises(ReadError, match="too large a whole number"):
        npy.FORMAT.read(request(path, Kind.SCALAR, "id", values="n"))
    with pytest.raises(ReadError, match="no columns"):
        npy.FORMAT.read(request(save(path, np.zeros(3)), Kind.SCALAR, "id", values="n"))
    curve = np.array(list(zip(FREQUENCY, VDOS[0], strict=True)), dtype=[("frequency_thz", "f8"), ("dos", "f8")])
    layout = npy.FORMAT.inspect(save(path, curve))
    assert isinstance(layout, CurveLayout)
    assert layout.x is not None
    assert layout.x.unit == "THz"


@pytest.mark.parametrize("kind", [Kind.SPECTRUM, Kind.SERIES])
def test_curves_without_an_axis_are_refused_with_what_to_do(kind: Kind, tmp_path: Path) -> None:
    path = save(tmp_path / "a.npy", VDOS)
    with pytest.raises(DatasetError, match="no axis") as error:
        npy.FORMAT.read(request(path, kind))
    assert ".npz" in error.value.next
    with pytest.raises(ReadError, match=r"the shape is \(3, 5\)"):
        npy.FORMAT.read(request(path, kind, STEM))
    layout = npy.FORMAT.inspect(path)
    assert isinstance(layout, Unrecognised)
    assert "together with its axis" in layout.reason


def plain(shape: str, descr: str = "'<f8'", body: bytes = bytes(40)) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x09\x00" + bytes(80),
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(80),
        plain("(6,)"),
        plain("(4,)"),
        plain("(99999999999999,)"),
        plain("(2**40,)"),
        plain("(-5,)"),
        plain("(5, -1)"),
        plain("(True, 5)"),
        plain("'5'"),
        plain("(5,)", "'<U99999999'"),
        plain("(5,)", "'<V0'"),
        plain("(5,)", "'no such'"),
        plain("(5,)", "[('a', 'O')]"),
        plain("(5,)", "__import__('os').getcwd()"),
        plain("(" * 500 + ")" * 500),
        plain("(0, 281474976710655, 281474976710655)", body=b""),
    ],
)
def test_a_header_is_checked_before_there_is_room_for_anything(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    tracemalloc.start()
    for kind in (Kind.IMAGE, Kind.SCALAR):
        with pytest.raises(ReadError) as error:
            npy.FORMAT.read(request(tmp_path / "a.npy", kind))
        assert error.value.where.startswith(str(tmp_path / "a.npy"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


def test_a_file_cut_off_at_any_byte_is_refused(tmp_path: Path) -> None:
    content = save(tmp_path / "a.npy", IMAGES.astype("u1")).read_bytes()
    for length in range(len(content)):
        (tmp_path / "a.npy").write_bytes(content[:length])
        with pytest.raises(ReadError):
            read_npy(tmp_path / "a.npy")
    (tmp_path / "a.npy").write_bytes(content + b"\0")
    with pytest.raises(ReadError, match="too long"):
        read_npy(tmp_path / "a.npy")


def test_missing_files_are_told(tmp_path: Path) -> None:
    for family, name in ((npy, "a.npy"), (npz, "a.npz")):
        with pytest.raises(ReadError, match="no such file"):
            family.FORMAT.inspect(tmp_path / name)


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_npz_is_laid_out_as_hdf5_is(write: Any, tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    write(
        folder / "cells.npz",
        id=np.array(["a1", "b-2", "c 3"]),
        dos=VDOS.astype(">f4"),
        frequency_thz=FREQUENCY,
        picture=np.asfortranarray(np.arange(18.0).reshape(3, 2, 3)),
        stress_gpa=np.array([1.5, np.nan, 1 / 3]),
        route=np.array(["cold", "hot", "hot"]),
        when=np.array(["2020-01-01"] * 3, dtype="M8[D]"),
        phase=np.array([1j] * 3),
    )
    report = ingest(folder, tmp_path / "store")
    store = open_store(tmp_path / "store")
    assert store.modalities() == {
        "dos": Modality("dos", Kind.SPECTRUM, "", "", "frequency", "THz"),
        "picture": Modality("picture", Kind.IMAGE),
        "stress": Modality("stress", Kind.SCALAR, "GPa"),
    }
    assert [each.reason for each in report.ignored] == ["dataset phase is complex numbers"]
    (block,) = store.read("dos").blocks
    assert block.specimens == ("a1", "b-2", "c 3")
    np.testing.assert_array_equal(block.values, VDOS.astype(np.float32))
    np.testing.assert_array_equal(block.axis, FREQUENCY)
    assert store.read("picture").blocks[0].values.ravel().tolist() == list(range(18))
    assert store.read("stress").blocks[0].values.tolist() == [1.5, 1 / 3]
    assert store.specimens()["b-2"] == {"route": "hot", "when": "2020-01-01"}
    (folder / "dataset.toml").write_text(report.dataset_toml)
    assert not ingest(folder, tmp_path / "store").inferred


def test_npz_of_one_curve(tmp_path: Path) -> None:
    path = tmp_path / "si-1.npz"
    np.savez(path, y=VDOS[0], frequency_thz=FREQUENCY[::-1])
    (block,) = npz.FORMAT.read(npz_request(path, "y", specimens=STEM)).blocks
    assert block.specimens == ("si-1",)
    np.testing.assert_array_equal(block.values, VDOS[:1, ::-1])
    modality = Modality("dos", Kind.SPECTRUM, "", "", "frequency", "GHz")
    (block,) = read_measurement(path, modality).raw.blocks
    np.testing.assert_allclose(block.axis, FREQUENCY * 1000)
    np.savez(path, y=np.arange(5.0), x=FREQUENCY)
    assert isinstance(npz.FORMAT.inspect(path), Unrecognised)  # both run up: which is the axis?


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"id": np.array(["a", "b"])}, "3 rows for the 2 ids"),
        ({"id": np.array(["a", "b", "a"])}, "stands here again"),
        ({"frequency_thz": FREQUENCY[:-1]}, "5 points on an axis of 4"),
        ({"dos": VDOS[0]}, r"the shape is \(5,\)"),
        ({"frequency_thz": VDOS}, r"the shape is \(3, 5\)"),
        ({"dos": VDOS + 1j}, "complex"),
        ({"dos": np.full((3, 5), 2**60)}, "too large"),
        ({"dos": np.array([[1.0, np.nan, 1, 1, 1]] * 3)}, "missing inside"),
    ],
)
def test_arrays_must_fit_together(change: dict[str, np.ndarray], what: str, tmp_path: Path) -> None:
    arrays = {"id": np.array(["a", "b", "c"]), "dos": VDOS, "frequency_thz": FREQUENCY} | change
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ReadError, match=what):
        npz.FORMAT.read(npz_request(tmp_path / "a.npz"))


def test_npz_names_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, dos=VDOS)
    with pytest.raises(ReadError, match="no array 'spectra'") as error:
        npz.FORMAT.read(npz_request(path, "spectra"))
    assert "dos" in error.value.expected
    with pytest.raises(DatasetError, match="not all of them are named"):
        npz.FORMAT.read(request(path, Kind.SPECTRUM))
    np.savez(path, id=np.array(["a", "b", "c"]), dos=VDOS, frequency_thz=FREQUENCY)
    spec = ModalitySpec(Kind.SPECTRUM, "a.npz", "", "", "dos", "id", AxisSpec("f", "GHz", "frequency_thz"))
    (block,) = npz.FORMAT.read(Request(path, "dos", spec, MISSING)).blocks
    np.testing.assert_allclose(np.asarray(block.axis), 1000 * FREQUENCY, rtol=1e-12)
    spec = ModalitySpec(Kind.SPECTRUM, "a.npz", "", "", "dos", "id", AxisSpec("f", "GPa", "frequency_thz"))
    with pytest.raises(ReadError, match="is in THz here"):
        npz.FORMAT.read(Request(path, "dos", spec, MISSING))
    density = ModalitySpec(Kind.SPECTRUM, "a.npz", "1/meV", "", "dos", "id", AxisSpec("f", "meV", "frequency_thz"))
    (block,) = npz.FORMAT.read(Request(path, "dos", density, MISSING)).blocks
    np.testing.assert_allclose(
        np.trapezoid(block.values, np.asarray(block.axis)), np.trapezoid(VDOS, FREQUENCY), rtol=1e-6
    )


def test_uncertainties_are_refused_where_there_are_no_columns(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="uncertainties"):
        npy.FORMAT.read(request(save(tmp_path / "a.npy", IMAGES), Kind.IMAGE, uncertainty="sd"))


def test_an_archive_that_swells_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as member:
        member.write(plain("(100_000_000,)", "'u1'", b""))
        for _ in range(100):
            member.write(bytes(1_000_000))
    tracemalloc.start()
    with pytest.raises(ReadError, match="swell"):
        npz.FORMAT.inspect(path)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_a_changed_byte_of_an_archive_never_gives_other_numbers(write: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write(path, id=np.array(["a", "b", "c"]), dos=VDOS, frequency_thz=FREQUENCY)
    content = path.read_bytes()
    for place in range(0, len(content), 3):
        changed = bytearray(content)
        changed[place] ^= 0x55
        path.write_bytes(changed)
        try:
            (block,) = npz.FORMAT.read(npz_request(path)).blocks
        except FingerprintError:
            continue
        np.testing.assert_array_equal(block.values, VDOS)
        np.testing.assert_array_equal(block.axis, FREQUENCY)
        assert block.specimens == ("a", "b", "c")


def _bytes(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _archive() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, id=np.array(["a", "b", "c"]), dos=VDOS, frequency_thz=FREQUENCY)
    return stream.getvalue()


SOUND = st.sampled_from(
    [_bytes(IMAGES), _bytes(VDOS[0]), _bytes(np.array([("a", 1.0)], dtype=[("id", "U3"), ("x", "f8")]))]
)


@settings(max_examples=300, deadline=None)
@given(SOUND.flatmap(damaged))
def test_nothing_but_refusals_comes_out_of_damaged_arrays(content: bytes) -> None:
    path = _folder() / "a.npy"
    requests = (
        request(path, Kind.IMAGE),
        request(path, Kind.SCALAR),
        request(path, Kind.SPECTRUM, STEM),
        request(path, Kind.SCALAR, "id", values="x"),
    )
    survive(npy.FORMAT, path, content, requests)


@settings(max_examples=300, deadline=None)
@given(damaged(_archive()))
def test_nothing_but_refusals_comes_out_of_damaged_archives(content: bytes) -> None:
    path = _folder() / "a.npz"
    for raw in survive(npz.FORMAT, path, content, (npz_request(path),)):
        np.testing.assert_array_equal(raw.blocks[0].values, VDOS)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    _FOLDER[:] = [tmp_path_factory.mktemp("damaged")]


_FOLDER: list[Path] = []


def _folder() -> Path:
    return _FOLDER[0]


def test_folders_of_stacks_are_inferred_as_idx_is(tmp_path: Path) -> None:
    folder = tmp_path / "digits"
    folder.mkdir()
    save(folder / "train-images.npy", IMAGES.astype("u1"))
    save(folder / "train-labels.npy", np.array([5, 7]))
    save(folder / "stress.npy", np.array([1.0]))
    path = folder / "train-images.npy"
    assert npy.FORMAT.inspect(path) == StackLayout(path, "NumPy's .npy", (2, 3, 4), "train", "image")
    report = ingest(folder, tmp_path / "store")
    store = open_store(tmp_path / "store")
    assert list(store.modalities()) == ["image"]
    assert store.specimens() == {"train-00000": {"label": 5}, "train-00001": {"label": 7}}
    assert [Path(each.file).name for each in report.ignored] == ["stress.npy"]
    found = read_measurement(path, Modality("image", Kind.IMAGE)).raw
    assert found.specimens == ("train-00000", "train-00001")


@pytest.mark.parametrize("letter", [0x110000, 0xFFFFFFFF, 0xD800])
@pytest.mark.parametrize("order", ["<", ">"])
def test_letters_beyond_unicode_are_refused(letter: int, order: str, tmp_path: Path) -> None:
    """Python itself breaks off where it meets one."""
    array = np.array([("a", 1.0), ("b", 2.0)], dtype=[("id", f"{order}U3"), ("x", "<f8")])
    content = io.BytesIO()
    np.save(content, array)
    right = np.array([ord("b")], f"{order}u4").tobytes()
    (tmp_path / "a.npy").write_bytes(content.getvalue().replace(right, np.array([letter], f"{order}u4").tobytes()))
    with pytest.raises(ReadError, match="no Unicode"):
        npy.FORMAT.inspect(tmp_path / "a.npy")
