"""What a spectrum's words for its axis and its values mean: "1/CM" is a wavenumber in cm^-1.

Spectral files write their units in words, in whatever case, and where they are all in capitals "MV" may be anything.
Words that are not known leave the unit unstated; they are never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fingerprint.errors import UnitError
from fingerprint.ingestion.reader import Column
from fingerprint.units import canonical, split_unit

_UNITS = {
    spelling: unit
    for unit, spellings in {
        "cm^-1": "1/CM|CM-1|CM^-1|CM**-1|CM^{-1}|/CM|CM⁻¹|INVERSE CENTIMETERS|RECIPROCAL CENTIMETERS",
        "um": "UM|µM|ΜM|MICROMETERS|MICROMETER|MICROMETRES|MICRONS|MICRON",
        "nm": "NM|NANOMETERS|NANOMETER|NANOMETRES",
        "angstrom": "ANGSTROMS|ANGSTROM|Å",
        "Hz": "HZ|HERTZ",
        "kHz": "KHZ",
        "MHz": "MHZ",
        "GHz": "GHZ",
        "THz": "THZ",
        "ppm": "PPM",
        "eV": "EV|ELECTRON VOLTS|ELECTRONVOLTS|ELECTRON VOLT",
        "keV": "KEV",
        "s": "SECONDS|SECOND|SEC|S",
        "ms": "MILLISECONDS",
        "us": "MICROSECONDS",
        "min": "MINUTES|MINUTE|MIN",
        "deg": "DEGREES|DEGREE|DEG|°",
        "K": "KELVIN|K",
        "degC": "CELSIUS|DEGREES CELSIUS|DEGREES C|DEG C|°C",
        "gauss": "GAUSS",
        "T": "TESLA",
        "V": "VOLTS|VOLT",
        "mV": "MILLIVOLTS",
        "%": "%|PERCENT",
    }.items()
    for spelling in spellings.split("|")
}
_NAMES = {
    "cm^-1": "wavenumber", "um": "wavelength", "nm": "wavelength", "angstrom": "wavelength", "Hz": "frequency",
    "kHz": "frequency", "MHz": "frequency", "GHz": "frequency", "THz": "frequency", "ppm": "chemical shift",
    "eV": "energy", "keV": "energy", "meV": "energy", "s": "time", "ms": "time", "us": "time", "min": "time",
    "deg": "angle", "K": "temperature", "degC": "temperature", "gauss": "magnetic field", "T": "magnetic field",
    "V": "potential", "mV": "potential",
}  # fmt: skip
_AXES = {
    "WAVENUMBERS": ("wavenumber", "cm^-1"),
    "WAVENUMBER": ("wavenumber", "cm^-1"),
    "RAMAN SHIFT": ("Raman shift", "cm^-1"),
    "2THETA": ("2theta", None),
    "DEGREES 2THETA": ("2theta", "deg"),
    "M/Z": ("m/z", ""),
    "ARBITRARY UNITS": ("axis", ""),
    "ARBITRARY": ("axis", ""),
}
_VALUES = {
    spelling: quantity
    for quantity, spellings in {
        ("absorbance", ""): "ABSORBANCE|ABSORBANCE UNITS|ABS|ABS.",
        ("transmittance", ""): "TRANSMITTANCE|TRANSMISSION",
        ("transmittance", "%"): "%T|% T|%TRANSMITTANCE|% TRANSMITTANCE|PERCENT TRANSMITTANCE|TRANSMITTANCE %"
        "|%TRANSMISSION|% TRANSMISSION|PERCENT TRANSMISSION",
        ("reflectance", ""): "REFLECTANCE",
        ("reflectance", "%"): "%R|% R|%REFLECTANCE|% REFLECTANCE|PERCENT REFLECTANCE|REFLECTANCE %",
        ("Kubelka-Munk", ""): "KUBELKA-MUNK|KUBELKA MUNK|KUBELKA-MUNK UNITS",
        ("intensity", ""): "ARBITRARY UNITS|ARBITRARY|ARB. UNITS|A.U.|INTENSITY|RELATIVE INTENSITY",
        ("Raman intensity", ""): "RAMAN INTENSITY",
        ("counts", ""): "COUNTS|COUNT",
    }.items()
    for spelling in spellings.split("|")
}
_TAIL = re.compile(r"(?P<name>.*?[^\s(\[/,])\s*(?:\((?P<a>[^()]*)\)|\[(?P<b>[^\[\]]*)\]|[/,]\s*(?P<c>[^/,]*))")


def axis_quantity(words: str, name: str = "") -> Column:
    """The axis that a file describes in these words, under another name where one is given."""
    return _column(words, name, _AXES)


def value_quantity(words: str, name: str = "") -> Column:
    """The values that a file describes in these words, under another name where one is given."""
    return _column(words, name, _VALUES)


def column_of(name: str, unit: str | None) -> Column:
    """A column of numbers called after its quantity: "wavenumber (cm^-1)", "absorbance"."""
    return Column(f"{name} ({unit})" if unit else name, name, unit, numeric=True, unique=True)


def _column(words: str, name: str, known: Mapping[str, tuple[str, str | None]]) -> Column:
    words = " ".join(words.split())[:200]
    found, unit = _taken_apart(words, known)
    return column_of(" ".join(name.split())[:200] or found, unit)


def _taken_apart(words: str, known: Mapping[str, tuple[str, str | None]]) -> tuple[str, str | None]:
    """The name and the unit; the unit is None where these words state none that is known."""
    key = words.upper()
    if key in known:
        return known[key]
    alone = _unit(words)
    if alone is not None:
        return _NAMES.get(alone, alone), alone
    tail = _TAIL.fullmatch(words)
    if tail:
        stated = (tail["a"] or tail["b"] or tail["c"] or "").strip()
        unit = "" if stated.upper() in ("A.U.", "ARB. UNITS", "ARBITRARY UNITS") else _unit(stated)
        if unit is not None:
            name = tail["name"].strip()
            return known.get(name.upper(), (name.lower(), None))[0], unit
    if words != key:
        header = split_unit(words)
        if header.unit is not None:
            return header.name.lower(), header.unit
    return words or "value", None


def _unit(text: str) -> str | None:
    """The unit that a text is: the words of spectroscopists, or a symbol that small letters make plain."""
    if text.upper() in _UNITS and text != "mHz":
        return _UNITS[text.upper()]
    if text in ("meV", "MeV", "ms", "mV", "mA", "uA", "kV", "mm", "pm", "fs", "ps", "ns", "us", "mHz"):
        try:
            return canonical(text)
        except UnitError:
            return None
    return None
