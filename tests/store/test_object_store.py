"""A store in an object store: the same verbs through the S3 API."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from deltalake import DeltaTable
from store_measurements import by_specimen, stress, vdos

from fingerprint.errors import StoreError
from fingerprint.recipe import load_recipe
from fingerprint.store import open_store
from fingerprint.store.remote import plain
from fingerprint.training import train

Call = Callable[..., tuple[int, str, str]]

WRITER = """
import sys
from fingerprint.store import open_store
from store_measurements import stress, vdos
store, me = open_store(sys.argv[1], create=True), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for turn in range(2):
    store.append([vdos([f"{me}-{turn}"], seed=turn), stress({f"{me}-{turn}": 1.0})], {}, "")
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a service with an empty bucket "bucket"."""
    script = Path(__file__).with_name("object_store.py")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.terminate()


@pytest.fixture
def address(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The URL of a store that is not there yet; the environment leads to the emulator."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    given = {"ENDPOINT_URL": endpoint, "ALLOW_HTTP": "true", "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}
    for name, value in given.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    return f"s3://bucket/{request.node.name.partition('[')[0]}"


def test_every_verb_of_a_store(address: str, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "data" / "stress.csv"
    table.parent.mkdir()
    table.write_text("specimen,stress (GPa)\na,1.5\nb,2.5\n", encoding="utf-8")

    def done(*words: str) -> str:
        code, out, err = call(*words, "--store", address)
        assert code == 0, err
        return out

    done("ingest", "data")
    table.write_text("specimen,stress (GPa)\na,1.5\nb,3.5\n", encoding="utf-8")
    done("ingest", "data", "--on-conflict", "replace")
    assert "2 measured" in done("info")
    assert "3.5 GPa" in done("show", "b")
    done("store", "undo", open_store(address).log()[-1].ingest)
    assert "2.5 GPa" in done("show", "b")
    done("store", "optimize")
    assert "2.5 GPa" in done("show", "b")
    assert len(done("store", "log").splitlines()) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_what_is_read_is_what_was_stored_bit_by_bit(address: str) -> None:
    given = [vdos(["a", "b"], dtype="float32"), stress({"a": 0.1, "c": -1e-300})]
    store = open_store(address, create=True)
    store.append(given, {"a": {"route": "cold"}}, "")
    for raw in given:
        assert by_specimen(store.read(raw.modality.name)) == by_specimen(raw)
    assert store.specimens()["a"] == {"route": "cold"}


def test_a_training_reads_it(address: str, tmp_path: Path) -> None:
    names = [f"s{number:02}" for number in range(40)]
    values = np.random.default_rng(0).normal(size=40)
    store = open_store(address, create=True)
    store.append([vdos(names), stress(dict(zip(names, values.tolist(), strict=True)))], {}, "")
    run = train(store, load_recipe("default", epochs=1, restarts=1, clusters=2), tmp_path / "run", device="cpu")
    assert run.info.status == "completed"


def test_two_processes_append_at_once(address: str) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)])}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, address, name],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "xy"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0]
    store = open_store(address)
    assert [entry.position for entry in store.log()] == [1, 2, 3, 4]
    assert set(store.read("stress").specimens) == set(store.read("vdos").specimens) == {"x-0", "x-1", "y-0", "y-1"}


@pytest.mark.parametrize(
    ("environment", "url", "told"),
    [
        ({}, "s3://nowhere/store", "there is no such bucket"),
        ({}, "odd://bucket/store", "there are no object stores of that kind"),
        ({"AWS_ALLOW_HTTP": "false"}, "s3://bucket/store", "only https is allowed"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "s3://bucket/store", "does not answer"),
        ({}, "az://bucket/store", "no credentials"),
    ],
)
@pytest.mark.parametrize("create", [False, True])
def test_what_is_wrong_is_said(
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    url: str,
    told: str,
    create: bool,
) -> None:
    assert address
    monkeypatch.setattr(
        "fingerprint.store.remote._PATIENCE", {"connect_timeout": "1s", "retry_timeout": "1s", "max_retries": "1"}
    )
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StoreError, match=told):
        open_store(url, create=create)
    with pytest.raises(StoreError, match=told):
        open_store("unused", create=True).__class__(url).append([stress({"a": 1.0})], {}, "")


def test_a_service_that_never_answers_is_given_up(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert address
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(20)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        patience = {"timeout": "1s", "retry_timeout": "1s"}
        monkeypatch.setattr("fingerprint.store.remote._PATIENCE", patience)
        begun = time.monotonic()
        with pytest.raises(StoreError, match="does not answer"):
            open_store("s3://bucket/store")
        assert time.monotonic() - begun < 10


def test_a_lost_file_is_no_lost_bucket(address: str, endpoint: str) -> None:
    store = open_store(address, create=True)
    store.append([stress({"a": 1.0})], {}, "")
    (lost,) = DeltaTable(f"{address}/modalities/stress").file_uris()
    name = lost.removeprefix("s3://")
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{name}", method="DELETE")).close()
    with pytest.raises(StoreError, match=r"the table cannot be read or written: .*not found"):
        store.read("stress")


def test_a_report_of_many_lines_becomes_one() -> None:
    assert plain("Kernel error\n  \x1b[31m\u21b3\x1b[0m Not found\n") == "Kernel error: Not found"
