"""Images described and exported as spectra are; and what is held does not grow with what is measured."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from image_and_line import IDS, NOT_IMAGED, SHAPE, SWAPPED, TIME
from two_factors import quick_recipe

from fingerprint import ingest_arrays
from fingerprint.fingerprints import Description, describe, export, pieces, predicted_points
from fingerprint.modality import Kind
from fingerprint.prediction import embed, predict_raw
from fingerprint.prepare import align, to_tensors
from fingerprint.recipe import BasisInput, MLPDecoder, MLPEncoder, ModalityRecipe
from fingerprint.run import Run
from fingerprint.store import Store, open_store
from fingerprint.training import train


@pytest.fixture(scope="module")
def description(image_run: Run, image_store: Store) -> Description:
    return describe(image_run, image_store)


def test_the_profile_of_a_cluster_is_an_image(description: Description, image_run: Run, image_store: Store) -> None:
    raws = {name: image_store.read(name) for name in image_run.preparations}
    physical = align(raws, image_run.preparations, IDS)
    tensors = to_tensors(physical, image_run.preparations)
    own = embed(image_run.model, tensors).responsibilities[image_run.info.map_member].double().numpy()
    imaged = physical.measured("image")
    values = physical.values["image"].reshape(-1, *SHAPE)
    for each in description.fingerprints:
        profile = each.profiles["image"]
        weights = own[imaged, each.cluster.index]
        mean = np.average(values[imaged], axis=0, weights=weights)
        variance = np.average((values[imaged] - mean) ** 2, axis=0, weights=weights)
        assert profile.mean.shape == profile.sd.shape == SHAPE
        np.testing.assert_allclose(profile.mean, mean, rtol=1e-9)
        np.testing.assert_allclose(profile.sd, np.sqrt(variance), rtol=1e-6)
        assert profile.axis is None
        assert profile.count == sum(specimen not in NOT_IMAGED for specimen in each.members)
        rows = [IDS.index(specimen) for specimen in each.nearest]
        np.testing.assert_array_equal(profile.nearest, values[rows])


def test_images_are_scored_on_the_test_part_and_scalars_everywhere(
    description: Description, image_run: Run, image_store: Store
) -> None:
    raws = {name: image_store.read(name) for name in image_run.preparations}
    table = description.predictions["image"].set_index("specimen")
    tested = [each for each in IDS if image_run.parts[each] == "test" and each not in NOT_IMAGED]
    assert list(table.index) == tested
    measured = dict(zip(raws["image"].specimens, raws["image"].blocks[0].values.astype(np.float64), strict=True))
    others = {name: raws[name] for name in ("line", "dose")}
    expected = {each.specimen: each for each in predict_raw(image_run, "image", others)}
    for specimen in tested:
        one, row = expected[specimen], table.loc[specimen]
        error = np.asarray(one.mean) - measured[specimen]
        assert row["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-6)
        assert row["width"] == pytest.approx(np.mean(np.asarray(one.high) - np.asarray(one.low)), rel=1e-6)
        inside = bool((np.abs(error) <= np.asarray(one.high) - np.asarray(one.mean)).all())
        assert row["inside"] == inside
        assert row["given"] == one.given
    assert list(description.predictions["dose"]["specimen"]) == list(IDS)
    examples = description.examples["image"]
    assert [each.rank for each in examples] == ["best", "best quarter", "median", "worst quarter", "worst"]
    assert [each.rmse for each in examples] == sorted(each.rmse for each in examples)
    for each in examples:
        np.testing.assert_array_equal(each.measured, measured[each.prediction.specimen])
        assert np.shape(each.prediction.mean) == SHAPE


def test_swapped_lines_are_flagged_and_nothing_else(description: Description) -> None:
    p = description.specimens.set_index("specimen")["disagreement"]
    flagged = set(p.index[p > 0.5])
    assert flagged <= set(SWAPPED)
    assert len(flagged) >= len(SWAPPED) // 2
    found = description.contradictions
    assert found is not None
    assert (found.judged, found.flagged) == (len(IDS), len(flagged))
    assert {each.specimen for each in found.worst} == flagged
    assert 0 < found.share < 0.1
    for each in found.worst:
        assert len({cluster for cluster, _ in each.clusters.values()}) > 1


def test_a_piece_at_a_time_gives_the_same(
    description: Description, image_run: Run, image_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = sum(each.points for each in image_run.preparations.values())
    monkeypatch.setattr(pieces, "MOST_NUMBERS", 50 * points)
    again = describe(image_run, image_store)
    pd.testing.assert_frame_equal(again.specimens, description.specimens, rtol=1e-4)
    for target, table in description.predictions.items():
        pd.testing.assert_frame_equal(again.predictions[target], table, rtol=1e-4)
    for one, other in zip(again.fingerprints, description.fingerprints, strict=True):
        assert (one.members, one.nearest) == (other.members, other.nearest)
        for name, profile in one.profiles.items():
            np.testing.assert_allclose(profile.mean, other.profiles[name].mean, rtol=1e-5)
            np.testing.assert_allclose(profile.sd, other.profiles[name].sd, rtol=1e-3, atol=1e-6)
    assert again.contradictions is not None
    assert description.contradictions is not None
    assert again.contradictions.flagged == description.contradictions.flagged


@pytest.mark.parametrize(("form", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_exported_images(
    form: str, read: object, description: Description, image_run: Run, image_store: Store, tmp_path: Path
) -> None:
    files = export(image_run, image_store, tmp_path, form)  # type: ignore[arg-type]
    tables: dict[str, pd.DataFrame] = {each.stem: read(each) for each in files}  # type: ignore[operator]
    assert set(tables) == {
        "fingerprints", "profiles", "image_profiles", "specimens", "predictions", "predicted_image", "predicted_line",
    }  # fmt: skip
    assert "image_mean" not in tables["fingerprints"].columns
    assert set(tables["profiles"]["modality"]) == {"line"}
    images = tables["image_profiles"]
    assert len(images) == 3 * SHAPE[0] * SHAPE[1]
    assert set(images["unit"]) == {"counts"}
    one = images[images["cluster"] == 1]
    mean = np.zeros(SHAPE)
    mean[one["row"], one["column"]] = one["mean"]
    np.testing.assert_array_equal(mean, description.fingerprints[1].profiles["image"].mean)
    specimens = tables["specimens"].set_index("specimen")
    np.testing.assert_allclose(specimens["disagreement"], description.specimens["disagreement"], rtol=1e-9)
    assert not [name for name in specimens.columns if name.startswith("measured_") and name != "measured_dose"]

    predicted = tables["predicted_image"].set_index("specimen")
    assert list(predicted.index) == list(IDS)
    others = {name: image_store.read(name) for name in ("line", "dose")}
    told = {each.specimen: each for each in predict_raw(image_run, "image", others)}["p-044"]
    assert predicted.loc["p-044", "from"] == "dose+line"
    assert predicted.loc["p-044", "3_7"] == pytest.approx(np.asarray(told.mean)[3, 7], rel=1e-6)
    points = predicted.drop(columns=["part", "from"])
    assert list(points.columns) == [f"{row}_{column}" for row in range(SHAPE[0]) for column in range(SHAPE[1])]


def test_of_very_many_only_the_test_part_is_exported_point_by_point(
    image_run: Run, image_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicted_points, "MOST_NUMBERS", 8 * SHAPE[0] * SHAPE[1])
    tables = {each.stem: pd.read_csv(each) for each in export(image_run, image_store, tmp_path)}
    tested = {each for each, part in image_run.parts.items() if part == "test"}
    image, line = tables["predicted_image"], tables["predicted_line"]
    assert len(image) == 8
    assert set(image["specimen"]) < tested
    assert set(line["specimen"]) == tested
    assert len(line.columns) == 3 + len(TIME)


def test_what_is_held_does_not_grow_with_the_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    count, shape = 1500, (24, 32)
    level = random.normal(size=count)
    store = open_store(tmp_path / "store", create=True)
    ids = [f"{number:04}" for number in range(count)]
    values = (level[:, None, None] + 0.1 * random.normal(size=(count, *shape))).astype(np.float32)
    ingest_arrays(store, ids, None, values, "", name="image")
    ingest_arrays(store, ids, TIME, level[:, None] * TIME, ("s", "V"), name="line", kind=Kind.SERIES)
    small = ModalityRecipe(input=BasisInput(2), encoder=MLPEncoder(hidden=(8,)), decoder=MLPDecoder(hidden=(8,)))
    recipe = msgspec.structs.replace(quick_recipe(epochs=1), modalities={"image": small, "line": small})
    run = train(store, recipe, tmp_path / "run", device="cpu")
    monkeypatch.setattr(pieces, "MOST_NUMBERS", 60 * shape[0] * shape[1])
    describe(run, store)
    tracemalloc.start()
    description = describe(run, store)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(description.specimens) == count
    assert peak < 0.5 * 8 * values.size
