"""Four tiny files in place of the published ones, and a server that sends them."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from fingerprint.generators.mnist import dataset
from fingerprint.generators.mnist.published import FILES, PublishedFile

TRAIN_DIGITS = np.array([5, 0, 4, 1, 9, 2, 1], np.uint8)
TEST_DIGITS = np.array([7, 2, 1], np.uint8)
TRAINING = 5
NAMES = tuple(file.name for file in FILES)
TABLES = ("lines.h5", "specimens.csv", "dataset.toml")


def write_published(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write small files under the published names, and let the package take their bytes for those published."""
    folder.mkdir()
    known: list[PublishedFile] = []
    for name, digits in zip(NAMES, (TRAIN_DIGITS, TRAIN_DIGITS, TEST_DIGITS, TEST_DIGITS), strict=True):
        pixels = "images" in name
        head = (
            bytes([0, 0, 8, 3 if pixels else 1]) + np.array([len(digits), 2, 3][: 3 if pixels else 1], ">u4").tobytes()
        )
        content = gzip.compress(head + (np.repeat(digits, 6) if pixels else digits).tobytes(), mtime=0)
        (folder / name).write_bytes(content)
        known.append(PublishedFile(name, len(content), sha256(content).hexdigest()))
    monkeypatch.setattr(dataset, "FILES", tuple(known))
    monkeypatch.setattr(dataset, "TRAINING", TRAINING)
    return folder


class _Server(ThreadingHTTPServer):
    asked: list[str]


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        self.server.asked.append(self.path.rsplit("/", 1)[-1])
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a server of the files in a folder, and the names that it was asked for."""
    server = _Server(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", server.asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
