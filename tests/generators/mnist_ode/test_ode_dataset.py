"""The folder that is fetched, beside that of MNIST with lines."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from published_mnist import NAMES, TEST_DIGITS, TRAIN_DIGITS, write_published

from fingerprint.errors import FingerprintError
from fingerprint.generators import mnist_lines
from fingerprint.generators.mnist_ode import T, make, rates
from fingerprint.ingestion import ingest
from fingerprint.store import open_store

TABLES = ("rates.h5", "specimens.csv", "dataset.toml")
DIGITS = np.concatenate([TRAIN_DIGITS, TEST_DIGITS])


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_published(tmp_path / "source", monkeypatch)


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_folder_holds_the_files_as_published_and_the_rates(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert make(out, source, seed=2, noise_variance=0.04) == tuple(out / name for name in (*NAMES, *TABLES))
    assert {name: held(out)[name] for name in NAMES} == held(source)
    with h5py.File(out / "rates.h5") as file:
        assert dict(file.attrs) == {"seed": 2, "noise_variance": 0.04}
        expected = rates(DIGITS, seed=2, noise_variance=0.04)
        for number, name in enumerate(("dx_dt", "dy_dt")):
            np.testing.assert_array_equal(file[name][:], expected[:, number])
            assert file[name].dtype == np.float32
        np.testing.assert_array_equal(file["t"][:], T)


def test_more_than_fit_in_one_piece_are_written_one_after_the_other(tmp_path: Path) -> None:
    from fingerprint.generators.mnist import ImageFile, write_tables
    from fingerprint.generators.mnist_ode import addition

    digits = (np.arange(1_100) % 10).astype(np.uint8)
    write_tables(
        tmp_path,
        [ImageFile("a", digits[:600], ["train"] * 600), ImageFile("b", digits[600:], ["test"] * 500)],
        addition(),
    )
    with h5py.File(tmp_path / "rates.h5") as file:
        found = np.stack([file["dx_dt"][:], file["dy_dt"][:]], axis=1)
        assert file["specimen"].asstr()[[0, 599, 600, 1_099]].tolist() == ["a-00000", "a-00599", "b-00000", "b-00499"]
    np.testing.assert_array_equal(found, rates(digits, seed=0))


def test_it_is_ingested_as_it_stands_and_shares_its_images_with_the_lines(source: Path, tmp_path: Path) -> None:
    make(tmp_path / "rates", source)
    mnist_lines.make(tmp_path / "lines", tmp_path / "rates")
    for folder in ("rates", "lines"):
        report = ingest(tmp_path / folder, tmp_path / "store")
        assert (report.refused, report.warnings) == ((), ())
    store = open_store(tmp_path / "store")
    assert len(store.specimens()) == len(DIGITS)
    units = {name: (each.unit, each.axis_unit) for name, each in store.modalities().items() if name != "image"}
    assert units == {"line": ("", ""), "dx_dt": ("1/s", "s"), "dy_dt": ("1/s", "s")}
    ids = (*(f"train-{row:05}" for row in range(7)), *(f"t10k-{row:05}" for row in range(3)))
    for number, name in enumerate(("dx_dt", "dy_dt")):
        (block,) = store.read(name).blocks
        order = [block.specimens.index(each) for each in ids]
        np.testing.assert_array_equal(block.values[order], rates(DIGITS, seed=0)[:, number])


def test_another_variance_makes_other_rates_of_the_same_folder(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(out, source)
    before = held(out)
    make(out, source, noise_variance=0.01)
    assert [name for name, content in held(out).items() if content != before[name]] == ["rates.h5"]


def test_the_folder_of_the_other_set_is_left_alone(source: Path, tmp_path: Path) -> None:
    lines, oscillators = tmp_path / "lines", tmp_path / "rates"
    mnist_lines.make(lines, source)
    make(oscillators, source)
    before = held(lines), held(oscillators)
    with pytest.raises(FingerprintError, match="another data set"):
        make(lines, source)
    with pytest.raises(FingerprintError, match="another data set"):
        mnist_lines.make(oscillators, source)
    assert (held(lines), held(oscillators)) == before


def test_what_is_no_variance_is_refused_before_anything_is_fetched(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="noise_variance"):
        make(tmp_path / "out", source, noise_variance=-1)
    assert not (tmp_path / "out").exists()
