"""A hundredth of benchmarks/ingest_kills.py: `fingerprint ingest`, killed while it writes. More is in tests/store."""

from __future__ import annotations

import importlib
import random
from pathlib import Path

import pytest


def test_an_ingest_that_is_killed_stores_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    bench = importlib.import_module("ingest_kills")
    (kill,) = bench.kills(tmp_path, 1, 20, random.Random(0))
    assert kill.whole
    assert kill.completed
