"""PNG and TIFF: every pixel as it is stored, and a refusal where its brightness is not known."""

from __future__ import annotations

import io
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import chunk, grey_png, png, tiff
from mutations import damaged, survive
from PIL import Image

from fingerprint.errors import DatasetError, FingerprintError, ReadError
from fingerprint.ingestion import ingest, read_measurement
from fingerprint.ingestion.dataset import STEM, STEM_ROW, ModalitySpec
from fingerprint.ingestion.images import FORMAT
from fingerprint.ingestion.pixels import read_pages
from fingerprint.ingestion.reader import ImageLayout, Request, StackLayout, Unrecognised
from fingerprint.modality import Kind, Modality
from fingerprint.store import open_store

BYTES = np.array([[0, 1, 127, 128], [254, 255, 7, 9]], dtype=np.uint8)
WORDS = np.array([[0, 1, 255, 256], [32768, 65535, 7, 9]], dtype=np.uint16)
REALS = np.array([[-1.5, 0.0, 1 / 3, 3.4e38], [1e-45, 7.25, -0.0, 2]], dtype=np.float32)
BITS = np.array([[1, 0, 1, 1, 0, 0, 1, 0, 1, 1], [0, 1, 0, 0, 0, 1, 1, 1, 1, 0]], dtype=bool)
COLOURS = np.stack([BYTES, BYTES[::-1], BYTES], axis=2)


def request(path: Path, specimens: str = STEM, **keys: Any) -> Request:
    spec = ModalitySpec(Kind.IMAGE, path.name, **{"specimens": specimens} | keys)
    return Request(path, "picture", spec, frozenset())


def pixels(path: Path, content: bytes, **keys: Any) -> np.ndarray:
    path.write_bytes(content)
    (block,) = FORMAT.read(request(path, **keys)).blocks
    assert block.specimens == ("a",)
    return block.values[0]


def saved(array: np.ndarray, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("array", [BYTES, WORDS])
def test_grey_png_is_read_exactly(array: np.ndarray, tmp_path: Path) -> None:
    for content in (grey_png(array), saved(array, "PNG")):
        found = pixels(tmp_path / "a.png", content)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, array)


def test_black_and_white_are_0_and_1(tmp_path: Path) -> None:
    rows = [np.packbits(row).tobytes() for row in BITS]
    np.testing.assert_array_equal(pixels(tmp_path / "a.png", png(1, 0, 10, rows)), BITS)
    np.testing.assert_array_equal(pixels(tmp_path / "a.tif", tiff(BITS)), BITS)
    np.testing.assert_array_equal(pixels(tmp_path / "a.tif", tiff(~BITS, t262=0)), BITS)
    fax = io.BytesIO()
    Image.fromarray(BITS).save(fax, "TIFF", compression="group4")
    np.testing.assert_array_equal(pixels(tmp_path / "a.tif", fax.getvalue()), BITS)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "array",
    [
        BYTES,
        WORDS,
        REALS,
        (WORDS.astype(np.int32) - 32768).astype(np.int16),
        WORDS.astype(np.int32) * 30_000 - 2**30,
    ],
    ids=lambda array: str(array.dtype),
)
def test_grey_tiff_is_read_exactly(array: np.ndarray, order: str, tmp_path: Path) -> None:
    found = pixels(tmp_path / "a.tif", tiff(array, order=order))
    assert found.dtype == (np.float64 if array.dtype == np.int32 else np.float32)
    assert found.tolist() == array.tolist()


def test_32_bits_without_sign_are_read_exactly(tmp_path: Path) -> None:
    array = np.array([[0, 1, 2**31 - 1, 2**31], [2**32 - 1, 5, 6, 7]], dtype=np.uint32)
    found = pixels(tmp_path / "a.tif", tiff(array))
    assert (found.tolist(), found.dtype) == (array.tolist(), np.float64)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", None])
@pytest.mark.parametrize("array", [BYTES, WORDS, REALS], ids=lambda array: str(array.dtype))
def test_compressed_tiff_is_read_exactly(array: np.ndarray, compression: str | None, tmp_path: Path) -> None:
    tall = np.tile(array, (200, 30))
    found = pixels(tmp_path / "a.tiff", saved(tall, "TIFF", compression=compression))
    np.testing.assert_array_equal(found, tall)


@pytest.mark.parametrize(
    "content",
    [
        tiff(BYTES.astype(np.int8)),
        tiff(WORDS, t262=0),
        tiff(REALS, t262=0),
        tiff(REALS.astype(np.float64)),
        tiff(BYTES.astype(np.float16)),
        tiff(np.stack([WORDS] * 3, axis=2)),
        tiff(np.stack([BYTES] * 2, axis=2), t262=1, t338=0),
        tiff(np.stack([BYTES] * 5, axis=2), t338=[0, 0]),
        tiff(np.stack([BYTES] * 4, axis=2), t338=1),
        tiff(np.stack([BYTES] * 4, axis=2), t262=5),
        tiff(np.stack([BYTES] * 3, axis=2), t262=6),
        tiff(np.stack([BYTES] * 3, axis=2), t262=8),
        png(4, 0, 4, [b"\x12\x34"] * 2),
        png(2, 0, 4, [b"\x12"] * 2),
        png(16, 2, 1, [bytes(6)]),
        png(16, 4, 1, [bytes(4)]),
        png(16, 6, 1, [bytes(8)]),
    ],
)
def test_samples_that_would_be_shortened_or_mistaken_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / ("a.tif" if content[:2] in (b"II", b"MM") else "a.png")
    path.write_bytes(content)
    with pytest.raises(ReadError) as error:
        FORMAT.read(request(path))
    assert error.value.where == str(path)
    assert error.value.expected or error.value.next


@pytest.mark.parametrize("colour", [2, 6])
def test_colours_are_read_where_they_are_all_grey(colour: int, tmp_path: Path) -> None:
    bands = np.stack([BYTES] * 3 + [np.full_like(BYTES, 255)] * (colour == 6), axis=2)
    for name, content in (
        ("a.png", png(8, colour, 4, [row.tobytes() for row in bands])),
        ("a.tif", tiff(bands, **({} if colour == 2 else {"t338": 2}))),
    ):
        np.testing.assert_array_equal(pixels(tmp_path / name, content), BYTES)


def test_other_colours_are_refused_unless_their_luminance_is_asked_for(tmp_path: Path) -> None:
    for name, kind in (("a.png", "PNG"), ("a.tif", "TIFF")):
        path = tmp_path / name
        path.write_bytes(saved(COLOURS, kind))
        with pytest.raises(ReadError, match="red, green and blue differ") as error:
            FORMAT.read(request(path))
        assert 'colour = "luminance"' in error.value.next
        layout = FORMAT.inspect(path)
        assert isinstance(layout, Unrecognised)
        assert 'colour = "luminance"' in layout.reason
        found = pixels(path, saved(COLOURS, kind), colour="luminance")
        expected = 0.299 * COLOURS[..., 0] + 0.587 * COLOURS[..., 1] + 0.114 * COLOURS[..., 2]
        np.testing.assert_array_equal(found, expected.astype(np.float32))


def test_palettes_are_expanded(tmp_path: Path) -> None:
    palette = (b"PLTE", bytes([9, 9, 9, 200, 200, 200, 30, 30, 30]))
    assert pixels(tmp_path / "a.png", png(8, 3, 3, [b"\1\0\2"], palette)).tolist() == [[200, 9, 30]]
    assert pixels(tmp_path / "a.png", png(2, 3, 3, [b"\x48"], palette)).tolist() == [[200, 9, 30]]
    levels = [(i * 3) % 256 * 257 for i in range(256)]
    indices = np.array([[1, 2, 255]], dtype=np.uint8)
    assert pixels(tmp_path / "a.tif", tiff(indices, t262=3, t320=levels * 3)).tolist() == [[3, 6, 253]]
    (tmp_path / "a.tif").write_bytes(tiff(indices, t262=3, t320=[level // 3 for level in levels] * 3))
    with pytest.raises(ReadError, match="16 bits"):
        read_pages(tmp_path / "a.tif")


@pytest.mark.parametrize(
    "content",
    [
        png(8, 4, 2, [bytes([5, 255, 6, 254])]),
        png(8, 6, 1, [bytes([5, 5, 5, 0])]),
        png(8, 0, 2, [bytes([5, 6])], (b"tRNS", b"\0\6")),
        png(1, 0, 2, [b"\x40"], (b"tRNS", b"\0\1")),
        png(16, 0, 2, [bytes([0, 5, 0, 6])], (b"tRNS", b"\0\6")),
        png(8, 2, 1, [bytes([5, 5, 5])], (b"tRNS", b"\0\5\0\5\0\5")),
        png(8, 3, 2, [b"\0\1"], (b"PLTE", bytes([1] * 6)), (b"tRNS", b"\xff\x10")),
    ],
)
def test_transparent_pixels_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ReadError, match="transparent"):
        FORMAT.read(request(tmp_path / "a.png"))


def test_opaque_ones_are_not(tmp_path: Path) -> None:
    assert pixels(tmp_path / "a.png", png(8, 4, 2, [bytes([5, 255, 6, 255])])).tolist() == [[5, 6]]
    assert pixels(tmp_path / "a.png", png(8, 0, 2, [bytes([5, 6])], (b"tRNS", b"\0\7"))).tolist() == [[5, 6]]
    assert pixels(tmp_path / "a.png", png(16, 0, 1, [b"\1\5"], (b"tRNS", b"\0\5"))).tolist() == [[261]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright(orientation: int, tmp_path: Path) -> None:
    upright = {
        1: WORDS, 2: WORDS[:, ::-1], 3: WORDS[::-1, ::-1], 4: WORDS[::-1], 5: WORDS.T, 6: WORDS.T[:, ::-1],
        7: WORDS.T[::-1, ::-1], 8: WORDS.T[::-1],
    }[orientation]  # fmt: skip
    exif = b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1" + struct.pack(">HH", orientation, 0) + bytes(4)
    np.testing.assert_array_equal(pixels(tmp_path / "a.png", grey_png(WORDS, (b"eXIf", exif))), upright)
    np.testing.assert_array_equal(pixels(tmp_path / "a.tif", tiff(WORDS, t274=orientation)), upright)
    for compression in ("tiff_lzw", None):
        content = saved(WORDS, "TIFF", tiffinfo={274: orientation}, compression=compression)
        np.testing.assert_array_equal(pixels(tmp_path / "a.tif", content), upright)
    assert FORMAT.inspect(tmp_path / "a.tif") == ImageLayout(tmp_path / "a.tif", upright.shape)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pages_are_specimens(order: str, tmp_path: Path) -> None:
    path = tmp_path / "film.tif"
    path.write_bytes(tiff(WORDS, WORDS[::-1], WORDS + 1, order=order))
    (block,) = FORMAT.read(request(path, STEM_ROW)).blocks
    assert block.specimens == ("film-00000", "film-00001", "film-00002")
    assert block.sources == (f"{path}[0]", f"{path}[1]", f"{path}[2]")
    np.testing.assert_array_equal(block.values, [WORDS, WORDS[::-1], WORDS + 1])
    assert FORMAT.inspect(path) == StackLayout(path, "TIFF", (3, 2, 4), "film", tmp_path.name)
    with pytest.raises(DatasetError, match="3 pages"):
        FORMAT.read(request(path))


def test_pages_of_another_size_and_missing_pages_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.tif"
    path.write_bytes(tiff(WORDS, WORDS.T))
    with pytest.raises(ReadError, match=r"this page is \(4, 2\)") as error:
        read_pages(path)
    assert error.value.where == f"{path}: page 2"
    path.write_bytes(tiff(WORDS, t270="ImageJ=1.53t\nimages=3\nslices=3\n"))
    with pytest.raises(ReadError, match="3 images, and it has 1 pages"):
        read_pages(path)
    path.write_bytes(tiff(WORDS, WORDS, t270="ImageJ=1.53t\nimages=2\nslices=2\n"))
    assert len(read_pages(path)) == 2


def test_a_png_that_was_changed_in_any_byte_gives_no_other_pixels(tmp_path: Path) -> None:
    content = grey_png(WORDS)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 0x15
        try:
            found = pixels(tmp_path / "a.png", bytes(changed))
        except FingerprintError:
            continue
        np.testing.assert_array_equal(found, WORDS)


@pytest.mark.parametrize("array", [BYTES, WORDS, REALS, BITS], ids=lambda array: str(array.dtype))
def test_a_file_cut_off_at_any_byte_is_refused(array: np.ndarray, tmp_path: Path) -> None:
    contents = {"a.tif": [saved(array, "TIFF"), saved(array, "TIFF", compression="tiff_lzw")]}
    if array.dtype != np.float32:
        contents["a.png"] = [saved(array, "PNG")]
    for name, files in contents.items():
        for content in files:
            whole = pixels(tmp_path / name, content)
            for length in range(len(content)):
                (tmp_path / name).write_bytes(content[:length])
                try:
                    found = read_pages(tmp_path / name)
                except ReadError:
                    continue
                np.testing.assert_array_equal(found, [whole])  # padding after the last byte that counts


def test_strips_that_are_missing_are_not_black(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    for tags in ({"t278": 1}, {"t257": 5}, {"t256": 9}, {"t273": 100_000}, {"t279": 15}, {"t273": [8, 8]}):
        path.write_bytes(tiff(WORDS, **tags))
        with pytest.raises(ReadError):
            read_pages(path)


def test_small_files_of_many_pixels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(grey_png(BYTES))
    read_pages(path)
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    less = struct.pack(">IIBBBBB", 6_000, 6_000, 8, 0, 0, 0, 0)
    tracemalloc.start()
    for each in (head, less):
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", each) + grey_png(BYTES)[33:])
        with pytest.raises(ReadError, match="pixels"):
            read_pages(path)
    many = tmp_path / "b.tif"
    many.write_bytes(tiff(BYTES, t256=60_000, t257=60_000))
    with pytest.raises(ReadError, match="pixels"):
        read_pages(many)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_moving_pictures_and_other_formats_are_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    frames = [Image.fromarray(BYTES), Image.fromarray(255 - BYTES)]
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:])
    (tmp_path / "a.png").write_bytes(stream.getvalue())
    with pytest.raises(ReadError, match="moving"):
        read_pages(tmp_path / "a.png")
    for kind in ("JPEG", "GIF", "BMP"):
        (tmp_path / "a.png").write_bytes(saved(BYTES, kind))
        with pytest.raises(ReadError, match="this is no PNG or TIFF"):
            FORMAT.inspect(tmp_path / "a.png")
    with pytest.raises(ReadError, match="no such file"):
        FORMAT.inspect(tmp_path / "nothing.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sem" / "SEM micrographs"
    made.mkdir(parents=True)
    for number in range(3):
        (made / f"si-{number}.png").write_bytes(grey_png(WORDS + np.uint16(number)))
    return made.parent


def test_a_folder_of_images_is_one_modality(folder: Path, tmp_path: Path) -> None:
    (folder / "SEM micrographs" / "overview.png").write_bytes(saved(COLOURS, "PNG"))
    report = ingest(folder, tmp_path / "store")
    store = open_store(tmp_path / "store")
    assert store.modalities() == {"sem_micrographs": Modality("sem_micrographs", Kind.IMAGE)}
    (block,) = store.read("sem_micrographs").blocks
    assert block.specimens == ("si-0", "si-1", "si-2")
    np.testing.assert_array_equal(block.values[2], (WORDS + np.uint16(2)).astype(np.float32))
    assert [Path(each.file).name for each in report.ignored] == ["overview.png"]
    (folder / "dataset.toml").write_text(report.dataset_toml)
    assert ingest(folder, tmp_path / "store").modalities["sem_micrographs"].unchanged == 3


def test_images_of_another_size_are_refused_by_name(folder: Path, tmp_path: Path) -> None:
    (folder / "SEM micrographs" / "si-3.png").write_bytes(grey_png(WORDS.T.copy()))
    with pytest.raises(ReadError, match="its images are 4 x 2, and those before 2 x 4") as error:
        ingest(folder, tmp_path / "store")
    assert error.value.where.endswith("si-3.png")
    report = ingest(folder, tmp_path / "store", skip_bad=True)
    assert report.modalities["sem_micrographs"].read == 3


def test_a_dataset_toml_asks_for_luminance(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(saved(COLOURS, "PNG"))
    toml = '[modalities.photo]\nkind = "image"\nfiles = "*.png"\ncolour = "luminance"\n'
    (tmp_path / "dataset.toml").write_text(toml)
    ingest(tmp_path, tmp_path / "store")
    assert len(open_store(tmp_path / "store").read("photo")) == 1
    (tmp_path / "dataset.toml").write_text(toml.replace("luminance", "red"))
    with pytest.raises(DatasetError, match="red"):
        ingest(tmp_path, tmp_path / "store")


def test_one_image_for_a_prediction(folder: Path) -> None:
    path = folder / "SEM micrographs" / "si-1.png"
    found = read_measurement(path, Modality("sem", Kind.IMAGE)).raw
    assert found.specimens == ("si-1",)
    np.testing.assert_array_equal(found.blocks[0].values[0], (WORDS + np.uint16(1)).astype(np.float32))
    with pytest.raises(ReadError, match="no stress is found here"):
        read_measurement(path, Modality("stress", Kind.SCALAR))


@pytest.mark.parametrize("keys", [{"values": "x"}, {"specimens": "id"}])
def test_names_are_refused_since_there_are_none(keys: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(grey_png(BYTES))
    with pytest.raises(DatasetError, match="have names"):
        FORMAT.read(request(tmp_path / "a.png", **keys))


SOUND = [
    grey_png(WORDS),
    png(8, 3, 3, [b"\1\0\2"], (b"PLTE", bytes(9))),
    tiff(WORDS),
    tiff(BYTES, BYTES, order=">"),
    tiff(COLOURS),
    tiff(REALS),
    saved(np.tile(BYTES, (9, 9)), "TIFF", compression="tiff_lzw"),
    saved(np.tile(WORDS, (9, 9)), "TIFF", compression="tiff_adobe_deflate"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@settings(max_examples=500, deadline=None)
@given(content=st.sampled_from(SOUND).flatmap(damaged))
def test_nothing_but_refusals_comes_out_of_damaged_images(content: bytes, place: Path) -> None:
    path = place / "a.tif"
    survive(FORMAT, path, content, (request(path), request(path, STEM_ROW, colour="luminance")))
