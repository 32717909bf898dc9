"""Images on the page: one scale of greys, real specimens, prediction beside measurement; and who disagrees."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from image_and_line import NOT_IMAGED, SHAPE, SWAPPED

from fingerprint.fingerprints import Contradictions, Description, Example
from fingerprint.reporting.disagreements import disagreement_cards, disagreements
from fingerprint.reporting.image_examples import image_examples
from fingerprint.reporting.image_grid import Tile, grey_limits, image_grid
from fingerprint.reporting.image_profiles import image_limits, image_profiles
from fingerprint.reporting.page import render
from fingerprint.reporting.thinning import IMAGE_NUMBERS, IMAGE_SIDE, image_side, thin_image
from fingerprint.run import Run


def test_a_row_per_cluster_mean_sd_and_nearest(image_description: Description) -> None:
    figure = image_profiles(image_description.fingerprints, "image")
    assert figure is not None
    traces = iter(figure.data)
    for each in image_description.fingerprints:
        profile = each.profiles["image"]
        mean, sd = next(traces), next(traces)
        np.testing.assert_allclose(mean.z, profile.mean, rtol=1e-6)
        np.testing.assert_allclose(sd.z, profile.sd, rtol=1e-6)
        assert (mean.coloraxis, sd.coloraxis) == ("coloraxis", "coloraxis2")
        for specimen, image in zip(each.nearest, profile.nearest, strict=True):
            if specimen not in NOT_IMAGED:
                trace = next(traces)
                np.testing.assert_allclose(trace.z, image, rtol=1e-6)
                assert f"<b>{specimen}</b>" in trace.hovertemplate
                assert trace.coloraxis == "coloraxis"
    assert next(traces, None) is None
    assert [f"cluster {index}" in row for index, row in enumerate(figure.layout.yaxis.ticktext)] == [True] * 3
    assert "counts" in figure.layout.coloraxis.colorbar.title.text


def test_the_greys_are_those_of_the_measured_images(image_description: Description) -> None:
    low, high = image_limits(image_description.fingerprints, "image")
    nearest = np.concatenate([each.profiles["image"].nearest for each in image_description.fingerprints])
    assert np.nanmin(nearest) <= low < high <= np.nanmax(nearest)
    figure = image_profiles(image_description.fingerprints, "image")
    assert figure is not None
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (low, high)
    assert figure.layout.coloraxis2.cmin == 0
    hot = np.zeros((100, 100))
    hot[0, 0], hot[50:] = 1e9, 1.0
    assert grey_limits([hot]) == (0.0, 1.0)
    assert grey_limits([np.full((2, 2), np.nan)]) == (0.0, 1.0)
    low, high = grey_limits([np.full((2, 2), 7.0)])
    assert low < 7 < high


def test_images_do_not_overlap_and_rows_run_down(image_description: Description) -> None:
    figure = image_profiles(image_description.fingerprints, "image")
    assert figure is not None
    bottom, top = figure.layout.yaxis.range
    assert bottom > top
    boxes = [
        (trace.x0 - 0.5, trace.y0 - 0.5, trace.x0 - 0.5 + trace.z.shape[1], trace.y0 - 0.5 + trace.z.shape[0])
        for trace in figure.data
    ]
    for number, (left, high, right, low) in enumerate(boxes):
        for other in boxes[:number]:
            assert right <= other[0] or other[2] <= left or low <= other[1] or other[3] <= high
    assert min(min(box) for box in boxes) > 0
    assert max(box[2] for box in boxes) < figure.layout.xaxis.range[1]
    assert max(box[3] for box in boxes) < bottom


def test_measured_predicted_and_error(image_run: Run, image_description: Description) -> None:
    examples = image_description.examples["image"]
    modality = image_run.preparations["image"].modality
    figure = image_examples(examples, modality, (900.0, 1300.0))
    assert len(figure.data) == 3 * len(examples)
    for column, each in enumerate(examples):
        measured, predicted, error = figure.data[3 * column : 3 * column + 3]
        np.testing.assert_allclose(measured.z, each.measured, rtol=1e-6)
        np.testing.assert_allclose(predicted.z, np.asarray(each.prediction.mean), rtol=1e-6)
        np.testing.assert_allclose(error.z, np.abs(np.asarray(each.prediction.mean) - each.measured), atol=1e-3)
        assert measured.coloraxis == predicted.coloraxis == "coloraxis"
        assert each.rank in figure.layout.xaxis.ticktext[column]
        assert "counts" in figure.layout.xaxis.ticktext[column]
    assert list(figure.layout.yaxis.ticktext) == ["measured", "predicted", "error"]


def test_what_the_data_call_things_is_no_markup(image_run: Run, image_description: Description) -> None:
    modality = replace(image_run.preparations["image"].modality, name="<img src=x>", unit="<b>")
    example: Example = image_description.examples["image"][0]
    figure = image_examples([example], modality, (0.0, 1.0))
    assert "<img" not in figure.to_json().replace("\\u003c", "<")


def test_large_images_are_drawn_as_means_of_blocks() -> None:
    image = np.arange(200.0 * 300).reshape(200, 300)
    small = thin_image(image, 100)
    assert small.shape == (66, 100)
    assert small[1, 2] == image[3:6, 6:9].mean()
    assert thin_image(image[:90, :96]).shape == (90, 96)
    assert thin_image(np.ones((2, 500)), 50).shape == (1, 50)
    for count in (1, 70, 1000):
        assert count * image_side(count) ** 2 <= max(IMAGE_NUMBERS, count * 64)
    assert image_side(1) == IMAGE_SIDE
    figure = image_grid([Tile(0, 0, image, "a")], ["row"], ["column"], (0.0, 1.0), ("values", ""))
    assert figure.data[0].z.shape == (50, 75)


def test_many_large_images_keep_the_page_small(image_description: Description) -> None:
    """Thirty clusters of megapixel images add less than 4 MB."""
    random = np.random.default_rng(0)
    image = random.normal(size=(1000, 1000))
    first = image_description.fingerprints[0]
    large = replace(first.profiles["image"], mean=image, sd=image, nearest=np.broadcast_to(image, (5, 1000, 1000)))
    figure = image_profiles([replace(first, profiles={"image": large})] * 30, "image")
    assert figure is not None
    assert len(figure.to_json()) < 4e6


def test_thinned_images_are_said_to_be(image_run: Run, image_description: Description) -> None:
    preparation = replace(image_run.preparations["image"], shape=(200, 200))
    run = replace(image_run, preparations={**image_run.preparations, "image": preparation})
    fingerprints = [
        replace(each, profiles={**each.profiles, "image": replace(each.profiles["image"], mean=np.ones((200, 200)))})
        for each in image_description.fingerprints
    ]
    page = render(run, replace(image_description, fingerprints=tuple(fingerprints)))
    assert "Drawn with 66 × 66 of 200 × 200 points" in " ".join(page.split())


def test_a_cluster_without_images_has_no_row(image_description: Description) -> None:
    first, *others = image_description.fingerprints
    empty = replace(first, profiles={**first.profiles, "image": replace(first.profiles["image"], count=0)})
    figure = image_profiles((empty, *others), "image")
    assert figure is not None
    assert len(figure.layout.yaxis.ticktext) == 2
    assert image_profiles((empty,), "image") is None


def test_the_page_shows_images_and_lists_who_disagrees(image_page: Path) -> None:
    text = image_page.read_text(encoding="utf-8")
    words = " ".join(text.split())
    assert image_page.stat().st_size < 7e6
    assert "6 × 8" in words
    assert "the whole image" in words
    assert "not drawn" not in words
    assert "of those that it covers" not in words
    figures = text.count("data-figure=")
    assert figures == 1 + 1 + 1 + 1 + 3 + 1  # map, line, image, dose; three targets; training
    assert "Specimens whose modalities disagree" in words
    listed = [specimen for specimen in SWAPPED if f"<tr><th>{specimen}</th>" in words]
    assert listed
    assert "from image alone" in words
    for part in text.split('<script type="application/json"')[1:]:
        json.loads(part.split(">", 1)[1].split("</script>")[0])


def test_disagreements_in_words(image_run: Run, image_description: Description) -> None:
    found = image_description.contradictions
    assert found is not None
    told = disagreements(found)
    assert told is not None
    (card,) = disagreement_cards(told)
    assert f"{found.flagged} of 180) are flagged" in card.note
    assert not told.are_many
    assert told.rows[0].specimen in SWAPPED
    assert all(len(row.cells) == len(told.names) == 3 for row in told.rows)
    crowd = disagreements(replace(found, share=0.3))
    assert crowd is not None
    page = render(image_run, replace(image_description, contradictions=replace(found, share=0.3)))
    assert crowd.are_many
    assert f"with two modalities or more ({card.value}) are flagged" in page
    assert f"estimated as about {crowd.share}, so many that the model is likely to misread" in page
    assert "That is not the share that is flagged" in page
    assert disagreements(None) is None
    assert disagreement_cards(None) == []
    page = render(image_run, replace(image_description, contradictions=None))
    assert "whose modalities disagree" not in page
    none = disagreements(Contradictions(180, 0.0, 0, ()))
    assert none is not None
    assert disagreement_cards(none)[0].value.startswith("0")


@pytest.mark.parametrize("shape", [(28, 28), SHAPE, (5, 40), (40, 5), (1, 1)])
def test_every_shape_of_image_fits_its_tile(shape: tuple[int, int]) -> None:
    tiles = [Tile(row, column, np.ones(shape), "") for row in range(2) for column in range(3)]
    figure = image_grid(tiles, ["a", "b"], ["c", "d", "e"], (0.0, 1.0), ("v", ""))
    across, down = figure.layout.xaxis.range[1], figure.layout.yaxis.range[0]
    assert across / 3 > max(shape)
    assert down / 2 > shape[0]
    assert figure.layout.height > 2 * 18
