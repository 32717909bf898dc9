"""How axes are called, by people and by instruments."""

from __future__ import annotations

import re

from fingerprint.units import split_unit

_WORDS = re.compile(
    r"time|zeit|temp|strain|dehnung|displacement|extension|weg|cycle|freq|wave|wellen|energy|energie|shift|theta|angle"
    r"|potential|voltage|spannung|ewe|field|axis|raman|binding|kinetic|momentum|ppm|position|depth|distance",
    re.IGNORECASE,
)
_SYMBOLS = re.compile(r"[xqdstEVUBHTfωλν]|t[hs]|2?th|tth|Vf|2θ|hv|nu", re.ASCII | re.IGNORECASE)
_VALUES = re.compile(
    r"stress|load|force|kraft|spannung|counts?|intensit|absor|transmi|transmission|reflect|signal|heat|weight|moment"
    r"|magneti[sz]|modulus|viscosity|dos\b",
    re.IGNORECASE,
)


def is_called_values(header: str) -> bool:
    """Whether a column is called as what is measured over an axis is."""
    return _VALUES.search(split_unit(header).name) is not None and not is_called_axis(header)


def is_called_axis(header: str) -> bool:
    """Whether a column is called as axes are."""
    name = split_unit(header).name
    return _WORDS.search(name) is not None or _SYMBOLS.fullmatch(name) is not None
