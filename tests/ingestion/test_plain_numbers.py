"""Files of plain numbers are read as they are line by line: on files of every kind, sound and damaged."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fingerprint.errors import FingerprintError
from fingerprint.ingestion import opening
from fingerprint.ingestion.delimited_layout import inspect
from fingerprint.ingestion.plain import Plain

HEADS = (
    "", "x (THz)@y (1/THz)\n", "# comment\nx@y\n", "text\nx@y\nnm@eV\n", "sep=@\nx@y\n", "free text\nmore, of, it\n",
    "@b\n", "1@y\n", "1@2@3\n", "x@y\n1.0@oops\n", "#x@y\n", "id@s\n",
)  # fmt: skip
DAMAGE = ("{}@", "{}x", "# c", "", "-@-", "@{}", "{}@3", "{}.1", "nan@1", ">>>>> End of data", "{} ", "{}-", "1e5e@3")


def content(rng: random.Random) -> str:
    """Lines of numbers below a head, one of them perhaps damaged."""
    width, rows = rng.choice((1, 2, 2, 2, 3)), rng.choice((99, 120))
    number = (lambda: repr(rng.gauss(0, 1)), lambda: str(rng.randint(-5, 2000)), lambda: f"{rng.gauss(0, 1):.3e}")
    lines = ["@".join([repr(0.5 * row), *(rng.choice(number)() for _ in range(width - 1))]) for row in range(rows)]
    if rng.random() < 0.3:
        place = rng.randrange(rows)
        lines[place] = rng.choice(DAMAGE).format(lines[place])
    text = rng.choice(HEADS) + "\n".join(lines) + rng.choice(("", "\n", "\n\n"))
    return text.replace("@", rng.choice(",\t")).replace("\n", rng.choice(("\n", "\r\n")))


def opened(path: Path) -> object:
    try:
        text = opening.open_text(path)
        shape = (text.header, text.header_line, text.dialect, text.width)
        rows = (list(text.rows), list(text.lines), text.fields(-1), text.where(0))
        numbers = [] if text.width > 3 else text.numbers(range(text.width), frozenset({"nan", "-"})).tolist()
        return shape, rows, repr(numbers), inspect(path)
    except FingerprintError as error:
        return type(error), error.what, error.where


@pytest.mark.parametrize("seed", range(4))
def test_as_line_by_line(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    path = tmp_path / "a.csv"
    plain = 0
    for _ in range(40):
        text = content(rng)
        path.write_bytes(text.encode())
        found = opened(path)
        plain += Plain.of(text.encode(), "") is not None
        with monkeypatch.context() as patched:
            patched.setattr(opening.Plain, "of", staticmethod(lambda *_: None))
            assert found == opened(path), text
    assert plain > 5


def test_a_decimal_comma_that_is_asked_for_is_looked_at_line_by_line() -> None:
    text = "".join(f"{row},5\n" for row in range(200)).encode()
    assert Plain.of(text, ".") is not None
    assert Plain.of(text, ",") is None
