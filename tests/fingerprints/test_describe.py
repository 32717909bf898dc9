"""What a fingerprint says is what its specimens have in common."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from two_factors import AXIS, TwoFactors, fill_store, quick_recipe

from fingerprint.errors import StoreError
from fingerprint.fingerprints import Description, describe, export
from fingerprint.fingerprints.describe import NEAREST
from fingerprint.modality import RawModality
from fingerprint.prediction import embed, predict_raw
from fingerprint.prepare import align, to_tensors
from fingerprint.run import Run
from fingerprint.store import Store, open_store
from fingerprint.training import train


@pytest.fixture(scope="module")
def description(factor_run: Run, factor_store: Store) -> Description:
    return describe(factor_run, factor_store)


def test_members_partition_the_specimens(description: Description, factor_data: TwoFactors, factor_run: Run) -> None:
    members = [specimen for each in description.fingerprints for specimen in each.members]
    assert sorted(members) == list(factor_data.ids)
    for each in description.fingerprints:
        in_training = [specimen for specimen in each.members if factor_run.parts[specimen] == "train"]
        assert len(in_training) == each.cluster.size
    assert sum(each.cluster.weight for each in description.fingerprints) == pytest.approx(1)


def test_profiles_are_weighted_means_and_deviations(
    description: Description, factor_data: TwoFactors, factor_run: Run
) -> None:
    raws = {name: factor_data.raws[name] for name in factor_run.preparations}
    tensors = to_tensors(align(raws, factor_run.preparations, factor_data.ids), factor_run.preparations)
    responsibilities = embed(factor_run.model, tensors).responsibilities[factor_run.info.map_member].numpy()
    for name in ("vdos", "stress"):
        values = np.asarray(factor_data.raws[name].blocks[0].values, dtype=float).reshape(120, -1)
        for each in description.fingerprints:
            weights = responsibilities[:, each.cluster.index].astype(float)
            mean = np.average(values, axis=0, weights=weights)
            variance = np.average((values - mean) ** 2, axis=0, weights=weights)
            np.testing.assert_allclose(each.profiles[name].mean, mean, rtol=1e-9)
            np.testing.assert_allclose(each.profiles[name].sd, np.sqrt(variance), rtol=1e-7)
            assert each.profiles[name].count == len(each.members)
            rows = [factor_data.ids.index(specimen) for specimen in each.nearest]
            np.testing.assert_array_equal(each.profiles[name].nearest, values[rows])


def test_the_nearest_are_the_members_closest_to_the_centre(description: Description) -> None:
    latent = description.specimens.set_index("specimen")[["latent_1", "latent_2"]]
    for each in description.fingerprints:
        distance = {
            specimen: float((((latent.loc[specimen] - each.latent_mean) / each.latent_sd) ** 2).sum())
            for specimen in each.members
        }
        assert list(each.nearest) == sorted(distance, key=distance.__getitem__)[:NEAREST]


def test_the_table_of_specimens(description: Description, factor_data: TwoFactors, factor_run: Run) -> None:
    table = description.specimens
    assert list(table["specimen"]) == list(factor_data.ids)
    assert list(table["part"]) == [factor_run.parts[each] for each in factor_data.ids]
    np.testing.assert_array_equal(table["measured_stress"], factor_data.raws["stress"].blocks[0].values)
    assert list(table["metadata_label"]) == [f"state-{blob}" for blob in factor_data.blob]
    probabilities = table[[f"probability_{index}" for index in range(3)]]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    own = {specimen: each.cluster.index for each in description.fingerprints for specimen in each.members}
    assert list(table["cluster"]) == [own[each] for each in factor_data.ids]
    assert (table[["latent_sd_1", "latent_sd_2"]] > 0).all(axis=None)


@pytest.mark.parametrize("name", ["cluster", "part", "specimen", "latent_1", "probability_0"])
def test_a_modality_may_be_called_as_a_column(name: str, factor_data: TwoFactors, tmp_path: Path) -> None:
    block = factor_data.raws["stress"].blocks[0]
    named = RawModality(replace(factor_data.raws["stress"].modality, name=name), (block,))
    store = open_store(tmp_path / "store", create=True)
    store.append([factor_data.raws["vdos"], named], {}, "")
    run = train(store, quick_recipe(epochs=1), tmp_path / "run", device="cpu")
    table = describe(run, store).specimens
    np.testing.assert_array_equal(table[f"measured_{name}"], block.values)
    assert list(table["specimen"]) == list(factor_data.ids)
    assert list(table["part"]) == [run.parts[each] for each in factor_data.ids]
    assert set(table["cluster"]) <= {0, 1, 2}
    assert not np.array_equal(table["latent_1"], block.values)
    assert table["probability_0"].between(0, 1).all()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_exported_tables_hold_the_same_numbers(
    form: str, description: Description, factor_run: Run, factor_store: Store, tmp_path: Path
) -> None:
    files = export(factor_run, factor_store, tmp_path / "out", form)  # type: ignore[arg-type]
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == sorted(each.name for each in files)
    read = pd.read_csv if form == "csv" else pd.read_parquet
    tables: dict[str, pd.DataFrame] = {each.stem: read(each) for each in files}
    assert set(tables) == {"fingerprints", "profiles", "specimens", "predictions", "predicted_vdos"}

    clusters = tables["fingerprints"]
    assert list(clusters["cluster"]) == [0, 1, 2]
    assert set(clusters["stress_unit"]) == {"GPa"}
    assert set(clusters["stress_sign"]) == {"compression positive"}
    for row, each in zip(clusters.to_dict("records"), description.fingerprints, strict=True):
        assert row["stress_mean"] == each.profiles["stress"].mean[0]
        assert row["members"].split() == list(each.members)

    profiles = tables["profiles"]
    assert len(profiles) == 3 * len(AXIS)
    first = profiles[profiles["cluster"] == 0]
    np.testing.assert_array_equal(first["x"], AXIS)
    np.testing.assert_array_equal(first["mean"], description.fingerprints[0].profiles["vdos"].mean)
    assert set(profiles["x_unit"]) == {"THz"}

    raws = {name: factor_store.read(name) for name in ("vdos", "stress")}
    predictions = tables["predictions"]
    assert set(predictions["target"]) == {"stress"}
    expected = {each.specimen: each for each in predict_raw(factor_run, "stress", {"vdos": raws["vdos"]})}
    assert len(predictions) == len(expected) == 120
    for row in predictions.to_dict("records"):
        one = expected[row["specimen"]]
        numbers = [one.mean, one.sd, one.low, one.high, one.novelty.p]
        assert [row[each] for each in ("mean", "sd", "low", "high", "novelty_p")] == pytest.approx(numbers, rel=1e-9)
        assert (row["from"], row["part"], row["flagged"]) == ("+".join(one.given), one.part, one.novelty.flagged)
    curves = tables["predicted_vdos"].set_index("specimen").drop(columns=["part", "from"])
    assert [float(x) for x in curves.columns] == AXIS.tolist()
    assert len(curves) == 120
    one = predict_raw(factor_run, "vdos", {"stress": raws["stress"]})[3]
    np.testing.assert_allclose(curves.loc[one.specimen].to_numpy(float), one.mean, rtol=1e-9)


def test_metadata_of_every_kind_can_be_exported(factor_data: TwoFactors, factor_run: Run, tmp_path: Path) -> None:
    store = open_store(tmp_path / "store", create=True)
    odd: list[str | float | bool | None] = ["hot", 3.5, True, None]
    metadata = {each: {"mixed": odd[row % 4], "count": row} for row, each in enumerate(factor_data.ids)}
    receipt = store.append([factor_data.raws[name] for name in ("vdos", "stress")], metadata, "")
    assert receipt.ingest is not None
    own = msgspec.structs.replace(factor_run.info, position=store.snapshot().position, ingest=receipt.ingest)
    run = Run(**(vars(factor_run) | {"info": own}))
    for form, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        export(run, store, tmp_path / form, form)  # type: ignore[arg-type]
        table = read(tmp_path / form / f"specimens.{form}")
        assert [str(each) for each in table["metadata_mixed"][:3]] == ["hot", "3.5", "True"]
        assert table["metadata_mixed"][3:4].isna().all()
        assert list(table["metadata_count"]) == list(range(120))


def test_what_was_measured_since_does_not_enter(factor_data: TwoFactors, factor_run: Run, tmp_path: Path) -> None:
    store = fill_store(tmp_path / "store", factor_data)
    snapshot = store.snapshot()
    info = msgspec.structs.replace(factor_run.info, position=snapshot.position, ingest=snapshot.ingest)
    run = Run(**(vars(factor_run) | {"info": info}))
    before = describe(run, store)
    store.append([factor_data.raws["density"]], {"si-0000": {"label": "other"}, "new": {"label": "x"}}, "")
    pd.testing.assert_frame_equal(describe(run, store).specimens, before.specimens)


def test_another_store_is_refused(factor_data: TwoFactors, factor_run: Run, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not the store") as refused:
        describe(factor_run, fill_store(tmp_path / "other", factor_data))
    assert "--store" in refused.value.next
