"""A probabilistic principal component model of measurements, some of them with gaps.

x = centre + C z + noise, with z ~ N(0, diag(score_variance)) and noise ~ N(0, residual variance): Tipping & Bishop,
J. R. Stat. Soc. B 61 (1999) 611. What was not measured of a curve is nan; it is told by what was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUNDS = 20  # of fitting a basis to curves with gaps
CONVERGED = 1e-6  # relative change of what fills the gaps


class Basis(NamedTuple):
    """The model, in physical units.

    Attributes:
        centre: mean measurement, [point].
        components: C, orthonormal, greatest variance first, [component, point].
        score_variance: along each component, [component].
        residual_variance: mean over points of what the components leave out.
    """

    centre: Array
    components: Array
    score_variance: Array
    residual_variance: float

    def scores(self, measured: Array) -> tuple[Array, Array]:
        """Scores of measurements [specimen, point], and the share of each that what was measured decides.

        Of a whole measurement they are its projection, decided altogether. Of one with gaps they are the mean of z
        given its measured points, decided to 1 minus their variance over `score_variance`.

        Returns:
            Both [specimen, component].
        """
        found = (measured - self.centre) @ self.components.T
        decided = np.ones_like(found)
        for rows, seen in gaps(measured):
            own = self.components[:, seen]
            gain, left = self._gain(own)
            found[rows] = (measured[np.ix_(rows, seen)] - self.centre[seen]) @ gain.T
            decided[rows] = np.clip(1 - left / self.score_variance, 0, 1)
        return found, decided

    def score_noise(self, measured: Array, variance: Array) -> Array:
        """Variance of the scores that independent variances of the points, shaped as `measured`, make."""
        found = variance @ (self.components**2).T
        for rows, seen in gaps(measured):
            gain, _ = self._gain(self.components[:, seen])
            found[rows] = variance[np.ix_(rows, seen)] @ (gain**2).T
        return found

    def filled(self, measured: Array) -> Array:
        """Measurements whose gaps hold what the model expects there, given what was measured."""
        result = measured.copy()
        for rows, seen in gaps(measured):
            own = self.scores(measured[rows])[0] @ self.components + self.centre
            result[np.ix_(rows, ~seen)] = own[:, ~seen]
        return result

    def strangeness(self, measured: Array) -> Array:
        """Minus twice the log-density of measurements, but for a constant, [specimen].

        The squared Mahalanobis distance within the components plus the squared residual outside them, each in units
        of its training variance. Of a curve with gaps it is that of its measured points, scaled to as many as all.
        """
        points = len(self.centre)
        centred = measured - self.centre
        scores = centred @ self.components.T
        found = (scores**2 / self.score_variance).sum(-1)
        left = points - len(self.components)
        own = self.residual_variance * points / left if left else self.residual_variance
        if left:
            found += np.maximum((centred**2).sum(-1) - (scores**2).sum(-1), 0) / own
        for rows, seen in gaps(measured):
            components = self.components[:, seen]
            some = centred[np.ix_(rows, seen)]
            mean = some @ self._gain(components, own)[0].T
            inside = (mean**2 / self.score_variance).sum(-1)
            outside = ((some - mean @ components) ** 2).sum(-1) / own
            found[rows] = (inside + outside) * points / seen.sum()
        return found

    def _gain(self, components: Array, noise: float | None = None) -> tuple[Array, Array]:
        """The mean of z is gain @ (x - centre) of the points that `components` has; and the variance of each z."""
        noise = self.residual_variance if noise is None else noise
        precision = np.diag(1 / self.score_variance) + components @ components.T / noise
        covariance = np.linalg.inv(precision)
        return np.asarray(covariance @ components / noise), np.array(np.diag(covariance), dtype=np.float64)


def gaps(measured: Array) -> Iterator[tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """The rows that have the same gaps, and which points those rows have; nothing of rows without any."""
    seen = np.isfinite(measured)
    holed = np.flatnonzero(~seen.all(axis=1))
    if not len(holed):
        return
    patterns, inverse = np.unique(seen[holed], axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        if pattern.any():
            yield holed[inverse.ravel() == number], pattern


def fit_basis(measured: Array, wanted: int) -> Basis:
    """Fit `wanted` components at most; gaps are filled by what the fit before expects in them, until that settles.

    Args:
        measured: [specimen, point]; every point is measured of some specimen.
        wanted: components.
    """
    seen = np.isfinite(measured)
    whole = bool(seen.all())
    filled = measured if whole else np.where(seen, measured, np.nanmean(measured, axis=0))
    basis = _fit(filled, seen, wanted)
    for _ in range(0 if whole else ROUNDS):
        before, filled = filled, basis.filled(measured)
        basis = _fit(filled, seen, wanted)
        if np.abs(filled - before).max() <= CONVERGED * np.sqrt(basis.score_variance[0]):
            break
    return basis


def _fit(filled: Array, seen: NDArray[np.bool_], wanted: int) -> Basis:
    centre = filled.mean(0)
    centred = filled - centre
    components, variance = principal_directions(centred, wanted)
    total = float((centred**2).sum())
    if seen.all():
        left = total - float(variance.sum()) * len(filled)
    else:
        left = float(((centred - centred @ components.T @ components)[seen] ** 2).sum())
    return Basis(centre, components, variance, max(left, 1e-12 * total) / int(seen.sum()))


def principal_directions(centred: Array, wanted: int) -> tuple[Array, Array]:
    """Orthonormal directions [component, point] and the variance along each, greatest first, all above rounding.

    With many more measurements than points they come from the covariance, which loses what is below 1e-8 of the
    largest singular value, and else from the measurements themselves. The largest coordinate of a direction is
    positive, so that its sign is the same on every machine.
    """
    if len(centred) > 4 * centred.shape[1] > 400:
        eigenvalues, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
        variance, directions = np.maximum(eigenvalues[::-1], 0)[:wanted], vectors.T[::-1]
    else:
        _, singular, directions = np.linalg.svd(centred, full_matrices=False)
        variance = singular[:wanted] ** 2 / len(centred)
    real = variance > 1e-12 * variance[0]
    chosen = directions[:wanted][real]
    largest = chosen[np.arange(len(chosen)), np.abs(chosen).argmax(axis=1)]
    return chosen * np.sign(largest)[:, None], variance[real]
