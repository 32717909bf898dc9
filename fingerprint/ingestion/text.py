"""Delimited text before it means anything: where its numbers begin, their lines in the file, the header."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.decoding import read_lines
from fingerprint.ingestion.dialect import BLANKS, SAMPLE, Dialect, sniff
from fingerprint.units import split_unit, unit_in_brackets

TOP = 1000  # lines among which the numbers begin
_COMMENT = re.compile(r"#|(?:%|!|@|//)(?=[\s%!@/]|$)")
_COMMENT_FIELD = re.compile(r"[^\s(\[]+(?:\s*(?:\([^)]{0,99}\)|\[[^\]]{0,99}\]))?")
_IN_BRACKETS = re.compile(r"\(.*\)|\[.*\]")
_MISSING = frozenset(("", "nan", "na", "n/a", "null", "none", "-", "--"))
_NO_UNIT = frozenset(("nd", "n.d.", "bdl", "x"))
_SEPARATOR = re.compile(r'"?sep=.?"?\s*', re.IGNORECASE)  # what Excel writes above all else
_END = re.compile(r">>>>>\s*End |##### Extended Information")  # below which no numbers of the spectrum stand
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[.,'\u2019]\d{3})+(?:[.,]\d+)?")
_JOINED = re.compile(r"[\d.+\-eEdD*]*(?:\d\.\d*(?:[eEdD][+-]?\d{2,3})?[+-]\d*\.\d|[\d.]\*{3})[\d.+\-eEdD*]*")
_EXPECTED = {
    ".": "Most numbers in this file have a decimal point, and none separates thousands.",
    ",": "Most numbers in this file have a decimal comma, and none separates thousands.",
}


@dataclass(frozen=True)
class Text:
    """A delimited file.

    Attributes:
        path: of the file.
        header: its fields; None where the file has none.
        header_line: the line number of the header.
        rows: the data lines, without comments and blank lines.
        lines: their line numbers, [row].
        dialect: what separates fields, and the decimal mark; runs of blanks were turned into tabs.
        width: fields in a row.
    """

    path: Path
    header: tuple[str, ...] | None
    header_line: int
    rows: Sequence[str]
    lines: Sequence[int]
    dialect: Dialect
    width: int

    def at(self, line: int) -> str:
        """The place of a line: "vdos/stress.csv:118"."""
        return f"{self.path}:{line}"

    def where(self, row: int) -> str:
        """The place of a row."""
        return self.at(self.lines[row])

    def fields(self, row: int) -> list[str]:
        """The fields of a row, without surrounding blanks."""
        return self.dialect.split(self.rows[row])

    def label(self, column: int) -> str:
        """What a message calls a column."""
        return self.header[column] if self.header else f"column {column + 1}"

    def strings(self, columns: Sequence[int]) -> list[list[str]]:
        """Columns of text, each [row]."""
        try:
            table = self._parse({column: pa.string() for column in columns}, ())
        except pa.ArrowInvalid as error:
            self._refuse_ragged()
            raise ReadError(f"the table cannot be taken apart: {error}", where=str(self.path)) from None
        return [[cell.strip() for cell in table.column(str(column)).to_pylist()] for column in columns]

    def numbers(self, columns: Sequence[int], missing: frozenset[str]) -> NDArray[np.float64]:
        """Columns of numbers, [row, column], NaN where a token means missing.

        Raises:
            ReadError: a row has another number of fields, or a token is not a number; with line and column.
        """
        tokens = {form for token in missing for form in (token, token.upper(), token.capitalize())}
        try:
            table = self._parse({column: pa.float64() for column in columns}, sorted(tokens))
        except pa.ArrowInvalid:
            return self._without_missing(self._numbers_one_by_one(columns, missing), missing)
        arrays = [table.column(str(column)).to_numpy(zero_copy_only=False) for column in columns]
        numbers = np.stack(arrays, axis=1) if arrays else np.empty((len(self.rows), 0))
        return self._without_missing(numbers, missing)

    def _without_missing(self, numbers: NDArray[np.float64], missing: frozenset[str]) -> NDArray[np.float64]:
        """NaN for numbers that mean missing, however they are written: -99, " -99" and -99.0."""
        tokens = [number for number in map(self.dialect.number, missing) if number is not None]
        return np.where(np.isin(numbers, tokens), np.nan, numbers) if tokens else numbers

    def _parse(self, types: dict[int, pa.DataType], null_values: Sequence[str]) -> pa.Table:
        content = "\n".join(self.rows).encode() + b"\n"
        longest = max(map(len, self.rows))
        table = pyarrow.csv.read_csv(
            pa.BufferReader(content),
            read_options=pyarrow.csv.ReadOptions(
                column_names=[str(i) for i in range(self.width)], block_size=max(1 << 20, 8 * longest)
            ),
            parse_options=pyarrow.csv.ParseOptions(delimiter=self.dialect.delimiter, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={str(column): kind for column, kind in types.items()},
                include_columns=[str(column) for column in types],
                null_values=list(null_values),
                decimal_point=self.dialect.decimal,
                strings_can_be_null=False,
            ),
        )
        if len(table) != len(self.rows):
            raise ReadError(
                "a quoted field goes on in the next line", where=str(self.path), expected="One line per row."
            )
        return table

    def _refuse_ragged(self) -> None:
        for row in range(len(self.rows)):
            count = len(self.fields(row))
            if count != self.width:
                cut = " (the file may be cut off)" if row == len(self.rows) - 1 else ""
                raise ReadError(
                    f"{count} fields where {self.width} are expected{cut}",
                    where=self.where(row),
                )

    def _numbers_one_by_one(self, columns: Sequence[int], missing: frozenset[str]) -> NDArray[np.float64]:
        """The slow pass, which knows where each token stands."""
        self._refuse_ragged()
        parsed = np.empty((len(self.rows), len(columns)))
        for row in range(len(self.rows)):
            fields = self.fields(row)
            for place, column in enumerate(columns):
                token = fields[column]
                absent = token.lower() in missing
                number = None if absent else self.dialect.number(token)
                if number is None and not absent:
                    raise ReadError(
                        f"{self.label(column)} {token!r} is not a number",
                        where=self.where(row),
                        expected=_EXPECTED[self.dialect.decimal],
                    )
                parsed[row, place] = np.nan if number is None else number
        return parsed


def open_text(path: Path, decimal: str = "") -> Text:
    """Read a delimited file, plain or compressed; lines that begin with #, %, !, @ or // are comments.

    What stands above the first line of numbers is the header, where it has as many fields, and otherwise free text. A
    line of units below it is joined to it.

    Args:
        path: of the file.
        decimal: the decimal mark, where it is known.

    Raises:
        ReadError: the file is damaged, not text, or holds no data line; or what its commas are is open.
    """
    rows: list[str] = []
    lines: list[int] = []
    comments: list[tuple[int, str]] = []
    head: dict[str, str] = {}
    between: list[tuple[int, str]] = []
    for number, line in enumerate(read_lines(path), start=1):
        if rows and _END.match(line):
            break
        mark = None if _begins_with_percent(line) else _COMMENT.match(line)
        if mark and not rows:
            comments.append((number, line[mark.end() :].lstrip("#%!@/ \t")))
            head.setdefault(_first_word(line), line)
        elif line.startswith("#"):
            between.append((number, line))
        elif line.strip() and (rows or not _SEPARATOR.fullmatch(line)):
            rows.append(line)
            lines.append(number)
    if not rows:
        raise ReadError("the file holds no data", where=f"{path}:1", expected="At least one line of values.")
    middle = max(len(rows) // 2 - SAMPLE // 2, 0)
    sample = rows[middle : middle + SAMPLE]
    written = rows
    dialect = sniff(sample, rows[:SAMPLE], str(path), decimal)
    if dialect.delimiter == BLANKS:
        dialect = Dialect("\t", dialect.decimal)
        written, rows, sample = rows, _blanks_as_tabs(rows), _blanks_as_tabs(sample)
    elif _end_alike(rows, sample, dialect.delimiter):
        rows = [row.rstrip(" ").removesuffix(dialect.delimiter) for row in rows]
        sample = rows[middle : middle + SAMPLE]
    body = _Body.of(sample, dialect)
    text = body.text(path, rows, lines, [*comments, *zip(lines, written[:TOP], strict=False)])
    if written is not rows and _is_torn(text.header or ()):
        text = replace(text, header=None, header_line=0)
    _refuse_between(body, text, [each for each in between if each[0] > text.lines[0]], head)
    return text


def _is_torn(header: Sequence[str]) -> bool:
    """Whether some fields of a header are units in brackets that blanks tore off their names: "x (nm)"."""
    units = [_IN_BRACKETS.fullmatch(field) is not None for field in header]
    return any(units) and not all(units)


def _begins_with_percent(line: str) -> bool:
    """Whether a line that begins with % states units, the first of which is %."""
    fields = re.split(r"[\t;,]", line) if line.startswith("%") else []
    return len(fields) > 1 and all(unit_in_brackets(field.strip(" ()[]")) is not None for field in fields)


def _first_word(comment: str) -> str:
    """The mark of a comment with the word behind it: "#s" of "#S 2", "# scan" of "# scan 2"."""
    words = comment.lower().split()
    word = " ".join(words[: 1 if any(map(str.isalpha, words[0])) else 2])
    return word if any(map(str.isalpha, word)) else ""


def _fields(line: str, dialect: Dialect) -> list[str]:
    """The fields of a line in which blanks may not have been turned into tabs."""
    return line.split() if dialect.delimiter == "\t" and "\t" not in line else dialect.split(line)


def _refuse_between(body: _Body, text: Text, between: Sequence[tuple[int, str]], head: dict[str, str]) -> None:
    """Raise ReadError where a comment among the data begins another block, or may be a row."""
    for number, line in between:
        before = head.get(_first_word(line)) if _first_word(line) else None
        if before is not None and before.strip() != line.strip():
            raise ReadError(
                f"another block seems to begin here: {line.strip()[:60]!r}, after {before.strip()[:60]!r}",
                where=text.at(number),
                next="Write each block into a file of its own.",
            )
        if any(body.fits(_fields(each, body.dialect)) for each in (line, line.lstrip("# \t"))):
            raise ReadError(
                f"{line.strip()[:60]!r} may be a row or a comment",
                where=text.at(number),
                next='Remove the line if it is a comment; put its first field into quotes ("#1") if it is a row.',
            )


def tabulate(path: Path, rows: Sequence[str], lines: Sequence[int], dialect: Dialect) -> Text:
    """Rows whose dialect is known, with the numbers of their lines: which of them is the header, and where data begin.

    Raises:
        ReadError: there is a header and no data.
    """
    middle = max(len(rows) // 2 - SAMPLE // 2, 0)
    return _Body.of(rows[middle : middle + SAMPLE], dialect).text(path, rows, lines, ())


def _end_alike(rows: Sequence[str], sample: Sequence[str], delimiter: str) -> bool:
    """Whether every line with as many delimiters as most, header included, ends in one, which then opens no column."""
    most = Counter(row.count(delimiter) for row in sample).most_common(1)[0][0]
    return all(row.rstrip(" ").endswith(delimiter) for row in rows if row.count(delimiter) == most)


def _blanks_as_tabs(rows: Sequence[str]) -> list[str]:
    return ["\t".join(row.split()) for row in rows]


@dataclass(frozen=True)
class _Body:
    """What a line of data looks like: how many fields it has, and which of them are numbers."""

    dialect: Dialect
    width: int
    numeric: tuple[int, ...]

    @staticmethod
    def of(sample: Sequence[str], dialect: Dialect) -> _Body:
        fields = [dialect.split(row) for row in sample]
        width = Counter(map(len, fields)).most_common(1)[0][0]
        regular = [row for row in fields if len(row) == width]
        numbers = [sum(dialect.number(row[column]) is not None for row in regular) for column in range(width)]
        filled = [sum(row[column].lower() not in _MISSING for row in regular) for column in range(width)]
        numeric = tuple(column for column in range(width) if numbers[column] and 2 * numbers[column] > filled[column])
        return _Body(dialect, width, numeric)

    def fits(self, fields: Sequence[str]) -> bool:
        """Whether these are the fields of a line of data."""
        if len(fields) != self.width:
            return False
        tokens = [fields[column] for column in self.numeric]
        numbers = [self.dialect.number(token) is not None for token in tokens]
        missing = [token.lower() in _MISSING for token in tokens]
        return any(numbers) and all(map(max, numbers, missing)) and (numbers[0] or len(self.numeric) < self.width)

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
            self._refuse_number(header, path, header_line)
        else:
            begin = above = next((row for row, fields in enumerate(top) if self.fits(fields)), 0)
            header, header_line = self._free_header([told for told in comments if told[0] < lines[begin]])
        if begin == len(rows):
            raise ReadError(
                "there is a header and no data", where=f"{path}:{lines[begin - 1]}", expected="At least one row."
            )
        self._refuse_numbers_above(top[:above], begin == above, path, lines)
        self._refuse_lost(top[: begin + 1], path, lines)
        return Text(path, header, header_line, rows[begin:], lines[begin:], self.dialect, self.width)

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

    def _refuse_number(self, header: Sequence[str], path: Path, line: int) -> None:
        """Raise ReadError where what stands above the data is data too, of which something cannot be read."""
        if len(self.numeric) < self.width or self.dialect.number(header[0]) is None:
            return
        unread = next(field for field in header if self.dialect.number(field) is None)
        raise ReadError(f"{unread!r} is not a number", where=f"{path}:{line}", expected=_EXPECTED[self.dialect.decimal])

    def _refuse_numbers_above(
        self, above: Sequence[list[str]], adjoining: bool, path: Path, lines: Sequence[int]
    ) -> None:
        """Raise ReadError where lines of numbers would be taken for free text above the data.

        Args:
            above: the lines above the header or the data.
            adjoining: whether the data follow, without a header.
        """
        widths = [len(fields) if self._are_numbers(fields) else 0 for fields in above]
        for row, width in enumerate(widths):
            last = row + 1 == len(widths)
            if width and ((last and adjoining) or (not last and widths[row + 1] == width)):
                raise ReadError(
                    f"there are numbers here that are not like those from line {lines[len(above)]} on: "
                    f"{' '.join(above[row])[:60]!r}",
                    where=f"{path}:{lines[row]}",
                    expected=f"{self.width} numbers in each line. {_EXPECTED[self.dialect.decimal]}",
                    next="Correct these lines, write each block into a file of its own, or remove what is no data.",
                )

    def _are_numbers(self, fields: Sequence[str]) -> bool:
        """Whether a line holds numbers and nothing else; run together or with separators of thousands, too."""
        if len(fields) == 1:
            return _JOINED.fullmatch(fields[0]) is not None
        number = [self.dialect.number(field) is not None for field in fields]
        like = [_GROUPED.fullmatch(field) or _JOINED.fullmatch(field) for field in fields]
        return any(number) and all(map(max, number, map(bool, like)))

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
        if above > 0 and self._are_units(top[above]) and len(top[above - 1]) == self.width:
            above -= 1
        return above if above >= 0 and len(top[above]) == self.width else None

    def _refuse_lost(self, top: Sequence[list[str]], path: Path, lines: Sequence[int]) -> None:
        """Raise ReadError where a line that begins with a number stands below a header, or is as wide as the data.

        Args:
            top: the lines down to the first of the data.
            path, lines: for messages.
        """
        if len(self.numeric) < self.width:
            return
        named = False
        for row, fields in enumerate(top):
            if self.fits(fields):
                return
            numbers = [self.dialect.number(field) is not None for field in fields]
            unlike = named or len(fields) == self.width or sum(numbers) > 1
            if numbers[0] and len(fields) > 1 and unlike:
                raise ReadError(
                    f"{fields[0]} begins a line that is unlike the others",
                    where=f"{path}:{lines[row]}",
                    expected=f"{self.width} numbers, or a header, or free text above it.",
                )
            named = named or len(fields) == self.width

    def _are_units(self, fields: Sequence[str]) -> bool:
        """Whether this line states the units of the columns and nothing else."""
        if len(fields) != self.width or not self.numeric:
            return False
        others = [fields[column].strip("()[] ") for column in range(self.width) if column not in self.numeric]
        stated = [fields[column].strip("()[] ") for column in self.numeric]
        stated = ["" if each.lower() in _MISSING | _NO_UNIT else each for each in stated]
        said = any(stated) and all(not each or unit_in_brackets(each) is not None for each in stated)
        return said and all(other in _MISSING for other in others)

    def _free_header(self, above: Sequence[tuple[int, str]]) -> tuple[tuple[str, ...] | None, int]:
        """The line or comment just above the data, where it names as many columns as there are, one with its unit."""
        for line, told in above[-1:]:
            for fields in (
                *(Dialect(delimiter, ".").split(told) for delimiter in "\t;,"),
                re.split(r" {2,}", told.strip()),
                _COMMENT_FIELD.findall(told),
            ):
                if len(fields) == self.width and any(split_unit(field).unit is not None for field in fields):
                    return tuple(field.strip() for field in fields), line
        return None, 0


def _with_unit(name: str, unit: str) -> str:
    unit = unit.strip("()[] ")
    return f"{name} [{unit}]" if unit and split_unit(name).unit is None else name
