"""Units: what laboratories write, what may be converted, and what a conversion must keep."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fingerprint.errors import UnitError
from fingerprint.units import (
    canonical,
    convert,
    convert_curve,
    is_density,
    mean_and_sd,
    number,
    possible_units,
    product,
    same_unit,
    split_unit,
    unit_in_brackets,
)

SPECTROSCOPIC = ("THz", "cm^-1", "meV", "nm")
positive = arrays(np.float64, st.integers(2, 20), elements=st.floats(1e-3, 1e6))


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("stress_gpa", "stress", "GPa"),
        ("frequency (THz)", "frequency", "THz"),
        ("wavelength [nm]", "wavelength", "nm"),
        ("moisture_pct", "moisture", "%"),
        ("freq_cm-1", "freq", "cm^-1"),
        ("Raman shift / cm-1", "Raman shift", "cm^-1"),
        ("Frequency, THz", "Frequency", "THz"),
        ("Cv (J/(mol K))", "Cv", "J/(mol K)"),
        ("intensity (a.u.)", "intensity", ""),
        ("vdos (1/THz)", "vdos", "1/THz"),
        ("energy_MeV", "energy", "MeV"),
        ("energy_mev", "energy", "meV"),
        ("energy_ev_per_atom", "energy", "eV/atom"),
        ("density_g_cm3", "density", "g/cm^3"),
        ("sample_id", "sample_id", None),
        ("stress (measured)", "stress (measured)", None),
        ("C/H ratio", "C/H ratio", None),
        ("run (a)", "run (a)", None),
        ("Cv300_J_per_molatom_K", "Cv300_J_per_molatom_K", None),
        ("Potential/V", "Potential", "V"),
        ("E/V", "E", "V"),
        ("T/K", "T", "K"),
        ("q/nm^-1", "q", "nm^-1"),
        ("2theta/deg", "2theta", "deg"),
        ("Time/min", "Time", "min"),
        ("DSC/(mW/mg)", "DSC", "mW/mg"),
        ("Potential / V vs. SHE", "Potential vs. SHE", "V"),
        ("Fe/Co", "Fe/Co", None),
        ("C/N", "C/N", None),
        ("T/Tc", "T/Tc", None),
        ("VOLTAGE (MV)", "VOLTAGE (MV)", None),
        ("Voltage (MV)", "Voltage", "MV"),
        ("Displacement (in)", "Displacement", "inch"),
        ("Time (min.)", "Time", "min"),
        ("10 nm", "10 nm", None),
        ("300 (K)", "300 (K)", None),
        ("M/Ms", "M/Ms", None),
        ("m/mg", "m", "mg"),
        ("Temperature (Tg)", "Temperature (Tg)", None),
        ("stress (PS)", "stress (PS)", None),
        ("mass (TG)", "mass (TG)", None),
        ("resistance (RT)", "resistance (RT)", None),
        ("concentration (Mg)", "concentration (Mg)", None),
        ("ln(sigma T)", "ln(sigma T)", None),
        ("Kraft in N", "Kraft", "N"),
        ("Size (d.nm)", "Size", "nm"),
        ("I/I0", "I/I0", None),
        ("S/N", "S/N", None),
        ("Counts / s", "Counts", "1/s"),
        ("mW/mg", "mW/mg", "mW/mg"),
        ("cm-1", "wavenumber", "cm^-1"),
        ("%T", "transmittance", "%"),
        ("Transmittance (%T)", "Transmittance", "%"),
        ("Reflectance (Kubelka-Munk)", "Reflectance", ""),
        ("F(R) (a.u.)", "F(R)", ""),
        ("Current (A)", "Current", "A"),
        ("d (A)", "d", "angstrom"),
        ("q (A^-1)", "q", "1/angstrom"),
        ("volume (A^3)", "volume", "angstrom^3"),
        ("force (eV/A)", "force", "eV/angstrom"),
        ("a (A)", "a (A)", None),
        ("Amplitude (A)", "Amplitude (A)", None),
        ("Charge (C)", "Charge", "C"),
        ("Temperature (C)", "Temperature", "degC"),
        ("Field [G]", "Field", "gauss"),
        ("time (h)", "time", "h"),
        ("Wavelength nm.", "Wavelength", "nm"),
        ("Moment (emu)", "Moment", "emu"),
    ],
)
def test_headers_are_taken_apart(header: str, name: str, unit: str | None) -> None:
    assert split_unit(header) == (name, unit)


@pytest.mark.parametrize(
    ("header", "units"),
    [
        ("a (A)", ("A", "angstrom")),
        ("d (A)", ()),
        ("I (A)", ()),
        ("Cp (C)", ("degC", "C")),
        ("x (A)", ("A", "angstrom")),
    ],
)
def test_a_letter_that_may_be_two_units_is_none(header: str, units: tuple[str, ...]) -> None:
    assert possible_units(header) == units


def test_the_moment_of_a_magnet() -> None:
    np.testing.assert_allclose(convert(np.array([1.0]), "emu", "A m^2"), [1e-3], rtol=1e-12)


@pytest.mark.parametrize(
    "spellings",
    [
        ("cm-1", "cm^-1", "1/cm", "cm⁻¹", "cm**-1"),
        ("thz", "THz"),
        ("1/THz", "THz^-1", "THz-1"),
        ("%", "pct", "percent"),
        ("g/cm3", "g cm-3", "g/cm^3"),
        ("°C", "degC"),
        ("", "a.u.", "arb. units"),
    ],
)
def test_spellings_of_one_unit_agree(spellings: tuple[str, ...]) -> None:
    assert all(same_unit(spellings[0], other) for other in spellings)


@pytest.mark.parametrize(
    "text",
    ["m/9**9**9", "m^9^9^9^9", "m*(9**9**9)", "m*9⁹9⁹9⁹9⁹", "m/1_0**1_0**1_0", "m/10**10**10", "T" + "<a>" * 100_000]
    + [piece * 50_000 for piece in ("a_", " ", "a(", "/ ", " / a", "per ")],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    assert unit_in_brackets(text) is None
    for header in (text, f"x ({text})", f"x / {text}", f"a{text[:297]}b"):
        split_unit(header)
        with pytest.raises(UnitError):
            canonical(f"m{text}**2")
    assert time.process_time() - begun < 2


def test_powers_in_every_spelling_are_one_unit() -> None:
    assert same_unit("m²·s⁻²", "m^2/s^2")
    assert same_unit("m⁻¹", "1/m")
    np.testing.assert_allclose(convert(np.array([1.5]), "1/cm³", "m^-3"), [1.5e6], rtol=1e-15)


def test_mega_and_milli_are_told_apart() -> None:
    assert convert(np.array([1.0]), "MeV", "meV") == pytest.approx([1e9])
    with pytest.raises(UnitError):
        canonical("MEV")


@given(positive, st.sampled_from(SPECTROSCOPIC), st.sampled_from(SPECTROSCOPIC))
def test_a_round_trip_returns_the_values(values: np.ndarray, first: str, second: str) -> None:
    there = convert(values, first, second)
    np.testing.assert_allclose(convert(there, second, first), values, rtol=1e-12)


@pytest.mark.parametrize(
    ("value", "first", "second", "expected"),
    [
        (1.0, "THz", "cm^-1", 1e12 / 299792458e2),
        (1.0, "THz", "meV", 6.62607015e-34 * 1e12 / 1.602176634e-22),
        (500.0, "nm", "THz", 299792458 / 500e-9 / 1e12),
        (25.0, "degC", "K", 298.15),
        (1.0, "GPa", "kbar", 10.0),
        (0.0, "cm^-1", "THz", 0.0),
    ],
)
def test_conversions_follow_the_constants(value: float, first: str, second: str, expected: float) -> None:
    assert convert(np.array([value]), first, second) == pytest.approx([expected], rel=1e-9)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("rad/s", "THz"),
        ("THz", "rad/ps"),
        ("GPa", "THz"),
        ("wt%", "at%"),
        ("", "GPa"),
        ("", "%"),
        ("furlongs per", "nm"),
    ],
)
def test_what_cannot_be_converted_is_refused(first: str, second: str) -> None:
    with pytest.raises(UnitError) as refusal:
        convert(np.array([1.0]), first, second)
    assert refusal.value.expected
    assert refusal.value.next


def test_a_wavelength_of_zero_is_refused() -> None:
    with pytest.raises(UnitError, match="reciprocal"):
        convert(np.array([0.0, 1.0]), "nm", "THz")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_precision(dtype: type[np.floating]) -> None:
    assert convert(np.ones(3, dtype), "MPa", "GPa").dtype == dtype


def test_the_area_of_a_density_is_kept_on_every_axis() -> None:
    x = np.linspace(5.0, 25.0, 4001)
    y = np.exp(-0.5 * ((x - 15) / 1.5) ** 2)[None]
    y /= np.trapezoid(y, x)
    for axis_unit in SPECTROSCOPIC:
        curve = convert_curve(x, y, axis_units=("THz", axis_unit), units=("1/THz", f"1/{axis_unit}"))
        assert np.all(np.diff(curve.x) > 0)
        assert np.trapezoid(curve.y[0], curve.x) == pytest.approx(1.0, rel=1e-6)


@given(positive, st.sampled_from(SPECTROSCOPIC), st.sampled_from(SPECTROSCOPIC))
def test_an_absorbance_keeps_its_values(values: np.ndarray, first: str, second: str) -> None:
    x = np.linspace(1.0, 2.0, values.size)
    curve = convert_curve(x, values[None], axis_units=(first, second), units=("", ""))
    turned = (first == "nm") != (second == "nm")
    np.testing.assert_array_equal(curve.y[0], values[::-1] if turned else values)
    assert np.all(np.diff(curve.x) > 0)


def test_a_density_is_one_over_its_axis() -> None:
    assert is_density("1/THz", "THz")
    assert is_density("states/eV", "eV")
    assert not is_density("", "nm")
    assert not is_density("", "")
    assert not is_density("GPa", "THz")


@pytest.mark.parametrize(
    ("expression", "axis", "unit", "told"),
    [
        ("y", "h", "um", "um"),
        ("1/t", "h", "um", "1/h"),
        ("y*t", "h", "um", "um h"),
        ("y/t^2", "h", "um", "um/h^2"),
        ("y*t", "K", "J/(mol K)", "J/mol"),
        ("y/t", "K", "J/(mol K)", "J/(mol K^2)"),
        ("y*t", "THz", "1/THz", ""),
        ("1/t", "cm^-1", "", "cm"),
        ("1/(y*t)", "", "GPa", "1/GPa"),
        ("t^0.5", "s", "%", "s^0.5"),
        ("y/t", "degC", "%", "%/degC"),
        ("eV/t", "K", "", "eV/K"),
        ("1/nm*nm^0*cm", "K", "", "cm/nm"),
        ("K", "h", "um", "K"),
        ("", "h", "um", ""),
        ("10 y", "h", "um", "10 y"),
    ],
)
def test_the_unit_of_a_product(expression: str, axis: str, unit: str, told: str) -> None:
    """Some of whose factors are known only where it is used; what is no product of powers stays."""
    assert product(expression, {"t": axis, "y": unit}) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.6312, "0.631"),
        (-12.345, "−12.3"),
        (0.0, "0"),
        (None, "–"),
        (float("nan"), "–"),
        (123456.0, "123\u202f456"),
        (1.5e-9, "1.50 × 10⁻⁹"),
        (-2e8, "−2.00 × 10⁸"),
    ],
)
def test_numbers_have_three_digits(value: float | None, told: str) -> None:
    assert number(value) == told


def test_a_mean_has_the_decimals_of_its_sd() -> None:
    assert mean_and_sd(0.000842, 0.2312) == "0.00 ± 0.23"
    assert mean_and_sd(-1234.5, 12.3) == "−1234 ± 12"
    assert mean_and_sd(3.0, 0.0) == "3.00"
    assert mean_and_sd(0.5, 1.2e-5) == "0.500000 ± 0.000012"
    assert mean_and_sd(-1.23456e-7, 1.5e-11) == "(−1.23456 ± 0.00015) × 10⁻⁷"
    assert mean_and_sd(3e4, 5e8) == "(0.0 ± 5.0) × 10⁸"
    assert mean_and_sd(2.5, None, digits=5) == "2.5000"
    assert mean_and_sd(None, 1.0) == "–"
