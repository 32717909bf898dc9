"""Acts of measuring in rows of text: of which specimen each is, which of its measurements, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fingerprint.errors import ReadError
from fingerprint.ingestion.checks import check_ids
from fingerprint.ingestion.columns import metadata_values
from fingerprint.ingestion.dataset import STEM, ModalitySpec
from fingerprint.ingestion.head import stated, united
from fingerprint.ingestion.reader import Cell, stem
from fingerprint.ingestion.text import Text

DECLARE = 'Several measurements of it? In dataset.toml, measurement = "..." names the column that tells them apart.'
_SUMMARIES = frozenset(
    (
        "mean", "average", "avg", "mean value", "std", "std dev", "std. dev", "stdev", "sd", "standard deviation",
        "mittelwert", "standardabweichung", "coefficient of variation",
    )
)  # fmt: skip
_EXTREMES = frozenset(("min", "max", "minimum", "maximum", "median", "n", "count", "total", "sum", "range", "cv"))


def specimens_of(text: Text, spec: ModalitySpec) -> list[str]:
    """The specimen of each row, [row]; the file itself where specimens = "{stem}".

    Raises:
        ReadError: one is empty, or a summary of several.
    """
    if spec.specimens == STEM:
        return [stem(text.path)] * len(text.rows)
    return ids_of(text, spec.specimens)


def measurements_of(text: Text, spec: ModalitySpec) -> list[str]:
    """The id that each row has among the measurements of its specimen, [row]; nothing where it has none.

    Raises:
        ReadError: one is empty, or a summary of several.
    """
    if not spec.measurement:
        return []
    ids = text.strings([text.find(spec.measurement)])[0]
    for row, own in enumerate(ids):
        if not own:
            raise ReadError("the measurement has no id", where=text.where(row), expected=f"One in {spec.measurement}.")
    _refuse_summaries(text, ids)
    return ids


def ids_of(text: Text, column: str) -> list[str]:
    """The ids in a column, [row].

    Raises:
        ReadError: one is empty, or a summary of several.
    """
    ids = text.strings([text.find(column)])[0]
    for row, name in enumerate(ids):
        if not name:
            raise ReadError("the specimen has no id", where=text.where(row))
    _refuse_summaries(text, ids)
    return ids


def check_once(text: Text, specimens: Sequence[str], measurements: Sequence[str]) -> None:
    """Raise ReadError where two rows are of the same specimen, or of the same measurement of it."""
    check_ids(specimens, text.where, measurements, then=DECLARE)


def facts_of(
    text: Text, spec: ModalitySpec, missing: frozenset[str], rows: Sequence[Sequence[int]]
) -> tuple[Mapping[str, Cell], ...]:
    """What is known of each measurement, from columns and from what stands above the numbers; () if nothing is asked.

    Args:
        rows: of each measurement, [measurement][row].

    Raises:
        ReadError: there is no such column or statement, or a column changes within a measurement.
    """
    columns = [name for name in spec.facts if text.has(name)]
    others = [name for name in spec.facts if name not in columns]
    known = stated(text.head(), others, text.top, missing, text.dialect.decimal) if others else {}
    cells = text.strings([text.find(name) for name in columns])
    for name, column in zip(columns, cells, strict=True):
        for own in rows:
            other = next((row for row in own if column[row] != column[own[0]]), None)
            if other is not None:
                raise ReadError(
                    f"{name} is {column[other]!r} here and {column[own[0]]!r} at {text.where(own[0])}",
                    where=text.where(other),
                    expected="One value of each fact in all rows of a measurement.",
                )
    firsts = [[column[own[0]] for own in rows] for column in cells]
    typed = [metadata_values(column, missing, text.dialect.decimal) for column in firsts]
    facts = [
        {name: column[place] for name, column in zip(columns, typed, strict=True) if column[place] is not None}
        for place in range(len(rows))
    ]
    return united(facts if columns else (), known, len(rows))


def _refuse_summaries(text: Text, ids: Sequence[str]) -> None:
    few = sum(name.lower().rstrip(".:") in _EXTREMES for name in ids[-8:]) > 1
    for row, name in enumerate(ids):
        word = name.lower().rstrip(".:")
        if word in _SUMMARIES or (few and word in _EXTREMES):
            raise ReadError(
                f"{name!r} is not a specimen, but a summary of several",
                where=text.where(row),
                next="Remove the line, or call the specimen otherwise.",
            )
