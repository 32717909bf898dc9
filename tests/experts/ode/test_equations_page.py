"""docs/equations.md: its recipes are recipes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fingerprint.experts import Component, Domain, build_expert
from fingerprint.recipe import ExpertComponent, RegisteredExpert

PAGE = (Path(__file__).parents[3] / "docs" / "equations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_recipes_of_the_page_build_their_laws(block: str) -> None:
    content = tomllib.loads(block)
    chosen = [each["decoder"] for each in content.get("modalities", {"measured": content}).values()]
    decoder, *others = (msgspec.convert(each, RegisteredExpert | ExpertComponent) for each in chosen)
    assert isinstance(decoder, RegisteredExpert)
    assert len(others) == max(0, len(decoder.components) - 1)
    names = decoder.components or ("measured",)
    law = build_expert(
        decoder.name, Domain(tuple(Component(name, np.linspace(0, 1, 9)) for name in names)), decoder.options
    )
    assert {*decoder.shared, *decoder.bounds} <= set(law.names)


def test_there_are_recipes() -> None:
    assert len(BLOCKS) == 4
