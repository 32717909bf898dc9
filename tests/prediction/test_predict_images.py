"""Images are predicted, and predicted from, as spectra are."""

from __future__ import annotations

import struct
from pathlib import Path

import h5py
import msgspec
import numpy as np
import pytest
from image_and_line import IDS, IMAGE, NOT_IMAGED, SHAPE, SWAPPED

from fingerprint.modality import Block, RawModality
from fingerprint.prediction import predict, predict_raw, predict_stored, stored
from fingerprint.run import Run
from fingerprint.store import Store, open_store


@pytest.fixture(scope="module")
def pictures(image_store: Store) -> dict[str, np.ndarray]:
    (block,) = image_store.read("image").blocks
    return dict(zip(block.specimens, block.values, strict=True))


def write_hdf5(path: Path, ids: list[str], images: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        file["specimen"] = ids
        file["image"] = images
    return path


def test_a_predicted_image_has_rows_and_columns(image_run: Run, image_store: Store) -> None:
    found = predict_raw(image_run, "image", {"line": image_store.read("line")})
    assert len(found) == len(IDS)
    one = found[7]
    for part in (one.mean, one.sd, one.low, one.high):
        assert np.shape(part) == SHAPE
    assert (one.axis, one.unit) == (None, "counts")
    np.testing.assert_allclose(np.asarray(one.high) + np.asarray(one.low), 2 * np.asarray(one.mean), rtol=1e-12)


def test_a_file_of_images_is_recognised_and_says_what_the_store_says(
    image_run: Run, image_store: Store, pictures: dict[str, np.ndarray], tmp_path: Path
) -> None:
    ids = ["p-003", "p-050"]
    file = write_hdf5(tmp_path / "two.h5", ids, np.stack([pictures[each] for each in ids]))
    found = predict(image_run, "dose", [file])
    assert found.refused == ()
    assert [(each.specimen, each.given) for each in found.predictions] == [(each, ("image",)) for each in ids]
    stored_raw = {"image": image_store.read("image", specimens=ids)}
    for each, other in zip(found.predictions, predict_raw(image_run, "dose", stored_raw), strict=True):
        assert each.mean == pytest.approx(other.mean, rel=1e-6)
        assert each.clusters == pytest.approx(other.clusters, abs=1e-6)
        assert each.disagreement is None


def test_an_idx_file_of_images(image_run: Run, pictures: dict[str, np.ndarray], tmp_path: Path) -> None:
    numbers = pictures["p-003"].ravel().tolist()
    head = bytes([0, 0, 0x0D, 3]) + struct.pack(">3I", 1, *SHAPE)
    (tmp_path / "new-images.idx").write_bytes(head + struct.pack(f">{len(numbers)}f", *numbers))
    found = predict(image_run, "line", inputs={"image": [tmp_path / "new-images.idx"]})
    assert [each.reason for each in found.refused] == []
    (one,) = found.predictions
    assert np.shape(one.mean) == (12,)


def test_an_image_of_another_shape_is_refused(image_run: Run, tmp_path: Path) -> None:
    file = write_hdf5(tmp_path / "wide.h5", ["a"], np.ones((1, 6, 9)))
    for found in (predict(image_run, "dose", [file]), predict(image_run, "dose", inputs={"image": [file]})):
        assert found.predictions == ()
        (refusal,) = found.refused
        assert "6 x 9" in refusal.reason
        assert "6 x 8" in refusal.reason
        assert str(file) in refusal.where


def test_a_stored_image_of_another_shape_does_not_silence_the_others(
    image_run: Run, pictures: dict[str, np.ndarray], tmp_path: Path
) -> None:
    store = open_store(tmp_path / "store", create=True)
    blocks = (Block(("good",), pictures["p-003"][np.newaxis]), Block(("odd",), np.ones((1, 5, 8), np.float32)))
    store.append([RawModality(IMAGE, blocks)], {}, "")
    found = predict_stored(image_run, store, "line")
    assert [each.specimen for each in found.predictions] == ["good"]
    assert [(each.specimen, "5 x 8" in each.reason) for each in found.refused] == [("odd", True)]


def test_a_store_is_read_a_piece_at_a_time(image_run: Run, image_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = predict_stored(image_run, image_store, "image")
    points = sum(each.points for each in image_run.preparations.values())
    monkeypatch.setattr(stored, "MOST_NUMBERS", 7 * points)
    asked: list[int] = []
    read = Store.read

    def counted(self: Store, name: str, **choices: object) -> RawModality:
        found = read(self, name, **choices)  # type: ignore[arg-type]
        asked.append(len(found))
        return found

    monkeypatch.setattr(Store, "read", counted)
    pieces = predict_stored(image_run, image_store, "image")
    assert max(asked) <= 7
    assert [each.specimen for each in pieces.predictions] == [each.specimen for each in whole.predictions]
    for one, other in zip(pieces.predictions, whole.predictions, strict=True):
        np.testing.assert_allclose(np.asarray(one.mean), np.asarray(other.mean), rtol=1e-5)


def test_two_measurements_say_whether_they_belong_together(image_run: Run, image_store: Store) -> None:
    raws = {name: image_store.read(name) for name in ("image", "line")}
    found = {each.specimen: each for each in predict_raw(image_run, "dose", raws)}
    for specimen in NOT_IMAGED:
        assert found[specimen].disagreement is None
    judged = {each: one.disagreement for each, one in found.items() if one.disagreement is not None}
    assert len(judged) == len(IDS) - len(NOT_IMAGED)
    flagged = {each for each, one in judged.items() if one.flagged}
    assert flagged <= set(SWAPPED)
    assert flagged
    for one in judged.values():
        assert one.flagged == (one.p > 0.5)
        assert one.prior == 0.01
    told = msgspec.to_builtins(found[min(flagged)].disagreement)
    assert set(told) == {"p", "flagged", "prior"}
