"""Whether two trainings learned the same."""

from __future__ import annotations

from pathlib import Path

LEARNED = ("model.safetensors", "history.json", "calibration.json", "metrics.json", "split.json", "recipe.toml")


def assert_same_run(first: Path, second: Path) -> None:
    """To the last byte of everything that is kept."""
    for name in LEARNED:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
