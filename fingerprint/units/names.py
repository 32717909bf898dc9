"""The names of units as laboratories write them, and the one spelling of each."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from fingerprint.errors import UnitError

if TYPE_CHECKING:
    from pint import Unit, UnitRegistry

_KNOWN = (
    "THz, GHz, Hz, cm^-1, meV, eV, nm, um, angstrom, 1/THz, 1/cm^-1, 1/nm, GPa, MPa, kbar, bar, K, degC, "
    "deg, g/cm^3, HV, %, wt%, at%, J/(mol K), eV/atom and whatever pint knows"
)

# What laboratories write, in lower case, where pint does not know it or takes it for another. Of the bare
# suffixes of a header ("stress_gpa") only these count as units.
SPELLINGS = {
    spelling: unit
    for unit, spellings in {
        "THz": "thz",
        "GHz": "ghz",
        "MHz": "mhz",
        "kHz": "khz",
        "Hz": "hz",
        "cm^-1": "cm-1 cm^-1 cm**-1 cm⁻¹ cm^{-1} 1/cm /cm cm_1 cm1 inv_cm",
        "keV": "kev",
        "eV": "ev",
        "meV": "mev",
        "nm": "nm",
        "um": "um µm μm micron microns",
        "mm": "mm",
        "angstrom": "angstrom ang å",
        "GPa": "gpa",
        "MPa": "mpa",
        "kPa": "kpa",
        "Pa": "pa",
        "kbar": "kbar",
        "bar": "bar",
        "%": "% pct percent",
        "wt%": "wt% wt.% weight% wt_pct wt_percent",
        "at%": "at% at.% atomic% at_pct at_percent",
        "deg": "deg °",
        "degC": "degc °c celsius",
        "K": "kelvin",
        "g/cm^3": "g/cm3 g_cm3 g_cm-3 g_per_cm3",
        "kg/m^3": "kg/m3 kg_m3 kg_m-3 kg_per_m3",
        "g/mL": "g_ml",
        "eV/atom": "ev/atom ev_atom ev_per_atom",
        "1/THz": "1/thz thz-1 thz^-1 per_thz",
        "1/meV": "1/mev mev-1 mev^-1 per_mev",
        "1/cm^-1": "1/cm-1 1/cm^-1 1/(cm-1) 1/(cm^-1)",
    }.items()
    for spelling in spellings.split()
}
_UNSTATED = ("", "-", "1")
ARBITRARY = (
    "a.u.", "a. u.", "au", "arb", "arb.", "arb.u.", "arb. u.", "arb. unit", "arb. units", "arbitrary",
    "arbitrary units", "absorbance", "counts", "cts", "cnt", "dimensionless", "unitless", "none", "a.u", "arb units",
    "arb.units", "arb. un.", "count", "abs", "abs.", "absorbance units", "kubelka-munk", "kubelka munk", "k-m", "f(r)",
    "o.d.", "od", "rel. units", "rel. u.", "r.u.", "norm.", "ccd cts", "ccd counts", "adu",
)  # fmt: skip
_EXPRESSIONS = {
    "%": "percent", "wt%": "weight_percent", "at%": "atomic_percent", "": "dimensionless",
    "HV": "vickers_hardness", "HB": "brinell_hardness", "HRC": "rockwell_c", "HRB": "rockwell_b",  # each its own scale
}  # fmt: skip
EXACT = ("MeV", "mPa")  # an upper-case letter decides
_WRITTEN = {  # as it stands, not in any case
    written: unit
    for unit, spellings in {
        "at%": "at. %|at %",
        "wt%": "wt. %|wt %",
        "N m": "Nm",
        "kN m": "kNm",
        "%": "%RH|% RH|%T|% T|%R|% R|%Transmittance|% Transmittance|%Reflectance|% Reflectance|%Transmission"
        "|% Transmission",
        "s": "second|seconds|Second|Seconds|sec|Sec|secs|Secs",
        "min": "Minutes",
        "h": "Hours",
        "degC": "deg C|Deg C|Celsius",
        "deg": "Degrees|Degree|Deg",
        "V": "Volt|Volts",
        "A": "Amp|Amps|Ampere",
        "K": "Kelvin",
        "N": "Newton",
        "gauss": "Gauss",
        "T": "Tesla",
        "Oe": "Oersted",
        "ohm": "Ohm|Ohms",
        "W": "Watt",
        "Pa": "Pascal",
        "Hz": "Hertz",
        "nm": "Nanometers|d.nm|d. nm|r.nm|r. nm",
    }.items()
    for written in spellings.split("|")
}

_SUPERSCRIPT = re.compile("[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_PLAIN = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
_INTEGER = re.compile(r"(?<![\w.])\d[\d_]*(?![\w.])")
_LONGEST = 100  # characters; no unit is as long, and patterns would take long
_EXPONENT = re.compile(r"(?<=[A-Za-zµμÅ])(-?\d+)\b")


@cache
def canonical(unit: str) -> str:
    """The one spelling of a unit that is shown and stored: "thz" is THz, "1/cm" is cm^-1, "a.u." is "".

    Raises:
        UnitError: the unit is unknown.
    """
    text = unit.strip()
    text = _WRITTEN.get(text, text)
    lower = text.lower()
    if lower in _UNSTATED or lower in ARBITRARY:
        return ""
    known = SPELLINGS.get(lower)
    if len(text) > _LONGEST:
        raise UnitError(f"{text[:_LONGEST]!r}... is too long for a unit", expected=f"Known are {_KNOWN}.")
    if known is not None and (text in (lower, known) or _means(text, known)):
        return known
    parse(text)
    return text


def same_unit(first: str, second: str) -> bool:
    """Whether two spellings mean the same unit."""
    return canonical(first) == canonical(second) or parse(canonical(first)) == parse(canonical(second))


def is_density(unit: str, axis_unit: str) -> bool:
    """Whether values are per unit of their axis, as a density of states in 1/THz over THz is."""
    axis = parse(canonical(axis_unit))
    return not axis.dimensionless and (parse(canonical(unit)) * axis).dimensionless


def is_time(unit: str) -> bool:
    """Whether a known unit counts time."""
    return str(parse(canonical(unit)).dimensionality) == "[time]"


@cache
def registry() -> UnitRegistry[Any]:
    """What pint knows, and some units of laboratories."""
    from pint import UnitRegistry

    known = UnitRegistry()
    for definition in (
        "weight_percent = [weight_percent]",
        "atomic_percent = [atomic_percent]",
        "vickers_hardness = [vickers_hardness]",
        "brinell_hardness = [brinell_hardness]",
        "rockwell_c = [rockwell_c]",
        "rockwell_b = [rockwell_b]",
        "atom = []",
        "state = []",
        "emu = 1e-3 ampere * meter ** 2",
    ):
        known.define(definition)
    return known


@cache
def parse(unit: str) -> Unit:
    """The unit as pint knows it.

    Raises:
        UnitError: the unit is unknown.
    """
    expression = _EXPRESSIONS.get(unit, unit)
    for attempt in (expression, _EXPONENT.sub(r"^\1", expression)):
        try:
            return registry().Unit(harmless(attempt))
        except Exception:  # pint raises whatever its parser stumbles over
            continue
    raise UnitError(
        f"the unit {unit!r} is unknown",
        expected=f"Known are {_KNOWN}.",
        next='Correct the unit, or write unit = "" for arbitrary units in dataset.toml.',
    )


def harmless(expression: str) -> str:
    """The same with floating-point numbers, whose powers overflow at once where those of integers take for ever."""
    plain = _SUPERSCRIPT.sub(lambda match: "**" + match[0].translate(_PLAIN), expression)
    return _INTEGER.sub(r"\g<0>.0", plain)


def _means(text: str, unit: str) -> bool:
    try:
        return parse(text) == parse(unit)
    except UnitError:
        return text not in ("MEV", "MHZ")  # mega or milli: not to be guessed
