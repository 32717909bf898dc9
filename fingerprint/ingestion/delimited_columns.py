"""Which column of a text is meant, and what stands in columns of ids and of metadata."""

from __future__ import annotations

from collections.abc import Mapping

from fingerprint.errors import ReadError
from fingerprint.ingestion.checks import check_ids
from fingerprint.ingestion.columns import metadata_values
from fingerprint.ingestion.dataset import STEM, SpecimensSpec
from fingerprint.ingestion.reader import Cell, stem
from fingerprint.ingestion.text import Text
from fingerprint.units import split_unit

_SUMMARIES = frozenset(
    (
        "mean", "average", "avg", "mean value", "std", "std dev", "std. dev", "stdev", "sd", "standard deviation",
        "mittelwert", "standardabweichung", "coefficient of variation",
    )
)  # fmt: skip

_EXTREMES = frozenset(("min", "max", "minimum", "maximum", "median", "n", "count", "total", "sum", "range", "cv"))


def metadata_of(text: Text, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What rows of text say about how the specimens were made: id -> column -> value.

    Raises:
        ReadError: a column is not there, or an id is empty or repeated.
    """
    ids = ids_in(text, spec.id)
    columns = text.strings([find_column(text, name) for name in spec.metadata])
    typed = [metadata_values(column, missing, text.dialect.decimal) for column in columns]
    return {
        name: {header: column[row] for header, column in zip(spec.metadata, typed, strict=True)}
        for row, name in enumerate(ids)
    }


def ids_in(text: Text, column: str) -> list[str]:
    """The ids in a column.

    Raises:
        ReadError: one is empty, repeated, or a word such as "mean".
    """
    ids = text.strings([find_column(text, column)])[0]
    check_ids(ids, text.where)
    few = sum(name.lower().rstrip(".:") in _EXTREMES for name in ids[-8:]) > 1
    for row, name in enumerate(ids):
        word = name.lower().rstrip(".:")
        if word in _SUMMARIES or (few and word in _EXTREMES):
            raise ReadError(
                f"{name!r} is not a specimen, but a summary of several",
                where=text.where(row),
                next="Remove the line, or call the specimen otherwise.",
            )
    return ids


def stem_id(text: Text) -> list[str]:
    """The name of a file of one row, as the id of what it holds."""
    if len(text.rows) != 1:
        raise ReadError(
            f"{len(text.rows)} rows and no column of ids",
            where=top_of(text),
            expected=f'One row where specimens = "{STEM}", else the name of the column of ids.',
        )
    return [stem(text.path)]


def find_column(text: Text, name: str) -> int:
    """The column of that header, or else of the same in another unit; "column 2" is the second of a file without."""
    labels = [text.label(column) for column in range(text.width)]
    places = [column for column, label in enumerate(labels) if label == name]
    if not places:
        wanted = split_unit(name)
        bare = [split_unit(label) for label in labels]
        alike = [each.name.lower() == wanted.name.lower() and None not in (each.unit, wanted.unit) for each in bare]
        places = [column for column, same in enumerate(alike) if same]
    if not places:
        places = [column for column, label in enumerate(labels) if label.lower() == name.lower()]
    if len(places) == 1:
        return places[0]
    listed = ", ".join(label or '""' for label in labels[:20]) + (", ..." if len(labels) > 20 else "")
    fault = f"column {name!r} stands {len(places)} times" if places else f"there is no column {name!r}"
    raise ReadError(fault, where=top_of(text), expected=f"The columns are {listed}.")


def top_of(text: Text) -> str:
    """The place of the header, or of the first row."""
    return text.at(text.header_line or text.lines[0])
