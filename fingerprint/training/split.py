"""Which specimen is for training, validation or test: a hash of its id, so that it never changes sides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from enum import StrEnum

from fingerprint.errors import RecipeError

TEST_BELOW = 0.10
VALIDATION_BELOW = 0.19


class Part(StrEnum):
    """The three parts of a split."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def split_part(group: str, split_seed: int) -> Part:
    """The part of a group of specimens: 81 % train, 9 % validation, 10 % test.

    u = blake2b("{split_seed}:{group}", 8 bytes, big-endian) / 2^64; test below 0.10, validation below 0.19.

    Args:
        group: the specimen id, or the value of the column that keeps specimens together.
        split_seed: names the split.
    """
    digest = hashlib.blake2b(f"{split_seed}:{group}".encode(), digest_size=8).digest()
    u = int.from_bytes(digest, "big") / 2**64
    if u < TEST_BELOW:
        return Part.TEST
    return Part.VALIDATION if u < VALIDATION_BELOW else Part.TRAIN


def named_parts(column: str, values: Mapping[str, str], specimens: Iterable[str]) -> dict[str, Part]:
    """The parts that a metadata column names.

    Args:
        column: its name, for the error.
        values: the column, by specimen.
        specimens: their ids.

    Raises:
        RecipeError: a specimen has no value, or one that is no part.
    """
    known = [str(part) for part in Part]
    parts: dict[str, Part] = {}
    for specimen in specimens:
        value = values.get(specimen)
        if value not in known:
            raise RecipeError(
                f"specimen {specimen!r} has {'no value' if value is None else repr(value)} in the column {column!r}",
                where="training.split",
                expected=f"One of {', '.join(known)} for every specimen.",
            )
        parts[specimen] = Part(value)
    return parts


def split(specimens: Iterable[str], split_seed: int, groups: Mapping[str, str] | None = None) -> dict[str, Part]:
    """The part of every specimen.

    Args:
        specimens: their ids.
        split_seed: names the split.
        groups: what keeps specimens together, by id; the id itself where absent.
    """
    groups = groups or {}
    return {specimen: split_part(groups.get(specimen, specimen), split_seed) for specimen in specimens}
