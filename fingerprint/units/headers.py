"""Headers of columns taken apart: what was measured, and in which unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from fingerprint.errors import UnitError
from fingerprint.units.names import ARBITRARY, EXACT, SPELLINGS, canonical, is_time

_LONGEST = 300  # characters; no header is as long, and patterns would take long
_LONGEST_UNIT = 100
_BRACKET = re.compile(r"^(?P<name>.*?)(?:\((?P<round>.*)\)|\[(?P<square>[^\[\]]*)\])$")
_LAST_BRACKET = re.compile(r"^(?P<name>.*\S)\s*\((?P<unit>[^()]*)\)$")
_SLASH = re.compile(r"^(?P<name>.+?)\s/\s+(?P<unit>\S.*)$")
_TIGHT = re.compile(r"^(?P<name>[^/]+)/(?P<unit>\S.*)$")
_NUMBER = re.compile(r"[+-]?[\d.,]+")
_IN = re.compile(r"^(?P<name>\S.*?) in (?P<unit>\S+)$")
_COMMA = re.compile(r"^(?P<name>[^/,]+?),\s*(?P<unit>[^/,]+)$")
_AGAINST = re.compile(r"(?P<unit>\S{1,20}) {1,3}(?P<against>vs\.? {0,3}\S.*)")
_LABEL = re.compile(
    r"[A-Z]\d+|.*√.*|\d+[eE]-?\d+.*|pH"
)  # S1, N2: a sample or a gas; a root; a factor: no unit that pint reads
_LETTERS = "KCmsgNVAJWT%Å°"  # that are units in brackets
_WORDS = (  # that pint would take for units, and people write in brackets otherwise
    "sigma", "alpha", "pi", "mu", "lambda", "gamma", "nu", "zeta", "in", "at", "PL", "EL", "TG", "GC", "RH", "hand",
    "rod", "cat", "stone", "cup", "chain", "link", "dot", "point", "are", "pica", "eon", "half", "lot",
    "ab", "ac", "re", "pp", "pk", "ph", "Ph", "bp",
)  # fmt: skip
_ACRONYM = re.compile(r"(?!Pa|Ry|Eh)[TPEZYRQ][A-Za-z]|[GM][SCATBs]|.*'.*")  # PS, Tg, RT: no petasiemens, teragrams
_FUNCTIONS = re.compile(
    r"(?:ln|log(?:10|2)?|lg|exp|sqrt|sin|cos|tan|d)\(.*", re.IGNORECASE
)  # of what stands in brackets
_COUNTED = re.compile(r"counts?|cts|events|photons|ccd cts", re.IGNORECASE)
_SPACING = re.compile(r"(?P<energy>[mk]?eV|kcal/mol|kJ/mol|Ha|Ry)/A(?P<power>(?:\^|\*\*)?[23])?")
_VOLUME = re.compile(r"(?P<one>1/)?A(?:\^|\*\*)?(?P<power>-?[23])")
_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb "
    "Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au "
    "Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm"
)
_ELEMENTS = frozenset(_SYMBOLS.split())
_RATIOS = (  # headers that are a unit of their own, though they look like a quantity and its unit
    "g/ml", "g/cm3", "g/cm^3", "g/l", "g/mol", "j/g", "j/mol", "j/kg", "w/g", "w/kg", "w/mg", "a/cm2", "a/cm^2", "a/m2",
    "a/m^2", "a/g", "l/min", "n/mm2", "n/mm^2", "n/m", "n/mm", "v/m", "v/cm", "m/s",
)  # fmt: skip
_ALONE = {
    **dict.fromkeys(("cm-1", "cm^-1", "1/cm"), "wavenumber"), "%T": "transmittance", "%R": "reflectance",
    **{word: word for word in ("Volt", "Volts", "volt", "volts", "second", "seconds", "Second", "Seconds", "Sec")},
}  # fmt: skip
_NO_UNITS_ALONE = ("pa", "bar", "ang", "celsius", "kelvin", "percent", "pct")

_LENGTH = (
    r"wave_?length|lambda|λ|spacing|distance|lattice|cell|bond|radius|thickness|roughness|depth|^d$|^d[ _-]?values?$"
    r"|^[qrs]$|^\|q\|$"
)
_TEMPERATURE = r"temp|^t[sr]?$|ϑ|θ|vartheta|^t[_ ]"
# Letters that stand for several units: what each is, where the name of the column says so.
_RECIPROCAL = ("A^-1", "A-1", "A^{-1}", "A**-1", "1/A", "/A", "A⁻¹")
_DECIDED = {
    "A": (
        ("A", r"current|strom(?:st|$|\b)|courant|corrente|corriente|\bamps?\b|^<?i(?:m|dc|ds|_\w+)?>?$"),
        ("angstrom", _LENGTH),
        ("", r"absorb|^abs"),
    ),
    "C": (("degC", _TEMPERATURE), ("C", r"charge|ladung|^q$")),
    **dict.fromkeys(_RECIPROCAL, (("1/angstrom", r"^\|?[qks]\|?\b|wave_?vector|scattering|momentum"),)),
}
# Letters that are units only behind names of what they count.
_NAMED = {
    "G": ("gauss", r"field|magnet|^[bh]$"),
    "h": ("h", r"time|zeit|^t$|dauer|duration"),
    **dict.fromkeys(
        ("in", "in."), ("inch", r"displacement|extension|length|width|thickness|stroke|position|crosshead")
    ),
}
_MEGA_OR_MILLI = ("MV", "MA", "MW", "MN", "MJ", "MPA")  # where all is in capitals
# What single letters count, where they stand close behind a slash: "T/K" is no ratio.
_COUNTS = {
    "V": r"potential|voltage|spannung|ewe|ece|bias|control|^[euv](?:\b|_)",
    "K": _TEMPERATURE,
    "N": r"force|load|kraft|^f$|^f_",
    "s": r"time|zeit|delay|dauer|duration|^t$|^t_",
    "m": r"distance|length|depth|height|position|displacement|^[xyzhdl]$",
    "g": r"mass|weight|masse|^m$",
    "W": r"power|leistung|^p$",
    "J": r"energy|work|enthalp|^[ewq]$",
    "T": r"field|induction|magnet|^[bh]$",
}


class Header(NamedTuple):
    """A header taken apart; `unit` is None where it states none and "" where it states arbitrary units."""

    name: str
    unit: str | None


@lru_cache(maxsize=1 << 10)  # a folder of a thousand files has one header
def split_unit(header: str) -> Header:
    """Take a header apart: "stress_gpa" is stress in GPa, "Raman shift / cm-1" is Raman shift in cm^-1.

    In brackets or after a slash any known unit counts; as a bare suffix only the unmistakable ones do. (A) is ampere
    or angstrom as the name says, and no unit where it does not (`possible_units`).
    """
    header = header.strip()
    if len(header) > _LONGEST or _FUNCTIONS.fullmatch(header):
        return Header(header, None)
    if _is_unit_alone(header):
        return Header(_ALONE.get(header, header), canonical(header))
    for name, stated in _candidates(header):
        if _NUMBER.fullmatch(name) and not header.endswith("]"):
            break  # "10 (nm)" is a value and no quantity
        against = _AGAINST.fullmatch(stated)
        unit = _unit_of(name, against["unit"] if against else stated)
        if unit is not None:
            return Header(f"{name} {against['against']}" if against else name, unit)
    return _split_suffix(header)


def possible_units(header: str) -> tuple[str, ...]:
    """The units that a header may mean, where its words do not decide between them: "a (A)" ampere or angstrom."""
    header = header.strip()
    for name, stated in _candidates(header) if len(header) <= _LONGEST else ():
        stated = stated.strip()
        if stated in _DECIDED and unit_in_brackets(stated) is not None and _unit_of(name, stated) is None:
            if stated in _RECIPROCAL:
                return "1/A", "1/angstrom"
            return tuple(unit for unit, _ in _DECIDED[stated] if unit)
    return ()


def decided_unit(name: str, stated: str) -> str | None:
    """The unit that a file states of what is called `name`, such as ampere or angstrom where it states "A"; None where
    the name leaves it open (`possible_units`)."""
    return _unit_of(name, stated) if stated.strip() in _DECIDED else stated


@lru_cache(maxsize=1 << 10)
def unit_in_brackets(text: str) -> str | None:
    """The unit that a text is, in its one spelling; "" for arbitrary units, None for no unit at all."""
    text = text.strip()
    if len(text) > _LONGEST_UNIT:
        return None
    against = _AGAINST.fullmatch(text)
    text = against["unit"] if against else text.removeprefix("rel. ")
    if text.lower() in ARBITRARY:
        return ""
    is_number = text[:1] in "+-.0123456789" and "/" not in text
    is_letter = len(text) == 1 and text not in _LETTERS
    is_word = (
        text in _WORDS
        or _ACRONYM.fullmatch(text) is not None
        or (text in _ELEMENTS and len(text) == 2 and text != "Pa")
    )
    if not text or is_number or is_letter or is_word or _LABEL.fullmatch(text) is not None:
        return None
    text = _SPACING.sub(lambda found: f"{found['energy']}/angstrom{found['power'] or ''}", text)
    volume = _VOLUME.fullmatch(text)
    text = f"{volume['one'] or ''}angstrom^{volume['power']}" if volume else text
    for attempt in dict.fromkeys((text.removesuffix("."), text)):
        try:
            return canonical("degC" if attempt == "C" else attempt)
        except UnitError:
            continue
    return None


def _candidates(header: str) -> Iterator[tuple[str, str]]:
    """What may be the name and the unit in a header."""
    for pattern in (_LAST_BRACKET, _BRACKET, _SLASH):
        match = pattern.match(header)
        if match and match["name"].strip():
            groups = match.groupdict()
            yield (
                match["name"].strip().rstrip("/").strip() or match["name"].strip(),
                next(text for key, text in groups.items() if key != "name" and text is not None),
            )
    match = _TIGHT.match(header)
    if match and _is_quantity(match["name"].strip(), match["unit"].strip()):
        yield match["name"].strip(), match["unit"]
    match = _IN.match(header)
    if match and _is_quantity(match["name"].strip(), match["unit"]):
        yield match["name"].strip(), match["unit"]
    match = _COMMA.match(header)
    if match and match["unit"].lower() in SPELLINGS:
        yield match["name"].strip(), match["unit"]


def _unit_of(name: str, stated: str) -> str | None:
    """The unit that a text behind a name is."""
    stated = stated.strip()
    if stated in _NAMED and re.search(_NAMED[stated][1], name, re.IGNORECASE):
        return _NAMED[stated][0]
    if stated in _DECIDED:
        return next((unit for unit, words in _DECIDED[stated] if re.search(words, name, re.IGNORECASE)), None)
    if stated in _MEGA_OR_MILLI and len(name) > 2 and name.isupper():
        return None
    unit = unit_in_brackets(stated)
    if unit and _COUNTED.fullmatch(name) and is_time(unit):
        return f"1/{unit}"  # counts / s are no time
    return unit


def _is_quantity(name: str, stated: str) -> bool:
    """Whether a text close behind a slash is the unit of what stands before it, and not the other part of a ratio."""
    counted = _COUNTED.fullmatch(name) is not None and is_time(unit_in_brackets(stated) or "")
    if stated.lower() in SPELLINGS or counted:
        return True
    if stated.startswith(name) and stated not in ("mg", "mm", "min", "kg"):
        return False  # T/Tg, M/Ms, P/P0
    if {name, stated} <= _ELEMENTS and not re.search(_COUNTS.get(stated, "^$"), name, re.IGNORECASE):
        return False
    if stated in _DECIDED or stated in _NAMED:
        return len(name) > 1 or name not in _ELEMENTS or _unit_of(name, stated) is not None
    if len(stated) == 1:
        return re.search(_COUNTS.get(stated, "^$"), name, re.IGNORECASE) is not None
    return True


def _is_unit_alone(header: str) -> bool:
    """Whether a header is a unit and nothing else: "cm-1", "mW/mg"."""
    lower = header.lower()
    if header in _ALONE or (lower in SPELLINGS and lower not in _NO_UNITS_ALONE):
        return True
    first, slash, second = header.partition("/")
    ratio = bool(slash) and len(first) > 1 and unit_in_brackets(first) is not None and _COUNTED.fullmatch(first) is None
    ratio = ratio and not {first, second} <= _ELEMENTS
    return lower in _RATIOS or (ratio and bool(unit_in_brackets(second)) and unit_in_brackets(header) is not None)


def _split_suffix(header: str) -> Header:
    for separator in re.finditer(r"[_ ]", header):
        name, suffix = header[: separator.start()], header[separator.end() :].removesuffix(".")
        words = re.split(r"[_ ]", name.lower())
        if (
            not name
            or _NUMBER.fullmatch(name)
            or "per" in words
            or (suffix.lower() == "bar" and words[-1] in ("error", "scale"))
        ):
            continue
        if suffix in EXACT or suffix.lower() in SPELLINGS:
            return Header(name.strip(), canonical(suffix))
    return Header(header, None)
