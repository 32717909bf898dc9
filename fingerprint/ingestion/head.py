"""What a text file states above its numbers as key and value: "Instrument: NanoTest", "##ORIGIN= ...", "#DATE: ..."."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fingerprint.errors import ReadError
from fingerprint.ingestion.columns import metadata_values
from fingerprint.ingestion.reader import Cell

MOST_LINES = 500
LONGEST_KEY = 80
_BETWEEN = re.compile(r"[:=;,\t]")


def stated(
    lines: Sequence[str], names: Sequence[str], where: str, missing: frozenset[str], decimal: str = "."
) -> dict[str, Cell]:
    """What the first lines of a file state under these names, in any case; an empty value is not known.

    A value is a number or text as it would be in a column of metadata.

    Raises:
        ReadError: nothing is stated under one of them, or two different things are.
    """
    found: dict[str, list[str]] = {}
    for line in lines[:MOST_LINES]:
        key, *value = _BETWEEN.split(line.lstrip("#%!@/;* \t"), maxsplit=1)
        if value and len(key) <= LONGEST_KEY:
            found.setdefault(_key(key), []).append(value[0].strip(' \t;,"'))
    facts: dict[str, Cell] = {}
    for name in names:
        values = set(found.get(_key(name), ()))
        if len(values) != 1:
            fault = (
                f"{name!r} is stated {len(values)} times, otherwise each time" if values else f"there is no {name!r}"
            )
            raise ReadError(
                fault,
                where=where,
                expected="Each name in facts is a column, or stands above the numbers, as in 'Instrument: NanoTest'.",
                next="Correct facts in dataset.toml.",
            )
        facts[name] = metadata_values([values.pop()], missing, decimal)[0]
    return {name: value for name, value in facts.items() if value is not None}


def united(facts: Sequence[Mapping[str, Cell]], more: Mapping[str, Cell], count: int) -> tuple[Mapping[str, Cell], ...]:
    """What is known of each of `count` measurements, together with what is known of all of them."""
    own: Sequence[Mapping[str, Cell]] = facts or ({},) * count
    return tuple({**more, **each} for each in own) if more or facts else ()


def _key(name: str) -> str:
    return " ".join(name.replace('"', " ").split()).casefold()
