"""docs/laws.md: every shipped law with its parameters, and recipes that can be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from law_cases import CASES, Case, component

from fingerprint.experts import Domain, build_expert
from fingerprint.recipe import RegisteredExpert

PAGE = (Path(__file__).parents[3] / "docs" / "laws.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", [case for case in CASES if case.law not in ("formula", "ode")], ids=str)
def test_the_page_names_every_law_with_its_parameters_and_options(case: Case) -> None:
    (row,) = re.findall(rf"^\| `{case.law}` \|.*$", PAGE, re.MULTILINE)
    told = row if case.law != "peaks" else PAGE
    for name in case.expert().names:
        first = re.sub(r"\d+$", "1", name) if case.law != "polynomial" else re.sub(r"\d+$", "0", name)
        assert f"`{first}`" in told or f'"{first}"' in told, name
    for option in case.options:
        assert re.search(rf"`{option}`|\b{option} = ", told), option


@pytest.mark.parametrize("block", re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
def test_the_recipes_of_the_page_are_recipes(block: str) -> None:
    decoder = msgspec.convert(tomllib.loads(block)["decoder"], RegisteredExpert)
    unit, t_unit = ("J/(mol K)", "K") if "heat" in decoder.name else ("1/THz", "THz")
    expert = build_expert(decoder.name, Domain((component(CASES[0].axis(), t_unit, unit),)), decoder.options)
    assert set(decoder.along_z) <= set(expert.names)
