"""What the experts that can be named have: parameters and options, for lists of them."""

from __future__ import annotations

import inspect
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, get_args, get_origin

import numpy as np

from fingerprint.errors import FingerprintError
from fingerprint.experts.domain import Component, Domain
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import Entry

AXES = (("", 0.01, 1.0), ("K", 10.0, 1000.0), ("THz", 0.1, 20.0), ("s", 0.01, 10.0))  # unit, from, to
POINTS = 64
DIRECTIONS = 16


class Option(NamedTuple):
    """An option of an expert: its type, and what it is where the recipe does not say."""

    name: str
    type: str
    default: Any


def parameters_of(entry: Entry) -> tuple[Parameter, ...]:
    """The parameters of an expert; of a family those that its default options give it on some usual axis, or none.

    Of a family only names and units mean anything: starts and bounds follow from the axis.
    """
    if entry.parameters is not None:
        return entry.parameters
    for axis in AXES:
        try:
            return entry.build(_domain(*axis)).parameters
        except (FingerprintError, TypeError, ValueError):
            continue
    return ()


def options_of(entry: Entry) -> tuple[Option, ...]:
    """The options of an expert."""
    given = inspect.signature(entry.written).parameters
    return tuple(Option(name, _told(kind), given[name].default) for name, kind in entry.options.items())


def _domain(unit: str, first: float, last: float) -> Domain:
    t = np.linspace(first, last, POINTS)
    waves = np.cos(np.pi * np.arange(1, DIRECTIONS + 1)[:, None] * (np.arange(POINTS) + 0.5) / POINTS)
    directions = waves / np.linalg.norm(waves, axis=1, keepdims=True)
    return Domain((Component("curve", t, unit, "", np.exp(-t / last), directions),))


def _told(kind: Any) -> str:
    """A type, as people write it; that it may be left out says its default."""
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if isinstance(kind, UnionType):
        return " or ".join(_told(each) for each in get_args(kind) if each is not NoneType)
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind).replace("typing.", "")
