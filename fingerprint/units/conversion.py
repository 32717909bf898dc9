"""Values and curves in other units."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fingerprint.errors import UnitError
from fingerprint.units.names import canonical, is_density, parse, registry, same_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pint import Unit


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
    source, target = parse(canonical(from_unit)), parse(canonical(to_unit))
    if _angle(source) != _angle(target):
        raise UnitError(
            f"{from_unit!r} cannot be converted into {to_unit!r}: one counts radians and the other does not",
            expected="Two units of angle, or two of none. (A frequency and an angular frequency differ by 2 pi.)",
            next="Correct the unit.",
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
        converted = np.asarray(registry().Quantity(numbers, source).to(target).magnitude)
    else:
        unity = float(registry().Quantity(1.0, source).to(target, "spectroscopy").magnitude)
        converted = unity / _nonzero(numbers, from_unit) if _reciprocal(source, target) else unity * numbers
    return converted.astype(values.dtype if values.dtype.kind == "f" else np.float64)


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
        source, target = parse(canonical(x_from)), parse(canonical(x_to))
        density = parse(canonical(y_from)) * source / target
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
    return not same_unit(from_unit, to_unit) and _reciprocal(parse(canonical(from_unit)), parse(canonical(to_unit)))


def _angle(unit: Unit) -> object:
    _, root = registry().get_root_units(unit)
    return dict(root._units).get("radian", 0)  # pyright: ignore[reportPrivateUsage]


def _reciprocal(source: Unit, target: Unit) -> bool:
    return (source.dimensionality == "[length]") != (target.dimensionality == "[length]")
