"""The page of an experiment: its numbers are those of the rows, it needs nothing else, and data stay text."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_rows import LABELS, points, row, scores
from msgspec.structs import replace as replace_struct
from oscillator_rows import identified, oscillator_row
from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait
from small_mnist import fill, make_quick

from fingerprint.experiments import EXPERIMENTS, Row, reproduce, row_points
from fingerprint.reporting import report_experiment
from fingerprint.reporting.experiment import render_experiment, worst_rows
from fingerprint.reporting.label_map import label_map

HOSTILE = '</script><script>window.hacked = true</script><img src=x onerror="window.hacked = true">{{ 7 * 7 }} & \' "'

LINES = EXPERIMENTS["mnist_lines"]


class Page(HTMLParser):
    """Start tags, scripts, and the cells of every table by row; all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str, str]] = []
        self.tables: list[list[list[str]]] = []
        self.cell = False
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.cell = False

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts.append((self.tags[-1][1].get("type") or "", data))
        elif self.tags and self.tags[-1][0] != "style":
            self.text += data
            if self.cell:
                self.tables[-1][-1][-1] += data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())

    def figures(self) -> dict[str, Any]:
        ids = [each["id"] for tag, each in self.tags if tag == "script" and each.get("type") == "application/json"]
        return dict(zip(ids, (json.loads(text) for kind, text in self.scripts if kind), strict=True))


ROWS = [
    *(row("multimodal", seed, "image", "line") for seed in (4, 1, 7)),
    *(row("image-only", seed) for seed in (0, 1)),
    row("pca-mixture", 0, spare=2),
]


def diverged(name: str, seed: int, failure: str) -> Row:
    return Row(name, f"what {name} is", seed, None, 10.0 + seed, "", failure)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    out = tmp_path_factory.mktemp("experiment") / "report.html"
    assert report_experiment(LINES, ROWS, out) == out
    return Page(out.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Names, titles, labels and specimens are markup."""
    labels = [HOSTILE, "<b>", "plain"]
    made = Row(HOSTILE, HOSTILE, 0, scores(0, ["joint", HOSTILE], labels), 1.0, HOSTILE)
    place = points(labels, 3)
    hostile = replace(place, specimens=tuple(HOSTILE + each for each in place.specimens))
    out = tmp_path_factory.mktemp("hostile") / "report.html"
    out.write_text(render_experiment(LINES, [made], {HOSTILE: hostile}), encoding="utf-8")
    return out


@pytest.fixture(scope="module")
def trained_page(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Row], Path]:
    """Rows that were trained, and their page."""
    folder = tmp_path_factory.mktemp("trained")
    fill(folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        rows = reproduce("mnist_lines", folder, [0, 1], ["multimodal", "latent-2"], device="cpu")
    return rows, report_experiment(LINES, rows, folder / "report.html")


def test_it_needs_no_other_file(page: Page) -> None:
    for tag, attributes in page.tags:
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:")), (tag, name, value)
    policy = next(each["content"] for tag, each in page.tags if tag == "meta" and "http-equiv" in each)
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert sum("plotly.js v" in text for _, text in page.scripts) == 1
    targets = {each["id"] for _, each in page.tags if each.get("id")}
    assert {str(each["href"])[1:] for tag, each in page.tags if tag == "a"} <= targets


def test_the_table_is_that_of_the_rows_and_the_papers(page: Page) -> None:
    table = [cells for cells in page.tables[0][1:] if len(cells) > 1]
    told = [[" ".join(cell.split()) for cell in cells] for cells in table]
    values = [each.scores.accuracy["image"] for each in ROWS[:3]]
    mean, sd = np.mean(values), np.std(values, ddof=1)
    figures = [f"{mean:.2f} ± {sd:.2f}", f"{min(values):.2f}", f"{max(values):.2f}"]
    assert told[1] == ["image alone", "3", *figures, "", "best 39.15"]
    assert told[0][0].startswith("multimodal")
    assert told[0][6:] == ["14", "90.31 ± 14.81, best 99.79"]
    assert [cells[-7 if len(cells) == 8 else 0] for cells in told[:5]] == [
        "all it is given", "image alone", "line alone", "all it is given", "all it is given"
    ]  # fmt: skip
    single = ROWS[-1].scores.accuracy["joint"]
    assert told[4][3:6] == [f"{single:.2f}"] * 3
    assert told[4][7] == "–"
    quoted = {cells[0]: cells[-1] for cells in told[5:]}
    assert quoted == {each.name: each.joint for each in LINES.quoted}
    assert list(quoted) == ["VAE+GMM", "DEC", "VaDE", "GMVAE, 10 clusters", "GMVAE, 16 clusters", "CNN, supervised"]
    assert "as the paper quotes them" in page.words
    assert LINES.note in page.words


def test_every_seed_has_its_line(page: Page) -> None:
    assert len(page.tables[1]) == 1 + len(ROWS)
    for cells, each in zip(page.tables[1][1:], ROWS, strict=True):
        told = [
            f"{each.scores.accuracy[s]:.2f}" if s in each.scores.accuracy else "–" for s in ("joint", "image", "line")
        ]
        assert cells == [each.name, str(each.seed), *told, f"{each.seconds:.0f}", "–"]


def test_the_worst_seed_is_shown_and_said(page: Page) -> None:
    worst = worst_rows(ROWS)
    assert [each.name for each in worst] == ["multimodal", "image-only", "pca-mixture"]
    for each in worst:
        own = [other.scores.accuracy["joint"] for other in ROWS if other.name == each.name]
        assert each.scores.accuracy["joint"] == min(own)
    assert f"seed {worst[0].seed}, the worst of 3" in page.words
    assert f"seed {worst[1].seed}, the worst of 2" in page.words
    assert "Shown is seed 0, the only one." in page.words


def test_the_matrices_hold_the_counts(page: Page) -> None:
    figures = page.figures()
    assert list(figures) == ["figure-confusion-1", "figure-confusion-2", "figure-confusion-3"]
    for figure, each in zip(figures.values(), worst_rows(ROWS), strict=True):
        sources = list(each.scores.accuracy)
        assert len(figure["data"]) == len(sources)
        titles = [note["text"] for note in figure["layout"]["annotations"]]
        for trace, title, source in zip(figure["data"], titles, sources, strict=True):
            table = each.scores.confusion[source]
            assert trace["text"] == [[str(count) if count else "" for count in line] for line in table]
            assert title.endswith(f": {each.scores.accuracy[source]:.2f} %")
    axis = figures["figure-confusion-3"]["layout"]["xaxis"]
    assert axis["ticktext"] == [*LABELS, "none 1", "none 2"]


def test_without_a_run_there_is_no_map(page: Page) -> None:
    assert "Latent map" not in page.words


def test_what_diverged_is_said_and_in_no_mean() -> None:
    failure = "the training diverged at epoch 3"
    rows = [ROWS[0], diverged("multimodal", 5, failure), *ROWS[1:3], diverged("image-only", 2, failure)]
    page = Page(render_experiment(LINES, rows, {}))
    plain = Page(render_experiment(LINES, ROWS[:3], {}))
    figures, undisturbed = (each.tables[0][1:4] for each in (page, plain))
    assert [cells[-5:] for cells in figures] == [cells[-5:] for cells in undisturbed]
    assert [cells[-6] for cells in figures] == ["3, 1 diverged"] * 3
    assert [" ".join(cell.split()) for cell in page.tables[0][4][1:]] == [
        "all it is given", "0, 1 diverged", "diverged", "–", "–", "", "best 14.84"
    ]  # fmt: skip
    assert page.tables[1][2] == ["multimodal", "5", *["diverged"] * 3, "15", "–"]
    assert list(page.figures()) == ["figure-confusion-1"]
    assert f"seed {worst_rows(rows)[0].seed}, the worst of 3 that did not diverge, by" in page.words
    assert f"Seed 5 diverged and counts in no mean: {failure}." in page.words
    assert "No seed is left to show." in page.words


def test_a_page_of_what_diverged_alone() -> None:
    page = Page(render_experiment(LINES, [diverged("multimodal", 0, "the training diverged at epoch 1")], {}))
    assert page.figures() == {}
    assert "no seed is left; 1 diverged; the paper: 90.31" in page.words


def test_the_maps_are_those_of_the_runs(trained_page: tuple[list[Row], Path]) -> None:
    rows, out = trained_page
    page = Page(out.read_text(encoding="utf-8"))
    figures = page.figures()
    assert list(figures) == [f"figure-{kind}-{index}" for index in (1, 2) for kind in ("confusion", "map")]
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(".")] == []
    for index, worst in enumerate(worst_rows(rows), start=1):
        found = row_points(worst)
        assert found is not None
        traces = label_map(found).data
        drawn = figures[f"figure-map-{index}"]["data"]
        assert [trace["name"] for trace in drawn] == [trace.name for trace in traces]
        assert sum(len(trace.x) for trace in traces[:10]) == 100
    assert "The latent space has 16 axes." in page.words
    assert "near to a ring" in page.words


def test_identified_parameters_stand_beside_the_truth_and_the_papers() -> None:
    digits = tuple("012346789")
    rows = [
        oscillator_row(0, identified({"beta": 1.001})),
        oscillator_row(1, identified({"beta": 0.99}, digits)),
        oscillator_row(0, (), "conv-small"),
    ]
    page = Page(render_experiment(EXPERIMENTS["mnist_ode"], rows, {}))
    assert page.words.count("Identified parameters") == 1
    assert "seed 1, the one of 2 whose beta is least exact" in page.words
    assert "beta is off by at most 1.000 %" in page.words
    assert "No cluster stands for 5." in page.words
    assert "Results of others" not in page.words
    table = page.tables[2]
    assert table[0] == [
        "Digit", "True beta", "The paper", "Identified", "Off by", "alpha", "gamma", "delta", "Trajectory off by"
    ]  # fmt: skip
    assert [line[0] for line in table[1:]] == list(digits)
    assert table[2][:3] == ["1", "0.8333", "0.8339"]
    assert table[2][3:6] == ["0.825 ± 0.013", "1.000 %".replace(" ", "\N{NO-BREAK SPACE}"), "−0.100 ± 0.013"]
    figures = page.figures()
    assert [name for name in figures if "trajectories" in name] == ["figure-trajectories-1"]
    traces = figures["figure-trajectories-1"]["data"]
    assert len(traces) == 4 * len(digits)
    assert sum(trace.get("showlegend", False) for trace in traces) == len(digits)


def test_a_trajectory_that_blows_up_and_a_missing_error_are_dashes() -> None:
    """With beta = -5 the solution ends before 2.56 s."""
    found = [
        replace_struct(each, value=-5.0, standard_error=math.nan) if (each.label, each.name) == ("3", "beta") else each
        for each in identified({"beta": 1 + 1e-9})
    ]
    page = Page(render_experiment(EXPERIMENTS["mnist_ode"], [oscillator_row(0, tuple(found))], {}))
    line = page.tables[2][4]
    assert (line[0], line[3], line[-1]) == ("3", "−5.0000", "–\N{NO-BREAK SPACE}%")
    assert "a trajectory by at most – %" in page.words
    assert not {"inf", "nan"} & set(page.words.split())


def test_data_stay_text(hostile_page: Path) -> None:
    page = Page(hostile_page.read_text(encoding="utf-8"))
    assert not [tag for tag, _ in page.tags if tag in ("img", "b")]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    kinds = [attributes.get("type") for tag, attributes in page.tags if tag == "script"]
    assert (kinds.count(None), kinds.count("application/json")) == (2, 2)
    for kind, text in page.scripts:
        if kind == "application/json":
            assert "<" not in text
            json.loads(text)
    assert "{{ 7 * 7 }}" in page.text


@pytest.mark.parametrize("which", ["trained", "hostile"])
def test_it_draws_in_silence(which: str, browser: Chrome, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue("hostile_page") if which == "hostile" else request.getfixturevalue("trained_page")[1]
    browser.get("about:blank")
    for log in ("performance", "browser"):
        browser.get_log(log)
    browser.get(path.resolve().as_uri())
    WebDriverWait(browser, 60).until(
        lambda found: found.execute_script("return document.documentElement.dataset.ready === 'true'")
    )
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("data:", "blob:", "about:"))] == [path.resolve().as_uri()]
    assert browser.get_log("browser") == []
    assert browser.execute_script("return window.hacked") is None
    drawn = "return [...document.querySelectorAll('[data-figure]')].every((each) => each.querySelector('svg.main-svg'))"
    assert browser.execute_script(drawn)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
