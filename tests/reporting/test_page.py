"""The page: what it says, that it says it plainly, and that it needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fingerprint.cli.told import run_lines
from fingerprint.errors import StoreError
from fingerprint.fingerprints import Description, ParameterValue, describe
from fingerprint.modality import Kind, Modality, RawModality
from fingerprint.prepare.batches import even_rows
from fingerprint.recipe import RegisteredExpert, load_recipe
from fingerprint.reporting import report, scores
from fingerprint.reporting.cluster_table import cluster_rows, metadata_rows, parameter_tables
from fingerprint.reporting.findings import Card, cards, warnings
from fingerprint.reporting.page import render
from fingerprint.reporting.scores import expected_inside, score
from fingerprint.run import ClusterMetrics, Metrics, Run
from fingerprint.store import Store, open_store
from fingerprint.training import train
from fingerprint.units import mean_and_sd

TinyRun = tuple[Run, Store]


class Elements(HTMLParser):
    """Start tags with their attributes, the text of script elements, and all other text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.tags[-1] if self.tags else ("", {})
        if tag == "script" and self.cdata_elem == "script":
            self.scripts.append((attributes.get("type") or "", data))
        elif tag != "style":
            self.text += data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


@pytest.fixture(scope="module")
def elements(page: Path) -> Elements:
    return Elements(page.read_text(encoding="utf-8"))


def with_metrics(run: Run, **changes: object) -> Run:
    return replace(run, metrics=msgspec.structs.replace(run.metrics, **changes))


def cluster(index: int, **changes: object) -> ClusterMetrics:
    sound = ClusterMetrics(index=index, weight=0.5, size=50, stability=0.9, alive=True, reproducible=True)
    return msgspec.structs.replace(sound, **changes)


def test_the_page_needs_no_other_file(page: Path, elements: Elements) -> None:
    for tag, attributes in elements.tags:
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:")), (tag, name, value)
    policy = next(each["content"] for tag, each in elements.tags if tag == "meta" and "http-equiv" in each)
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert page.stat().st_size < 7e6
    assert sum("plotly.js v" in text for _, text in elements.scripts) == 1


def test_every_figure_is_json_in_its_place(elements: Elements) -> None:
    figures = [json.loads(text) for kind, text in elements.scripts if kind == "application/json"]
    places = [each["data-figure"] for tag, each in elements.tags if "data-figure" in each]
    ids = [each["id"] for tag, each in elements.tags if each.get("type") == "application/json"]
    assert places == ids
    assert len(figures) == len(places) == 6
    assert all(figure["data"] for figure in figures)


def test_it_says_units_signs_split_and_how_it_was_made(tiny_run: TinyRun, elements: Elements) -> None:
    run = tiny_run[0]
    words = elements.words
    for part in (
        "150 specimens, measured as stress (GPa, compression positive (-tr sigma / 3)) and vdos (1/THz, over "
        "frequency in THz) and divided into 3 latent clusters",
        "never shown",
        "Split-conformal: 90 % of new specimens like these",
        "adjusted Rand index",
        "US 2023/0368036 A1",
        run.info.ingest,
        run.info.versions["torch"],
        "restarts = 2",
        f"{list(run.parts.values()).count('test')} for testing",
    ):
        assert part in words
    assert "{{" not in words
    assert "None" not in words
    assert "nan" not in words.split()


def test_data_stay_text(hostile_page: Path) -> None:
    elements = Elements(hostile_page.read_text(encoding="utf-8"))
    assert not [tag for tag, _ in elements.tags if tag in ("img", "b")]
    assert not [name for _, attributes in elements.tags for name in attributes if name.startswith("on")]
    kinds = [attributes.get("type") for tag, attributes in elements.tags if tag == "script"]
    assert kinds.count(None) == 2
    for kind, text in elements.scripts:
        if kind == "application/json":
            assert "<" not in text
            json.loads(text)
    assert "window.hacked = true</script>" in elements.text
    assert "{{ 7 * 7 }}" in elements.text


def test_scores_are_those_of_the_metrics_and_of_counting(tiny_run: TinyRun, description: Description) -> None:
    run = tiny_run[0]
    found = score(run, description, "stress")
    assert found.best_single is not None
    assert found.best_single.given == ("vdos",)
    assert found.best_single.rmse == run.metrics.parts["test"].rmse["stress"]["vdos"]
    truth = description.specimens.set_index("specimen")["measured_stress"]
    tested = [
        each
        for each in description.predictions["stress"].itertuples()
        if run.parts[each.specimen] == "test" and np.isfinite(truth[each.specimen])
    ]
    assert found.best_single.count == found.coverage.count == len(tested)
    assert found.coverage.inside == sum(each.low <= truth[each.specimen] <= each.high for each in tested)
    assert found.coverage.width == pytest.approx(np.mean([each.high - each.low for each in tested]))
    squares = [(each.mean - truth[each.specimen]) ** 2 for each in tested]
    assert found.best_single.rmse == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-5)


def test_an_error_says_over_how_many_specimens_it_is(
    tiny_run: TinyRun, description: Description, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tiny_run[0]
    tested = (description.specimens["part"] == "test").to_numpy()
    both = description.present["stress"] & description.present["vdos"]
    found = score(run, description, "stress").best_single
    assert found is not None
    assert found.count == (tested & both).sum()
    monkeypatch.setattr(scores, "MOST_SCORED", 5)
    found = score(run, description, "stress").best_single
    assert found is not None
    assert found.count == both[np.flatnonzero(tested)[even_rows(int(tested.sum()), 5)]].sum()


def test_three_modalities_are_scored_alone_and_together(tiny_store: Store, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store"), create=True)
    raws = [tiny_store.read(name) for name in ("vdos", "stress")]
    double = [replace(block, values=2 * block.values) for block in raws[1].blocks]
    twice = RawModality(Modality("twice", Kind.SCALAR, unit="K"), tuple(double))
    store.append([*raws, twice], {}, "")
    run = train(store, load_recipe(epochs=2, restarts=1, clusters=2), tmp_path / "run", device="cpu")
    description = describe(run, store)
    found = score(run, description, "twice")
    assert [each.given for each in found.errors][-1] == ("stress", "vdos")
    assert {each.given for each in found.errors[:-1]} == {("stress",), ("vdos",)}
    preparation = run.preparations["twice"]
    assert found.errors[-1].rmse_percent == pytest.approx(100 * found.errors[-1].rmse / preparation.range)
    truth = description.specimens.set_index("specimen")["measured_twice"]
    squares = [
        (each.mean - truth[each.specimen]) ** 2
        for each in description.predictions["twice"].itertuples()
        if run.parts[each.specimen] == "test" and len(each.given) == 2 and np.isfinite(truth[each.specimen])
    ]
    assert found.errors[-1].rmse == pytest.approx(np.sqrt(np.mean(squares)))
    words = Elements(render(run, description)).words
    assert "From stress and vdos together" in words
    assert "one member: unknown" in words


def test_the_expected_count_is_that_of_random_calibrations() -> None:
    generator = np.random.default_rng(3)
    calibrated, tested, level = 30, 40, 0.9
    rank = int(np.ceil((calibrated + 1) * level))
    factors = np.sort(generator.random((4000, calibrated)), axis=1)[:, rank - 1]
    inside = (generator.random((4000, tested)) <= factors[:, None]).sum(1)
    low, high = expected_inside(calibrated, tested, level)
    assert (inside < low).mean() < 0.06
    assert (inside > high).mean() < 0.06
    assert (inside < low + 1).mean() > 0.04
    assert (inside > high - 1).mean() > 0.04


def test_without_intervals_the_reason_is_told(tiny_run: TinyRun, description: Description) -> None:
    run = tiny_run[0]
    told = {"low": np.nan, "high": np.nan, "width": np.nan, "inside": False, "why_no_interval": "too few"}
    without = description.predictions["stress"].assign(**told)
    bare = replace(description, predictions={**description.predictions, "stress": without})
    found = score(run, bare, "stress")
    assert found.coverage.width is None
    assert "stress has no prediction intervals: too few." in warnings(run, [found])
    assert "None: too few." in Elements(render(run, bare)).words


def test_cards_hold_the_key_numbers(tiny_run: TinyRun, description: Description) -> None:
    run = with_metrics(tiny_run[0], clusters=(cluster(0), cluster(1, reproducible=False, stability=0.2), cluster(2)))
    found = {
        card.title: card for card in cards(run, [score(run, description, target) for target in ("vdos", "stress")])
    }
    assert "GPa" in found["Error of stress from vdos alone"].note
    assert found["Error of stress from vdos alone"].value.endswith("\u00a0%")
    assert found["90\u00a0% intervals of stress"].value.endswith("\u00a0%")
    assert found["Reproducible clusters"].value == "2 of 3"
    assert "Error of vdos from stress alone" not in found


def test_cards_say_what_several_modalities_tell_together(tiny_run: TinyRun, description: Description) -> None:
    run = tiny_run[0]
    alone = score(run, description, "stress")
    both = replace(alone.errors[0], given=("vdos", "raman"), rmse_percent=12.5)
    found = {card.title: card for card in cards(run, [replace(alone, errors=(*alone.errors, both))])}
    assert found["Error of stress from vdos alone"].note.endswith("; from all others together 12.5\u00a0%.")
    assert "90\u00a0% intervals of stress from all others together" in found


def test_warnings_are_plain(tiny_run: TinyRun) -> None:
    run = tiny_run[0]
    sound = with_metrics(run, clusters=(cluster(0), cluster(1)), supported=True)
    assert warnings(sound, []) == []
    doubtful = with_metrics(
        run,
        clusters=(cluster(0, reproducible=False, stability=0.1), cluster(1, size=0, alive=False, stability=None)),
        supported=False,
        support="one Gaussian is enough",
    )
    doubtful = replace(doubtful, info=msgspec.structs.replace(run.info, status="interrupted"))
    told = " ".join(warnings(doubtful, []))
    for part in (
        "interrupted after 20 of 20",
        "do not support clusters: one Gaussian",
        "Cluster 0 is not reproducible",
    ):
        assert part in told
    assert "Cluster 1 is dead: fewer than 2 % of the training specimens belong to it." in told


def test_predictions_and_members_that_cannot_be_believed_are_told(tiny_run: TinyRun) -> None:
    run = tiny_run[0]
    test = run.metrics.parts["test"]
    sound = {"joint": 0.9, "stress": 0.9, "vdos": 0.9}
    poor = {"joint": -3.0, "stress": -3.0, "vdos": -0.5}
    coordinates = sum(run.model.weights[name] * each.features for name, each in run.preparations.items())
    best, other = (
        msgspec.structs.replace(each, elbo=10.0, rmse_percent={"stress": {"vdos": error}})
        for each, error in zip(run.metrics.restarts, (1.0, 3.0), strict=True)
    )

    def told(elbo: float, error: float = 3.0, r2: bool = False) -> list[str]:
        last = msgspec.structs.replace(other, elbo=elbo, rmse_percent={"stress": {"vdos": error}})
        part = msgspec.structs.replace(test, r2={"stress": poor if r2 else sound, "vdos": sound})
        parts = {**run.metrics.parts, "test": part}
        each = with_metrics(run, clusters=(cluster(0),), supported=True, restarts=(best, last), parts=parts)
        lines = [str(line).removeprefix("Warning: ") for line in run_lines(each)]
        assert [each for each in lines if "diverged" in each or "mean of" in each] == warnings(each, [])
        return warnings(each, [])

    assert told(10 - 1.3 * coordinates) == []
    assert told(10 - 1.5 * coordinates, error=1.9) == []
    assert told(10 - 1.5 * coordinates) == [
        f"The member of seed {other.seed} looks diverged: validation ELBO {10 - 1.5 * coordinates:.1f}, of the best "
        "member 10.0. Predictions average it in. Train again at a lower rate than 0.01: fingerprint train "
        "--learning-rate RATE."
    ]
    assert told(10.0, r2=True) == [
        "Predicted worse than by the mean of the training specimens (R² clearly below 0 on the test part): "
        "stress from vdos."
    ]


def test_the_table_calls_unreproducible_clusters_so(tiny_run: TinyRun, description: Description) -> None:
    run = tiny_run[0]

    def verdicts(*clusters: ClusterMetrics, run: Run = run) -> list[str]:
        fingerprints = tuple(
            replace(each, cluster=metrics) for each, metrics in zip(description.fingerprints, clusters, strict=True)
        )
        return [row.verdict for row in cluster_rows(run, replace(description, fingerprints=fingerprints))]

    doubtful = (cluster(0), cluster(1, stability=0.59, reproducible=False), cluster(2, alive=False))
    assert verdicts(*doubtful) == ["reproducible", "not reproducible", "dead"]
    single = replace(run, info=msgspec.structs.replace(run.info, seeds=(0,)))
    unknown = [cluster(index, stability=None, reproducible=None) for index in range(3)]
    assert verdicts(*unknown, run=single) == ["one member: unknown"] * 3


def test_metadata_of_each_cluster_are_counted(description: Description) -> None:
    routes = description.specimens["metadata_route"].to_numpy(dtype=object)
    order = {"cold": 0, "warm": 1, "hot": 2}
    table = description.specimens.assign(cluster=[order[route] for route in routes])
    rows = {row.name: row.cells for row in metadata_rows(replace(description, specimens=table))}
    assert rows["route"] == tuple((f"{route} 100\u00a0%",) for route in order)
    temperatures = table.loc[table["cluster"] == 1, "metadata_temperature"]
    assert rows["temperature"][1][0] == f"{temperatures.min():.0f} to {temperatures.max():,.0f}".replace(",", "\u202f")


def test_the_parameters_of_an_expert_are_a_table(wire_run: Run, wire_description: Description) -> None:
    elements = Elements(render(wire_run, wire_description))
    assert "In every cluster length (um) = Σ θ f(t), with t the time (h)." in elements.words
    assert "θ of 1 (um) θ of t (um/h)" in elements.words or "θ of 1 (um)θ of t (um/h)" in elements.text
    for each in wire_description.fingerprints:
        told = [mean_and_sd(*parameter[:2]) for parameter in each.parameters["length"].values()]
        assert all(" ± " in cell for cell in told)
        assert "".join([str(each.cluster.index), *told]) in elements.text
    assert "Each parameter ± its standard error" in elements.words


def test_what_is_not_known_of_a_parameter_is_a_dash(wire_run: Run, wire_description: Description) -> None:
    first, *others = wire_description.fingerprints
    unknown = replace(
        first, parameters={"length": dict.fromkeys(("1", "t"), ParameterValue(float("nan"), float("nan")))}
    )
    without = replace(wire_description, fingerprints=(unknown, *others))
    (table,) = parameter_tables(wire_run, without)
    assert table.terms == ("θ of 1", "θ of t")
    assert table.cells[0] == ("–", "–")
    assert table.has_errors
    bare = [replace(each, parameters={"length": {"t": ParameterValue(2.5, float("nan"))}}) for each in (first, *others)]
    page = render(wire_run, replace(wire_description, fingerprints=tuple(bare)))
    assert "θ of t 02.50 12.50 22.50" in Elements(page).words
    assert "its standard error" not in page


def test_a_law_is_named_with_what_is_shared_and_depends_on_z(wire_run: Run, wire_description: Description) -> None:
    creep = RegisteredExpert("creep", {"rates": {"x": "k*x", "y": 2}, "units": {"k": "1/h"}})
    modality = msgspec.structs.replace(wire_run.recipe.modalities["length"], decoder=creep)
    recipe = msgspec.structs.replace(wire_run.recipe, modalities=wire_run.recipe.modalities | {"length": modality})
    own = {
        "rate": ParameterValue(0.25, 0.0125, "1/h", shared=True),
        "limit": ParameterValue(2.5, float("nan"), "um", slope=(3.0, -1.0)),
    }
    named = [replace(each, parameters={"length": own}) for each in wire_description.fingerprints]
    page = render(replace(wire_run, recipe=recipe), replace(wire_description, fingerprints=tuple(named)))
    words = Elements(page).words
    assert "In every cluster the curve follows the law creep (rates: x = k*x, y = 2). Its parameters depend" in words
    assert "rate (1/h), shared" in words
    assert "limit (um)" in words
    assert "0.250 ± 0.013" in words
    assert "2.50; by Z 3.00, −1.00" in words
    assert "θ" not in words


def test_without_an_expert_nothing_is_said_of_parameters(elements: Elements) -> None:
    assert "expert" not in elements.words
    assert "θ" not in elements.words


def test_more_axes_than_two_are_said(tiny_run: TinyRun, description: Description) -> None:
    run = tiny_run[0]
    recipe = msgspec.structs.replace(run.recipe, model=msgspec.structs.replace(run.recipe.model, latent=3))
    fingerprints = tuple(
        replace(each, latent_mean=np.append(each.latent_mean, 9.0 * each.cluster.index), latent_sd=np.ones(3))
        for each in description.fingerprints
    )
    wide = replace(description, fingerprints=fingerprints, specimens=description.specimens.assign(latent_3=0.0))
    words = Elements(render(replace(run, recipe=recipe), wide)).words
    assert "The latent space has 3 axes; shown are" in words


@pytest.mark.parametrize(
    ("supported", "answer", "at_the_map"),
    [
        (True, "Yes", "that alone does not tell separate groups from one curved continuum"),
        (False, "No", "the ellipses divide what may be one continuous distribution"),
        (None, "Cannot be told", "the ellipses may divide one continuous distribution"),
    ],
)
def test_whether_it_is_more_than_one_gaussian(
    supported: bool | None, answer: str, at_the_map: str, tiny_run: TinyRun, description: Description
) -> None:
    metrics: Metrics = msgspec.structs.replace(tiny_run[0].metrics, supported=supported, support="a reason")
    run = replace(tiny_run[0], metrics=metrics)
    assert cards(run, [])[-1] == Card("More than one Gaussian?", answer, "A reason.")
    assert any("do not support clusters" in each for each in warnings(run, [])) is (supported is False)
    assert any("cannot be told: a reason." in each for each in warnings(run, [])) is (supported is None)
    assert at_the_map in Elements(render(run, description)).words
    (verdict,) = [str(line) for line in run_lines(run) if "Gaussian" in str(line)]
    assert verdict == f"More than one Gaussian? {answer}: a reason."


def test_another_store_is_refused_and_the_old_page_stays(tiny_run: TinyRun, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("old")
    with pytest.raises(StoreError):
        report(tiny_run[0], open_store(str(tmp_path / "other"), create=True), page)
    assert page.read_text() == "old"
    assert list(tmp_path.glob("*.html")) == [page]
