"""`fingerprint datasets fetch`, as its users meet it. The data sets themselves: tests/generators."""

from __future__ import annotations

import errno
import gzip
import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import h5py
import pytest
from cli_answers import document, error

from fingerprint.cli import console
from fingerprint.generators import mnist_lines
from fingerprint.generators.mnist import dataset
from fingerprint.generators.mnist.published import FILES, PublishedFile

Call = Callable[..., tuple[int, str, str]]

FETCH = ("datasets", "fetch", "mnist_lines")
NAMES = [*(file.name for file in FILES), "lines.h5", "specimens.csv", "dataset.toml"]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of two images each in place of the published ones; the current folder is `tmp_path`."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    known: list[PublishedFile] = []
    for file in FILES:
        shape = (
            bytes([0, 0, 8, 3]) + bytes([0, 0, 0, 2]) * 3 if "images" in file.name else bytes([0, 0, 8, 1, 0, 0, 0, 2])
        )
        content = gzip.compress(shape + bytes(range(8 if "images" in file.name else 2)), mtime=0)
        (folder / file.name).write_bytes(content)
        known.append(PublishedFile(file.name, len(content), sha256(content).hexdigest()))
    monkeypatch.setattr(dataset, "FILES", tuple(known))
    monkeypatch.setattr(dataset, "TRAINING", 1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FINGERPRINT_STORE", raising=False)
    return folder


def test_fetch_and_the_command_that_it_names(call: Call, source: Path) -> None:
    code, out, err = call(*FETCH, "--source", source)
    assert (code, out.split()) == (0, [f"mnist_lines/{name}" for name in NAMES])
    assert "mnist_lines: 0.0 of 0.0 MB" in err
    (following,) = re.findall(r"^Next: fingerprint (.*)$", err, flags=re.MULTILINE)
    assert following == "ingest mnist_lines/"
    assert call(*following.split())[0] == 0
    answer = document(*call("info", "--json")[:2])
    assert {name: each["count"] for name, each in answer["modalities"].items()} == {"image": 4, "line": 4}
    assert answer["metadata"] == {"digit": 4, "part": 4}
    assert answer["warnings"] == []


def test_rates_with_the_noise_that_is_asked_for(call: Call, source: Path) -> None:
    code, out, err = call("datasets", "fetch", "mnist_ode", "--source", source, "--noise-variance", "0.02", "--seed", 4)
    assert (code, out.split()) == (0, [f"mnist_ode/{name}".replace("lines.h5", "rates.h5") for name in NAMES])
    assert err.splitlines()[-1] == "Next: fingerprint ingest mnist_ode/"
    with h5py.File("mnist_ode/rates.h5") as file:
        assert dict(file.attrs) == {"seed": 4, "noise_variance": 0.02}
    assert call("datasets", "fetch", "mnist_ode", "--source", source)[0] == 0
    with h5py.File("mnist_ode/rates.h5") as file:
        assert dict(file.attrs) == {"seed": 0, "noise_variance": 0.1}


def test_json_answers_with_the_files(call: Call, source: Path, tmp_path: Path) -> None:
    code, out, _ = call(*FETCH, "--source", source, "--out", tmp_path / "a" / "b", "--seed", "3", "--json", "--quiet")
    assert document(code, out) == {
        "schema_version": 1,
        "files": [str(tmp_path / "a" / "b" / name) for name in NAMES],
    }


def test_refusals_say_what_where_expected_and_next(call: Call, source: Path) -> None:
    wrong = source / FILES[2].name
    wrong.write_bytes(b"x" * wrong.stat().st_size)
    refusal = error(*call(*FETCH, "--source", source, "--json")[:2])
    assert "its SHA-256 is" in refusal["what"]
    assert refusal["where"] == str(wrong)
    wrong.unlink()
    refusal = error(*call(*FETCH, "--source", source, "--json", "--out", "other")[:2])
    assert wrong.name in refusal["what"]
    assert all(refusal.values())
    code, out, err = call(*FETCH, "--source", source, "--out", "other")
    assert (code, out) == (1, "")
    assert f"Error: {source}: there is no {wrong.name}" in err
    assert "Traceback" not in err
    assert not Path("other").exists()


@pytest.mark.usefixtures("source")
def test_no_network_is_an_error_that_says_what_to_do(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    refusal = error(*call(*FETCH, "--json")[:2])
    assert refusal["what"] == f"{FILES[0].name} cannot be downloaded"
    assert refusal["expected"].count("Network is unreachable") == 2
    assert "--source" in refusal["next"]
    assert not Path("mnist_lines").exists()


@pytest.mark.parametrize(
    ("number", "what"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "the disk is read-only")]
)
def test_a_disk_that_refuses_is_told(
    number: int, what: str, call: Call, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise OSError(number, "refused", str(path))

    monkeypatch.setattr(dataset, "write_bytes_atomically", refuse)
    refusal = error(*call(*FETCH, "--source", source, "--json")[:2])
    assert refusal["what"] == what
    assert all(refusal.values())


def test_an_interruption_exits_with_130_and_says_how_to_go_on(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mnist_lines, "make", interrupted)
    code, _, err = call(*FETCH)
    assert code == 130
    assert "run the same command again" in err
    code, out, _ = call(*FETCH, "--json")
    assert code == 130
    assert "interrupted" in json.loads(out)["error"]["what"]


def test_the_live_bar_follows_the_bytes(call: Call, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "is_live", lambda: True)
    code, out, _ = call(*FETCH, "--source", source)
    assert code == 0
    assert out.split()[-1] == "mnist_lines/dataset.toml"


@pytest.mark.parametrize(
    "wrong",
    [
        ("datasets", "fetch", "silicon_vdos"),
        ("datasets", "fetch"),
        (*FETCH, "--seed", "-1"),
        (*FETCH, "--noise-variance", "0.1"),
        ("datasets", "fetch", "mnist_ode", "--noise-variance", "-1"),
        ("datasets", "fetch", "mnist_ode", "--noise-variance", "inf"),
    ],
)
def test_a_wrong_command_is_a_usage_error(wrong: tuple[str, ...], call: Call) -> None:
    assert call(*wrong)[0] == 2


def test_the_list_names_folders_whole_and_the_commands_that_get_more(call: Call) -> None:
    _, out, _ = call("datasets", "list")
    answer: dict[str, Any] = document(*call("datasets", "list", "--json")[:2])
    for file in answer["files"]:
        assert f"  to ingest  {Path(file).parent}\n" in out
    assert {each["name"]: each["more"] for each in answer["datasets"]} == {
        "mnist_lines": "fingerprint datasets fetch mnist_lines",
        "mnist_ode": "fingerprint datasets fetch mnist_ode",
        "silicon_vdos": "fingerprint datasets make silicon_vdos",
    }
    assert all(each["more"] in out for each in answer["datasets"])
