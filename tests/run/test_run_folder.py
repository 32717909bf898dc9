"""A run is whole, or it is refused with its name and what to do."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from two_factors import TwoFactors

from fingerprint.errors import RunError
from fingerprint.files import write_bytes_atomically
from fingerprint.prediction import predict_raw
from fingerprint.run import (
    Run,
    all_runs,
    folder,
    load_run,
    locked,
    newest_run,
    newest_unfinished,
    read_info,
    write_end,
)

FILES = (
    "run.json",
    "recipe.toml",
    "split.json",
    "preparation.safetensors",
    "model.safetensors",
    "history.json",
    "calibration.json",
    "metrics.json",
)


@pytest.fixture
def copy(factor_run: Run, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the run under another name, with other entries in its run.json or recipe."""

    def make(name: str, modality: str = "stress", **entries: Any) -> Path:
        folder = tmp_path / "runs" / name
        shutil.copytree(factor_run.path, folder)
        content = msgspec.json.decode((folder / "run.json").read_bytes())
        (folder / "run.json").write_bytes(msgspec.json.encode(content | entries))
        recipe = folder / "recipe.toml"
        recipe.write_text(recipe.read_text().replace("[modalities.stress", f"[modalities.{modality}"))
        return folder

    return make


def test_a_folder_holds_what_the_docstring_says(factor_run: Run) -> None:
    assert sorted(each.name for each in factor_run.path.iterdir()) == sorted([*FILES, ".lock"])


def test_an_opened_run_is_what_was_trained(factor_run: Run, factor_data: TwoFactors) -> None:
    again = load_run(factor_run.path)
    assert (again.info, again.recipe, again.parts, again.history) == (
        factor_run.info,
        factor_run.recipe,
        factor_run.parts,
        factor_run.history,
    )
    assert (again.calibration, again.metrics) == (factor_run.calibration, factor_run.metrics)
    for key, value in factor_run.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[key])
    assert not again.model.training
    given = {"vdos": factor_data.raws["vdos"]}
    assert predict_raw(again, "stress", given) == predict_raw(factor_run, "stress", given)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_a_truncated_file_is_named(copy: Callable[..., Path], name: str, share: float) -> None:
    folder = copy("a")
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(RunError) as refused:
        load_run(folder)
    assert refused.value.where.startswith(str(folder))
    assert refused.value.next


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_or_garbage_is_named(copy: Callable[..., Path], name: str) -> None:
    folder = copy("a")
    (folder / name).write_bytes(b"\xff\x00 not what it was")
    with pytest.raises(RunError) as refused:
        load_run(folder)
    assert str(folder) in refused.value.where
    (folder / name).unlink()
    with pytest.raises(RunError) as refused:
        load_run(folder)
    assert str(folder) in refused.value.where


def test_an_older_format_is_refused_and_not_called_damaged(copy: Callable[..., Path]) -> None:
    folder = copy("a", format_version=1)
    for attempt in (read_info, load_run):
        with pytest.raises(RunError, match="format 1, from before") as refused:
            attempt(folder)
        assert "fingerprint train" in refused.value.next


def test_a_newer_format_is_refused_before_anything_else_is_read(copy: Callable[..., Path]) -> None:
    folder = copy("a", format_version=99, something_new=[1])
    (folder / "recipe.toml").write_text("unheard_of = true\n")
    for attempt in (read_info, load_run):
        with pytest.raises(RunError, match="format 99") as refused:
            attempt(folder)
        assert "Upgrade" in refused.value.next


def test_no_run_at_all(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such run"):
        load_run(tmp_path / "nothing")
    assert all_runs(tmp_path / "nothing") == []
    with pytest.raises(RunError, match="no completed run with stress") as refused:
        newest_run(tmp_path / "nothing", having=("stress",))
    assert "fingerprint train" in refused.value.next
    with pytest.raises(RunError, match="no unfinished run"):
        newest_unfinished(tmp_path)


def test_the_newest_completed_run_that_has_the_modality_is_meant(copy: Callable[..., Path], tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    copy("z-oldest", created="2026-01-01T00:00:00+00:00")
    middle = copy("m-middle", created="2026-02-01T00:00:00+00:00")
    other = copy("n-other", modality="density", created="2026-03-01T00:00:00+00:00")
    stopped = copy("b-stopped", status="interrupted", created="2026-04-01T00:00:00+00:00")
    written = copy("a-written", status="running", created="2026-05-01T00:00:00+00:00")
    (runs / "not-a-run").mkdir()
    (runs / "file").write_text("")
    assert [path.name[0] for _, path in all_runs(runs)] == ["z", "m", "n", "b", "a"]
    assert newest_run(runs) == other
    assert newest_run(runs, having=("stress",)) == middle
    assert newest_run(runs, having=("density",)) == other
    assert newest_unfinished(runs) == written
    with pytest.raises(RunError):
        newest_run(runs, having=("raman",))
    assert load_run(stopped).info.status == "interrupted"
    with pytest.raises(RunError, match="still being trained") as refused:
        load_run(written)
    assert refused.value.next == f"Finish it: fingerprint train --resume --out {written}."


def test_where_none_is_completed_the_unfinished_one_is_named(copy: Callable[..., Path], tmp_path: Path) -> None:
    path = copy("a", status="running")
    with pytest.raises(RunError, match="no completed run") as refused:
        newest_run(tmp_path / "runs", having=("stress",))
    assert f"--resume --out {path}" in refused.value.next


def test_an_end_that_is_cut_short_is_not_taken_for_a_run(
    copy: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """New weights beside old intervals would be wrong without a sign of it."""
    path = copy("a", status="interrupted")
    run = load_run(path)

    def full(target: Path, content: bytes) -> None:
        if target.name == "calibration.json":
            raise OSError(errno.ENOSPC, "full")
        write_bytes_atomically(target, content)

    monkeypatch.setattr(folder, "write_bytes_atomically", full)
    with pytest.raises(OSError, match="full"):
        write_end(path, run.info, run.model, list(run.history), run.calibration, run.metrics)
    with pytest.raises(RunError, match="killed"):
        load_run(path)
    monkeypatch.undo()
    write_end(path, run.info, run.model, list(run.history), run.calibration, run.metrics)
    assert load_run(path).info.status == "interrupted"


def test_a_run_that_cannot_be_read_does_not_stand_in_the_way_of_others(
    copy: Callable[..., Path], tmp_path: Path
) -> None:
    good = copy("good")
    (copy("damaged", created="2090-01-01T00:00:00+00:00") / "run.json").write_text("{")
    copy("newer", created="2091-01-01T00:00:00+00:00", format_version=99)
    (copy("torn", created="2092-01-01T00:00:00+00:00") / "recipe.toml").write_text("[")
    assert newest_run(tmp_path / "runs") == good
    with pytest.raises(RunError, match="no completed run") as refused:
        newest_run(tmp_path / "runs", having=("raman",))
    assert "The completed runs know: stress, vdos." in refused.value.expected
    assert "damaged, newer, torn" in refused.value.expected


def test_a_run_that_is_trained_or_has_diverged_is_not_gone_on_with(copy: Callable[..., Path], tmp_path: Path) -> None:
    older = copy("older", status="interrupted", created="2026-01-01T00:00:00+00:00")
    newer = copy("newer", status="running", created="2026-02-01T00:00:00+00:00")
    gone = copy("gone", status="diverged", created="2026-03-01T00:00:00+00:00")
    with pytest.raises(RunError, match="diverged"):
        load_run(gone)
    with locked(newer):
        assert newest_unfinished(tmp_path / "runs") == older
        with pytest.raises(RunError, match="being trained") as refused, locked(newer):
            pass
        assert refused.value.where == str(newer)
    assert newest_unfinished(tmp_path / "runs") == newer
