"""The brightness of every pixel in a PNG or TIFF file, as it is stored; or the reason why it cannot be known."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.memory import refuse_larger_than_memory

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.TiffImagePlugin import TiffImageFile

LARGEST = 1 << 25  # pixels of a file smaller than those would be; a few kB can be made to swell to any number
_MOST_PAGES = 10_000
_MOST_BANDS = 4
_COLOUR = "a colour image"
_ASK = 'Save it in grey, or write colour = "luminance" into its table in dataset.toml (0.299 R + 0.587 G + 0.114 B).'
_EXPECTED = "Grey PNG of 1, 8 or 16 bits; grey TIFF of 1, 8, 16 or 32 bits."
_AGAIN = "Copy the file again from where it was made."
_LUMINANCE = (0.299, 0.587, 0.114)
# (bits of a sample, their format: 1 unsigned, 2 signed, 3 floating, photometric) that mean brightness as stored.
_GREY = {(1, 1, 0), (1, 1, 1), (8, 1, 0), (8, 1, 1), (16, 1, 1), (16, 2, 1), (32, 1, 1), (32, 2, 1), (32, 3, 1)}
_WIDENED = {(16, 2): np.dtype(np.int16), (32, 1): np.dtype(np.uint32)}
_FORMATS = {1: "unsigned", 2: "signed", 3: "floating-point"}
_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _DESCRIPTION, _SAMPLES = 256, 257, 258, 259, 262, 270, 277
_STRIP_OFFSETS, _STRIP_ROWS, _STRIP_BYTES, _PLANAR, _COLOURS, _EXTRA, _FORMAT = 273, 278, 279, 284, 320, 338, 339
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_PNG = {(1, 0), (8, 0), (16, 0), (8, 2), (1, 3), (2, 3), (4, 3), (8, 3), (8, 4), (8, 6)}  # bits, type of colour


class Unsuitable(ReadError):
    """The image is whole, but what the brightness of its pixels is cannot be known."""


def read_pages(path: Path, luminance: bool = False) -> list[NDArray[Any]]:
    """The images in a file, each [row, column], upright: black and white as 0 and 1, all else as stored.

    Args:
        path: of a PNG or TIFF file.
        luminance: whether to take the luminance of colours, instead of refusing them.

    Raises:
        Unsuitable: red, green and blue differ somewhere, pixels are transparent, or samples are of an unusual kind.
        ReadError: the file is missing, damaged, cut off or too large, or its pages differ in size.
    """
    with _opened(path) as image:
        pages: list[NDArray[Any]] = []
        budget = max(LARGEST, path.stat().st_size)
        while _turned(image, len(pages), path):
            where = str(path) if not pages else f"{path}: page {len(pages) + 1}"
            budget -= image.width * image.height
            if budget < 0:
                raise ReadError(
                    f"its {image.width} x {image.height} pixels are more than {LARGEST} for a file of this size",
                    where=where,
                    next="Make it smaller, or split it.",
                )
            refuse_larger_than_memory(4 * image.width * image.height, f"{image.width} x {image.height} pixels", where)
            page = _page(image, luminance, where)
            if pages and page.shape != pages[0].shape:
                raise ReadError(f"this page is {page.shape}, and the first {pages[0].shape}", where=where)
            pages.append(page)
        _check_count(image, len(pages), path)
        return pages


@contextmanager
def _opened(path: Path) -> Generator[Image]:
    """An opened image; what Pillow raises on a damaged one becomes a ReadError."""
    from PIL import Image, UnidentifiedImageError

    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise ReadError("there is no such file", where=str(path), next="Check the path.") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "TIFF")) as image:
                if image.format == "PNG":
                    _check_png(content, path)
                yield image
    except ReadError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ReadError(f"it has too many pixels: {error}", where=str(path), next="Make it smaller.") from None
    except UnidentifiedImageError:
        raise ReadError(
            "this is no PNG or TIFF, or its head is damaged, or its pixels are of a kind that is not read",
            where=str(path),
            expected=_EXPECTED,
        ) from None
    except Exception as error:  # Pillow says what is wrong with damaged bytes in many ways
        raise ReadError(
            f"the image is damaged or cut off: {error or type(error).__name__}",
            where=str(path),
            expected=_EXPECTED,
            next=_AGAIN,
        ) from None


def _check_png(content: bytes, path: Path) -> None:
    """Refuse damage, which PNG's checksums tell, and numbers of which Pillow would drop digits."""
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        image.verify()
    bits, colour = content[24], content[25]
    if (bits, colour) not in _PNG:
        what = {0: "grey", 2: "colours", 4: "grey and alpha", 6: "colours and alpha"}.get(colour, "colours")
        raise Unsuitable(
            f"it holds {what} of {bits} bits",
            where=str(path),
            expected="Grey of 1, 8 or 16 bits; colours, or grey and alpha, of 8 bits.",
        )
    if b"acTL" in content[:4096]:
        raise Unsuitable("this is a moving picture", where=str(path), expected="One image in a PNG file.")


def _turned(image: Image, page: int, path: Path) -> bool:
    """Turn to a page; whether there is one."""
    if page >= _MOST_PAGES:
        raise ReadError(f"it has more than {_MOST_PAGES} pages", where=str(path), next="Split the file.")
    try:
        image.seek(page)
    except EOFError:
        return False
    return True


def _check_count(image: Image, pages: int, path: Path) -> None:
    """Refuse a stack of ImageJ's that says it has other pages than the file: those after 4 GB are no pages."""
    told = re.match(r"ImageJ=.*?^images=(\d+)$", _description(image), re.DOTALL | re.MULTILINE)
    if told and int(told[1]) != pages:
        raise ReadError(f"ImageJ wrote that it has {told[1]} images, and it has {pages} pages", where=str(path))


def _description(image: Image) -> str:
    return str(getattr(image, "tag_v2", {}).get(_DESCRIPTION, ""))


def _page(image: Image, luminance: bool, where: str) -> NDArray[Any]:
    from PIL import ImageOps

    stored = _check_tiff(image, where) if image.format == "TIFF" else None  # pyright: ignore[reportArgumentType]
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("1", "L", "I;16", "I;16B", "I;16L", "I", "F"):
        pixels = np.asarray(upright)
        if "transparency" in image.info:
            shown = pixels * np.uint8(255) if pixels.dtype == bool else pixels
            _refuse_transparent(shown == image.info["transparency"], where)
        if stored == np.uint32:
            return pixels.view(np.uint32)
        return pixels.astype(np.uint8 if pixels.dtype == bool else stored or pixels.dtype)
    if upright.mode not in ("P", "RGB", "RGBA", "LA", "PA"):
        raise Unsuitable(f"it is {_COLOUR} ({upright.mode})", where=where, next="Save it in grey.")
    bands = np.asarray(upright.convert("RGBA"))
    _refuse_transparent(bands[..., 3] != 255, where)
    colours = bands[..., :3]
    if (colours == colours[..., :1]).all():
        return colours[..., 0].copy()
    if not luminance:
        raise Unsuitable(f"it is {_COLOUR}: red, green and blue differ", where=where, next=_ASK)
    brightness = np.zeros(colours.shape[:2])
    for band, weight in enumerate(_LUMINANCE):
        brightness += weight * colours[..., band]
    return brightness.astype(np.float32)


def _refuse_transparent(transparent: Any, where: str) -> None:
    if np.any(transparent):
        raise Unsuitable(
            "some pixels are transparent", where=where, next="Save it without transparency, on the background meant."
        )


def _check_parts(image: TiffImageFile, bits: int, where: str) -> None:
    """Refuse an image of which the file does not hold every part; Pillow leaves those black, or reads on."""
    tags = image.tag_v2
    width, height = int(tags[_WIDTH]), int(tags[_LENGTH])
    tiled = _TILE_OFFSETS in tags
    columns, rows = (tags[_TILE_WIDTH], tags[_TILE_LENGTH]) if tiled else (width, tags.get(_STRIP_ROWS, height))
    layers = tags.get(_SAMPLES, 1) if tags.get(_PLANAR, 1) == 2 else 1
    expected = math.ceil(width / columns) * math.ceil(height / rows) * layers
    offsets = tags[_TILE_OFFSETS if tiled else _STRIP_OFFSETS]
    held = sum(tags.get(_TILE_BYTES if tiled else _STRIP_BYTES, ()))
    needed = math.ceil(width * bits / 8) * height if tags.get(_COMPRESSION, 1) == 1 else 1
    if len(offsets) != expected or held < needed:
        raise ReadError(
            f"of its {expected} parts {len(offsets)} are there, with {held} bytes of {needed}", where=where, next=_AGAIN
        )


def _check_tiff(image: TiffImageFile, where: str) -> np.dtype[Any] | None:
    """Refuse samples that Pillow would shorten, drop or take for others; the type of grey ones that it widens."""
    tags = image.tag_v2
    bits, samples, extra = tags.get(_BITS, (1,)), tags.get(_SAMPLES, 1), tags.get(_EXTRA, ())
    formats, photometric = set(tags.get(_FORMAT, (1,))), tags.get(_PHOTOMETRIC, 0)
    if samples == 1 and len(bits) == 1 and len(formats) == 1 and not extra:
        (form,) = formats
        if (bits[0], form, photometric) in _GREY or (photometric == 3 and bits[0] <= 8 and _exact(tags, where)):
            _check_parts(image, bits[0], where)
            return _WIDENED.get((bits[0], form))
        raise Unsuitable(
            f"it holds {bits[0]}-bit {_FORMATS.get(form, 'other')} samples (photometric {photometric})",
            where=where,
            expected="Grey of 1, 8 or 16 bits unsigned, 16 or 32 bits signed, 32 bits unsigned or floating-point.",
            next="Save it as one of these.",
        )
    known = {1: (2,), 2: (3, 4)}.get(photometric, ())
    alpha = tuple(extra) in ((), (2,)) if samples in (2, 4) else not extra
    if set(bits) == {8} and formats == {1} and samples in known and alpha and len(bits) == samples <= _MOST_BANDS:
        _check_parts(image, 8 * samples, where)
        return None
    raise Unsuitable(
        f"it is {_COLOUR} of {len(bits)} bands of {max(bits)} bits (photometric {photometric})",
        where=where,
        next="Save it in grey.",
    )


def _exact(tags: Any, where: str) -> bool:
    """Whether the colours of a palette, which TIFF writes in 16 bits, are those of 8."""
    entries = np.array(tags.get(_COLOURS, ()), dtype=np.int64)
    if (entries % 257).any() and (entries % 256).any():
        raise Unsuitable("its palette has colours of 16 bits", where=where, next="Save it in grey.")
    return True
