"""How the tests of commands read what a command says."""

from __future__ import annotations

import json
import math
from typing import Any

ESCAPE = "\x1b"


def document(code: int, out: str) -> dict[str, Any]:
    """The one JSON document on stdout of a command that exits with `code`."""
    found = json.loads(out, parse_constant=_no_constant)
    assert isinstance(found, dict)
    assert found["schema_version"] == 1
    assert ("error" in found) is (code == 1 and "refused" not in found)
    return found


def error(code: int, out: str) -> dict[str, str]:
    """The refusal on stdout of a command with --json."""
    assert code == 1
    refusal = document(code, out)["error"]
    assert set(refusal) == {"what", "where", "expected", "next"}
    assert refusal["what"]
    return refusal


def _no_constant(text: str) -> float:
    raise AssertionError(f"{text} in JSON: {math.nan}")
