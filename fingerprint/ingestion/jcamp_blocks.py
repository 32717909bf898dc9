"""JCAMP-DX before it means anything: labelled records in blocks, blocks in blocks.

A record is "##LABEL= value" and the lines up to the next; a block goes from ##TITLE= to ##END=. Case, blanks, dashes,
slashes and underscores in a label do not count, and neither does what stands after $$. McDonald & Wilks, Appl.
Spectrosc. 42 (1988) 151.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from fingerprint.errors import ReadError
from fingerprint.ingestion.printed import Printed, printed

TABLES = frozenset({"XYDATA", "XYPOINTS", "PEAKTABLE", "PEAKASSIGNMENTS", "RADATA", "DATATABLE", "NTUPLES", "PAGE"})
_KEPT = TABLES | {
    "DATATYPE", "BLOCKS", "XUNITS", "YUNITS", "XLABEL", "YLABEL", "XFACTOR", "YFACTOR", "FIRSTX", "LASTX", "DELTAX",
    "NPOINTS", "FIRSTY", "MAXY", "MINY",
}  # fmt: skip
_WORDS = re.compile(r"[0-9A-Za-z]")
_UNCOUNTED = re.compile(r"[\s\-/_]+")


class Record(NamedTuple):
    """One labelled record.

    Attributes:
        value: what stands after the equals sign.
        line: its line, from 1.
        lines: (line, text) of what follows it, up to the next record; only of tables.
    """

    value: str
    line: int
    lines: list[tuple[int, str]]


@dataclass
class BlockOfRecords:
    """A block, from ##TITLE= to ##END=.

    Attributes:
        path: the file.
        line: where it begins.
        records: those of any use, under their labels without blanks.
        blocks: the blocks in it.
    """

    path: Path
    line: int
    records: dict[str, list[Record]] = field(default_factory=dict[str, list[Record]])
    blocks: list[BlockOfRecords] = field(default_factory=list["BlockOfRecords"])

    @property
    def is_link(self) -> bool:
        """Whether it is there to hold others."""
        return "BLOCKS" in self.records or self.text("DATATYPE").upper() == "LINK"

    def at(self, line: int) -> str:
        """The place of a line."""
        return f"{self.path}:{line}"

    def record(self, label: str) -> Record | None:
        """The one record of a label.

        Raises:
            ReadError: there are several, and they differ.
        """
        found = self.records.get(label, [])
        for other in found[1:]:
            if label in TABLES or other.value != found[0].value:
                raise ReadError(
                    f"##{label}= stands in this block again",
                    where=self.at(other.line),
                    expected=f"Once in a block; it was first in line {found[0].line}.",
                )
        return found[0] if found else None

    def text(self, label: str) -> str:
        """What a record says, "" where there is none."""
        record = self.record(label)
        return record.value if record else ""

    def number(self, label: str) -> Printed | None:
        """What a record says, as a number; None where there is none or it is empty.

        Raises:
            ReadError: it is something else.
        """
        record = self.record(label)
        if record is None or not record.value:
            return None
        number = printed(record.value)
        if number is None:
            raise ReadError(f"##{label}= {record.value[:40]!r} is not a number", where=self.at(record.line))
        return number


def is_jcamp(lines: Sequence[str]) -> bool:
    """Whether some lines begin as JCAMP-DX does."""
    head = [_label(line) for line in lines[:200] if line.lstrip().startswith("##")]
    return any(label in ("TITLE", "JCAMPDX") for label in head)


def parse(lines: Sequence[str], path: Path) -> list[BlockOfRecords]:
    """The outermost blocks of a file.

    Raises:
        ReadError: a block does not end, or begins where none may.
    """
    found: list[BlockOfRecords] = []
    stack: list[BlockOfRecords] = []
    follows: list[tuple[int, str]] | None = None
    record: Record | None = None
    for line, raw in enumerate(lines, start=1):
        text = raw.partition("$$")[0].strip()
        if not text:
            continue
        if not text.startswith("##"):
            if follows is not None:
                follows.append((line, text))
            elif record is not None and not record.value and stack:
                record = _continued(stack[-1], record, text)
            elif found and not stack and _WORDS.search(text):
                raise ReadError("text after ##END=", where=f"{path}:{line}", expected="A block, or nothing.")
            continue
        label, equals, value = _label(text), "=" in text, text.partition("=")[2].strip()
        follows, record = None, None
        if label == "END":
            if not stack:
                raise ReadError("##END= ends no block", where=f"{path}:{line}")
            stack.pop()
            continue
        if not equals:
            raise ReadError(f"{text[:40]!r} has no equals sign", where=f"{path}:{line}", expected="##LABEL= value")
        if label == "TITLE" or not stack:
            block = BlockOfRecords(path, line)
            _home(stack, found, block).append(block)
            stack.append(block)
        if label in _KEPT:
            record = Record(value, line, [])
            stack[-1].records.setdefault(label, []).append(record)
            follows = record.lines if label in TABLES else None
    if stack:
        raise ReadError(
            f"the block of line {stack[-1].line} has no ##END=",
            where=f"{path}:{len(lines)}",
            expected="The file may be cut off.",
            next="Copy the file again from where it was measured.",
        )
    return found


def _label(text: str) -> str:
    return _UNCOUNTED.sub("", text.lstrip()[2:].partition("=")[0]).upper()


def _continued(block: BlockOfRecords, record: Record, text: str) -> Record:
    """The record, with a value that stands in the line below it."""
    longer = record._replace(value=text)
    for records in block.records.values():
        if records and records[-1] is record:
            records[-1] = longer
    return longer


def _home(stack: Sequence[BlockOfRecords], found: list[BlockOfRecords], block: BlockOfRecords) -> list[BlockOfRecords]:
    """The list that a new block belongs into."""
    if not stack:
        return found
    if not stack[-1].is_link:
        raise ReadError(
            f"a block begins inside that of line {stack[-1].line}",
            where=block.at(block.line),
            expected="##END= before it, or ##DATA TYPE= LINK in the outer one.",
        )
    return stack[-1].blocks
