"""What the names of HDF5 datasets tell: which is an axis, which the uncertainty of another; names that differ."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from fingerprint.ingestion.hdf5_address import ANY
from fingerprint.units import split_unit

_AXIS = re.compile(
    r"x|axis|x_?axis|freq(?:uency|uencies)?|wave_?(?:number|length)s?|energ(?:y|ies)|energy_?loss|(?:raman_?)?shift|"
    r"(?:two|2)_?theta|tth|theta|angle|q|lambda|time|t|strain|temperature|displacement|cycle|m_?z|omega|nu",
    re.IGNORECASE,
)
_UNCERTAIN = re.compile(r"(?P<of>.*?)_?(?:errors?|err|std|sigma|uncertainty|uncertainties)", re.IGNORECASE)


def called_axis(path: str) -> bool:
    """Whether a dataset is called as axes are."""
    return _AXIS.fullmatch(split_unit(path.rsplit("/")[-1]).name.replace(" ", "_")) is not None


def uncertainty_of(path: str, others: Collection[str]) -> str:
    """The dataset in the same group of which this is the uncertainty by its name; "" where it is none.

    "errors" alone counts too, where only one other dataset is no axis.
    """
    folder, _, last = path.rpartition("/")
    match = _UNCERTAIN.fullmatch(split_unit(last).name)
    if match is None:
        return ""
    beside = [each for each in others if each.rpartition("/")[0] == folder and each != path]
    if match["of"]:
        return next((each for each in beside if split_unit(each.rsplit("/")[-1]).name == match["of"]), "")
    signals = [each for each in beside if not called_axis(each)]
    return signals[0] if len(signals) == 1 else ""


def distinct_names(addresses: Sequence[str]) -> list[str]:
    """The last part of each address, or all its parts where the last ones agree."""
    short = [split_unit(address.rsplit("/")[-1]).name for address in addresses]
    if len({name.lower() for name in short}) == len(short):
        return short
    folders = [[part for part in address.split("/")[:-1] if part != ANY] for address in addresses]
    return ["_".join([*folder, name]) for folder, name in zip(folders, short, strict=True)]
