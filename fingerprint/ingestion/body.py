"""What a line of data looks like, and so where the data of a file begin and what stands above them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fingerprint.errors import ReadError
from fingerprint.ingestion.above import refuse_lost, refuse_number, refuse_numbers_above
from fingerprint.ingestion.axis_names import is_called_axis
from fingerprint.ingestion.dataset import MISSING
from fingerprint.ingestion.dialect import Dialect
from fingerprint.ingestion.text import Text
from fingerprint.units import split_unit, unit_in_brackets

TOP = 1000  # lines among which the numbers begin
_COMMENT_FIELD = re.compile(r"[^\s(\[]+(?:\s*(?:\([^)]{0,99}\)|\[[^\]]{0,99}\]))?")
_MISSING = frozenset((*MISSING, "--"))
_DATE = re.compile(r"\b\d{1,4}([-/.])\d{1,2}\1\d{1,4}\b|\b\d{1,2}:\d\d\b")
_MOST_OF_A_WORD = 4  # letters: "bits" below a column of text
_OWN_WORDS = re.compile(r"\([^()]+\)|\[[^\[\]]+\]")  # a unit in brackets, whatever it is
_NO_UNIT = frozenset(("nd", "n.d.", "bdl", "x", "#"))


@dataclass(frozen=True)
class Body:
    """What a line of data looks like: how many fields it has, which of them are numbers or always empty, and the first
    of them that is not."""

    dialect: Dialect
    width: int
    numeric: tuple[int, ...]
    first: int

    @staticmethod
    def of(sample: Sequence[str], dialect: Dialect) -> Body:
        fields = [dialect.split(row) for row in sample]
        width = Counter(map(len, fields)).most_common(1)[0][0]
        regular = [row for row in fields if len(row) == width]
        numbers = [sum(dialect.number(row[column]) is not None for row in regular) for column in range(width)]
        filled = [sum(row[column].lower() not in _MISSING for row in regular) for column in range(width)]
        empty = [not filled[column] and any(filled) for column in range(width)]
        numeric = tuple(column for column in range(width) if empty[column] or 2 * numbers[column] > filled[column])
        first = next((place for place, column in enumerate(numeric) if not empty[column]), 0)
        return Body(dialect, width, numeric, first)

    def fits(self, fields: Sequence[str]) -> bool:
        """Whether these are the fields of a line of data."""
        if len(fields) != self.width:
            return False
        tokens = [fields[column] for column in self.numeric]
        numbers = [self.dialect.number(token) is not None for token in tokens]
        missing = [token.lower() in _MISSING for token in tokens]
        return (
            any(numbers) and all(map(max, numbers, missing)) and (numbers[self.first] or len(self.numeric) < self.width)
        )

    def text(self, path: Path, rows: Sequence[str], lines: Sequence[int], comments: Sequence[tuple[int, str]]) -> Text:
        """The header and the data of a file."""
        top = [self._without_tail(self.dialect.split(row)) for row in rows[:TOP]]
        begin = self._header(top)
        above = begin or 0
        header, header_line = None, 0
        if begin is not None:
            header, header_line = tuple(top[begin]), lines[begin]
            units = top[begin + 1] if begin + 1 < len(top) else []
            if self._are_units(units):
                header = tuple(_with_unit(name, unit) for name, unit in zip(header, units, strict=True))
                begin += 1
                begin += self._is_remark(top, begin + 1)
            begin += 1
            refuse_number(self, header, path, header_line)
        else:
            begin = above = next((row for row, fields in enumerate(top) if self.fits(fields)), 0)
            header, header_line = self._free_header([told for told in comments if told[0] < lines[begin]])
        if begin == len(rows):
            raise ReadError(
                "there is a header and no data", where=f"{path}:{lines[begin - 1]}", expected="At least one row."
            )
        refuse_numbers_above(self, top[:above], begin == above, path, lines)
        refuse_lost(self, top[: begin + 1], path, lines)
        beyond = tuple(top[above - 1]) if above else ()
        return Text(path, header, header_line, rows[begin:], lines[begin:], self.dialect, self.width, beyond)

    def _without_tail(self, fields: list[str]) -> list[str]:
        """The fields of a line without the one behind a delimiter at its end."""
        return fields[:-1] if len(fields) == self.width + 1 and not fields[-1] else fields

    def _is_remark(self, top: Sequence[list[str]], row: int) -> bool:
        """Whether a line below that of the units is one of comments, as Origin writes it, and the next are data."""
        if row + 1 >= len(top) or len(self.numeric) < self.width or len(top[row]) != self.width:
            return False
        words = all(self.dialect.number(field) is None for field in top[row])
        told = any(field.lower() not in _MISSING for field in top[row])
        return words and told and self.fits(top[row + 1])

    def _header(self, top: Sequence[list[str]]) -> int | None:
        """The row of the header: that above the data; where some columns are text, the first of the right width."""
        if len(self.numeric) < self.width:
            first = next((row for row, fields in enumerate(top) if len(fields) == self.width), 0)
            return None if self.width == 2 and self.fits(top[first]) else first
        data = next((row for row, fields in enumerate(top) if self.fits(fields)), None)
        if data is None:
            return 0
        above = data - 1
        if above > 1 and self._is_remark(top, above) and self._are_units(top[above - 1]):
            above -= 1
        if above > 0 and self._are_units(top[above]) and self._may_be_names(top[above - 1], top[above]):
            above -= 1
        return above if above >= 0 and len(top[above]) == self.width else None

    def _may_be_names(self, fields: Sequence[str], units: Sequence[str]) -> bool:
        """Whether a line may name the columns: it is as wide, has a name for each unit, and says no date."""
        named = len(fields) == self.width and all(name or not unit for name, unit in zip(fields, units, strict=True))
        return named and not any(_DATE.search(field) for field in fields)

    def _are_units(self, fields: Sequence[str]) -> bool:
        """Whether this line states the units of the columns and nothing else."""
        if len(fields) != self.width or not self.numeric:
            return False
        others = [fields[column].strip("()[] ") for column in range(self.width) if column not in self.numeric]
        stated = [fields[column].strip("()[] ") for column in self.numeric]
        stated = ["" if each.lower() in _MISSING | _NO_UNIT else each for each in stated]
        known = [unit_in_brackets(each) is not None for each in stated if each]
        bracketed = [_OWN_WORDS.fullmatch(fields[column]) is not None for column in self.numeric if fields[column]]
        said = any(known) and (all(known) or all(bracketed))
        words = sum(known) > 1 and all(len(other) <= _MOST_OF_A_WORD for other in others)
        return said and (words or all(other in _MISSING for other in others))

    def _free_header(self, above: Sequence[tuple[int, str]]) -> tuple[tuple[str, ...] | None, int]:
        """The line or comment just above the data, where it names as many columns as there are, one with its unit."""
        for line, told in above[-1:]:
            for fields in (
                *(Dialect(delimiter, ".").split(told) for delimiter in "\t;,"),
                re.split(r" {2,}", told.strip()),
                re.split(r"\t+", told.strip()),
                _COMMENT_FIELD.findall(told),
            ):
                named = [field.strip().lstrip("#").strip() for field in fields]
                if len(fields) == self.width and self._names_columns(named):
                    return tuple(named), line
        return None, 0

    def _names_columns(self, fields: Sequence[str]) -> bool:
        """Whether the fields of a comment are names: one with its unit, or the first is called as axes are."""
        if any(split_unit(field).unit is not None for field in fields):
            return True
        words = all(field and self.dialect.number(field) is None for field in fields)
        return words and len(set(fields)) == len(fields) and is_called_axis(fields[0])


def _with_unit(name: str, unit: str) -> str:
    unit = unit.strip("()[] ")
    unit = "" if unit == "#" else unit
    return f"{name} [{unit}]" if unit and not split_unit(name).unit else name
