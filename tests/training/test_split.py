"""The split is the hash that scripts may compute for themselves."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_factors import TwoFactors

from fingerprint.errors import RecipeError
from fingerprint.recipe import load_recipe
from fingerprint.store import Store, open_store
from fingerprint.training import Part, split
from fingerprint.training.data import read_measured
from fingerprint.training.split import named_parts


def promised(group: str, split_seed: int) -> str:
    """The formula of the contract in integers: test below 0.10, validation below 0.19 of 2^64."""
    number = int(blake2b(f"{split_seed}:{group}".encode(), digest_size=8).hexdigest(), 16)
    if 100 * number < 10 * 2**64:
        return "test"
    return "validation" if 100 * number < 19 * 2**64 else "train"


@given(st.text(max_size=20), st.integers(0, 2**40))
@settings(max_examples=300, deadline=None)
def test_the_part_is_the_promised_hash(specimen: str, split_seed: int) -> None:
    assert split([specimen], split_seed)[specimen] == promised(specimen, split_seed)


def test_proportions_and_independence_of_seeds() -> None:
    specimens = [f"si-{number:05}" for number in range(20_000)]
    first, second = split(specimens, 0), split(specimens, 1)
    for parts in (first, second):
        counts = Counter(parts.values())
        for part, share in ((Part.TEST, 0.10), (Part.VALIDATION, 0.09), (Part.TRAIN, 0.81)):
            deviation = (20_000 * share * (1 - share)) ** 0.5
            assert abs(counts[part] - 20_000 * share) < 4 * deviation
    both = sum(first[each] is Part.TEST and second[each] is Part.TEST for each in specimens)
    assert abs(both - 200) < 4 * 200**0.5


def test_a_specimen_keeps_its_part_whoever_joins() -> None:
    few = split(["a", "b", "c"], 3)
    many = split([*"zyxwvutabc"], 3)
    assert {each: many[each] for each in few} == few


def test_groups_stay_together() -> None:
    specimens = [f"s{number}" for number in range(500)]
    groups = {each: f"plate-{number // 5}" for number, each in enumerate(specimens)}
    parts = split(specimens, 7, groups)
    for each in specimens:
        assert parts[each] == promised(groups[each], 7)
    alone = split(specimens, 7, {"s0": "plate-0"})
    assert alone["s1"] == promised("s1", 7)  # no group: its own id


def test_the_group_column_of_a_recipe(factor_store: Store) -> None:
    at = factor_store.snapshot()
    parts = read_measured(factor_store, load_recipe(group="plate"), ["stress"], at).parts
    plates = {each: str(row["plate"]) for each, row in factor_store.specimens().items()}
    assert all(parts[each] == promised(plates[each], 0) for each in parts)
    with pytest.raises(RecipeError, match="batch_number") as refused:
        read_measured(factor_store, load_recipe(group="batch_number"), ["stress"], at)
    assert "plate" in refused.value.expected


def test_parts_may_be_named_by_a_column() -> None:
    """Of the specimens that are asked for, and whatever their ids."""
    values = {"a": "train", "b": "validation", "c": "test", "d": "train", "other": "nothing"}
    parts = named_parts("part", values, ["d", "c", "b", "a"])
    assert parts == {"a": Part.TRAIN, "b": Part.VALIDATION, "c": Part.TEST, "d": Part.TRAIN}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"a": "train"}, "'b' has no value in the column 'part'"),
        ({"a": "train", "b": "Train"}, "'b' has 'Train' in the column 'part'"),
        ({"a": "", "b": "test"}, "'a' has '' in the column 'part'"),
    ],
)
def test_a_specimen_whose_part_is_not_named_is_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(RecipeError, match=said) as refused:
        named_parts("part", values, ["a", "b"])
    assert refused.value.where == "training.split"
    assert "train, validation, test" in refused.value.expected


def test_the_split_column_of_a_recipe(factor_data: TwoFactors, tmp_path: Path) -> None:
    """It goes before the hash, and before groups."""
    named = {each: ("train", "validation", "test")[row % 3] for row, each in enumerate(factor_data.ids)}
    store = open_store(tmp_path / "store", create=True)
    metadata = {each: {"part": named[each], "plate": "p", "label": "x"} for each in factor_data.ids}
    store.append([factor_data.raws["stress"]], metadata, "")
    parts = read_measured(store, load_recipe(split="part", group="plate"), ["stress"], store.snapshot()).parts
    assert parts == named
    with pytest.raises(RecipeError, match="in the column 'label'"):
        read_measured(store, load_recipe(split="label"), ["stress"], store.snapshot())
    with pytest.raises(RecipeError, match="colour") as refused:
        read_measured(store, load_recipe(split="colour"), ["stress"], store.snapshot())
    assert "part" in refused.value.expected
