"""Fitting a preparation: grid, steps, scaling and basis, from the training part of one modality alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DataError, RecipeError
from fingerprint.modality import Kind, RawModality
from fingerprint.prepare.grid import common_grid
from fingerprint.prepare.preparation import Preparation
from fingerprint.prepare.preprocessing import FittedStep, check_steps, fit_step, needs_even_grid, stepped, unit_after
from fingerprint.prepare.principal import fit_basis
from fingerprint.prepare.replicates import Gathered, averaged, gathered, spread_of_replicates
from fingerprint.prepare.resampling import OnGrid, on_grid, size_of
from fingerprint.recipe import BasisInput, Grid, GridInput, ModalityRecipe, Step

Array = NDArray[np.float64]

LARGEST, SMALLEST = 1e100, 1e-100  # beyond these, squares and their products leave the range of float64
LEAST_SPECIMENS = 3
JUDGING_COMPONENTS = 40  # of the basis that judges strangeness and fills gaps, where the model does not see scores


def prepare_modality(raw: RawModality, choice: ModalityRecipe) -> Preparation:
    """Fit what a recipe says of one modality; as `fit_preparation`."""
    counted = choice.noise == "known"
    return fit_preparation(raw, choice.input, grid=choice.grid, steps=choice.preprocess, counts_noise=counted)


def fit_preparation(
    raw: RawModality,
    choice: GridInput | BasisInput,
    default_components: int = JUDGING_COMPONENTS,
    *,
    grid: Grid = Grid(),  # noqa: B008
    steps: Sequence[Step] = (),
    counts_noise: bool = True,
) -> Preparation:
    """Fit the grid, the steps, the scaling and the basis on the training part of one modality.

    Args:
        raw: the measurements of the training specimens alone. Curves that cover less than half of the grid are left
            out.
        choice: whether the model sees the curve or its scores.
        default_components: size of the basis that judges strangeness, where the model does not see scores.
        grid: what is given of the common grid.
        steps: of preprocessing.
        counts_noise: whether the model is told of uncertainties.

    Raises:
        DataError: fewer than 3 specimens, no spread at all, values too large or too small to be squared, or images of
            several shapes, or a step cannot take a measurement.
        RecipeError: the steps or the grid do not suit the modality.
    """
    name, source = raw.modality.name, raw.modality
    check_steps(steps, name, has_axis=source.has_axis)
    if grid != Grid() and not source.has_axis:
        raise RecipeError("a grid is for curves", where=f"modalities.{name}.grid", next="Leave it out.")
    if len(raw.specimens) < LEAST_SPECIMENS:
        raise DataError(
            f"{name!r} has {len(raw.specimens)} specimens in the training part; at least {LEAST_SPECIMENS} are needed",
            next=_restrict(name),
        )
    _check_size(raw)
    axis = common_grid(raw, grid, even=needs_even_grid(steps)) if source.has_axis else None
    shape = _shape(raw, axis)
    measured, fitted = _fitted_steps(raw, axis, shape, steps)
    table = averaged(measured).on_grid.values
    if len(table) < LEAST_SPECIMENS:
        raise DataError(
            f"{name!r} has {len(table)} specimens in the training part; at least {LEAST_SPECIMENS} are needed",
            next=_restrict(name),
        )
    low, high = _extent(name, table)
    basis = fit_basis(table, choice.components if isinstance(choice, BasisInput) else default_components)
    unit = unit_after(steps, source.unit, source.axis_unit)
    preparation = Preparation(
        modality=replace(source, unit=unit, sign="" if steps else source.sign),
        source=source,
        shape=shape,
        grid=axis,
        steps=fitted,
        centre=basis.centre,
        scale=_scale(choice, table - basis.centre, basis.score_variance),
        components=basis.components,
        score_variance=basis.score_variance,
        residual_variance=basis.residual_variance,
        in_basis=isinstance(choice, BasisInput),
        low=low,
        high=high,
        counts_noise=counts_noise,
        covered=float(np.isfinite(measured.on_grid.values).all(axis=1).mean()),
    )
    return _with_noise(preparation, measured) if counts_noise else preparation


def _with_noise(preparation: Preparation, measured: Gathered) -> Preparation:
    """With what the spread of replicates says of a single measurement: of features, however points vary together."""
    points = spread_of_replicates(measured.specimens, measured.on_grid.values)
    if points is None:
        return preparation
    values = preparation.seen(OnGrid(measured.on_grid.values, None)).values
    return replace(preparation, noise=spread_of_replicates(measured.specimens, values), point_noise=points)


def _fitted_steps(
    raw: RawModality, grid: Array | None, shape: tuple[int, ...], steps: Sequence[Step]
) -> tuple[Gathered, tuple[FittedStep, ...]]:
    """The measurements after all steps, each fitted on what those before it leave."""
    source = raw.modality
    points = math.prod(shape)
    measured = gathered(raw, lambda block: on_grid(block, source, grid, shape), points, leave_out=source.has_axis)
    bare = np.flatnonzero(~np.isfinite(measured.on_grid.values).any(axis=0))
    if grid is not None and len(bare):
        raise RecipeError(
            f"nothing was measured at {len(bare)} of the {points} points of the grid of {source.name!r}, such as "
            f"{grid[bare[0]]:g} {source.axis_unit}".rstrip(),
            where=f"modalities.{source.name}.grid",
            expected="A grid within the axes of the training part.",
        )
    fitted: list[FittedStep] = []
    for step in steps:
        fitted.append(fit_step(step, averaged(measured).on_grid, source.name))
        after = stepped(fitted[-1], measured.on_grid, grid, source, measured.specimens, measured.sources)
        measured = measured._replace(on_grid=after)
    return measured, tuple(fitted)


def _check_size(raw: RawModality) -> None:
    largest = max(float(np.abs(block.values.astype(np.float64)).max()) for block in raw.blocks if len(block.specimens))
    if largest > LARGEST:
        name = raw.modality.name
        raise DataError(f"{name!r} has values as large as {largest:.3g}: their squares overflow", next=_rescale(name))


def _extent(name: str, physical: Array) -> tuple[float, float]:
    """The least and the greatest value.

    Raises:
        DataError: the measurements do not differ, or by too little.
    """
    low, high = float(np.nanmin(physical)), float(np.nanmax(physical))
    extent = max(abs(low), abs(high))
    relative = float(np.sqrt(np.nanmean(np.nanvar(physical / extent, axis=0)))) if extent > 0 else 0.0
    # What is left of identical float64 rows after subtracting their mean is rounding, not spread.
    if relative <= 1e-14:
        raise DataError(f"every measurement of {name!r} in the training part is the same", next=_restrict(name))
    if relative * extent < SMALLEST:
        raise DataError(
            f"the measurements of {name!r} differ by no more than about {relative * extent:.3g}: "
            "squares of that vanish in float64",
            next=_rescale(name),
        )
    return low, high


def _scale(choice: GridInput | BasisInput, centred: Array, variance: Array) -> Array:
    """One for all points, or the standard deviation of each; a point without any spread shares the largest."""
    if isinstance(choice, BasisInput) or choice.scale == "one":
        return np.sqrt(variance[:1])
    own = np.nanstd(centred, axis=0)
    return np.where(own > 1e-7 * own.max(), own, own.max())


def _shape(raw: RawModality, grid: Array | None) -> tuple[int, ...]:
    """Of one measurement.

    Raises:
        DataError: images of several shapes.
    """
    if raw.modality.kind is not Kind.IMAGE:
        return (1,) if grid is None else grid.shape
    shapes = {block.values.shape[1:]: block for block in raw.blocks}
    if len(shapes) > 1:
        told = "; ".join(f"{block.specimens[0]}: {size_of(shape)}" for shape, block in shapes.items())
        raise DataError(
            f"the images of {raw.modality.name!r} have several shapes ({told})",
            expected="One shape for all.",
            next="Crop or scale them before they are ingested.",
        )
    return next(iter(shapes))


def _rescale(name: str) -> str:
    return f"Ingest {name!r} in a unit in which its values are nearer to 1."


def _restrict(name: str) -> str:
    return f"Train without {name!r}: fingerprint train --modalities OTHERS."
