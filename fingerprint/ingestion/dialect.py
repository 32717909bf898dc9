"""How numbers stand in lines of text: what separates them, and how a decimal fraction is written."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from fingerprint.errors import ReadError

BLANKS = " "  # as delimiter: runs of blanks
SAMPLE = 60  # lines that are looked at
_ENDLESS = csv.field_size_limit()  # letters in a field
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_STRAY_COMMA = re.compile(r"(?<!\d),|,(?!\d)")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_FORTRAN = re.compile(r"(?<=[\d.])[dD](?=[+-]?\d)")
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-"})


class Dialect(NamedTuple):
    """The delimiter, `BLANKS` for runs of blanks, and the decimal mark."""

    delimiter: str
    decimal: str

    def split(self, line: str) -> list[str]:
        """The fields of a line, without surrounding blanks."""
        if self.delimiter == BLANKS:
            return line.split()
        if line and '"' not in line and len(line) < _ENDLESS:  # as csv.reader has it, in a fifth of the time
            return [field.strip() for field in line.split(self.delimiter)]
        try:
            return [field.strip() for field in next(csv.reader([line], delimiter=self.delimiter))]
        except csv.Error:  # an endless field
            return [line]

    def number(self, token: str) -> float | None:
        """The number that a token is, or None."""
        return as_number(token, self.decimal)


COMMAS, ALONE = Dialect(",", "."), Dialect(BLANKS, ".")
_ASKED = 'A line decimal = "," or decimal = "." in the [modalities.NAME] of dataset.toml.'
_DIALECTS = tuple(
    Dialect(delimiter, decimal) for delimiter, decimal in (
        ("\t", "."), ("\t", ","), (";", "."), (";", ","), (",", "."), (",", ","), (BLANKS, "."), (BLANKS, ","),
    )
)  # fmt: skip


@lru_cache(maxsize=1 << 12)
def as_number(token: str, decimal: str = ".") -> float | None:
    """The number that a token is, or None.

    Fortran's D stands for E, and typographic minus signs count. Separators of thousands do not: they are taken for
    no number at all, whatever they are.
    """
    if decimal == "." and token.isascii() and "_" not in token:
        try:
            return float(token)
        except ValueError:
            pass
    text = plain_number(token)
    if decimal == ",":
        if "." in text or _STRAY_COMMA.search(text):
            return None
        text = text.replace(",", ".")
    try:
        return None if "_" in text or not text.isascii() else float(text)
    except ValueError:
        return None


def plain_number(text: str) -> str:
    """Fortran's exponents and typographic minus signs as Python reads them."""
    return _FORTRAN.sub("e", text.translate(_MINUS))


def sniff(lines: Sequence[str], top: Sequence[str], where: str, decimal: str = "") -> Dialect:
    """The dialect in which most of some lines is numbers, in equally many fields; the first of those that do as well.

    Args:
        lines: from the middle of a file, where its numbers are.
        top: its first lines, where its header is.
        where: the file, for messages.
        decimal: the decimal mark, where it is known.

    Raises:
        ReadError: commas could be decimal or separate fields, or could separate thousands.
    """
    told = {each: _told(each, lines) for each in _DIALECTS if decimal in ("", each.decimal)}
    best = max(told, key=lambda dialect: told[dialect])
    if decimal:
        return best
    if best.delimiter == "," and len({line.count(";") for line in lines}) == 1 and ";" in lines[0] and ";" in top[0]:
        raise ReadError(
            "semicolons stand in every line, and commas and points in its numbers",
            where=where,
            expected="One decimal mark, and nothing that separates thousands.",
        )
    if best == COMMAS:
        rival = max((each for each in told if each.decimal == "," != each.delimiter), key=lambda dialect: told[dialect])
        separates = any(field.endswith(",") for line in lines for field in rival.split(line))
        if not separates and told[rival] == told[best] > (0.0, True) and _regular(rival, top) >= _regular(best, top):
            raise ReadError("commas may separate fields or be decimal", where=where, expected=_ASKED)
    if best.decimal == ",":
        numbers = [field for line in lines for field in best.split(line) if best.number(field) is not None]
        with_comma = [field for field in numbers if "," in field]
        if with_comma and all(_THOUSANDS.fullmatch(field) for field in with_comma):
            raise ReadError(
                f"the comma in {with_comma[0]} may be decimal or separate thousands", where=where, expected=_ASKED
            )
    if best == Dialect(";", "."):
        with_point = [field for line in lines for field in best.split(line) if best.number(field) and "." in field]
        if with_point and all(_GROUPED.fullmatch(field) for field in with_point):
            raise ReadError(
                f"the point in {with_point[0]} may be decimal or separate thousands", where=where, expected=_ASKED
            )
    return best


def _told(dialect: Dialect, lines: Sequence[str]) -> tuple[float, bool]:
    """The share of the fields that are numbers, and whether there is more than one to a line."""
    rows = [dialect.split(line) for line in lines]
    width, alike = Counter(map(len, rows)).most_common(1)[0]
    fields = [field for row in rows if len(row) == width for field in row if field]
    numbers = sum(dialect.number(field) is not None for field in fields)
    several = width > 1 and 2 * alike >= len(rows)
    if not several and dialect != ALONE:
        return 0.0, False
    return round(alike / len(rows) * numbers / max(len(fields), 1), 6), several


def _regular(dialect: Dialect, lines: Sequence[str]) -> float:
    """The share of lines with the commonest number of fields."""
    return Counter(len(dialect.split(line)) for line in lines).most_common(1)[0][1] / len(lines)
