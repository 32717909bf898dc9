"""The four files of MNIST as they were published, and where they can be had."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


@dataclass(frozen=True)
class PublishedFile:
    """One file, known by its content.

    Attributes:
        name: of the file.
        size: in bytes.
        sha256: of its bytes, hexadecimal.
    """

    name: str
    size: int
    sha256: str

    def fault(self, content: bytes) -> str:
        """What is wrong with bytes that claim to be this file; "" when they are it."""
        if len(content) != self.size:
            more = "more than " if len(content) > self.size else ""
            return f"it has {more}{min(len(content), self.size)} bytes, not {self.size}"
        found = sha256(content).hexdigest()
        return "" if found == self.sha256 else f"its SHA-256 is {found}, not {self.sha256}"


TRAIN_IMAGES = PublishedFile(
    "train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
)
TRAIN_LABELS = PublishedFile(
    "train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
)
TEST_IMAGES = PublishedFile(
    "t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
)
TEST_LABELS = PublishedFile(
    "t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
)
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)
