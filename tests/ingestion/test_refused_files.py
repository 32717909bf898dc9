"""A file that is refused has no say in others, and is named."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from fingerprint.errors import ReadError
from fingerprint.ingestion import ingest
from fingerprint.store import open_store

IMAGES = '[modalities.map]\nkind = "image"\nfiles = "*.h5"\nvalues = "map"\nspecimens = "ids"\n'
GROUPS = '[modalities.strength]\nkind = "scalar"\nfiles = "*.h5"\nvalues = "*/y"\nspecimens = "*/ids"\n'


def test_a_refused_file_does_not_set_the_size_of_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fingerprint.ingestion.hdf5_array.PIECE_BYTES", 64)
    (tmp_path / "dataset.toml").write_text(IMAGES)
    for name, side in (("a", 3), ("b", 4), ("c", 4), ("d", 5)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            maps = np.ones((3, side, side))
            maps[-1, -1, -1] = np.nan if name == "a" else 1.0
            file["ids"], file["map"] = [f"{name}{row}" for row in range(3)], maps
    report = ingest(tmp_path, tmp_path / "store", skip_bad=True)
    assert [Path(each.file).name for each in report.refused] == ["a.h5", "d.h5"]
    assert "those before 4 x 4" in report.refused[1].reason
    assert len(open_store(tmp_path / "store").read("map")) == 6


def test_an_id_in_two_groups_of_a_file_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "dataset.toml").write_text(GROUPS)
    for name, ids in (("a", ("s1", "s1")), ("b", ("s2", "s3"))):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            for group, specimen in zip("gh", ids, strict=True):
                file[f"{group}/ids"], file[f"{group}/y"] = [specimen, f"{specimen}{group}"], [1.0, 2.0]
    with pytest.raises(ReadError, match="specimen 's1' stands in it twice") as refusal:
        ingest(tmp_path, tmp_path / "store", dry_run=True)
    assert refusal.value.where == str(tmp_path / "a.h5")
    report = ingest(tmp_path, tmp_path / "store", skip_bad=True)
    assert [Path(each.file).name for each in report.refused] == ["a.h5"]
    assert sorted(open_store(tmp_path / "store").read("strength").specimens) == ["s2", "s2g", "s3", "s3h"]
