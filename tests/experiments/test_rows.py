"""Rows of the experiment on the shipped sample: made once, gone on with, scored as the runs in the folder say."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_mnist import fill, make_quick

from fingerprint.errors import RecipeError, RunError
from fingerprint.experiments import EXPERIMENTS, Row, baselines, reproduce, reproducing, row_points, score_clustering
from fingerprint.experiments.data import DataSet
from fingerprint.experiments.reproducing import digits, part_tensors, train_variant
from fingerprint.experiments.variants import Variant
from fingerprint.run import load_run, read_info
from fingerprint.store import Store, open_store
from fingerprint.training import Progress


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_quick(monkeypatch)
    fill(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row], list[Any]]:
    """A folder with two rows of two seeds, and in which order things were told."""
    place, told = tmp_path_factory.mktemp("finished"), []
    fill(place)
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        rows = reproduce(
            "mnist_lines",
            place,
            [3, 5],
            ["multimodal", "image-only"],
            device="cpu",
            on_start=lambda *what: told.append(what),
            on_row=lambda row: told.append(row),
            on_epoch=lambda progress: told.append(progress.state.epoch),
        )
    return place, rows, told


def test_rows_come_in_order_and_are_told_as_they_are_there(finished: tuple[Path, list[Row], list[Any]]) -> None:
    _, rows, told = finished
    assert [(row.name, row.seed) for row in rows] == [
        ("multimodal", 3), ("multimodal", 5), ("image-only", 3), ("image-only", 5)
    ]  # fmt: skip
    assert [each for each in told if not isinstance(each, int)] == [
        each for row in rows for each in ((row.name, row.seed), row)
    ]
    assert told[:4] == [("multimodal", 3), 1, 2, rows[0]]


def test_a_row_is_the_score_of_its_run_on_the_test_part(finished: tuple[Path, list[Row], list[Any]]) -> None:
    place, rows, _ = finished
    store = open_store(place / "stores" / "whole")
    for row in rows:
        run = load_run(row.run)
        assert run.path == place / "runs" / f"{row.name}-seed-{row.seed}"
        assert run.info.seeds == (row.seed,)
        assert row.seconds == run.info.seconds > 0
        tensors = part_tensors(run, store)
        assert set(tensors.specimens) == {each for each, own in store.specimens().items() if own["part"] == "test"}
        assert row.scores == score_clustering(run, tensors, digits(store))
        assert row.scores is not None
        assert row.scores.specimens == 100
        assert row.scores.labels == [str(digit) for digit in range(10)]
    assert [list(row.scores.accuracy) for row in rows if row.scores is not None][::3] == [
        ["joint", "image", "line"], ["joint"]
    ]  # fmt: skip


def test_a_second_call_trains_nothing(
    finished: tuple[Path, list[Row], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, rows, _ = finished
    make_quick(monkeypatch)
    for name in ("train", "resume"):
        monkeypatch.setattr(reproducing, name, None)
    again = reproduce("mnist_lines", place, [5, 3], ["image-only", "multimodal"], device="cpu")
    assert {(row.name, row.seed): row for row in again} == {(row.name, row.seed): row for row in rows}


def test_points_are_those_of_the_run(finished: tuple[Path, list[Row], list[Any]]) -> None:
    _, rows, _ = finished
    points = row_points(rows[0])
    assert points is not None
    assert (points.mean.shape, points.centres.shape, points.sd.shape) == ((100, 16), (10, 16), (10, 16))
    right = sum(points.stands_for[c] == label for c, label in zip(points.clusters, points.labels, strict=True))
    assert rows[0].scores is not None
    assert right == pytest.approx(rows[0].scores.accuracy["joint"])
    with pytest.raises(RunError):
        row_points(Row("multimodal", "", 0, rows[0].scores, 0.0, rows[0].run + "-gone"))


def test_ctrl_c_ends_it_and_the_same_call_goes_on(folder: Path) -> None:
    def press(progress: Progress) -> None:
        if progress.state.epoch == 1:
            signal.raise_signal(signal.SIGINT)

    made: list[Row] = []
    with pytest.raises(KeyboardInterrupt):
        reproduce("mnist_lines", folder, [0, 1], ["line-only"], device="cpu", on_epoch=press, on_row=made.append)
    assert made == []
    path = folder / "runs" / "line-only-seed-0"
    assert read_info(path).status == "interrupted"
    assert not (folder / "runs" / "line-only-seed-1").exists()
    epochs: list[int] = []
    (row,) = reproduce(
        "mnist_lines", folder, [0], ["line-only"], device="cpu", on_epoch=lambda each: epochs.append(each.state.epoch)
    )
    assert epochs == [2]
    assert read_info(path).status == "completed"
    assert len(load_run(row.run).history) == 2


def wild(name: str) -> Callable[[Variant], Variant]:
    """The row of that name diverges."""

    def changed(variant: Variant) -> Variant:
        training = {**variant.changes["training"], "learning_rate": 1e30}
        return replace(variant, changes={**variant.changes, "training": training}) if variant.name == name else variant

    return changed


def test_a_row_that_diverges_is_kept_and_the_others_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = EXPERIMENTS["mnist_lines"]
    monkeypatch.setitem(
        EXPERIMENTS, "mnist_lines", replace(lines, variants=tuple(map(wild("multimodal"), lines.variants)))
    )
    told: list[Row] = []
    rows = reproduce("mnist_lines", folder, [0, 1], ["multimodal", "line-only"], device="cpu", on_row=told.append)
    assert told == rows
    assert [(row.name, row.scores is None, bool(row.failure)) for row in rows] == [
        ("multimodal", True, True), ("multimodal", True, True), ("line-only", False, False), ("line-only", False, False)
    ]  # fmt: skip
    for row in rows[:2]:
        assert "diverged at epoch 1" in row.failure
        assert read_info(Path(row.run)).status == "diverged"
        assert row.seconds > 0
        assert row_points(row) is None
    for name in ("train", "resume"):
        monkeypatch.setattr(reproducing, name, None)
    assert reproduce("mnist_lines", folder, [0, 1], ["multimodal", "line-only"], device="cpu") == rows
    (folder / "runs" / "multimodal-seed-0" / "row.json").unlink()  # as where the process was killed between the two
    first, again = (reproduce("mnist_lines", folder, [0], ["multimodal"], device="cpu") for _ in range(2))
    assert first == again
    assert "diverged" in first[0].failure


def test_the_run_of_another_recipe_is_refused(
    finished: tuple[Path, list[Row], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, _, _ = finished
    make_quick(monkeypatch)
    store, where = open_store(place / "stores" / "whole"), place / "runs" / "multimodal-seed-3"
    variant = EXPERIMENTS["mnist_lines"].variant("multimodal")
    assert train_variant(where, store, variant, 3, "cpu").info.status == "completed"
    with pytest.raises(RunError, match=r"another recipe's run; not the same: training\.seed") as refused:
        train_variant(where, store, variant, 5, "cpu")
    assert refused.value.where == str(where)
    assert "Move that folder away" in refused.value.next
    other = replace(variant, changes={**variant.changes, "model": {"latent": 3}, "alignment": {"weight": 1.0}})
    with pytest.raises(RunError, match=r"model\.latent, alignment\.weight"):
        train_variant(where, store, other, 3, "cpu")


def test_baselines_have_no_run_and_are_made_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["pca-mixture", "autoencoder-mixture"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mixture of a hundred images may not converge
        rows = reproduce("mnist_lines", folder, [0], names)
    for row in rows:
        assert row.scores is not None
        assert (row.run, row.seed, row.scores.specimens) == ("", 0, 100)
        assert list(row.scores.accuracy) == ["joint"]
        table = np.array(row.scores.confusion["joint"])
        assert table.sum(axis=1).tolist() == [10] * 10
        assert row.scores.accuracy["joint"] == pytest.approx(np.trace(table[:, :10]))
        assert row.scores.accuracy["joint"] > 15
        assert row.seconds > 0
        assert row_points(row) is None
    monkeypatch.setattr(baselines, "PCA", None)
    assert reproduce("mnist_lines", folder, [0], names) == rows
    path = folder / "runs" / "pca-mixture-seed-0" / "row.json"
    assert [each.name for each in path.parent.iterdir()] == ["row.json"]
    path.write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match="damaged") as refused:
        reproduce("mnist_lines", folder, [0], names)
    assert refused.value.where == str(path)


def test_a_mixture_is_fitted_on_specimens_of_the_whole_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[np.ndarray] = []

    class Watched(baselines.GaussianMixture):
        def fit(self, X: np.ndarray, y: None = None) -> Watched:
            fitted.append(X)
            return super().fit(X, y)

    class Plain(baselines.PCA):
        def transform(self, X: np.ndarray) -> np.ndarray:
            scores = super().transform(X)
            seen.append(scores)
            return scores

    seen: list[np.ndarray] = []
    monkeypatch.setattr(baselines, "GaussianMixture", Watched)
    monkeypatch.setattr(baselines, "PCA", Plain)
    monkeypatch.setattr(baselines, "MOST_FITTED", 40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reproduce("mnist_lines", folder, [0], ["pca-mixture"])
    train = seen[0]
    assert len(train) > 40
    np.testing.assert_array_equal(fitted[0], train[np.linspace(0, len(train) - 1, 40).round().astype(int)])


def test_a_row_that_is_unknown_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no row is called 'unimodal'") as refused:
        reproduce("mnist_lines", tmp_path / "new", [0], ["multimodal", "unimodal"])
    assert all(name in refused.value.expected for name in EXPERIMENTS["mnist_lines"].all_rows)
    assert not (tmp_path / "new").exists()


def test_the_data_are_made_from_the_published_files_where_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def stand_in(data: DataSet, folder: Path, source: Path | None) -> Store:
        asked.append((data.name, folder, source))
        return fill(folder)

    make_quick(monkeypatch)
    monkeypatch.setattr(reproducing, "filled_store", stand_in)
    reproduce("mnist_lines", tmp_path, [0], ["line-only"], source=tmp_path / "published", device="cpu")
    assert asked == [("mnist_lines", tmp_path, tmp_path / "published")]
