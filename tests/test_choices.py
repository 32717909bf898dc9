"""The words that a key of a TOML file can be are told where another was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingerprint.choices import choices
from fingerprint.errors import DatasetError, RecipeError
from fingerprint.ingestion import load_dataset
from fingerprint.ingestion.dataset import ModalitySpec
from fingerprint.recipe import ModalityRecipe, Recipe, parse_recipe


@pytest.mark.parametrize(
    ("kind", "place", "words"),
    [
        (ModalitySpec, "kind", ("scalar", "spectrum", "series", "image")),
        (ModalitySpec, "decimal", ("", ".", ",")),
        (ModalitySpec, "files", ()),
        (ModalitySpec, "nowhere", ()),
        (Recipe, "modalities.vdos.input.kind", ("grid", "basis")),
        (Recipe, "modalities.vdos.input.scale", ("one", "each")),
    ],
)
def test_the_words_of_a_key(kind: object, place: str, words: tuple[str, ...]) -> None:
    assert choices(kind, place) == words


def test_a_recipe_is_told_the_words() -> None:
    with pytest.raises(RecipeError, match=r"modalities\.v\.input\.kind: invalid value 'gird'") as refusal:
        parse_recipe('[modalities.v.input]\nkind = "gird"\n')
    assert refusal.value.expected == 'One of "grid", "basis".'


def test_a_dataset_is_told_the_words(tmp_path: Path) -> None:
    (tmp_path / "dataset.toml").write_text('[modalities.v]\nkind = "spectra"\nfiles = "*.csv"\n')
    with pytest.raises(DatasetError, match="Invalid enum value 'spectra'") as refusal:
        load_dataset(tmp_path / "dataset.toml")
    assert refusal.value.expected == 'kind is one of "scalar", "spectrum", "series", "image".'


def test_words_of_a_step_in_a_list_are_told() -> None:
    assert "airpls" in choices(ModalityRecipe, "preprocess[0].method")
    assert {"snv", "msc", "log"} <= set(choices(ModalityRecipe, "preprocess[3].kind"))
