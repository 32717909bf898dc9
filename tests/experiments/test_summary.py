"""The lines of a table: over the seeds that did not diverge, beside the paper's."""

from __future__ import annotations

import statistics

import pytest

from fingerprint.experiments import EXPERIMENTS, ClusteringScores, Row, lines, source_title

LINES = EXPERIMENTS["mnist_lines"]


def row(seed: int, accuracy: dict[str, float] | None, name: str = "multimodal") -> Row:
    scores = None if accuracy is None else ClusteringScores(accuracy, {}, [], 100)
    return Row(name, "", seed, scores, 1.0, "", "" if scores else "the training diverged at epoch 3")


def test_a_line_for_each_source() -> None:
    joint, image = lines(LINES, [row(seed, {"joint": 90.0 + seed, "image": 50.0 - seed}) for seed in (0, 1, 5)])
    assert (joint.source, joint.seeds, joint.diverged, joint.counted) == ("joint", 3, 0, "3")
    assert (joint.mean, joint.worst, joint.best) == (92.0, 90.0, 95.0)
    assert joint.sd == pytest.approx(statistics.stdev([90, 91, 95]))
    assert (joint.paper, image.paper) == ("90.31 ± 14.81, best 99.79", "best 39.15")
    assert (joint.told_from, image.told_from) == ("all it is given", "image alone") == (
        source_title("joint"), source_title("image")
    )  # fmt: skip


def test_what_diverged_is_counted_and_in_no_mean() -> None:
    (line,) = lines(LINES, [row(0, None), row(1, {"joint": 80.0}), row(2, None)])
    assert (line.mean, line.sd, line.worst, line.best) == (80.0, None, 80.0, 80.0)
    assert (line.seeds, line.diverged, line.counted) == (1, 2, "1, 2 diverged")


def test_where_all_diverged_there_are_no_figures() -> None:
    (line,) = lines(LINES, [row(0, None), row(1, None)])
    assert (line.source, line.mean, line.sd, line.worst, line.best) == ("joint", None, None, None, None)
    assert (line.counted, line.paper) == ("0, 2 diverged", "90.31 ± 14.81, best 99.79")


def test_a_row_that_the_paper_has_not_has_nothing_of_it() -> None:
    assert lines(LINES, [row(0, {"joint": 1.0}, "pca-mixture")])[0].paper == ""
