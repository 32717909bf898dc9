"""The shipped sample is real, balanced, and laid out as the whole set is."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest

from fingerprint.bundled import bundled
from fingerprint.generators.mnist.published import FILES
from fingerprint.generators.mnist_lines import lines
from fingerprint.generators.mnist_lines.dataset import addition
from fingerprint.generators.shipped import shipped_datasets
from fingerprint.ingestion import ingest
from fingerprint.modality import Kind
from fingerprint.store import Store, open_store

MNIST = bundled("datasets/mnist_lines")
SAMPLE = MNIST / "sample"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = open_store(tmp_path_factory.mktemp("sample") / "store", create=True)
    report = ingest(SAMPLE, store)
    assert (report.ignored, report.refused, report.warnings, report.inferred) == ((), (), (), False)
    return store


def test_it_is_listed_and_small() -> None:
    listed = {dataset.name: dataset for dataset in shipped_datasets()}["mnist_lines"]
    assert listed.ingestible == (SAMPLE,)
    assert listed.title.startswith("MNIST")
    assert sum(path.stat().st_size for path in MNIST.rglob("*") if path.is_file()) < 300_000


def test_ten_images_of_each_digit_in_each_part(store: Store) -> None:
    facts = store.specimens()
    counts = Counter((row["part"], row["digit"]) for row in facts.values())
    assert counts == {(part, digit): 10 for part in ("train", "validation", "test") for digit in range(10)}
    modalities = store.modalities()
    assert {name: each.kind for name, each in modalities.items()} == {"image": Kind.IMAGE, "line": Kind.SERIES}
    for name in modalities:
        assert set(store.read(name).specimens) == set(facts)
    (images,) = store.read("image").blocks
    assert images.values.shape == (300, 28, 28)
    assert (images.values.min(), images.values.max()) == (0, 255)


def test_the_images_are_of_those_digits(store: Store) -> None:
    """The nearest mean image of the training part names most of the test images rightly: 10 % by chance."""
    facts = store.specimens()
    (images,) = store.read("image").blocks
    flat = images.values.reshape(300, -1)
    digits = np.array([facts[specimen]["digit"] for specimen in images.specimens], int)
    parts = np.array([facts[specimen]["part"] for specimen in images.specimens])
    means = np.stack([flat[(parts == "train") & (digits == digit)].mean(axis=0) for digit in range(10)])
    nearest = np.linalg.norm(flat[parts == "test"][:, None] - means, axis=-1).argmin(axis=1)
    assert (nearest == digits[parts == "test"]).mean() > 0.6


def test_the_lines_are_those_of_seed_0() -> None:
    with (SAMPLE / "specimens.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    with h5py.File(SAMPLE / "lines.h5") as file:
        assert file["specimen"].asstr()[:].tolist() == [row["specimen"] for row in rows]
        digits = np.array([int(row["digit"]) for row in rows])
        np.testing.assert_allclose(file["line"][:], lines(digits, seed=0), atol=1e-6)


def test_it_is_described_as_the_whole_set_is() -> None:
    assert (SAMPLE / "dataset.toml").read_text(encoding="utf-8") == addition().dataset_toml


def test_the_page_tells_the_bytes_that_the_code_asks_for() -> None:
    page = Path(MNIST / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"\| `(\S+)` \| (\d+) \| `([0-9a-f]{64})` \|", page)
    assert told == [(file.name, str(file.size), file.sha256) for file in FILES]
