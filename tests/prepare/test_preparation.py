"""One modality into model units and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_curves import AXIS, block, gaussian_curves, same, scalars, spectra
from scipy.stats import chi2, kstest

from fingerprint.errors import DataError
from fingerprint.modality import Kind, Modality, RawModality
from fingerprint.prepare import Preparation, fit_preparation
from fingerprint.recipe import BasisInput, GridInput

CURVES = gaussian_curves(200)
CHOICES = {"grid": GridInput(), "full_basis": BasisInput(len(AXIS)), "basis": BasisInput(3)}


def fitted(choice: GridInput | BasisInput, curves: np.ndarray = CURVES) -> Preparation:
    return fit_preparation(spectra(block(curves)), choice)


@pytest.mark.parametrize("name", ["grid", "full_basis"])
def test_there_and_back_is_exact(name: str) -> None:
    """Also for measurements that it was not fitted on."""
    preparation, other = fitted(CHOICES[name]), gaussian_curves(20, seed=5) * 3
    np.testing.assert_allclose(preparation.to_physical(preparation.to_model(other)), other, rtol=1e-12, atol=1e-12)


def test_a_partial_basis_keeps_what_it_can_hold() -> None:
    """Going there and back is a projection, and loses what `residual_variance` says."""
    preparation = fitted(CHOICES["basis"])
    once = preparation.to_physical(preparation.to_model(CURVES))
    twice = preparation.to_physical(preparation.to_model(once))
    np.testing.assert_allclose(twice, once, atol=1e-12)
    assert np.mean((CURVES - once) ** 2) == pytest.approx(preparation.residual_variance)
    assert preparation.residual_variance == pytest.approx(0.05**2, rel=0.2)


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_the_training_part_has_mean_zero_and_the_stated_spread(choice: GridInput | BasisInput) -> None:
    preparation = fitted(choice)
    model = preparation.to_model(CURVES)
    assert model.shape == (200, preparation.features)
    np.testing.assert_allclose(model.mean(0), 0, atol=1e-12)
    if preparation.in_basis:
        np.testing.assert_allclose(preparation.spread(), model.std(0))
        assert preparation.spread()[0] == pytest.approx(1)
    else:
        # The stated residual is an average over points; the curve's own differs a little from point to point.
        np.testing.assert_allclose(preparation.spread(), model.std(0), rtol=0.05)


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_the_basis_is_orthonormal(choice: GridInput | BasisInput) -> None:
    components = fitted(choice).components
    np.testing.assert_allclose(components @ components.T, np.eye(len(components)), atol=1e-12)


def test_distances_are_the_same_in_the_grid_and_in_a_full_basis() -> None:
    """So a squared error of scores is that of the curve."""
    grid, basis = fitted(CHOICES["grid"]), fitted(CHOICES["full_basis"])
    one, other = CURVES[:10], CURVES[10:20]
    first = ((grid.to_model(one) - grid.to_model(other)) ** 2).sum(1)
    np.testing.assert_allclose(((basis.to_model(one) - basis.to_model(other)) ** 2).sum(1), first)


@given(st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
def test_model_units_do_not_depend_on_physical_ones(size: float, offset: float) -> None:
    """GPa or Pa, with or without a constant."""
    plain, other = fitted(CHOICES["basis"]), fitted(CHOICES["basis"], size * (CURVES + offset))
    assert other.scale == pytest.approx(size * plain.scale, rel=1e-6)
    np.testing.assert_allclose(other.to_model(size * (CURVES[:5] + offset)), plain.to_model(CURVES[:5]), atol=1e-6)


def test_a_scalar_is_standardised() -> None:
    values = np.random.default_rng(0).normal(3, 7, size=50)
    preparation = fit_preparation(scalars(values), GridInput())
    assert preparation.grid is None
    assert (preparation.points, preparation.features) == (1, 1)
    np.testing.assert_allclose(preparation.to_model(values[:, None])[:, 0], (values - values.mean()) / values.std())
    assert preparation.range == values.max() - values.min()
    assert preparation.spread() == pytest.approx([1])


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_variances_are_those_of_draws(choice: GridInput | BasisInput) -> None:
    """Independent features of known variance, and what a basis leaves out."""
    preparation, rng = fitted(choice), np.random.default_rng(3)
    variance = rng.uniform(0.1, 2, size=preparation.features)
    draws = preparation.to_physical(rng.normal(size=(100_000, preparation.features)) * np.sqrt(variance))
    left_out = preparation.residual_variance if preparation.in_basis else 0.0
    np.testing.assert_allclose(preparation.variance_to_physical(variance), draws.var(0) + left_out, rtol=0.03)


def test_strangeness_of_more_of_the_same_is_chi_squared() -> None:
    """Gaussian data of the model's own kind: as many degrees of freedom as points."""
    preparation = fitted(CHOICES["basis"], gaussian_curves(5000))
    found = preparation.strangeness(gaussian_curves(2000, seed=7))
    assert kstest(found, chi2(len(AXIS)).cdf).pvalue > 1e-3
    assert found.mean() == pytest.approx(len(AXIS), rel=0.02)


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_what_is_of_another_kind_is_stranger_than_anything_seen(choice: GridInput | BasisInput) -> None:
    preparation = fitted(choice)
    usual = preparation.strangeness(gaussian_curves(100, seed=7)).max()
    rng = np.random.default_rng(4)
    for strange in (
        np.roll(CURVES[:5], 6, axis=1),
        CURVES[:5] + rng.normal(size=(5, len(AXIS))),
        rng.normal(size=(5, len(AXIS))) + CURVES.mean(),
        3 * CURVES[:5],
        np.zeros((5, len(AXIS))),
    ):
        assert (preparation.strangeness(strange) > 5 * usual).all()


def test_strangeness_of_a_scalar_is_its_squared_distance() -> None:
    values = np.random.default_rng(0).normal(3, 7, size=50)
    preparation = fit_preparation(scalars(values), GridInput())
    found = preparation.strangeness(np.array([[values.mean() + 2 * values.std()], [values.mean()]]))
    np.testing.assert_allclose(found, [4, 0], atol=1e-12)


def test_fewer_specimens_than_components_leave_a_basis_of_what_there_is() -> None:
    preparation = fitted(BasisInput(40), CURVES[:10])
    assert preparation.features == 9
    assert np.isfinite(preparation.to_model(CURVES)).all()
    assert np.isfinite(preparation.strangeness(CURVES)).all()


@pytest.mark.parametrize("value", [0.0, 1 / 3, 1e8])
def test_what_is_constant_is_refused(value: float) -> None:
    with pytest.raises(DataError, match="'stress' in the training part is the same"):
        fit_preparation(scalars([value] * 30), GridInput())
    with pytest.raises(DataError, match="'dos' in the training part is the same"):
        fitted(GridInput(), np.repeat(value + np.sin(AXIS)[None] * value, 30, axis=0))


def test_a_small_spread_about_a_large_mean_is_not_constant() -> None:
    preparation = fit_preparation(scalars(1e6 + np.random.default_rng(0).normal(0, 1e-3, size=30)), GridInput())
    assert preparation.scale == pytest.approx(1e-3, rel=0.4)


def test_a_point_that_never_varies_is_no_trouble() -> None:
    curves = CURVES.copy()
    curves[:, 4] = 0
    for choice in CHOICES.values():
        preparation = fitted(choice, curves)
        assert np.isfinite(preparation.to_model(curves)).all()
        assert (preparation.spread() > 0).all()


def test_too_few_measurements_are_refused() -> None:
    with pytest.raises(DataError, match="2 specimens"):
        fit_preparation(scalars([1.0, 2.0]), GridInput())


def images(values: np.ndarray) -> RawModality:
    return RawModality(Modality("map", Kind.IMAGE), (block(values, None),))


def test_an_image_is_its_points_row_by_row() -> None:
    values = np.random.default_rng(0).normal(size=(30, 4, 5))
    preparation = fit_preparation(images(values), GridInput())
    assert preparation.shape == (4, 5)
    measured = preparation.on_grid(block(values, None)).values
    assert same(measured, values.reshape(30, 20))
    back = preparation.to_physical(preparation.to_model(measured))
    np.testing.assert_allclose(back.reshape(30, 4, 5), values, rtol=1e-12, atol=1e-12)


def test_images_of_another_shape_are_refused() -> None:
    preparation = fit_preparation(images(np.random.default_rng(0).normal(size=(30, 4, 5))), GridInput())
    with pytest.raises(DataError, match="5 x 4 points, the model's 'map' 4 x 5"):
        preparation.on_grid(block(np.zeros((1, 5, 4)), None))
    both = RawModality(Modality("map", Kind.IMAGE), (block(np.zeros((5, 4, 5)), None), block(np.ones((5, 5, 4)), None)))
    with pytest.raises(DataError, match="several shapes"):
        fit_preparation(both, GridInput())


def test_every_point_by_its_own_spread() -> None:
    rng = np.random.default_rng(0)
    curves = rng.normal(size=(400, 6)) * np.array([1, 2, 3, 4, 5, 0.0]) + 7
    preparation = fit_preparation(spectra(block(curves)), GridInput(scale="each"))
    scaled = preparation.to_model(curves)
    np.testing.assert_allclose(scaled.std(0), [1, 1, 1, 1, 1, 0], atol=1e-12)
    np.testing.assert_allclose(preparation.to_physical(scaled), curves, rtol=1e-12)
    np.testing.assert_allclose(preparation.spread()[:5], 1, rtol=0.02)


def test_many_measurements_give_the_same_directions_as_few() -> None:
    """The covariance and the measurements themselves have one principal basis."""
    rng = np.random.default_rng(1)
    curves = rng.normal(size=(500, 110)) @ np.diag(np.geomspace(1, 1e-2, 110)) @ rng.normal(size=(110, 110))
    from_covariance = fit_preparation(spectra(block(curves)), BasisInput(5))
    centred = curves - curves.mean(0)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(from_covariance.components @ directions[:5].T), np.eye(5), atol=1e-6)
    np.testing.assert_allclose(from_covariance.score_variance, singular[:5] ** 2 / 500, rtol=1e-9)


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e120, 1e300, 1.7e308])
def test_values_that_cannot_be_squared_are_refused_and_not_called_the_same(size: float) -> None:
    for raw in (scalars(np.array([0.1, -0.5, 1.0]) * size), spectra(block(CURVES / np.abs(CURVES).max() * size))):
        with pytest.raises(DataError, match="squares") as refused:
            fit_preparation(raw, GridInput())
        assert "unit" in refused.value.next


@pytest.mark.parametrize("size", [1e-80, 1e80])
@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_the_unit_does_not_matter(choice: GridInput | BasisInput, size: float) -> None:
    one, other = fitted(choice), fitted(choice, CURVES * size)
    np.testing.assert_allclose(other.to_model(CURVES * size), one.to_model(CURVES), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(other.strangeness(CURVES * size), one.strangeness(CURVES), rtol=1e-6)
    with pytest.raises(DataError, match="is the same"):
        fitted(choice, np.full_like(CURVES, 0.3 * size))
