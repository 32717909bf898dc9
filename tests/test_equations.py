"""Every equation that the code claims has a test that claims it too.

The code tags with `[Eq. n]`, also `[Eq. 4, Eq. 5, section 2.5]`; a test that shows it says so in its docstring.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import fingerprint
import fingerprint.model

TAG = re.compile(r"\[[^\[\]\n]*\bEq\. \d+[^\[\]\n]*\]")
PACKAGE = Path(fingerprint.__file__).parent
TESTS = Path(__file__).parent


def equations(text: str) -> set[int]:
    """The numbers of all equations that are tagged in a text."""
    return {int(number) for tag in TAG.findall(text) for number in re.findall(r"Eq\. (\d+)", tag)}


def docstrings_of_tests() -> Iterator[str]:
    """Of every test function."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield ast.get_docstring(node) or ""


def test_every_tagged_equation_has_a_test_that_names_it() -> None:
    tagged = {path: equations(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    claimed = set().union(*tagged.values())
    shown = set().union(*(equations(docstring) for docstring in docstrings_of_tests()))
    missing = {
        f"Eq. {number}": [str(path.relative_to(PACKAGE)) for path, numbers in tagged.items() if number in numbers]
        for number in sorted(claimed - shown)
    }
    assert not missing, f"tagged in the code, but named by no test: {missing}"
    assert claimed >= {1, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19}


def test_every_equation_of_the_symbol_table_is_tagged_where_it_is_computed() -> None:
    table = [line for line in (fingerprint.model.__doc__ or "").splitlines() if line.startswith("| $")]
    listed = {
        int(number) for line in table for number in re.findall(r"\d+", line.rsplit("|", 2)[1].split("section")[0])
    }
    claimed = set().union(*(equations(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")))
    assert listed - claimed <= {2}, "Eq. 2 is the factorisation that all of them stand on"


def test_tags_are_found_in_every_form() -> None:
    assert equations("a [Eq. 5, section 2.5] and [Eq. 4, Eq. 31] but not Eq. 9 or [section 3]") == {4, 5, 31}
