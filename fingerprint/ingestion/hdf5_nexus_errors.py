"""The uncertainties of NeXus signals: named by attributes, or called so."""

from __future__ import annotations

from collections.abc import Mapping

import h5py

from fingerprint.ingestion.hdf5_access import find, names_in, words
from fingerprint.ingestion.hdf5_address import ANY, column
from fingerprint.ingestion.hdf5_array import fault, is_numeric
from fingerprint.ingestion.uncertain_arrays import Array, misfit
from fingerprint.ingestion.uncertainties import is_strain, is_uncertainty, is_uncertainty_of


def signal_errors(group: h5py.Group, name: str, signal: str, data: h5py.Dataset, notes: list[str]) -> str:
    """The path of the uncertainty of a signal: as its attributes say, or by its name; "" where there is none.

    Args:
        notes: takes what else stands beside the signal.
    """
    said = (*words(data, "uncertainties"), *words(group, f"{signal}_uncertainties"), f"{signal}_errors", "errors")
    beside = names_in(group)
    of = "" if any(map(is_strain, beside)) else signal  # then sigma alone may be a stress
    called = (each for each in beside if is_uncertainty_of(each, signal) or is_uncertainty(each, of))
    values = Array(column(f"{name}/{signal}", data), {"": tuple(data.shape or ())})
    found = ""
    for each in dict.fromkeys((*said, *called)):
        item = find(group, each) if each in beside and each != signal else None
        if not isinstance(item, h5py.Dataset):
            continue
        place = f"{name}/{each}"
        if not is_numeric(item) or fault(item):
            reason = f"the uncertainty of {signal}, which is not kept: {fault(item) or 'it does not hold numbers'}"
        else:
            reason = misfit(Array(column(place, item), {"": tuple(item.shape or ())}), values)
        if not reason and found:
            reason = f"another uncertainty of {signal}, beside {found}"
        if reason:
            notes.append(f"{place}: {reason}")
        else:
            found = place
    return found


def errors_of_all(file: h5py.File, errors: Mapping[str, str], notes: list[str]) -> str:
    """The address of the uncertainties of the entries' signals; "" where what stands there is none in one of them.

    Args:
        errors: entry -> the path of its own; "" where there is none.
        notes: takes why they are not kept.
    """
    inside = {path[len(entry) :] for entry, path in errors.items() if path}
    if not inside:
        return ""
    first = next(iter(inside))
    bad = [entry for entry, path in errors.items() if not path and find(file, f"{entry}{first}") is not None]
    if len(inside) > 1 or bad:
        notes.append(
            f"{ANY}{first}: an uncertainty, which is not kept: in other entries it is none or called otherwise"
        )
        return ""
    return f"{ANY}{first}"
