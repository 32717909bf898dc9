"""Files that end in many lines of plain numbers, whose lines need not be looked at one by one.

What stands above the numbers, and the first few lines of them, are looked at as in any other file. That the others are
like these is told by their letters: which there are, and where fields and lines end. What cannot be parsed for all that
is looked at again, line by line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np

from fingerprint.ingestion.decoding import lines_of
from fingerprint.ingestion.dialect import Dialect
from fingerprint.ingestion.text import Text

KNOWN = 3  # lines of numbers that are looked at
_LEAST = 100  # lines; fewer are looked at one by one
_MOST_ABOVE = 4096  # bytes above the numbers
_HEAD = 64  # lines that are taken apart when one of them is asked for
_NUMBER = rb"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
_MARKS = (b"\t", b",")
_FIRST = {mark: re.compile(rb"^%b(?:%b%b)+\r?$" % (_NUMBER, mark, _NUMBER), re.MULTILINE) for mark in _MARKS}
_DIGIT, _SIGN, _MARK, _END, _OTHER = range(5)  # kinds of letters


def _kinds(mark: bytes) -> bytes:
    kinds = bytearray([_OTHER] * 256)
    for letters, kind in ((b"0123456789.", _DIGIT), (b"+-eE", _SIGN), (mark, _MARK), (b"\n", _END)):
        for letter in letters:
            kinds[letter] = kind
    return bytes(kinds)


_KINDS = {mark: _kinds(mark) for mark in _MARKS}


class Plain(NamedTuple):
    """Such a file.

    Attributes:
        above: what stands above the numbers.
        body: the lines of numbers, each ended by one letter.
        dialect: what separates them.
        width: numbers in a line.
        rows: lines of numbers.
        longest: letters in a line.
    """

    above: bytes
    body: bytes
    dialect: Dialect
    width: int
    rows: int
    longest: int

    @staticmethod
    def of(content: bytes, decimal: str) -> Plain | None:
        """What a file holds; None where it is none such, or its decimal mark is to be another than the point."""
        mark = next((mark for mark in _FIRST if mark in content[:_MOST_ABOVE]), b"")
        first = _FIRST[mark].search(content, 0, _MOST_ABOVE) if mark and decimal != "," else None
        if first is None:
            return None
        start = first.start()
        body = content[start:] if content.endswith(b"\n") else content[start:] + b"\n"
        body = body.replace(b"\r\n", b"\n") if b"\r" in body else body
        kinds = np.frombuffer(body.translate(_KINDS[mark]), np.uint8)
        marks = np.flatnonzero(kinds >= _MARK)
        found = kinds[marks]
        ends = marks[found == _END]
        width = len(marks) // max(1, len(ends))
        if len(ends) < _LEAST or found.max() == _OTHER or (kinds[marks - 1] != _DIGIT).any():
            return None
        if len(found) != width * len(ends) or (found[width - 1 :: width] != _END).any():
            return None
        longest = int(np.diff(ends, prepend=-1).max())
        return Plain(content[:start], body, Dialect(mark.decode(), "."), width, len(ends), longest)

    def beginning(self, path: Path) -> list[str]:
        """The lines above the numbers, and `KNOWN` of the numbers."""
        above = lines_of(self.above, path)[:-1]
        return [*above, *(line.decode() for line in self.body.split(b"\n", KNOWN)[:KNOWN])]

    def text(self, beginning: Text) -> Text | None:
        """The whole file, of which `beginning` has been opened; None where that was not taken as meant here."""
        first = beginning.lines[0]
        if (beginning.dialect, beginning.width, len(beginning.rows)) != (self.dialect, self.width, KNOWN):
            return None
        header, line, path = beginning.header, beginning.header_line, beginning.path
        lines = range(first, first + self.rows)
        rows = _Lines(self.body, self.rows)
        above = beginning.above
        return _PlainText(
            path, header, line, rows, lines, self.dialect, self.width, above, body=self.body, longest=self.longest
        )


@dataclass(frozen=True)
class _PlainText(Text):
    """A delimited file whose rows are together.

    Attributes:
        body: the rows, each ended.
        longest: letters in one.
    """

    body: bytes = b""
    longest: int = 0

    def rewritten(self, header: tuple[str, ...] | None, header_line: int, rows: Sequence[str], width: int) -> Text:
        """The same with other columns, whose rows are no longer together."""
        return Text(self.path, header, header_line, rows, self.lines, self.dialect, width, self.above, self.notes)

    def _content(self) -> tuple[bytes, int]:
        return self.body, self.longest


class _Lines(Sequence[str]):
    """Lines that are taken apart when they are asked for."""

    def __init__(self, body: bytes, count: int) -> None:
        self._body, self._count = body, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        return self._head[place] if isinstance(place, int) and 0 <= place < _HEAD else self._all[place]

    @cached_property
    def _head(self) -> list[str]:
        return [line.decode() for line in self._body.split(b"\n", _HEAD)[:_HEAD]]

    @cached_property
    def _all(self) -> list[str]:
        return self._body.decode().split("\n")[:-1]
