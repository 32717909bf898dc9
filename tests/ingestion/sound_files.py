"""Sound files of every family, made anew for any ids and any number in them: what hostile files are made from."""

from __future__ import annotations

import gzip
import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import code_files
import h5py
import numpy as np
from emsa_files import Y, emsa
from excel_files import CURVE, table
from hdf5_files import SPECTRA, groups, hyperspy, matlab_table, nexus
from idx_files import idx
from image_files import grey_png, tiff
from jcamp_files import ENCODINGS, block, labels, whole
from jcamp_files import X as WAVENUMBERS
from jcamp_files import Y as ABSORBANCES
from PIL import Image

IDS = ("a1", "b-2", "c 3")
NUMBER = 1.5
AXIS = np.array([0.1, 0.25, 1.0, 7.5])
PIXELS = np.arange(24, dtype=np.uint8).reshape(4, 6)
PACKAGED = ("vendors' binary files",)  # read with a package that is not there in general
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+Z?")

Ids = Sequence[str]


class Sound(NamedTuple):
    """A file that is in order.

    Attributes:
        name: of the file.
        make: its bytes from three ids and a number; they are the same each time. Files without ids leave them out.
    """

    name: str
    make: Callable[[Ids, float], bytes]


def _values(number: float) -> np.ndarray:
    values = np.sin(np.arange(12.0).reshape(3, 4)) + 2
    values[1, 2] = number
    return values


def _wide(ids: Ids, number: float, mark: str = ".", delimiter: str = ",") -> bytes:
    rows = [["id", *map(repr, AXIS.tolist())]]
    rows += [[name, *map(repr, row)] for name, row in zip(ids, _values(number).tolist(), strict=True)]
    return "".join(delimiter.join(cell.replace(".", mark) for cell in row) + "\n" for row in rows).encode()


def _long(ids: Ids, number: float) -> bytes:
    rows = [
        f"{name},{x!r},{y!r}\n"
        for name, row in zip(ids, _values(number).tolist(), strict=True)
        for x, y in zip(AXIS.tolist(), row, strict=True)
    ]
    return ("specimen,frequency (THz),dos (1/THz)\n" + "".join(rows)).encode()


def _scalars(ids: Ids, number: float) -> bytes:
    rows = [f"{name},{value!r},{route}\n" for name, value, route in zip(ids, (number, 2.0, 3.0), "xyx", strict=True)]
    return ("# made by hand\nspecimen,stress (GPa),route\n" + "".join(rows)).encode()


def _curve(ids: Ids, number: float) -> bytes:  # noqa: ARG001
    rows = [f"{x!r}  {y!r}\n" for x, y in zip(AXIS.tolist(), _values(number)[1].tolist(), strict=True)]
    return ("# frequency (THz)  dos (1/THz)\n" + "".join(rows)).encode()


def _written(write: Callable[[Path], object], suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"f{suffix}"
        write(path)
        return _undated(path.read_bytes()) if suffix == ".xlsx" else path.read_bytes()


def _undated(content: bytes) -> bytes:
    """An archive without the times at which it was made."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for each in old.infolist():
            told = _TIME.sub(b"2024-01-01T00:00:00Z", old.read(each)) if each.filename.endswith("core.xml") else None
            new.writestr(zipfile.ZipInfo(each.filename), told or old.read(each), each.compress_type)
    return stream.getvalue()


def _arrays(path: Path, ids: Ids, number: float) -> None:
    with h5py.File(path, "w") as file:
        file["dos"], file["frequency_thz"] = _values(number), AXIS
        file.create_dataset("id", data=[name.replace("\0", "\x01") for name in ids])
        file.create_dataset("packed", data=np.zeros((3, 40, 40)), chunks=(1, 40, 40), compression="gzip")


def _named(ids: Ids) -> dict[str, np.ndarray]:
    """The spectra of `hdf5_files` under names that a group may have."""
    usable = [name.replace("\0", "\x01").strip("/.") or str(place) for place, name in enumerate(ids)]
    return dict(zip(usable, SPECTRA.values(), strict=True))


def _excel(ids: Ids, number: float) -> bytes:
    cells = [re.sub(r"[\0-\x08\x0b-\x1f]", "", name)[:32_000] for name in ids]
    rows = [(name, value, route) for name, value, route in zip(cells, (number, 2.0, 3.0), "xyx", strict=True)]
    return _written(lambda path: table(path, [("specimen", "stress (GPa)", "route"), *rows]), ".xlsx")


def _saved(array: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "TIFF", **options)
    return stream.getvalue()


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _rows(ids: Ids, number: float) -> np.ndarray:
    rows = list(zip(ids, (number, 2.0, 3.0), strict=True))
    return np.array(rows, dtype=[("specimen", f"U{max(map(len, ids)) or 1}"), ("stress (GPa)", "f8")])


def _npz(ids: Ids, number: float, save: Callable[..., None] = np.savez) -> bytes:
    stream = io.BytesIO()
    save(stream, id=np.array(ids), dos=_values(number), frequency_thz=AXIS, picture=np.zeros((3, 4, 5)))
    return _undated(stream.getvalue())


def _reals(number: float) -> np.ndarray:
    return np.array([[-1.5, number, 0.25], [1.0, 2.0, 3.0]], dtype=np.float32)


def _fixed(name: str, content: str | bytes) -> Sound:
    whole = content.encode() if isinstance(content, str) else content
    return Sound(name, lambda ids, number: whole)


_BYTES = idx(0x08, (3, 2, 4), range(24))
_PAIRS = block(
    labels(WAVENUMBERS[:3], ABSORBANCES[:3]) | {"DELTAX": None},
    ["400,0; 402.5,0", "405,0"],
    "XYPOINTS= (XY..XY)",
)
_BLOCKS = "##TITLE= all\n##DATA TYPE= LINK\n##BLOCKS= 2\n" + whole() + whole("SQZ") + "##END=\n"

SOUND: tuple[Sound, ...] = (
    Sound("wide.csv", _wide),
    Sound("comma.csv", lambda ids, number: _wide(ids, number, ",", ";")),
    Sound("wide.csv.gz", lambda ids, number: gzip.compress(_wide(ids, number), mtime=0)),
    Sound("long.csv", _long),
    Sound("scalars.tsv", lambda ids, number: _scalars(ids, number).replace(b",", b"\t")),
    Sound("si-1.txt", _curve),
    Sound("arrays.h5", lambda ids, number: _written(lambda path: _arrays(path, ids, number), ".h5")),
    Sound("groups.h5", lambda ids, number: _written(lambda path: groups(path, names=_named(ids)), ".h5")),
    Sound("a.nxs", lambda ids, number: _written(lambda path: nexus(path, tuple(_named(ids))), ".nxs")),
    Sound("a.hspy", lambda ids, number: _written(hyperspy, ".hspy")),
    Sound("a.mat", lambda ids, number: _written(matlab_table, ".mat")),
    _fixed("train-images-idx3-ubyte", _BYTES),
    _fixed("train-images-idx3-ubyte.gz", gzip.compress(_BYTES, mtime=0)),
    Sound("b.idx", lambda ids, number: idx(0x0E, (2, 2, 2), [1.0, number, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])),
    *(_fixed(f"{encoding}.jdx", whole(encoding)) for encoding in ENCODINGS),
    _fixed("pairs.dx", _PAIRS),
    _fixed("blocks.jdx", _BLOCKS),
    _fixed("xy.msa", emsa()),
    _fixed("y.msa", emsa([f"{y}," for y in Y], DATATYPE="Y")),
    Sound("scalars.xlsx", _excel),
    _fixed("si-1.xlsx", _written(lambda path: table(path, CURVE), ".xlsx")),
    _fixed("a.png", grey_png(PIXELS)),
    _fixed("b.png", grey_png(PIXELS.astype(np.uint16) * 999)),
    _fixed("c.tif", tiff(PIXELS, PIXELS + 1)),
    _fixed("d.tif", _saved(np.tile(PIXELS, (9, 9)), compression="tiff_lzw")),
    _fixed("e.tif", _saved(np.tile(PIXELS, (9, 9)), compression="packbits")),
    _fixed("f.tif", _saved(np.tile(PIXELS, (9, 9)), compression="tiff_adobe_deflate")),
    Sound("g.tif", lambda ids, number: tiff(_reals(number), order=">")),
    _fixed("images.npy", _npy(np.stack([PIXELS, PIXELS]))),
    Sound("curve.npy", lambda ids, number: _npy(np.stack([AXIS, _values(number)[1]], axis=1))),
    Sound("rows.npy", lambda ids, number: _npy(_rows(ids, number))),
    Sound("a.npz", _npz),
    Sound("b.npz", lambda ids, number: _npz(ids, number, np.savez_compressed)),
    _fixed("DOSCAR", code_files.doscar()),
    _fixed("ni.doscar", code_files.doscar((code_files.SPIN, code_files.SPIN_DOWN), atoms=1)),
    _fixed("total_dos.dat", code_files.TOTAL_DOS),
    _fixed("msd.dat", code_files.AVE_TIME),
    _fixed("g.rdf", code_files.RDF),
    _fixed("vacf.txt", code_files.CORRELATE),
    _fixed("log.lammps", code_files.LOG),
    _fixed("a.log", code_files.LOG_TWO_COLUMNS),
    _fixed("ph.json", code_files.PHONON_JSON),
    _fixed("el.json", code_files.ELECTRON_JSON),
    _fixed("run.xyz", code_files.EXTXYZ),
    _fixed("a.wdf", b"WDF1" + (1).to_bytes(4, "little") + (16).to_bytes(8, "little")),
    _fixed("a.spc", b"\x33\x33\x33\x3f" + bytes(60)),
)
