"""predict: the same answer from a store, a file, a table or another unit; what cannot be answered is named."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from two_factors import AXIS, STRESS, TwoFactors, fill_store, quick_recipe, two_factors, write_spectrum

from fingerprint.errors import DataError, DatasetError
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.prediction import Prediction, predict, predict_raw, predict_stored, read_stored
from fingerprint.run import Run, load_run
from fingerprint.store import Store, open_store
from fingerprint.training import train

CM_PER_THZ = 33.35640951981521  # 1e12 Hz / (2.99792458e10 cm/s)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that knows three modalities."""
    folder = tmp_path_factory.mktemp("three")
    store = fill_store(folder / "store", two_factors(seed=3), ("vdos", "stress", "density"))
    return train(store, quick_recipe(epochs=10), folder / "run", device="cpu")


@pytest.fixture(scope="module")
def spectra(factor_data: TwoFactors) -> np.ndarray:
    return np.asarray(factor_data.raws["vdos"].blocks[0].values, dtype=np.float64)


def only(found: list[Prediction] | tuple[Prediction, ...]) -> Prediction:
    (one,) = found
    return one


def numbers(each: Prediction) -> dict[str, object]:
    """Everything but where it came from."""
    return {key: value for key, value in msgspec.to_builtins(each).items() if key not in ("source", "specimen")}


def test_the_store_and_the_file_give_the_same_answer(
    factor_run: Run, factor_store: Store, spectra: np.ndarray, tmp_path: Path
) -> None:
    file = write_spectrum(tmp_path / "si-0007.csv", spectra[7])
    from_file = only(predict(factor_run, "stress", [file]).predictions)
    stored = predict_raw(factor_run, "stress", read_stored(factor_run, factor_store, "stress", ["si-0007"]))
    assert numbers(from_file) == numbers(only(stored))
    assert from_file.specimen == "si-0007"
    assert from_file.source == str(file)
    assert (from_file.unit, from_file.sign) == ("GPa", "compression positive")
    assert from_file.given == ("vdos",)


def test_an_interval_is_about_the_mean_and_its_factor_is_the_same_for_all(
    factor_run: Run, factor_data: TwoFactors
) -> None:
    found = predict_raw(factor_run, "stress", {"vdos": factor_data.raws["vdos"]}, level=0.5)
    factors = set()
    for each in found:
        assert isinstance(each.mean, float)
        assert isinstance(each.low, float)
        assert isinstance(each.high, float)
        assert each.low < each.mean < each.high
        assert each.high - each.mean == pytest.approx(each.mean - each.low)
        factors.add(round((each.high - each.mean) / each.sd, 6))
        assert each.level == 0.5
    assert len(factors) == 1
    none = predict_raw(factor_run, "stress", {"vdos": factor_data.raws["vdos"]}, level=0.99)[0]
    assert (none.low, none.high) == (None, None)
    assert "at least 99" in none.why_no_interval


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_an_impossible_level_is_refused(factor_run: Run, level: float) -> None:
    with pytest.raises(DataError, match="level"):
        predict(factor_run, "stress", level=level)


def test_a_curve_comes_with_its_axis(factor_run: Run, factor_data: TwoFactors) -> None:
    each = predict_raw(factor_run, "vdos", {"stress": factor_data.raws["stress"]})[0]
    np.testing.assert_array_equal(each.axis, AXIS)
    assert (each.axis_unit, each.unit) == ("THz", "1/THz")
    assert np.shape(each.mean) == np.shape(each.sd) == AXIS.shape


def test_a_wide_table_answers_every_row(factor_run: Run, spectra: np.ndarray, tmp_path: Path) -> None:
    table = tmp_path / "many.csv"
    rows = [",".join(["id", *map(repr, AXIS.tolist())])]
    rows += [",".join([f"w-{row}", *map(repr, spectra[row].tolist())]) for row in range(3)]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    files = [write_spectrum(tmp_path / f"w-{row}.csv", spectra[row]) for row in range(3)]
    found = predict(factor_run, "stress", [table])
    assert found.refused == ()
    assert [each.specimen for each in found.predictions] == ["w-0", "w-1", "w-2"]
    for one, other in zip(found.predictions, predict(factor_run, "stress", files).predictions, strict=True):
        assert one.mean == pytest.approx(other.mean, rel=1e-5)
        assert one.sd == pytest.approx(other.sd, rel=1e-5)


def test_the_unit_of_the_axis_changes_nothing(factor_run: Run, spectra: np.ndarray, tmp_path: Path) -> None:
    """A density per THz on an axis in THz is a smaller density per cm^-1 on an axis in cm^-1."""
    thz = write_spectrum(tmp_path / "thz.csv", spectra[0])
    pairs = zip((AXIS * CM_PER_THZ).tolist(), (spectra[0] / CM_PER_THZ).tolist(), strict=True)
    body = "\n".join(f"{x!r},{y!r}" for x, y in pairs)
    stated, silent = tmp_path / "stated.csv", tmp_path / "silent.csv"
    stated.write_text(f"wavenumber_cm-1,intensity\n{body}\n", encoding="utf-8")
    silent.write_text(f"{body}\n", encoding="utf-8")
    reference = only(predict(factor_run, "stress", [thz]).predictions)

    refused = predict(factor_run, "stress", [silent])
    assert refused.predictions == ()
    (refusal,) = refused.refused
    assert "no unit" in refusal.reason
    assert refusal.file == str(silent)
    assert "--x-unit" in refusal.next
    assert "THz" in refusal.expected or "thz" in refusal.expected.lower()

    for found in (predict(factor_run, "stress", [stated]), predict(factor_run, "stress", [silent], x_unit="cm^-1")):
        assert found.refused == ()
        assert only(found.predictions).mean == pytest.approx(reference.mean, rel=1e-6)
        assert only(found.predictions).sd == pytest.approx(reference.sd, rel=1e-6)


def test_an_axis_that_does_not_reach_is_refused_and_the_others_are_answered(
    factor_run: Run, spectra: np.ndarray, tmp_path: Path
) -> None:
    good = write_spectrum(tmp_path / "good.csv", spectra[1])
    short = tmp_path / "short.csv"
    rows = [f"{x!r},{y!r}" for x, y in zip(AXIS[:15].tolist(), spectra[1][:15].tolist(), strict=True)]
    short.write_text("frequency_thz,vdos\n" + "\n".join(rows) + "\n", encoding="utf-8")
    text = tmp_path / "notes.csv"
    text.write_text("who,what\nAda,nothing\n", encoding="utf-8")
    missing = tmp_path / "missing.csv"
    found = predict(factor_run, "stress", [short, text, good, missing])
    assert [each.specimen for each in found.predictions] == ["good"]
    assert [each.file for each in found.refused] == [str(short), str(text), str(missing)]
    assert "covers 0.5 to 7.5" in found.refused[0].reason
    for each in found.refused:
        assert each.where
        assert each.reason


def test_a_spectrum_that_covers_part_of_the_axis_is_answered_without_an_interval(
    factor_run: Run, spectra: np.ndarray, tmp_path: Path
) -> None:
    """From what it covers alone: what a whole spectrum has elsewhere changes nothing."""
    rows = [f"{x!r},{y!r}" for x, y in zip(AXIS[:30].tolist(), spectra[1][:30].tolist(), strict=True)]
    (tmp_path / "part.csv").write_text("frequency_thz,vdos\n" + "\n".join(rows) + "\n", encoding="utf-8")
    whole = write_spectrum(tmp_path / "whole.csv", spectra[1])
    part, all_of_it = predict(factor_run, "stress", [tmp_path / "part.csv", whole]).predictions
    assert part.low is None
    assert "covers less than 95 %" in part.why_no_interval
    assert all_of_it.low is not None
    # The second peak, at 14 THz, is measured up to 15 THz: its height is told, and so is the stress.
    assert part.mean == pytest.approx(all_of_it.mean, abs=1.0)
    assert part.novelty.p is None
    assert part.sd > all_of_it.sd


def test_a_file_of_the_target_and_one_of_other_units_are_told_with_their_names(factor_run: Run, tmp_path: Path) -> None:
    number, lengths = tmp_path / "number.csv", tmp_path / "lengths.csv"
    number.write_text("stress_GPa\n2.3\n", encoding="utf-8")
    lengths.write_text("wavelength_nm,intensity\n0.0,1.0\n1.0,2.0\n2.0,1.0\n", encoding="utf-8")
    target, units = predict(factor_run, "stress", [number, lengths]).refused
    assert target.next == "stress is predicted from vdos: give a file of that."
    assert units.where == f"{lengths}, modality vdos"
    assert "0 nm" in units.reason


def test_a_file_that_could_be_two_modalities_is_to_be_named(three: Run, tmp_path: Path) -> None:
    spectrum = write_spectrum(tmp_path / "a.csv", np.full(40, 0.5))
    assert only(predict(three, "stress", [spectrum]).predictions).given == ("vdos",)
    number = tmp_path / "number.csv"
    number.write_text("id,value\nx-1,2.3\n", encoding="utf-8")
    found = predict(three, "vdos", [number])
    (refusal,) = found.refused
    assert "density" in refusal.reason
    assert "stress" in refusal.reason
    assert "--input MODALITY=" in refusal.next
    words = tmp_path / "words.csv"
    words.write_text("who,what\nAda,nothing\n", encoding="utf-8")
    (refusal,) = predict(three, "vdos", [words]).refused
    assert refusal.reason.startswith("it is none of what vdos is predicted from (as density: ")
    assert "; as stress: " in refusal.reason
    named = predict(three, "vdos", inputs={"density": [number]})
    assert (only(named.predictions).given, named.refused) == (("density",), ())


def test_two_modalities_of_one_specimen_and_of_several(three: Run, tmp_path: Path) -> None:
    spectrum = write_spectrum(tmp_path / "a.csv", np.full(40, 0.5))
    number = tmp_path / "b.csv"
    number.write_text("density_g_cm3\n2.35\n", encoding="utf-8")
    both = only(predict(three, "stress", inputs={"vdos": [spectrum], "density": [number]}).predictions)
    assert (both.given, both.specimen) == (("density", "vdos"), "a")
    table = tmp_path / "table.csv"
    table.write_text("id,density_g_cm3\na,2.35\nz,2.4\n", encoding="utf-8")
    found = predict(three, "stress", inputs={"vdos": [spectrum], "density": [table]}).predictions
    assert {each.specimen: each.given for each in found} == {"a": ("density", "vdos"), "z": ("density",)}
    assert numbers(found[0]) == numbers(both) or numbers(found[1]) == numbers(both)


def test_a_specimen_given_twice_is_refused(three: Run, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    files = [write_spectrum(tmp_path / "a.csv", np.full(40, 0.5)), tmp_path / "x" / "a.csv"]
    shutil.copy(files[0], files[1])
    found = predict(three, "stress", inputs={"vdos": list(files)})
    assert found.predictions == ()
    assert "'a' is given twice" in found.refused[0].reason


def test_unknown_names_are_refused(factor_run: Run, factor_data: TwoFactors, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not trained on 'colour'") as refused:
        predict(factor_run, "colour")
    assert "stress, vdos" in refused.value.expected
    found = predict(factor_run, "stress", inputs={"raman": [tmp_path / "r.csv"]})
    assert "not trained on 'raman'" in found.refused[0].reason
    with pytest.raises(DataError, match="nothing was given"):
        predict_raw(factor_run, "stress", {"stress": factor_data.raws["stress"]})
    with pytest.raises(DataError, match="not trained on 'raman'"):
        predict_raw(factor_run, "stress", {"raman": factor_data.raws["vdos"]})


def test_another_store_is_read_in_the_runs_units(factor_run: Run, factor_data: TwoFactors, tmp_path: Path) -> None:
    block = factor_data.raws["stress"].blocks[0]
    in_mpa = RawModality(
        Modality("stress", Kind.SCALAR, "MPa", STRESS.sign), (Block(block.specimens, 1000 * block.values),)
    )
    store = open_store(tmp_path / "mpa", create=True)
    store.append([in_mpa], {}, "")
    expected = predict_raw(factor_run, "vdos", {"stress": factor_data.raws["stress"]})
    found = predict_raw(factor_run, "vdos", read_stored(factor_run, store, "vdos"))
    np.testing.assert_allclose([each.mean for each in found], [each.mean for each in expected], rtol=1e-5)
    with pytest.raises(DataError, match="no vdos"):
        read_stored(factor_run, store, "stress")
    found = predict_stored(factor_run, store, "vdos", ["si-0001", "nobody"])
    assert [each.specimen for each in found.predictions] == ["si-0001"]
    assert [(each.specimen, "'nobody'" in each.reason) for each in found.refused] == [("nobody", True)]
    tension = open_store(tmp_path / "tension", create=True)
    tension.append([RawModality(Modality("stress", Kind.SCALAR, "GPa", "tension positive"), (block,))], {}, "")
    with pytest.raises(DatasetError, match="sign convention"):
        read_stored(factor_run, tension, "vdos")


def test_one_specimen_that_does_not_reach_does_not_silence_the_others(
    factor_run: Run, spectra: np.ndarray, tmp_path: Path
) -> None:
    store = open_store(tmp_path / "store", create=True)
    axis = np.asarray(AXIS)
    blocks = (Block(("good",), spectra[:1], axis), Block(("short",), spectra[1:2, :15], axis[:15]))
    store.append([RawModality(factor_run.preparations["vdos"].modality, blocks)], {}, "")
    for named in (None, ["good", "short"]):
        found = predict_stored(factor_run, store, "stress", named)
        assert [each.specimen for each in found.predictions] == ["good"]
        (refusal,) = found.refused
        assert refusal.specimen == "short"
        assert "short" in refusal.where
        assert "covers" in refusal.reason
        assert "--x-unit" not in refusal.next
    assert predict_stored(factor_run, store, "stress", ["short"]).predictions == ()


def test_the_part_that_a_specimen_was_in_is_said(factor_run: Run, factor_store: Store) -> None:
    found = predict_stored(factor_run, factor_store, "stress").predictions
    assert {each.specimen: each.part for each in found} == dict(factor_run.parts)
    raw = read_stored(factor_run, factor_store, "stress", ["si-0001"])["vdos"]
    renamed = RawModality(raw.modality, tuple(replace(block, specimens=("new",)) for block in raw.blocks))
    assert only(predict_raw(factor_run, "stress", {"vdos": renamed})).part == ""


def test_a_run_needs_no_store_and_may_be_moved(factor_run: Run, spectra: np.ndarray, tmp_path: Path) -> None:
    shutil.copytree(factor_run.path, tmp_path / "elsewhere" / "run")
    moved = load_run(tmp_path / "elsewhere" / "run")
    file = write_spectrum(tmp_path / "a.csv", spectra[2])
    assert predict(moved, "stress", [file]) == predict(factor_run, "stress", [file])
