"""What is hidden or corrupted: exactly as much as was said, where it was said, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_mnist import fill

from fingerprint.experiments.damage import Damage, mnist_lines_store
from fingerprint.generators.mnist_lines import T
from fingerprint.store import Store

Damaged = Callable[[Damage], Store]
ALL = 300


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fill(tmp_path_factory.mktemp("original"))


@pytest.fixture
def damaged(original: Store, tmp_path: Path) -> Damaged:
    """The store with a damage, made from a copy of the original."""
    shutil.copytree(Path(original.path).parent, tmp_path / "stores")

    def made(damage: Damage) -> Store:
        return mnist_lines_store(tmp_path, None, damage)

    return made


def held(store: Store, name: str) -> dict[str, np.ndarray]:
    (block,) = store.read(name).blocks
    return dict(zip(block.specimens, block.values, strict=True))


def in_part(store: Store, part: str) -> set[str]:
    return {specimen for specimen, row in store.specimens().items() if row["part"] == part}


def test_without_damage_it_is_the_whole_store(damaged: Damaged, original: Store) -> None:
    for damage in (Damage(), Damage({"line": 0.0}), Damage(seed=3)):
        assert damage.name == "whole"
        assert Path(damaged(damage).path).name == "whole"
    assert held(damaged(Damage()), "line").keys() == held(original, "line").keys()


@pytest.mark.parametrize("hidden", [{"line": 0.5}, {"image": 0.25}, {"image": 0.3, "line": 0.7}, {"line": 1 / 3}])
def test_exactly_the_share_of_the_training_part_is_hidden(
    hidden: dict[str, float], damaged: Damaged, original: Store
) -> None:
    store = damaged(Damage(hidden))
    training = in_part(original, "train")
    gone = {name: held(original, name).keys() - held(store, name).keys() for name in ("image", "line")}
    for name, missing in gone.items():
        assert len(missing) == round(hidden.get(name, 0) * len(training))
        assert missing <= training
    assert not gone["image"] & gone["line"]
    assert store.specimens() == original.specimens()


def test_what_is_not_hidden_is_as_it_was(damaged: Damaged, original: Store) -> None:
    store = damaged(Damage({"image": 0.2, "line": 0.2}))
    for name in ("image", "line"):
        before, after = held(original, name), held(store, name)
        for specimen, values in after.items():
            np.testing.assert_array_equal(values, before[specimen])
        assert store.modalities()[name] == original.modalities()[name]
    np.testing.assert_array_equal(store.read("line").blocks[0].axis, T)


@pytest.mark.parametrize("share", [0.2, 0.333])
def test_exactly_the_share_of_lines_has_another_digits_slope_and_metadata_say_which(
    share: float, damaged: Damaged, original: Store
) -> None:
    store = damaged(Damage(corrupted=share))
    before, after, facts = held(original, "line"), held(store, "line"), store.specimens()
    told = {specimen for specimen, row in facts.items() if row["corrupted"]}
    assert len(told) == round(share * ALL)
    assert {facts[specimen]["part"] for specimen in told} == {"train", "validation", "test"}
    for specimen, values in after.items():
        change = (values - before[specimen]) @ T / (T @ T)
        if specimen not in told:
            np.testing.assert_array_equal(values, before[specimen])
            continue
        np.testing.assert_allclose(values - before[specimen], round(change) * T, atol=1e-5)
        digit = int(str(facts[specimen]["digit"]))
        assert round(change) != 0
        assert 0 <= digit + round(change) <= 9
    assert {each: row["digit"] for each, row in facts.items()} == {
        each: row["digit"] for each, row in original.specimens().items()
    }
    images = held(original, "image")
    for specimen, values in held(store, "image").items():
        np.testing.assert_array_equal(values, images[specimen])


def test_stores_are_named_by_what_was_done() -> None:
    assert Damage({"line": 0.5}).name == "line-hidden-0.5"
    assert Damage({"line": 0.25, "image": 0.5}).name == "image-hidden-0.5-line-hidden-0.25"
    assert Damage(corrupted=0.2).name == "line-corrupted-0.2"
    assert Damage({"image": 0.1}, 0.2, 3).name == "image-hidden-0.1-line-corrupted-0.2-seed-3"


def test_the_choice_follows_from_the_seed_and_a_store_is_made_once(damaged: Damaged) -> None:
    first = damaged(Damage({"line": 0.5}))
    chosen, state = held(first, "line").keys(), first.snapshot()
    again = damaged(Damage({"line": 0.5}))
    assert (again.path, again.snapshot()) == (first.path, state)
    other = damaged(Damage({"line": 0.5}, seed=1))
    assert other.path != first.path
    assert held(other, "line").keys() != chosen


@pytest.mark.parametrize("hidden", [{"spectrum": 0.5}, {"line": 1.5}, {"line": -0.1}, {"line": 0.6, "image": 0.6}])
def test_what_cannot_be_hidden_is_refused(hidden: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="hidden"):
        Damage(hidden)
