"""`fingerprint predict` and `show` with images, as their users call them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from cli_answers import document
from image_and_line import SHAPE, SWAPPED

from fingerprint.prediction import predict_raw
from fingerprint.run import Run
from fingerprint.store import Store

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _here(image_run: Run, image_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINGERPRINT_STORE", image_store.path)
    monkeypatch.setenv("FINGERPRINT_RUNS", str(image_run.path.parent))


def test_an_image_in_json_is_rows_of_columns(call: Call, image_run: Run, image_store: Store) -> None:
    code, out, _ = call("predict", "--target", "image", "--specimen", "p-003", "--json")
    (found,) = document(code, out)["predictions"]
    raws = {name: image_store.read(name, specimens=["p-003"]) for name in ("line", "dose")}
    (expected,) = predict_raw(image_run, "image", raws)
    for key in ("mean", "sd", "low", "high"):
        assert np.shape(found[key]) == SHAPE
        np.testing.assert_allclose(found[key], getattr(expected, key), rtol=1e-9)
    assert found["axis"] is None
    assert set(found["disagreement"]) == {"p", "flagged", "prior"}


def test_an_image_in_csv_has_a_row_per_point(call: Call) -> None:
    found = document(*call("predict", "--target", "image", "--specimen", "p-003", "--json")[:2])["predictions"][0]
    _, out, _ = call("predict", "--target", "image", "--specimen", "p-003", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == SHAPE[0] * SHAPE[1]
    for row in rows:
        place = int(row["row"]), int(row["column"])
        assert float(row["mean"]) == found["mean"][place[0]][place[1]]
        assert float(row["high"]) == found["high"][place[0]][place[1]]
        assert float(row["disagreement"]) == found["disagreement"]["p"]
    assert "x" not in rows[0]


def test_for_people_an_image_is_a_line(call: Call) -> None:
    _, out, _ = call("predict", "--target", "image", "--specimen", "p-003")
    text = " ".join(out.replace("│", " ").split())
    assert "an image of 6 x 8" in text
    assert "see --format csv or --json" in text
    assert "disagree" not in text


def test_measurements_that_do_not_belong_together_are_told(call: Call, image_run: Run, image_store: Store) -> None:
    raws = {name: image_store.read(name, specimens=SWAPPED) for name in ("image", "line")}
    found = predict_raw(image_run, "dose", raws)
    specimen = next(each.specimen for each in found if each.disagreement is not None and each.disagreement.flagged)
    _, out, _ = call("predict", "--target", "dose", "--specimen", specimen)
    assert "FLAGGED: its dose" not in out
    assert "FLAGGED: its image and line" in out
    (told,) = document(*call("predict", "--target", "dose", "--specimen", specimen, "--json")[:2])["predictions"]
    assert told["disagreement"]["flagged"] is True


def test_a_file_of_images(call: Call, image_store: Store, tmp_path: Path) -> None:
    (block,) = image_store.read("image", specimens=["p-003"]).blocks
    with h5py.File(tmp_path / "new.h5", "w") as file:
        file["specimen"] = ["new"]
        file["image"] = block.values
    (told,) = document(*call("predict", "--target", "dose", "new.h5", "--json")[:2])["predictions"]
    assert (told["specimen"], told["given"], told["disagreement"]) == ("new", ["image"], None)


def test_a_stored_image_is_shown(call: Call, image_store: Store) -> None:
    (block,) = image_store.read("image", specimens=["p-003"]).blocks
    (told,) = document(*call("show", "p-003", "--json")[:2])["specimens"]
    np.testing.assert_array_equal(np.float32(told["modalities"]["image"]["value"]), block.values[0])
    assert "6 x 8: " in call("show", "p-003")[1]
