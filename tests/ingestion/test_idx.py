"""IDX: every type of number exactly, ids from the name and the row, and nothing that a damaged file can do."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from idx_files import CODES, idx

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion import memory
from fingerprint.ingestion.dataset import STEM_ROW, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.idx import FORMAT
from fingerprint.ingestion.reader import Request, StackLayout, Unrecognised
from fingerprint.ingestion.stack import parse_name, row_ids
from fingerprint.modality import Kind, RawModality

NUMBERS = {
    0x08: (0, 1, 127, 128, 254, 255),
    0x09: (-128, -1, 0, 1, 126, 127),
    0x0B: (-32768, -1, 0, 1, 257, 32767),
    0x0C: (-(2**31), -1, 0, 16_777_217, 65_537, 2**31 - 1),
    0x0D: (-1.5, 0.0, 1 / 3, 3.4e38, 1e-45, 7.25),
    0x0E: (-1.5, 0.0, 1 / 3, 1.7e308, 5e-324, 7.25),
}
MISSING = frozenset({"", "nan"})
SMALL = idx(0x08, (2, 2, 3), range(12))


def request(path: Path, kind: Kind = Kind.IMAGE, **keys: str) -> Request:
    return Request(path, "picture", ModalitySpec(kind, path.name, **{"specimens": STEM_ROW} | keys), MISSING)


def read(path: Path, content: bytes, kind: Kind = Kind.IMAGE) -> RawModality:
    path.write_bytes(content)
    return FORMAT.read(request(path, kind))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", CODES)
def test_every_type_of_number_is_read_exactly(kind: int, packed: bool, tmp_path: Path) -> None:
    content = idx(kind, (3, 1, 2), NUMBERS[kind])
    raw = read(tmp_path / f"a.idx{'.gz' * packed}", gzip.compress(content) if packed else content)
    (block,) = raw.blocks
    assert block.values.dtype == (np.float64 if kind in (0x0C, 0x0E) else np.float32)
    expected = struct.unpack(">6f", struct.pack(">6f", *NUMBERS[kind])) if kind == 0x0D else NUMBERS[kind]
    assert block.values.ravel().tolist() == list(expected)
    assert block.values.shape == (3, 1, 2)
    assert block.specimens == ("a-00000", "a-00001", "a-00002")
    assert block.sources[2] == f"{tmp_path}/a.idx{'.gz' * packed}[2]"
    scalars = read(tmp_path / "b.idx", idx(kind, (6,), NUMBERS[kind]), Kind.SCALAR).blocks[0]
    assert (scalars.values.tolist(), scalars.values.dtype) == (list(expected), np.float64)


@pytest.mark.parametrize(
    ("name", "stem", "content"),
    [
        ("train-images-idx3-ubyte.gz", "train", "image"),
        ("train-labels-idx1-ubyte", "train", "label"),
        ("t10k-images.idx3-ubyte", "t10k", "image"),
        ("emnist-balanced-test-labels-idx1-ubyte.gz", "emnist-balanced-test", "label"),
        ("cells.idx3-ubyte", "cells", ""),
        ("cells.idx", "cells", ""),
        ("Cells_Images.IDX.GZ", "Cells", "image"),
        ("plate.2-idx3-float.gz", "plate.2", ""),
        ("images-idx3-ubyte", "images", ""),
        ("cells-ubyte", "cells", ""),
    ],
)
def test_a_name_says_what_its_ids_begin_with(name: str, stem: str, content: str) -> None:
    assert parse_name(Path(name)) == (stem, content)
    assert name.lower().endswith(FORMAT.suffixes)


def test_ids_have_five_digits_or_as_many_as_needed() -> None:
    assert row_ids(Path("a.idx"), 1) == ("a-00000",)
    assert row_ids(Path("a.idx"), 100_000)[-1] == "a-99999"
    longer = row_ids(Path("a.idx"), 100_001)
    assert (longer[0], longer[-1]) == ("a-000000", "a-100000")


def refused(path: Path, content: bytes) -> ReadError:
    """That reading and inspecting refuse a file with one and the same message."""
    path.write_bytes(content)
    with pytest.raises(ReadError) as by_reading:
        FORMAT.read(request(path))
    with pytest.raises(ReadError) as by_looking:
        FORMAT.inspect(path)
    assert str(by_reading.value) == str(by_looking.value)
    assert by_reading.value.where.startswith(str(path))
    return by_reading.value


@pytest.mark.parametrize("content", [SMALL, gzip.compress(SMALL)], ids=["plain", "gzip"])
def test_a_file_cut_off_at_any_byte_is_refused(content: bytes, tmp_path: Path) -> None:
    for length in range(len(content)):
        refused(tmp_path / "a.idx", content[:length])


def test_a_cut_off_file_says_how_much_is_there(tmp_path: Path) -> None:
    error = refused(tmp_path / "a.idx", gzip.compress(SMALL[:-5]))
    assert error.what == "the file is cut off or its header wrong: 2 x 2 x 3 numbers take 12 bytes, and 7 are there"
    assert refused(tmp_path / "a.idx", SMALL[:9]).where == f"{tmp_path}/a.idx: byte 9"


@pytest.mark.parametrize("shape", [(0,) * 33, (0, 2**32 - 1, 2**32 - 1), (2**32 - 1, 0, 2**31)])
def test_an_empty_array_that_numpy_cannot_hold_is_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    assert "header wrong" in refused(tmp_path / "a.idx", idx(0x0E, shape, ())).what


@pytest.mark.parametrize("more", [b"\0", b"x" * 1000])
def test_bytes_after_the_numbers_are_refused(more: bytes, tmp_path: Path) -> None:
    for content in (SMALL + more, gzip.compress(SMALL + more), gzip.compress(SMALL) + gzip.compress(more)):
        assert "goes on after the 12 bytes" in refused(tmp_path / "a.idx", content).what


def test_a_changed_byte_of_a_compressed_file_never_gives_other_numbers(tmp_path: Path) -> None:
    content = gzip.compress(SMALL, mtime=0)
    damaged = 0
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 0x55
        try:
            values = read(tmp_path / "a.idx", bytes(changed)).blocks[0].values
        except ReadError:
            damaged += 1
        else:
            assert values.ravel().tolist() == list(range(12))  # the time or the system in the gzip header
            assert place in range(4, 10)
    assert damaged >= len(content) - 6


@pytest.mark.parametrize("head", [b"\0\0\x0a\3", b"\0\0\x08\0", b"\0\1\x08\3", b"\1\0\x08\3", b"PK\3\4", b"%PDF"])
def test_what_does_not_begin_as_idx_is_named_and_no_stop_for_a_folder(head: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.idx"
    with pytest.raises(ReadError, match="this is not IDX") as error:
        read(path, head + bytes(100))
    assert head.hex(" ") in error.value.what
    assert isinstance(FORMAT.inspect(path), Unrecognised)


@pytest.mark.parametrize("shape", [(2**32 - 1,) * 3, (2**32 - 1, 1, 1), (50_000, 28, 28), (2, 2, 4)])
def test_a_header_cannot_make_room_for_more_than_there_is(shape: tuple[int, ...], tmp_path: Path) -> None:
    head = bytes([0, 0, 0x0E, 3]) + struct.pack(">3I", *shape)
    (tmp_path / "warm.idx").write_bytes(SMALL)
    FORMAT.inspect(tmp_path / "warm.idx")
    for content in (head + bytes(40), gzip.compress(head + bytes(40))):
        tracemalloc.start()
        error = refused(tmp_path / "a.idx", content)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert "cut off or its header wrong" in error.what
        assert peak < 4_000_000


def test_memory_grows_with_what_is_found_not_with_what_is_promised(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).bytes(300_000)
    content = gzip.compress(bytes([0, 0, 8, 3]) + struct.pack(">3I", 100_000, 30, 40) + noise)  # 120 MB are promised
    tracemalloc.start()
    error = refused(tmp_path / "a.idx", content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "300000 are there" in error.what
    assert peak < 10_000_000


def test_what_a_small_file_swells_to_is_neither_kept_nor_read_on(tmp_path: Path) -> None:
    bomb = gzip.compress(SMALL + bytes(200_000_000), compresslevel=1)
    tracemalloc.start()
    error = refused(tmp_path / "a.idx", bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "goes on" in error.what
    assert peak < 10_000_000 + len(bomb)


def test_more_than_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory", lambda: 71.0)
    assert "memory" in refused(tmp_path / "a.idx", SMALL).what
    monkeypatch.setattr(memory, "memory", lambda: 72.0)
    assert len(read(tmp_path / "a.idx", SMALL)) == 2


def test_compression_is_known_by_the_content_not_by_the_name(tmp_path: Path) -> None:
    assert len(read(tmp_path / "unpacked-by-the-browser.idx.gz", SMALL)) == 2
    assert len(read(tmp_path / "packed.idx", gzip.compress(SMALL))) == 2


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.idx").mkdir()
    for name in ("nothing.idx", "folder.idx"):
        with pytest.raises(ReadError, match="no such file"):
            FORMAT.inspect(tmp_path / name)


@pytest.mark.parametrize(("shape", "kind"), [((4, 3), Kind.IMAGE), ((12,), Kind.IMAGE), ((2, 2, 3), Kind.SCALAR)])
def test_other_dimensions_than_the_kinds_are_refused(shape: tuple[int, ...], kind: Kind, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"the shape is \(") as error:
        read(tmp_path / "a.idx", idx(0x08, shape, range(12)), kind)
    assert "dimension(s) are needed" in error.value.expected


@pytest.mark.parametrize("shape", [(0, 2, 2), (3, 0, 2)])
def test_nothing_to_read_is_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no numbers"):
        read(tmp_path / "a.idx", idx(0x08, shape, ()))
    assert isinstance(FORMAT.inspect(tmp_path / "a.idx"), Unrecognised)


@pytest.mark.parametrize("kind", [Kind.SPECTRUM, Kind.SERIES])
def test_curves_are_refused_since_there_is_no_axis(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "a.idx"
    path.write_bytes(idx(0x08, (4, 3), range(12)))
    with pytest.raises(DatasetError, match="holds no axis") as error:
        FORMAT.read(request(path, kind))
    assert "HDF5" in error.value.next
    layout = FORMAT.inspect(path)
    assert isinstance(layout, Unrecognised)
    assert "without an axis" in layout.reason


@pytest.mark.parametrize("keys", [{"values": "pixels"}, {"specimens": "id"}, {"specimens": "{stem}"}])
def test_names_are_refused_since_there_are_none(keys: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.idx").write_bytes(SMALL)
    with pytest.raises(DatasetError, match="have names") as error:
        FORMAT.read(request(tmp_path / "a.idx", **keys))
    assert STEM_ROW in error.value.expected


def test_a_row_of_nan_was_not_measured_and_a_gap_is_refused_with_its_place(tmp_path: Path) -> None:
    nan, inf = float("nan"), float("inf")
    raw = read(tmp_path / "a.idx", idx(0x0D, (3, 1, 2), (1, 2, nan, nan, 3, 4)))
    assert raw.specimens == ("a-00000", "a-00002")
    assert raw.blocks[0].values.tolist() == [[[1, 2]], [[3, 4]]]
    for bad in (nan, inf):
        with pytest.raises(ReadError) as error:
            read(tmp_path / "a.idx", idx(0x0E, (3, 1, 2), (1, 2, 3, 4, 5, bad)))
        assert error.value.where == f"{tmp_path}/a.idx[2, 0, 1]"
    assert read(tmp_path / "a.idx", idx(0x0D, (2, 1, 1), (nan, nan))).blocks == ()


def test_numbers_of_one_dimension_serve_as_metadata(tmp_path: Path) -> None:
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(idx(0x08, (3,), (5, 0, 4))))
    spec = SpecimensSpec(path.name, STEM_ROW, ("digit",))
    assert FORMAT.read_metadata(path, spec, MISSING) == {
        "train-00000": {"digit": 5},
        "train-00001": {"digit": 0},
        "train-00002": {"digit": 4},
    }
    assert FORMAT.read_metadata(path, spec, MISSING | {"0"})["train-00001"] == {"digit": None}
    path.write_bytes(idx(0x0E, (2,), (0.5, float("nan"))))
    assert [row["digit"] for row in FORMAT.read_metadata(path, spec, MISSING).values()] == [0.5, None]
    for wrong in (SpecimensSpec(path.name, STEM_ROW, ("a", "b")), SpecimensSpec(path.name, "id", ("a",))):
        with pytest.raises(DatasetError, match="without a name"):
            FORMAT.read_metadata(path, wrong, MISSING)
    path.write_bytes(SMALL)
    with pytest.raises(ReadError, match="the shape is"):
        FORMAT.read_metadata(path, spec, MISSING)


def test_a_look_tells_shape_and_name(tmp_path: Path) -> None:
    path = tmp_path / "t10k-images-idx3-ubyte"
    path.write_bytes(SMALL)
    assert FORMAT.inspect(path) == StackLayout(path, "IDX", (2, 2, 3), "t10k", "image")
    path.write_bytes(idx(0x08, (1, 1, 1, 1), (0,)))
    assert isinstance(FORMAT.inspect(path), Unrecognised)
