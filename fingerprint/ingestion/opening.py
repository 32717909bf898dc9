"""Files of delimited text, and other rows of cells, opened: what separates their fields, and where their data begin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from fingerprint.errors import ReadError
from fingerprint.ingestion.body import TOP, Body
from fingerprint.ingestion.dataset import ModalitySpec, SpecimensSpec
from fingerprint.ingestion.decoding import lines_of, read_bytes
from fingerprint.ingestion.dialect import BLANKS, COMMAS, SAMPLE, Dialect, sniff
from fingerprint.ingestion.ending import check_first_lines, check_first_row, cut_off
from fingerprint.ingestion.plain import KNOWN, Plain
from fingerprint.ingestion.spare import rows_before_log, without_spare
from fingerprint.ingestion.text import Text
from fingerprint.units import unit_in_brackets

_COMMENT = re.compile(r"#|(?:%|!|@|//)(?=[\s%!@/]|$)")
_IN_BRACKETS = re.compile(r"\(.*\)|\[.*\]")
_SEPARATOR = re.compile(r'"?sep=.?"?\s*', re.IGNORECASE)  # what Excel writes above all else
_END = re.compile(r">>>>>\s*End |##### Extended Information")  # below which no numbers of the spectrum stand


def open_text(path: Path, decimal: str = "", spec: ModalitySpec | SpecimensSpec | None = None) -> Text:
    """Read a delimited file, plain or compressed.

    Above its data lines that begin with #, %, !, @ or // are comments, and among them those with #.
    What stands above the first line of numbers is the header, where it has as many fields, and otherwise free text. A
    line of units below it is joined to it.

    Args:
        path: of the file.
        decimal: the decimal mark, where it is known.
        spec: what dataset.toml says of it, where it is known.

    Raises:
        ReadError: the file is damaged, not text, or holds no data line; or what its commas are is open.
    """
    content = read_bytes(path)
    plain = Plain.of(content, decimal)
    text = None
    if plain is not None:
        with suppress(ReadError):
            text = plain.text(_opened(path, plain.beginning(path), decimal, plain.dialect))
    text = text or _opened(path, lines_of(content, path), decimal)
    check_first_row(text)
    ended = content.rstrip(b"\0").endswith((b"\n", b"\r"))
    cut = () if ended else cut_off(text)
    return without_spare(replace(text, notes=(*text.notes, *cut)), spec)


def _opened(path: Path, content: Sequence[str], decimal: str, dialect: Dialect | None = None) -> Text:
    """The text in the lines of a file.

    Args:
        path: of the file.
        content: its lines.
        decimal: the decimal mark, where it is known.
        dialect: of the numbers, where the last `KNOWN` lines are known to be such.

    Raises:
        ReadError: there is no data line, or what the commas are is open.
    """
    rows: list[str] = []
    lines: list[int] = []
    comments: list[tuple[int, str]] = []
    head: dict[str, str] = {}
    between: list[tuple[int, str]] = []
    first = content[:10]
    for number, line in enumerate(content, start=1):
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
    middle = max(len(rows) // 2 - SAMPLE // 2, 0) if dialect is None else len(rows) - KNOWN
    sample = rows[middle : middle + SAMPLE]
    written = rows
    dialect = dialect or sniff(sample, rows[:SAMPLE], str(path), decimal)
    if dialect.delimiter == BLANKS:
        dialect = Dialect("\t", dialect.decimal)
        written, rows, sample = rows, _blanks_as_tabs(rows), _blanks_as_tabs(sample)
    elif _end_alike(rows, sample, dialect.delimiter):
        rows = [row.rstrip(" ").removesuffix(dialect.delimiter) for row in rows]
        sample = rows[middle : middle + SAMPLE]
    body = Body.of(sample, dialect)
    rows, lines, notes = _without_log(path, body, rows, lines)
    text = body.text(path, rows, lines, [*comments, *zip(lines, written[:TOP], strict=False)])
    if written is not rows and _is_torn(text.header or ()):
        text = replace(text, header=None, header_line=0)
    _refuse_between(body, text, [each for each in between if each[0] > text.lines[0]], head)
    check_first_lines(text, first)
    if not decimal:
        _refuse_one_column(text)
    return replace(text, notes=notes)


def _refuse_one_column(text: Text) -> None:
    """Raise ReadError where two columns of digits may be one of numbers with a decimal comma, below its one name."""
    if text.dialect != COMMAS or text.width != 2 or text.header is not None or len(text.above) != 1:
        return
    head = [text.fields(row) for row in range(min(len(text.rows), SAMPLE))]
    if text.above[0] and all(field.lstrip("-").isdigit() for fields in head for field in fields):
        raise ReadError(
            f"below {text.above[0][:40]!r} the commas may separate fields or be decimal",
            where=text.where(0),
            expected='A line decimal = "," or decimal = "." in the [modalities.NAME] of dataset.toml.',
        )


def _without_log(
    path: Path, body: Body, rows: list[str], lines: list[int]
) -> tuple[list[str], list[int], tuple[str, ...]]:
    """The rows of a file of curves without the text below them, and what is said of it."""
    if len(body.numeric) < body.width or body.width < 2:
        return rows, lines, ()
    for tail in (1, 200, 10_200):
        first = max(len(rows) - tail, 0)
        fields = [body.dialect.split(row) for row in rows[first:]]
        kept = rows_before_log(fields, lines[first:], body.dialect, body.width)
        if kept == len(fields) and body.fits(fields[-1]):
            return rows, lines, ()
        if 0 < kept < len(fields):
            kept += first
            note = f"{path}:{lines[kept]}: what stands from here on is text, and not read: {rows[kept].strip()[:60]!r}"
            return rows[:kept], lines[:kept], (note,)
    return rows, lines, ()


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


def _refuse_between(body: Body, text: Text, between: Sequence[tuple[int, str]], head: dict[str, str]) -> None:
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
    return Body.of(rows[middle : middle + SAMPLE], dialect).text(path, rows, lines, ())


def _end_alike(rows: Sequence[str], sample: Sequence[str], delimiter: str) -> bool:
    """Whether every line with as many delimiters as most, header included, ends in one, which then opens no column."""
    most = Counter(row.count(delimiter) for row in sample).most_common(1)[0][0]
    return all(row.rstrip(" ").endswith(delimiter) for row in rows if row.count(delimiter) == most)


def _blanks_as_tabs(rows: Sequence[str]) -> list[str]:
    return ["\t".join(row.split()) for row in rows]
