"""From four published files to a folder for `ingest`: checked, whole, and no byte fetched twice."""

from __future__ import annotations

import errno
from pathlib import Path

import h5py
import numpy as np
import pytest
from published_mnist import NAMES, TABLES, TEST_DIGITS, TRAIN_DIGITS, serving, write_published

from fingerprint.errors import DiskError, FingerprintError
from fingerprint.generators.mnist import dataset
from fingerprint.generators.mnist.fetch import downloaded
from fingerprint.generators.mnist_lines import T, lines, make
from fingerprint.ingestion import ingest
from fingerprint.store import open_store

NOWHERE = "http://127.0.0.1:9/"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return write_published(tmp_path / "source", monkeypatch)


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def test_the_folder_holds_the_files_as_published_and_what_is_made_of_them(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "a" / "mnist_lines"
    paths = make(out, source, seed=2)
    assert paths == tuple(out / name for name in (*NAMES, *TABLES))
    assert {name: held(out)[name] for name in NAMES} == held(source)
    assert set(held(out)) == {*NAMES, *TABLES}
    with h5py.File(out / "lines.h5") as file:
        digits = np.concatenate([TRAIN_DIGITS, TEST_DIGITS])
        np.testing.assert_array_equal(file["line"][:], lines(digits, seed=2))
        np.testing.assert_array_equal(file["t"][:], T)
        assert (file["line"].dtype, file.attrs["seed"]) == (np.float32, 2)
    assert (out / "specimens.csv").read_text().splitlines() == [
        "specimen,digit,part",
        *("train-00000,5,train", "train-00001,0,train", "train-00002,4,train", "train-00003,1,train"),
        *("train-00004,9,train", "train-00005,2,validation", "train-00006,1,validation"),
        *("t10k-00000,7,test", "t10k-00001,2,test", "t10k-00002,1,test"),
    ]
    assert len((out / "dataset.toml").read_text().splitlines()) <= 25


def test_it_is_ingested_as_it_stands(source: Path, tmp_path: Path) -> None:
    make(tmp_path / "out", source)
    report = ingest(tmp_path / "out", tmp_path / "store")
    assert {name: (each.read, each.missing) for name, each in report.modalities.items()} == {
        "image": (10, 0),
        "line": (10, 0),
    }
    assert {Path(each.file).name for each in report.ignored} == {NAMES[1], NAMES[3]}
    store = open_store(tmp_path / "store")
    images, curves = (
        dict(zip(raw.specimens, raw.blocks[0].values, strict=True)) for raw in map(store.read, ("image", "line"))
    )
    for specimen, facts in store.specimens().items():
        digit = facts["digit"]
        assert isinstance(digit, int)
        assert (images[specimen] == digit).all()
        assert curves[specimen] @ T / (T @ T) == pytest.approx(digit, abs=0.25)


def test_another_seed_makes_other_lines_of_the_same_folder(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(out, source)
    before = held(out)
    make(out, source)
    assert held(out) == before
    make(out, source, seed=1)
    assert [name for name, content in held(out).items() if content != before[name]] == ["lines.h5"]


def test_progress_counts_the_bytes(source: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    total = sum(map(len, held(source).values()))
    make(tmp_path / "out", source, on_progress=lambda *now: seen.append(now))
    assert (seen[0], seen[-1], len(seen)) == ((0, total), (total, total), 5)
    with serving(source) as (address, _):
        make(tmp_path / "more", mirrors=[address], on_progress=lambda *now: seen.append(now))
    counts = [done for done, _ in seen[5:]]
    assert (counts[0], counts[-1]) == (0, total)
    assert counts == sorted(counts)


def test_download_gives_what_the_folder_gives(source: Path, tmp_path: Path) -> None:
    make(tmp_path / "copied", source)
    with serving(source) as (address, asked):
        make(tmp_path / "loaded", mirrors=[address])
    assert asked == list(NAMES)
    assert held(tmp_path / "loaded") == held(tmp_path / "copied")


def test_what_is_there_is_not_fetched_again(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in NAMES[:3]:
        (out / name).write_bytes((source / name).read_bytes())
    with serving(source) as (address, asked):
        make(out, mirrors=[address])
        assert asked == [NAMES[3]]
        make(out, mirrors=[address])
        assert asked == [NAMES[3]]
    make(out, mirrors=[NOWHERE])


def test_after_a_failure_the_same_call_goes_on(source: Path, tmp_path: Path) -> None:
    out, last = tmp_path / "out", (source / NAMES[3]).read_bytes()
    (source / NAMES[3]).unlink()
    with serving(source) as (address, asked):
        with pytest.raises(FingerprintError, match=f"{NAMES[3]} cannot be downloaded") as error:
            make(out, mirrors=[address])
        assert f"{address}: HTTP status 404" in error.value.expected
        assert "--source" in error.value.next
        assert not out.exists()
        assert set(held(tmp_path / ".out.parts")) == set(NAMES[:3])
        (source / NAMES[3]).write_bytes(last)
        make(out, mirrors=[address])
        assert asked == [*NAMES, NAMES[3]]
    assert set(held(out)) == {*NAMES, *TABLES}
    assert not (tmp_path / ".out.parts").exists()


def test_a_failure_leaves_the_folder_as_it_was(source: Path, tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.mkdir()
    (old / "notes.txt").write_text("mine")
    (old / NAMES[0]).write_bytes((source / NAMES[0]).read_bytes())
    before, right = held(old), (source / NAMES[3]).read_bytes()
    (source / NAMES[3]).write_bytes(b"wrong")
    everything = sorted(tmp_path.rglob("*"))
    for out in (new, old):
        with pytest.raises(FingerprintError, match="not the file that was published"):
            make(out, source)
    assert held(old) == before
    assert sorted(tmp_path.rglob("*")) == everything
    (source / NAMES[3]).write_bytes(right)
    make(old, source)
    assert set(held(old)) == {"notes.txt", *NAMES, *TABLES}


def test_what_a_killed_fetch_left_half_written_is_no_part_of_the_data_set(source: Path, tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.mkdir()
    for waiting in (tmp_path / ".new.parts", old / ".parts"):
        waiting.mkdir()
        (waiting / f".{NAMES[1]}x7.tmp").write_bytes(b"half")
    for out in (new, old):
        make(out, source)
        assert set(held(out)) == {*NAMES, *TABLES}
    assert not (tmp_path / ".new.parts").exists()


def test_a_source_that_fails_takes_no_finished_downloads_with_it(source: Path, tmp_path: Path) -> None:
    out, last = tmp_path / "out", (source / NAMES[3]).read_bytes()
    (source / NAMES[3]).unlink()
    with serving(source) as (address, _), pytest.raises(FingerprintError):
        make(out, mirrors=[address])
    (source / NAMES[3]).write_bytes(b"wrong")
    with pytest.raises(FingerprintError):
        make(out, source)
    assert set(held(tmp_path / ".out.parts")) == set(NAMES[:3])
    (source / NAMES[3]).write_bytes(last)
    with serving(source) as (address, asked):
        make(out, mirrors=[address])
    assert asked == [NAMES[3]]


def test_a_second_mirror_serves_when_the_first_fails_or_lies(source: Path, tmp_path: Path) -> None:
    lying = tmp_path / "lying"
    lying.mkdir()
    for name in NAMES:
        (lying / name).write_bytes(b"<html>please log in</html>")
    with serving(lying) as (liar, _), serving(source) as (honest, _):
        make(tmp_path / "out", mirrors=[NOWHERE, liar, honest])
        with pytest.raises(FingerprintError) as error:
            make(tmp_path / "more", mirrors=[NOWHERE, liar])
    assert "it has 26 bytes, not" in error.value.expected
    assert NOWHERE in error.value.expected
    assert not (tmp_path / "more").exists()
    assert {name: held(tmp_path / "out")[name] for name in NAMES} == held(source)


@pytest.mark.parametrize("change", ["flipped", "longer", "shorter"])
def test_other_bytes_are_never_kept(change: str, source: Path, tmp_path: Path) -> None:
    path = source / NAMES[0]
    content = bytearray(path.read_bytes())
    if change == "flipped":
        content[20] ^= 1
    path.write_bytes(content[:-1] if change == "shorter" else content + b"\0" if change == "longer" else content)
    fault = "its SHA-256 is" if change == "flipped" else "bytes, not"
    with pytest.raises(FingerprintError, match="not the file that was published") as error:
        make(tmp_path / "out", source)
    assert fault in error.value.what
    assert error.value.where == str(path)
    with serving(source) as (address, _), pytest.raises(FingerprintError, match="cannot be downloaded") as error:
        make(tmp_path / "out", mirrors=[address])
    assert fault in error.value.expected
    assert not (tmp_path / "out").exists()


def test_an_endless_answer_is_cut_off(source: Path) -> None:
    (source / NAMES[0]).write_bytes(bytes(30_000_000))
    seen: list[int] = []
    with serving(source) as (address, _), pytest.raises(FingerprintError, match="cannot be downloaded") as error:
        downloaded(dataset.FILES[0], [address], seen.append)
    assert "more than" in error.value.expected
    assert seen == [dataset.FILES[0].size + 1]


def test_missing_files_are_all_named(source: Path, tmp_path: Path) -> None:
    for name in NAMES[1:3]:
        (source / name).unlink()
    with pytest.raises(FingerprintError, match=f"there is no {NAMES[1]}, {NAMES[2]}\n") as error:
        make(tmp_path / "out", source)
    assert error.value.where == str(source)
    with pytest.raises(FingerprintError, match="no such folder"):
        make(tmp_path / "out", tmp_path / "nowhere")
    with pytest.raises(FingerprintError, match="a file, not a folder"):
        make(tmp_path / "out", source / NAMES[0])
    assert not (tmp_path / "out").exists()


def test_what_belongs_to_someone_else_is_left_alone(source: Path, tmp_path: Path) -> None:
    for name, content, what in (
        ("dataset.toml", "name = 'mine'", "another data set (dataset.toml)"),
        ("dataset.toml", "no TOML", "another data set"),
        ("specimens.csv", "id,route\n", "another data set (specimens.csv)"),
        (NAMES[2], "Fashion-MNIST has files of the same names", "another file of that name"),
    ):
        out = tmp_path / f"out-{len(what)}-{len(content)}"
        out.mkdir()
        (out / name).write_text(content)
        with pytest.raises(FingerprintError) as error:
            make(out, source)
        assert what in error.value.what
        assert held(out) == {name: content.encode()}
    with pytest.raises(FingerprintError, match="not a folder"):
        make(source / NAMES[0], source)


def test_what_the_disk_refuses_is_said(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FingerprintError, match="cannot be written"):
        make(tmp_path / "file" / "out", source)
    written: list[Path] = []

    def full(path: Path, content: bytes) -> None:
        if written:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        written.append(path)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    monkeypatch.setattr(dataset, "write_bytes_atomically", full)
    with pytest.raises(DiskError, match="the disk is full"):
        make(tmp_path / "out", source)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "source"}
