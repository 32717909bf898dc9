"""Units as laboratories write them: their names, their conversion, and spectra on another axis.

A unit is a plain string everywhere in the package; "" stands for dimensionless or arbitrary units.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fingerprint.errors import UnitError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pint import Unit, UnitRegistry

_KNOWN = (
    "THz, GHz, Hz, cm^-1, meV, eV, nm, um, angstrom, 1/THz, 1/cm^-1, 1/nm, GPa, MPa, kbar, bar, K, degC, "
    "deg, g/cm^3, HV, %, wt%, at%, J/(mol K), eV/atom and whatever pint knows"
)

# What laboratories write, in lower case, where pint does not know it or takes it for another. Of the bare
# suffixes of a header ("stress_gpa") only these count as units.
_SPELLINGS = {
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
_ARBITRARY = (
    "a.u.", "a. u.", "au", "arb", "arb.", "arb.u.", "arb. u.", "arb. unit", "arb. units", "arbitrary",
    "arbitrary units", "absorbance", "counts", "cts", "cnt", "dimensionless", "unitless", "none",
)  # fmt: skip
_EXPRESSIONS = {
    "%": "percent", "wt%": "weight_percent", "at%": "atomic_percent", "": "dimensionless",
    "HV": "vickers_hardness", "HB": "brinell_hardness", "HRC": "rockwell_c", "HRB": "rockwell_b",  # each its own scale
}  # fmt: skip
_EXACT = ("MeV", "mPa")  # an upper-case letter decides

_BRACKET = re.compile(r"^(?P<name>.*?)(?:\((?P<round>.*)\)|\[(?P<square>[^\[\]]*)\])$")
_SLASH = re.compile(r"^(?P<name>.+?)\s/\s+(?P<unit>\S.*)$")
_TIGHT = re.compile(r"^(?P<name>[^/,]+?)[/,]\s*(?P<unit>[^/,]+)$")
_SUPERSCRIPT = re.compile("[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_PLAIN = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
_INTEGER = re.compile(r"(?<![\w.])\d[\d_]*(?![\w.])")
_MOST_OF_A_HEADER, _MOST_OF_A_UNIT = 300, 100  # characters; no header or unit is as long, and patterns would take long
_LABEL = re.compile(
    r"[A-Z]\d+|.*√.*|\d+[eE]-?\d+.*"
)  # S1, N2: a sample or a gas; a root; a factor: no unit that pint reads
_SHORT = {"at. %": "at%", "wt. %": "wt%", "at %": "at%", "wt %": "wt%", "Nm": "N m", "kNm": "kN m"}
_EXPONENT = re.compile(r"(?<=[A-Za-zµμÅ])(-?\d+)\b")


class Header(NamedTuple):
    """A header taken apart; `unit` is None where it states none and "" where it states arbitrary units."""

    name: str
    unit: str | None


def split_unit(header: str) -> Header:
    """Take a header apart: "stress_gpa" is stress in GPa, "Raman shift / cm-1" is Raman shift in cm^-1.

    In brackets or after a slash any known unit counts; as a bare suffix only the unmistakable ones do.
    """
    header = header.strip()
    if len(header) > _MOST_OF_A_HEADER:
        return Header(header, None)
    for pattern in (_BRACKET, _SLASH):
        match = pattern.match(header)
        if match and match["name"].strip():
            groups = match.groupdict()
            stated = next(text for key, text in groups.items() if key != "name" and text is not None)
            unit = unit_in_brackets(stated)
            if unit is not None:
                return Header(match["name"].strip(), unit)
    match = _TIGHT.match(header)
    if match and match["unit"].lower() in _SPELLINGS:
        return Header(match["name"].strip(), canonical(match["unit"]))
    return _split_suffix(header)


def unit_in_brackets(text: str) -> str | None:
    """The unit that a text is, in its one spelling; "" for arbitrary units, None for no unit at all."""
    text = text.strip()
    if text.lower() in _ARBITRARY:
        return ""
    is_number = text[:1].isdigit() and "/" not in text
    is_letter = len(text) == 1 and text not in "KCmsgNVAJWT%Å°"
    text = _SHORT.get(text, text)
    is_label = _LABEL.fullmatch(text) is not None
    if not text or is_number or is_letter or is_label:
        return None
    try:
        return canonical("degC" if text == "C" else text)
    except UnitError:
        return None


def _split_suffix(header: str) -> Header:
    for separator in re.finditer(r"[_ ]", header):
        name, suffix = header[: separator.start()], header[separator.end() :]
        words = re.split(r"[_ ]", name.lower())
        if not name or "per" in words or (suffix.lower() == "bar" and words[-1] in ("error", "scale")):
            continue
        if suffix in _EXACT or suffix.lower() in _SPELLINGS:
            return Header(name.strip(), canonical(suffix))
    return Header(header, None)


@cache
def canonical(unit: str) -> str:
    """The one spelling of a unit that is shown and stored: "thz" is THz, "1/cm" is cm^-1, "a.u." is "".

    Raises:
        UnitError: the unit is unknown.
    """
    text, lower = unit.strip(), unit.strip().lower()
    if lower in _UNSTATED or lower in _ARBITRARY:
        return ""
    known = _SPELLINGS.get(lower)
    if len(text) > _MOST_OF_A_UNIT:
        raise UnitError(f"{text[:_MOST_OF_A_UNIT]!r}... is too long for a unit", expected=f"Known are {_KNOWN}.")
    if known is not None and (text in (lower, known) or _means(text, known)):
        return known
    _parse(text)
    return text


def same_unit(first: str, second: str) -> bool:
    """Whether two spellings mean the same unit."""
    return canonical(first) == canonical(second) or _parse(canonical(first)) == _parse(canonical(second))


def convert(values: NDArray[np.generic], from_unit: str, to_unit: str) -> NDArray[np.generic]:
    """Convert values; between frequency, wavenumber, photon energy and wavelength as for light in vacuum.

    Args:
        values: in `from_unit`, any shape. Floats keep their precision, other numbers become float64.

    Raises:
        UnitError: a unit is unknown, or one cannot be had from the other. Angular frequency (rad/s) is never
            taken for frequency (Hz), nor a value without unit for a ratio.
    """
    if same_unit(from_unit, to_unit):
        return values
    source, target = _parse(canonical(from_unit)), _parse(canonical(to_unit))
    if _angle(source) != _angle(target):
        raise UnitError(
            f"{from_unit!r} cannot be converted into {to_unit!r}: one counts radians and the other does not",
            expected="Frequency and angular frequency differ by a factor of 2 pi.",
            next="Divide or multiply by 2 pi in the file, or correct the unit.",
        )
    unstated = not canonical(from_unit) or not canonical(to_unit)
    if unstated or not source.is_compatible_with(target, "spectroscopy"):
        raise UnitError(
            f"{_quoted(from_unit)} cannot be converted into {_quoted(to_unit)}",
            expected="Both units must measure the same quantity.",
            next="Correct the unit in dataset.toml or in the file.",
        )
    numbers = np.asarray(values, dtype=np.float64)
    if source.dimensionality == target.dimensionality:
        converted = np.asarray(_registry().Quantity(numbers, source).to(target).magnitude)
    else:
        unity = float(_registry().Quantity(1.0, source).to(target, "spectroscopy").magnitude)
        converted = unity / _nonzero(numbers, from_unit) if _reciprocal(source, target) else unity * numbers
    return converted.astype(values.dtype if values.dtype.kind == "f" else np.float64)


def is_density(unit: str, axis_unit: str) -> bool:
    """Whether values are per unit of their axis, as a density of states in 1/THz over THz is."""
    axis = _parse(canonical(axis_unit))
    return not axis.dimensionless and (_parse(canonical(unit)) * axis).dimensionless


def is_time(unit: str) -> bool:
    """Whether a known unit counts time."""
    return str(_parse(canonical(unit)).dimensionality) == "[time]"


class Curve(NamedTuple):
    """x: [point], strictly increasing where the input was monotonic; y: [..., point]."""

    x: NDArray[np.float64]
    y: NDArray[np.generic]


def convert_curve(
    x: NDArray[np.float64],
    y: NDArray[np.generic],
    *,
    axis_units: tuple[str, str],
    units: tuple[str, str],
) -> Curve:
    r"""Put spectra on an axis in another unit, each point keeping its place.

    Densities (`is_density`) carry the Jacobian, $y' = y\,|dx/dx'|$, so that the area stays what it was;
    absorbances and the like do not. A descending axis is reversed together with its values.

    Args:
        x: [point], the axis in `axis_units[0]`; y: [..., point], the values in `units[0]`.
        axis_units, units: (from, to).

    Raises:
        UnitError: a unit is unknown or cannot be converted.
    """
    (x_from, x_to), (y_from, y_to) = axis_units, units
    new_x = np.asarray(convert(x, x_from, x_to), dtype=np.float64)
    if not same_unit(x_from, x_to) and is_density(y_from, x_from):
        source, target = _parse(canonical(x_from)), _parse(canonical(x_to))
        density = _parse(canonical(y_from)) * source / target
        jacobian = x / new_x if _reciprocal(source, target) else 1 / step(x_from, x_to)
        scaled = np.asarray(y, dtype=np.float64) * np.abs(jacobian)
        new_y = convert(scaled.astype(y.dtype if y.dtype.kind == "f" else np.float64), f"{density:C}", y_to)
    else:
        new_y = convert(y, y_from, y_to)
    if new_x.size > 1 and new_x[0] > new_x[-1]:
        return Curve(new_x[::-1].copy(), new_y[..., ::-1].copy())
    return Curve(new_x, new_y)


def _nonzero(numbers: NDArray[np.float64], unit: str) -> NDArray[np.float64]:
    if not numbers.all():
        raise UnitError(f"0 {unit} has no reciprocal", next="Leave that point out of the file.")
    return numbers


def _quoted(unit: str) -> str:
    return repr(unit) if canonical(unit) else "a value without unit"


def step(from_unit: str, to_unit: str) -> float:
    """What a difference of 1 in one unit is in another, an offset between them left out.

    Raises:
        UnitError: they are reciprocals, or cannot be converted.
    """
    if same_unit(from_unit, to_unit):
        return 1.0
    first, second = convert(np.array([0.0, 1.0]), from_unit, to_unit)
    return float(second - first)


def axis_turns(from_unit: str, to_unit: str) -> bool:
    """Whether an axis that ascends in one unit descends in another, as wavelength and frequency do."""
    return not same_unit(from_unit, to_unit) and _reciprocal(_parse(canonical(from_unit)), _parse(canonical(to_unit)))


@cache
def _registry() -> UnitRegistry[Any]:
    from pint import UnitRegistry

    registry = UnitRegistry()
    for definition in (
        "weight_percent = [weight_percent]",
        "atomic_percent = [atomic_percent]",
        "vickers_hardness = [vickers_hardness]",
        "brinell_hardness = [brinell_hardness]",
        "rockwell_c = [rockwell_c]",
        "rockwell_b = [rockwell_b]",
        "atom = []",
        "state = []",
    ):
        registry.define(definition)
    return registry


@cache
def _parse(unit: str) -> Unit:
    expression = _EXPRESSIONS.get(unit, unit)
    for attempt in (expression, _EXPONENT.sub(r"^\1", expression)):
        try:
            return _registry().Unit(_harmless(attempt))
        except Exception:  # pint raises whatever its parser stumbles over
            continue
    raise UnitError(
        f"the unit {unit!r} is unknown",
        expected=f"Known are {_KNOWN}.",
        next='Correct the unit, or write unit = "" for arbitrary units in dataset.toml.',
    )


def _harmless(expression: str) -> str:
    """The same with floating-point numbers, whose powers overflow at once where those of integers take for ever."""
    plain = _SUPERSCRIPT.sub(lambda match: "**" + match[0].translate(_PLAIN), expression)
    return _INTEGER.sub(r"\g<0>.0", plain)


def _means(text: str, unit: str) -> bool:
    try:
        return _parse(text) == _parse(unit)
    except UnitError:
        return text not in ("MEV", "MHZ")  # mega or milli: not to be guessed


def _angle(unit: Unit) -> object:
    _, root = _registry().get_root_units(unit)
    return dict(root._units).get("radian", 0)  # pyright: ignore[reportPrivateUsage]


def _reciprocal(source: Unit, target: Unit) -> bool:
    return (source.dimensionality == "[length]") != (target.dimensionality == "[length]")
