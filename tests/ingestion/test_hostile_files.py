"""A hundredth of benchmarks/hostile_files.py: hostile files are read or refused, and that the watch over it sees."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from sound_files import IDS, NUMBER, PACKAGED, SOUND, Sound

from fingerprint.errors import AmbiguousError
from fingerprint.ingestion.collecting import collect
from fingerprint.ingestion.formats import FORMATS, find_format
from fingerprint.ingestion.sources import find_sources

READERS = [each.name for each in FORMATS]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited and measured as Linux has it")


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    folder = str(Path(__file__).parents[2] / "benchmarks")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("hostile_files")


@pytest.mark.parametrize("sound", SOUND, ids=lambda sound: sound.name)
def test_what_is_damaged_was_sound(sound: Sound, tmp_path: Path) -> None:
    path = tmp_path / "si-1" / sound.name
    path.parent.mkdir()
    path.write_bytes(sound.make(IDS, NUMBER))
    family = find_format(path)
    assert family is not None
    if family.name in PACKAGED:
        pytest.skip("read with a package")
    try:
        assert collect(find_sources([path.parent])[0], None).modalities
    except AmbiguousError as error:
        (path.parent / "dataset.toml").write_text(error.proposal)
        assert collect(find_sources([path.parent])[0], None).modalities


def test_hostile_files_are_read_or_refused(bench: ModuleType) -> None:
    found = bench.answers(READERS, 26, workers=2)
    assert len(found) == 26 * len(READERS)
    assert bench.failures(found) == []
    assert {answer.reader for answer in found if answer.outcome == "read"} == {*READERS} - {*PACKAGED}


def test_what_must_not_happen_is_noticed(bench: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SECONDS", 1.0)
    expected = [outcome for outcome, _ in bench.PROBES]
    assert [answer.outcome for answer in bench.answers([bench.PROBE], len(expected), workers=2)] == expected
