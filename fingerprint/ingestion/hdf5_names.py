"""What the names of HDF5 datasets tell: which is an axis; names that differ."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fingerprint.ingestion.hdf5_address import ANY
from fingerprint.units import split_unit

_AXIS = re.compile(
    r"x|axis|x_?axis|freq(?:uency|uencies)?|wave_?(?:number|length)s?|energ(?:y|ies)|energy_?loss|(?:raman_?)?shift|"
    r"(?:two|2)_?theta|tth|theta|angle|q|lambda|time|t|strain|temperature|displacement|cycle|m_?z|omega|nu",
    re.IGNORECASE,
)


def called_axis(path: str) -> bool:
    """Whether a dataset is called as axes are."""
    return _AXIS.fullmatch(split_unit(path.rsplit("/")[-1]).name.replace(" ", "_")) is not None


def distinct_names(addresses: Sequence[str]) -> list[str]:
    """The last part of each address, or all its parts where the last ones agree."""
    short = [split_unit(address.rsplit("/")[-1]).name for address in addresses]
    if len({name.lower() for name in short}) == len(short):
        return short
    folders = [[part for part in address.split("/")[:-1] if part != ANY] for address in addresses]
    return ["_".join([*folder, name]) for folder, name in zip(folders, short, strict=True)]
