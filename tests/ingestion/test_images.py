"""Images on their way in: what a folder of them suggests, and one file for a prediction."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from idx_files import idx

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion import ingest, read_measurement
from fingerprint.ingestion.dataset import load_dataset
from fingerprint.modality import Kind, Modality
from fingerprint.store import open_store

TRAIN = np.arange(3 * 2 * 4)
TEST = np.arange(2 * 2 * 4) + 100


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """A folder laid out like MNIST: three training images and two test images of 2 x 4 pixels, with labels."""
    folder = tmp_path / "digits"
    folder.mkdir()
    for name, shape, numbers in (
        ("train-images-idx3-ubyte.gz", (3, 2, 4), TRAIN),
        ("train-labels-idx1-ubyte.gz", (3,), (5, 0, 4)),
        ("t10k-images-idx3-ubyte.gz", (2, 2, 4), TEST),
        ("t10k-labels-idx1-ubyte.gz", (2,), (7, 2)),
    ):
        (folder / name).write_bytes(gzip.compress(idx(0x08, shape, tuple(numbers))))
    return folder


def test_a_folder_like_mnist_explains_itself(digits: Path, tmp_path: Path) -> None:
    report = ingest(digits, tmp_path / "store")
    store = open_store(tmp_path / "store")
    assert (report.ignored, report.warnings) == ((), ())
    assert store.modalities() == {"image": Modality("image", Kind.IMAGE)}
    (block,) = store.read("image").blocks
    assert block.specimens == ("t10k-00000", "t10k-00001", "train-00000", "train-00001", "train-00002")
    assert block.values.dtype == np.float32
    np.testing.assert_array_equal(block.values, np.concatenate([TEST, TRAIN]).reshape(5, 2, 4))
    assert [row["label"] for row in store.specimens().values()] == [7, 2, 5, 0, 4]


def test_the_dataset_toml_that_it_shows_gives_the_same(digits: Path, tmp_path: Path) -> None:
    text = ingest(digits, tmp_path / "store", dry_run=True).dataset_toml
    assert "shown to no model" in text
    (digits / "dataset.toml").write_text(text)
    assert list(load_dataset(digits / "dataset.toml").modalities) == ["image"]
    again = ingest(digits, tmp_path / "store")
    assert not again.inferred
    assert again.modalities["image"].read == 5
    assert open_store(tmp_path / "store").specimens()["train-00000"] == {"label": 5}


def test_numbers_without_images_are_ignored_with_the_reason(digits: Path, tmp_path: Path) -> None:
    (digits / "more-labels-idx1-ubyte").write_bytes(idx(0x08, (3,), (1, 2, 3)))
    (digits / "t10k-labels-idx1-ubyte.gz").write_bytes(idx(0x08, (1,), (1,)))  # one label for two images
    report = ingest(digits, tmp_path / "store")
    ignored = {Path(each.file).name: each.reason for each in report.ignored}
    assert set(ignored) == {"more-labels-idx1-ubyte", "t10k-labels-idx1-ubyte.gz"}
    assert all("no images of the same name and number" in reason for reason in ignored.values())
    specimens = open_store(tmp_path / "store").specimens()
    assert {name: row.get("label") for name, row in specimens.items() if row} == {
        "train-00000": 5,
        "train-00001": 0,
        "train-00002": 4,
    }


def test_numbers_alone_are_no_modality(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "train-labels-idx1-ubyte").write_bytes(idx(0x08, (3,), (1, 2, 3)))
    with pytest.raises(DatasetError, match="no measurements were recognised") as error:
        ingest(tmp_path / "a", tmp_path / "store")
    assert "numbers without ids" in error.value.expected


def test_images_of_another_size_are_another_modality(digits: Path, tmp_path: Path) -> None:
    (digits / "big-images-idx3-ubyte.gz").write_bytes(idx(0x08, (2, 3, 3), range(18)))
    with pytest.raises(DatasetError, match="share no pattern"):
        ingest(digits, tmp_path / "store")  # the pattern of the others would match it too
    (digits / "big-images-idx3-ubyte.gz").rename(digits / "big.idx")
    assert list(ingest(digits, tmp_path / "store", dry_run=True).modalities) == ["big", "image"]


def test_files_that_hold_something_else_are_another_modality(digits: Path, tmp_path: Path) -> None:
    (digits / "masks.idx").write_bytes(idx(0x08, (3, 2, 4), range(24)))
    report = ingest(digits, tmp_path / "store", dry_run=True)
    assert {name: each.read for name, each in report.modalities.items()} == {"image": 5, "masks": 3}


def test_other_files_whose_names_end_so_are_ignored(digits: Path, tmp_path: Path) -> None:
    (digits / "pack.idx").write_bytes(b"\xfftOc" + bytes(40))
    (digits / "curves-idx2-ubyte").write_bytes(idx(0x08, (3, 5), range(15)))
    reasons = {Path(each.file).name: each.reason for each in ingest(digits, tmp_path / "store").ignored}
    assert "not IDX" in reasons["pack.idx"]
    assert "without an axis" in reasons["curves-idx2-ubyte"]


def test_a_damaged_one_stops_the_ingest(digits: Path, tmp_path: Path) -> None:
    path = digits / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ReadError, match="damaged or cut off"):
        ingest(digits, tmp_path / "store")
    assert not open_store(tmp_path / "store", create=True).exists()


def test_the_same_images_packed_and_unpacked_are_refused(digits: Path, tmp_path: Path) -> None:
    packed = digits / "train-images-idx3-ubyte.gz"
    (digits / "train-images-idx3-ubyte").write_bytes(gzip.decompress(packed.read_bytes()))
    toml = '[modalities.image]\nkind = "image"\nfiles = "train-images*"\nspecimens = "{stem}-{row}"\n'
    (digits / "dataset.toml").write_text(toml)
    with pytest.raises(ReadError, match="'train-00000' was measured before"):
        ingest(digits, tmp_path / "store")


def test_scalars_and_images_from_idx_by_a_dataset_toml(digits: Path, tmp_path: Path) -> None:
    (digits / "dataset.toml").write_text(
        '[modalities.picture]\nkind = "image"\nfiles = "*-images-*"\nspecimens = "{stem}-{row}"\n'
        '[modalities.count]\nkind = "scalar"\nfiles = "*-labels-*"\nspecimens = "{stem}-{row}"\n'
    )
    ingest(digits, tmp_path / "store")
    scalars = open_store(tmp_path / "store").read("count").blocks[0]
    assert (scalars.specimens[0], scalars.values.tolist()) == ("t10k-00000", [7.0, 2.0, 5.0, 0.0, 4.0])


@pytest.mark.parametrize("kind", ["image", "scalar"])
def test_values_may_be_left_out_only_where_nothing_has_a_name(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "dataset.toml"
    path.write_text('[modalities.a]\nkind = "scalar"\nfiles = "a.idx"\n')
    with pytest.raises(DatasetError, match="values is missing") as error:
        load_dataset(path)
    assert '"{stem}-{row}"' in error.value.expected
    path.write_text(f'[modalities.a]\nkind = "{kind}"\nfiles = "a.h5"\nspecimens = "{{stem}}-{{row}}"\n')
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = [1.0]
    with pytest.raises(DatasetError, match="not all of its datasets are named"):
        ingest(tmp_path, tmp_path / "store")


def test_images_in_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x\na,1\n")
    (tmp_path / "dataset.toml").write_text(
        '[modalities.a]\nkind = "image"\nfiles = "a.csv"\nvalues = "x"\nspecimens = "id"\n'
    )
    with pytest.raises(DatasetError, match="HDF5, NumPy and IDX files only"):
        ingest(tmp_path, tmp_path / "store")


def write_hdf5(path: Path) -> np.ndarray:
    pictures = np.arange(24.0).reshape(2, 3, 4)
    with h5py.File(path, "w") as file:
        file["picture"], file["id"] = pictures, ["a", "b"]
        file["picture"].attrs["unit"] = "nm"
        file["film"] = np.zeros((2, 3, 4, 5))
    return pictures


def test_three_dimensions_of_hdf5_are_images(tmp_path: Path) -> None:
    (tmp_path / "afm").mkdir()
    pictures = write_hdf5(tmp_path / "afm" / "maps.h5")
    report = ingest(tmp_path / "afm", tmp_path / "store")
    assert report.modalities["picture"].modality == Modality("picture", Kind.IMAGE, "nm")
    assert "an image per id" in report.dataset_toml
    assert [each.reason for each in report.ignored if "film" in each.reason]
    block = open_store(tmp_path / "store").read("picture").blocks[0]
    np.testing.assert_array_equal(block.values, pictures)


def test_one_file_of_images_for_a_prediction(digits: Path, tmp_path: Path) -> None:
    modality = Modality("image", Kind.IMAGE)
    found = read_measurement(digits / "train-images-idx3-ubyte.gz", modality).raw
    assert found.specimens == ("train-00000", "train-00001", "train-00002")
    np.testing.assert_array_equal(found.blocks[0].values.ravel(), TRAIN)
    pictures = write_hdf5(tmp_path / "maps.h5")
    found = read_measurement(tmp_path / "maps.h5", Modality("picture", Kind.IMAGE, "um")).raw
    np.testing.assert_allclose(found.blocks[0].values, pictures / 1000)
    for path, other in (
        (digits / "train-labels-idx1-ubyte.gz", modality),
        (digits / "train-images-idx3-ubyte.gz", Modality("stress", Kind.SCALAR)),
    ):
        with pytest.raises(ReadError, match=f"no {other.name} is found here"):
            read_measurement(path, other)


def test_info_tells_the_shape(digits: Path, tmp_path: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    ingest(digits, tmp_path / "store")
    assert "2 x 4" in call("info", tmp_path / "store")[1]
    assert json.loads(call("info", tmp_path / "store", "--json")[1])["modalities"]["image"]["shapes"] == [[2, 4]]
