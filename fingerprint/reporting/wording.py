"""Words and numbers as the page shows them.

Plotly reads a subset of HTML in titles, labels and hover texts, so whatever comes from data passes `escape` before
it enters a figure. The page's own HTML is escaped by its template.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from fingerprint.modality import Modality
from fingerprint.units import number

LONGEST = 60


def escape(text: object, longest: int = LONGEST) -> str:
    """Text from data for a label of a figure: nothing in it is markup, and it is cut where it is very long."""
    line = " ".join(str(text).split())
    if len(line) > longest:
        line = line[: longest - 1] + "…"
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def with_unit(value: float | None, unit: str) -> str:
    """A number and its unit."""
    return f"{number(value)} {unit}".rstrip()


def decimals(value: float, places: int) -> str:
    """A number with so many decimal places; a dash for what is none."""
    return f"{value:.{places}f}" if math.isfinite(value) else "–"


def percent(share: float) -> str:
    """A share as a whole percentage, unbroken; what is neither nothing nor all is not rounded to it."""
    if 0 < share < 0.005:
        return "<\u00a01\u00a0%"
    if 0.995 <= share < 1:
        return ">\u00a099\u00a0%"
    return f"{100 * share:.0f}\u00a0%"


def joined(words: Sequence[str]) -> str:
    """Words as a list in a sentence."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def plural(count: int, noun: str) -> str:
    """A count and its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def modality_in_words(modality: Modality) -> str:
    """Unit, axis and sign convention of a modality, for a sentence."""
    over = " ".join(
        filter(
            None,
            (modality.axis_name and f"over {modality.axis_name}", modality.axis_unit and f"in {modality.axis_unit}"),
        )
    )
    return ", ".join(filter(None, (modality.unit, over, modality.sign)))


def value_title(modality: Modality, before: str = "") -> str:
    """An axis title for the values of a modality: name, unit, and the sign convention on a second line."""
    unit = f" ({escape(modality.unit)})" if modality.unit else ""
    sign = f"<br><sup>{escape(modality.sign)}</sup>" if modality.sign else ""
    return f"{before}{escape(modality.name)}{unit}{sign}"


def axis_title(modality: Modality) -> str:
    """An axis title for what a spectrum or series is measured over."""
    unit = f" ({escape(modality.axis_unit)})" if modality.axis_unit else ""
    return f"{escape(modality.axis_name)}{unit}"
