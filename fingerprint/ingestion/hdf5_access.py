"""An HDF5 file opened with care: nothing outside the file is followed, and what is damaged ends in a ReadError."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import h5py
from h5py import h5l, h5o  # pyright: ignore[reportAttributeAccessIssue]

from fingerprint.errors import ReadError
from fingerprint.ingestion.hdf5_heaps import longest_text

MOST_OBJECTS = 200_000
_MOST_DEPTH = 32
_MOST_HOPS = 8  # of soft links that lead to soft links
_MOST_WORDS = 1000  # in one attribute
_MATLAB_5 = b"MATLAB 5.0 MAT-file"
_HIDDEN = ("#refs#", "#subsystem#")  # where MATLAB keeps what its cells refer to

# What h5py raises on damaged files, besides OSError and RuntimeError.
_DAMAGE = (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError, MemoryError, SystemError)

Node = h5py.Dataset | h5py.Group


class Contents(NamedTuple):
    """What stands in a file.

    Attributes:
        datasets: by path; groups: by path, without the root.
        unread: path -> why it is not followed.
    """

    datasets: dict[str, h5py.Dataset]
    groups: dict[str, h5py.Group]
    unread: dict[str, str]


@contextmanager
def opened(path: Path) -> Generator[h5py.File]:
    """An open file; what h5py raises on a damaged one becomes a ReadError."""
    try:
        _check_kind(path)
        longest_text(path)
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except (FileNotFoundError, IsADirectoryError):
        raise ReadError("there is no such file", where=str(path), next="Check the path.") from None
    except PermissionError:
        raise
    except _DAMAGE as error:
        raise ReadError(
            f"the HDF5 file is damaged, cut off or no HDF5 at all: {error}",
            where=str(path),
            next="Copy the file again from where it was measured.",
        ) from None


def find(start: h5py.Group, name: str, hops: int = _MOST_HOPS) -> Node | None:
    """What a path leads to within the file; None where nothing is.

    Raises:
        ReadError: a link on the way leads out of the file, or in circles.
    """
    node: Any = start.file["/"] if name.startswith("/") else start
    for part in name.split("/"):
        if part in ("", "."):
            continue
        key = part.encode()
        if not isinstance(node, h5py.Group) or not node.id.links.exists(key):
            return None
        kind = node.id.links.get_info(key).type
        if kind == h5l.TYPE_SOFT:
            target = bytes(node.id.links.get_val(key)).decode()
            if not hops:
                raise ReadError("the links lead in circles", where=f"{start.file.filename}: {name.lstrip('/')}")
            node = find(node, target, hops - 1)
        elif kind == h5l.TYPE_HARD:
            node = node[part]
        else:
            raise ReadError(
                "this is a link to another file, and only this one is read",
                where=f"{start.file.filename}: {name.lstrip('/')}",
                next="Copy the data into this file (h5repack, or h5py's copy with expand_external=True).",
            )
    return node if isinstance(node, h5py.Dataset | h5py.Group) else None


def need(file: h5py.File, name: str) -> h5py.Dataset:
    """The dataset of that path.

    Raises:
        ReadError: it is not there; with those that are.
    """
    item = find(file, name)
    if isinstance(item, h5py.Dataset):
        return item
    raise no_dataset(file, name)


def no_dataset(file: h5py.File, name: str) -> ReadError:
    """The refusal of a path that leads to no dataset."""
    known = list(contents(file).datasets)
    more = f" and {len(known) - 30} more" if len(known) > 30 else ""
    return ReadError(
        f"there is no dataset {name!r}",
        where=str(file.filename),
        expected=f"The datasets are {', '.join(known[:30])}{more}.",
    )


def contents(file: h5py.File) -> Contents:
    """All datasets and groups, each group once; soft links count where they lead to a dataset of this file.

    Raises:
        ReadError: there are too many.
    """
    found = Contents({}, {}, {})
    seen: set[int] = set()

    def walk(group: h5py.Group, prefix: str, depth: int) -> None:
        address = h5o.get_info(group.id).addr
        if address in seen:
            return
        seen.add(address)
        for name in names_in(group):
            if not prefix and name in _HIDDEN:
                continue
            path = prefix + name
            if len(found.datasets) + len(found.groups) + len(found.unread) >= MOST_OBJECTS:
                raise ReadError(f"there are more than {MOST_OBJECTS} datasets and groups", where=str(file.filename))
            try:
                item = find(group, name)
            except ReadError as error:
                found.unread[path] = error.what
                continue
            soft = group.id.links.get_info(name.encode()).type == h5l.TYPE_SOFT
            if isinstance(item, h5py.Dataset):
                found.datasets[path] = item
            elif item is None and soft:
                found.unread[path] = "a link that leads nowhere"
            elif item is not None and words(item, "MATLAB_sparse"):
                found.unread[path] = "a sparse matrix of MATLAB: save full(...) of it"
            elif item is not None and not soft:
                found.groups[path] = item
                if depth < _MOST_DEPTH:
                    walk(item, f"{path}/", depth + 1)
                else:
                    found.unread[path] = f"more than {_MOST_DEPTH} groups inside one another"

    walk(file, "", 0)
    return found


def names_in(group: h5py.Group) -> list[str]:
    """The names of what stands in a group."""
    return [str(name) for name in group]


def words(item: Node, name: str) -> tuple[str, ...]:
    """An attribute as texts, numbers too; () where it is missing, empty, long, or of another type."""
    key = name.encode()
    if not h5py.h5a.exists(item.id, key):
        return ()
    attribute = h5py.h5a.open(item.id, key)
    if attribute.get_space().get_simple_extent_npoints() > _MOST_WORDS:
        return ()
    if h5py.check_string_dtype(attribute.dtype) is None and attribute.dtype.kind not in "iufb":
        return ()
    value: Any = item.attrs[name]
    if isinstance(value, h5py.Empty):
        return ()
    cells: list[Any] = value.ravel().tolist() if hasattr(value, "ravel") else [value]
    return tuple(cell.decode() if isinstance(cell, bytes) else str(cell) for cell in cells)


def _check_kind(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(len(_MATLAB_5))
    # MATLAB 4 has no signature: four small integers, the first of which tells the type.
    if head == _MATLAB_5 or (path.suffix.lower() == ".mat" and head[1:4] == b"\0\0\0"):
        raise ReadError(
            "this is a MATLAB file of version 7 or older, which is not HDF5",
            where=str(path),
            expected="MATLAB files of version 7.3.",
            next="Load it in MATLAB and save it again: save('FILE.mat', '-v7.3').",
        )
