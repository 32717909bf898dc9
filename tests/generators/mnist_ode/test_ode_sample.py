"""The shipped sample is balanced, and laid out as the whole set is."""

from __future__ import annotations

import csv
from collections import Counter

import h5py
import numpy as np
import pytest

from fingerprint.bundled import bundled
from fingerprint.generators.mnist_ode import rates
from fingerprint.generators.mnist_ode.dataset import addition
from fingerprint.generators.shipped import shipped_datasets
from fingerprint.ingestion import ingest
from fingerprint.modality import Kind
from fingerprint.store import Store, open_store

ODE = bundled("datasets/mnist_ode")
SAMPLE = ODE / "sample"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """With the sample of MNIST with lines, which has other specimens."""
    store = open_store(tmp_path_factory.mktemp("sample") / "store", create=True)
    report = ingest([SAMPLE, bundled("datasets/mnist_lines/sample")], store)
    assert (report.ignored, report.refused, report.warnings, report.inferred) == ((), (), (), False)
    return store


def test_it_is_listed_and_small() -> None:
    listed = {dataset.name: dataset for dataset in shipped_datasets()}["mnist_ode"]
    assert listed.ingestible == (SAMPLE,)
    assert listed.title.startswith("MNIST")
    assert sum(path.stat().st_size for path in ODE.rglob("*") if path.is_file()) < 1_000_000


def test_the_same_number_of_each_digit_in_each_part(store: Store) -> None:
    facts = {specimen: row for specimen, row in store.specimens().items() if specimen.startswith("ode-sample")}
    counts = Counter((row["part"], row["digit"]) for row in facts.values())
    parts = {"train": 10, "validation": 5, "test": 5}
    assert counts == {(part, digit): count for part, count in parts.items() for digit in range(10)}
    modalities = store.modalities()
    assert {name: modalities[name].kind for name in ("image", "dx_dt", "dy_dt")} == {
        "image": Kind.IMAGE,
        "dx_dt": Kind.SERIES,
        "dy_dt": Kind.SERIES,
    }
    for name in ("dx_dt", "dy_dt"):
        assert set(store.read(name).specimens) == set(facts)
    assert len(store.read("image").specimens) == len(facts) + 300


def test_its_images_of_the_training_part_are_those_of_the_other_sample(store: Store) -> None:
    """Both hold the first ten of each digit, so their labels can be trusted alike."""
    (images,) = store.read("image").blocks
    facts = store.specimens()
    of = {
        first: {
            images.values[row].tobytes(): facts[each]["digit"]
            for row, each in enumerate(images.specimens)
            if each.startswith(first) and facts[each]["part"] == "train"
        }
        for first in ("ode-", "sample-")
    }
    assert of["ode-"] == of["sample-"]
    assert len(of["ode-"]) == 100


def test_the_rates_are_those_of_seed_0() -> None:
    with (SAMPLE / "specimens.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    with h5py.File(SAMPLE / "rates.h5") as file:
        assert file["specimen"].asstr()[:].tolist() == [row["specimen"] for row in rows]
        expected = rates(np.array([int(row["digit"]) for row in rows]), seed=0)
        np.testing.assert_allclose(np.stack([file["dx_dt"][:], file["dy_dt"][:]], axis=1), expected, atol=2e-6)
        assert dict(file.attrs) == {"seed": 0, "noise_variance": 0.1}


def test_it_is_described_as_the_whole_set_is() -> None:
    assert (SAMPLE / "dataset.toml").read_text(encoding="utf-8") == addition().dataset_toml
