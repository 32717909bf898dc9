"""The figures are pure functions of a run and its description: what stands in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from fingerprint.fingerprints import Description, Fingerprint
from fingerprint.reporting.cluster_profiles import curve_profiles, scalar_profiles
from fingerprint.reporting.colouring import colourings, metadata_columns
from fingerprint.reporting.curve_examples import curve_examples
from fingerprint.reporting.latent_map import ellipse, hover_texts, latent_map, shown_axes
from fingerprint.reporting.parity import parity
from fingerprint.reporting.style import PALETTE, cluster_colour, cluster_dash, cluster_symbol
from fingerprint.reporting.thinning import thin_curve, thin_rows
from fingerprint.reporting.training_curves import training_curves
from fingerprint.reporting.wording import escape, percent
from fingerprint.run import Run
from fingerprint.store import Store

TinyRun = tuple[Run, Store]


def moved(fingerprint: Fingerprint, mean: list[float], sd: list[float], weight: float = 1.0) -> Fingerprint:
    cluster = msgspec.structs.replace(fingerprint.cluster, weight=weight)
    return replace(fingerprint, cluster=cluster, latent_mean=np.array(mean), latent_sd=np.array(sd))


def names(figure: Any) -> list[str]:
    return [trace.name for trace in figure.data]


def test_the_ellipse_lies_at_mahalanobis_distance_two(description: Description) -> None:
    each = moved(description.fingerprints[0], [1.0, -2.0, 5.0], [0.3, 4.0, 0.01])
    for axes in ((0, 1), (1, 2), (0, 2)):
        x, y = ellipse(each, axes)
        squared = sum(
            ((values - each.latent_mean[axis]) / each.latent_sd[axis]) ** 2
            for values, axis in zip((x, y), axes, strict=True)
        )
        np.testing.assert_allclose(np.sqrt(squared), 2.0)
        assert np.isclose(x[0], x[-1])
        assert np.isclose(y[0], y[-1])


def test_the_axes_shown_are_those_that_part_the_clusters(description: Description) -> None:
    first, second, third = description.fingerprints
    sd = [1.0] * 4
    apart = [moved(first, [0, 0, 5, 1], sd), moved(second, [9, 0, -5, 1], sd), moved(third, [0, 0.1, 0, 1], sd)]
    assert shown_axes(apart) == (0, 2)
    weightless = [*apart[:2], moved(third, [0, 1e6, 0, 1], sd, weight=1e-15)]
    assert shown_axes(weightless) == (0, 2)
    assert shown_axes([moved(first, [0.0], [1.0])]) == (0,)


def test_the_map_holds_every_specimen_once_in_its_cluster(tiny_run: TinyRun, description: Description) -> None:
    figure = latent_map(tiny_run[0], description, colourings(tiny_run[0], description))
    points = [trace for trace in figure.data if trace.customdata is not None]
    table = description.specimens.set_index("specimen")
    assert sorted(specimen for trace in points for specimen in trace.customdata) == sorted(table.index)
    for index, trace in enumerate(points):
        assert set(table.loc[list(trace.customdata), "cluster"]) <= {index}
        np.testing.assert_allclose(trace.x, table.loc[list(trace.customdata), "latent_1"], rtol=1e-6)
        np.testing.assert_allclose(trace.y, table.loc[list(trace.customdata), "latent_2"], rtol=1e-6)
        assert trace.marker.color == cluster_colour(index)


def test_each_colouring_follows_its_column(tiny_run: TinyRun, description: Description) -> None:
    run = tiny_run[0]
    choices = colourings(run, description)
    figure = latent_map(run, description, choices)
    table = description.specimens.set_index("specimen")
    clusters = len(description.fingerprints)
    ids = [list(trace.customdata) for trace in figure.data[:clusters]]
    buttons = {button.label: button.args for button in figure.layout.updatemenus[0].buttons}
    assert list(buttons) == ["cluster", "stress (GPa)", "operator", "route", "temperature"]
    for change, _, traces in buttons.values():
        assert all(len(values) == len(traces) == len(figure.data) for values in change.values())

    change, scale, _ = buttons["stress (GPa)"]
    assert "GPa" in scale["coloraxis.colorbar.title.text"]
    assert "compression positive" in scale["coloraxis.colorbar.title.text"]
    for specimens, colours in zip(ids, change["marker.color"], strict=False):
        for specimen, colour in zip(specimens, colours, strict=True):
            stress = table.loc[specimen, "measured_stress"]
            assert isinstance(colour, str) if np.isnan(stress) else colour == stress

    change, scale, _ = buttons["route"]
    assert not scale["coloraxis.showscale"]
    by_route = dict(next(choice for choice in choices if choice.label == "route").categories)
    assert set(by_route) == {"cold", "warm", "hot"}
    for specimens, colours in zip(ids, change["marker.color"], strict=False):
        assert list(colours) == [by_route[route] for route in table.loc[specimens, "metadata_route"]]
    shown = [name for name, visible in zip(names(figure), change["visible"], strict=True) if visible is True]
    assert [name for name in shown if not name.startswith("cluster")] == list(by_route)


def test_hover_tells_id_part_clusters_units_and_metadata(tiny_run: TinyRun, description: Description) -> None:
    every = np.arange(len(description.specimens))
    texts = dict(zip(description.specimens["specimen"], hover_texts(tiny_run[0], description, every), strict=True))
    assert "<b>t-001</b>" in texts["t-001"]
    assert f"{tiny_run[0].parts['t-001']} part" in texts["t-001"]
    assert "cluster probability" in texts["t-001"]
    assert " GPa" in texts["t-001"]
    assert "route: warm" in texts["t-001"]
    assert "stress: not measured" in texts["t-149"]
    assert "operator" not in texts["t-000"]


def test_one_latent_axis_sets_clusters_in_lanes(tiny_run: TinyRun, description: Description) -> None:
    fingerprints = tuple(moved(each, [float(each.cluster.index)], [0.5]) for each in description.fingerprints)
    table = description.specimens.drop(columns=["latent_2", "latent_sd_2"])
    flat = replace(description, fingerprints=fingerprints, specimens=table)
    figure = latent_map(tiny_run[0], flat, colourings(tiny_run[0], flat))
    clusters = len(fingerprints)
    for index, (points, outline) in enumerate(zip(figure.data[:clusters], figure.data[clusters:], strict=False)):
        assert all(abs(np.asarray(points.y) - index) < 0.5)
        assert (min(outline.x), max(outline.x)) == (index - 1.0, index + 1.0)


def test_a_cluster_has_one_colour_everywhere(tiny_run: TinyRun, description: Description) -> None:
    figures = (
        latent_map(tiny_run[0], description, colourings(tiny_run[0], description)),
        curve_profiles(description.fingerprints, "vdos"),
        scalar_profiles(description, "stress"),
    )
    for figure in figures:
        for each in description.fingerprints:
            name = f"cluster {each.cluster.index}"
            lines = [trace.line.color for trace in figure.data if trace.name == name and trace.line.color is not None]
            assert lines
            assert set(lines) == {cluster_colour(each.cluster.index)}


def test_clusters_beyond_the_palette_still_differ() -> None:
    looks = {(cluster_colour(i), cluster_symbol(i), cluster_dash(i)) for i in range(4 * len(PALETTE))}
    assert len(looks) == 4 * len(PALETTE)


def test_profiles_show_mean_and_sd_with_units(description: Description) -> None:
    figure = curve_profiles(description.fingerprints, "vdos")
    band, line = figure.data[:2]
    profile = description.fingerprints[0].profiles["vdos"]
    np.testing.assert_allclose(line.y, profile.mean, rtol=1e-6)
    half = len(band.y) // 2
    np.testing.assert_allclose(np.asarray(band.y[:half]) - line.y, profile.sd, atol=1e-6)
    np.testing.assert_allclose(line.y - np.asarray(band.y[half:])[::-1], profile.sd, atol=1e-6)
    assert figure.layout.xaxis.title.text == "frequency (THz)"
    assert figure.layout.yaxis.title.text == "vdos (1/THz)"


def test_the_curve_of_a_law_is_drawn_over_its_mean(wire_description: Description) -> None:
    drawn = {trace.name: trace for trace in curve_profiles(wire_description.fingerprints, "length").data}
    for each in wire_description.fingerprints:
        law = drawn[f"cluster {each.cluster.index}, law"]
        np.testing.assert_allclose(law.y, each.profiles["length"].law, rtol=1e-6)
        np.testing.assert_array_equal(law.x, drawn[f"cluster {each.cluster.index}"].x)
        assert law.legendgroup == f"cluster {each.cluster.index}"


def test_a_cluster_without_the_modality_is_left_out(description: Description) -> None:
    first, *others = description.fingerprints
    empty = replace(first, profiles={**first.profiles, "vdos": replace(first.profiles["vdos"], count=0)})
    assert "cluster 0" not in names(curve_profiles((empty, *others), "vdos"))


def test_scalars_leave_out_what_is_missing(description: Description) -> None:
    figure = scalar_profiles(description, "stress")
    assert sum(len(trace.y) for trace in figure.data) == 148
    assert all(np.isfinite(trace.y).all() for trace in figure.data)
    assert figure.layout.yaxis.title.text == "stress (GPa)<br><sup>compression positive (-tr sigma / 3)</sup>"


def test_parity_parts_the_split_and_bars_the_test_part(tiny_run: TinyRun, description: Description) -> None:
    run = tiny_run[0]
    figure = parity(run, description, "stress")
    drawn = {trace.name: trace for trace in figure.data}
    both = description.present["stress"] & description.present["vdos"]
    for part in ("train", "validation", "test"):
        of_part = (description.specimens["part"] == part).to_numpy()
        name = {"train": "training part"}.get(part, f"{part} part")
        assert len(drawn[name].x) == (both & of_part).sum()
    test = drawn["test part"]
    assert test.error_y.visible
    assert not drawn["training part"].error_y.visible
    by_id = {each.specimen: each for each in description.predictions["stress"].itertuples()}
    for x, y, half, told in zip(test.x, test.y, test.error_y.array, test.hovertext, strict=True):
        each = by_id[told.split("<b>")[1].split("</b>")[0]]
        assert y == pytest.approx(each.mean, rel=1e-6)
        assert y + half == pytest.approx(each.high, rel=1e-5)
        assert x == pytest.approx(
            description.specimens.set_index("specimen").loc[each.specimen, "measured_stress"], rel=1e-6
        )
        assert "from vdos" in told
        assert "GPa" in told
    assert "measured stress (GPa)" in figure.layout.xaxis.title.text
    assert "compression positive" in figure.layout.yaxis.title.text


def test_examples_are_best_median_and_worst_of_the_test_part(tiny_run: TinyRun, description: Description) -> None:
    run = tiny_run[0]
    examples = description.examples["vdos"]
    assert [each.rank for each in examples] == ["best", "median", "worst"]
    assert [each.rmse for each in examples] == sorted(each.rmse for each in examples)
    assert all(run.parts[each.prediction.specimen] == "test" for each in examples)
    assert all("vdos" not in each.prediction.given for each in examples)
    table = description.predictions["vdos"]
    assert set(table["part"]) == {"test"}
    errors = sorted(table["rmse"])
    assert [each.rmse for each in examples] == [errors[0], errors[(len(errors) - 1) // 2], errors[-1]]
    figure = curve_examples(run, examples, "vdos")
    measured = [trace for trace in figure.data if trace.name == "measured"]
    for each, trace in zip(examples, measured, strict=True):
        np.testing.assert_allclose(trace.y, each.measured, rtol=1e-6)
        assert "1/THz" in figure.layout.annotations[examples.index(each)].text


def test_training_curves_have_a_line_per_member_and_panel(tiny_run: TinyRun) -> None:
    run = tiny_run[0]
    figure = training_curves(run)
    assert len(figure.data) == 3 * len(run.info.seeds)
    shown = [trace for trace in figure.data if "shown on this page" in trace.name]
    expected = [record.validation[run.info.map_member] for record in run.history]
    np.testing.assert_allclose(shown[0].y, expected, rtol=1e-6)
    without = replace(run, history=tuple(msgspec.structs.replace(each, validation=[]) for each in run.history))
    assert len(training_curves(without).data) == 2 * len(run.info.seeds)


def test_thinning_keeps_peaks_and_ends() -> None:
    curve = np.zeros(10_000)
    curve[[1234, 8765]] = 5.0, -3.0
    kept = thin_curve(curve)
    assert len(kept) <= 400
    assert {0, 1234, 8765, 9999} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()
    np.testing.assert_array_equal(thin_curve(curve[:400]), np.arange(400))
    assert len(set(thin_rows(9999, 100).tolist())) == 100


def test_metadata_that_tell_nothing_apart_are_left_out(description: Description) -> None:
    table = description.specimens.assign(metadata_same=1, metadata_note=description.specimens["specimen"])
    assert metadata_columns(table) == ["operator", "route", "temperature"]


def test_many_categories_share_the_last_colour(tiny_run: TinyRun, description: Description) -> None:
    many = description.specimens.assign(metadata_many=[f"k{row % 40}" for row in range(len(description.specimens))])
    choice = colourings(tiny_run[0], replace(description, specimens=many))[-1]
    assert choice.label == "many"
    assert [name for name, _ in choice.categories][-1] == f"{40 - len(PALETTE)} others"
    assert len(set(choice.colours)) == len(PALETTE) + 1


def test_labels_hold_no_markup() -> None:
    assert escape("<b>a</b> & b\nc") == "&lt;b&gt;a&lt;/b&gt; &amp; b c"
    assert len(escape("x" * 500)) == 60


def test_shares_are_not_rounded_to_nothing_or_all() -> None:
    told = [percent(share).replace("\u00a0", "") for share in (0, 0.001, 0.5, 0.999, 1)]
    assert told == ["0%", "<1%", "50%", ">99%", "100%"]
