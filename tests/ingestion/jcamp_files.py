"""JCAMP-DX files made by hand: an encoder for each form of (X++(Y..Y))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

ENCODINGS = ("AFFN", "PAC", "SQZ", "DIF", "DIFDUP")
STEPS = np.arange(40)
RAW_Y = np.array(
    [0, 0, 0, 0, 2, 4, 4, 4, 7, 5, 4, 4, 5, 5, 7, 10, 11, 11, 6, -5, 7, 6, -9, 9, 7, 1000, 10, 9, 10, 11, 12, 15,
     -16160, 16, 14, 17, 38, 38, 35, 35]
)  # fmt: skip
X, Y = 400 + 2.5 * STEPS, RAW_Y * 0.001


def _packed(number: int, positive: str, negative: str) -> str:
    digits = str(abs(number))
    letter = (negative if number < 0 else positive)[int(digits[0]) - (number < 0)]
    return letter + digits[1:]


def squeezed(number: int) -> str:
    return _packed(number, "@ABCDEFGHI", "abcdefghi")


def difference(number: int) -> str:
    return _packed(number, "%JKLMNOPQR", "jklmnopqr")


def _repeats(tokens: Sequence[str]) -> str:
    """The tokens with runs of the same written once, and how often."""
    text, place = "", 0
    while place < len(tokens):
        run = 1
        while place + run < len(tokens) and tokens[place + run] == tokens[place]:
            run += 1
        text += tokens[place] + (("STUVWXYZs"[int(str(run)[0]) - 1] + str(run)[1:]) if run > 1 else "")
        place += run
    return text


def table(x: Sequence[int], y: Sequence[int], encoding: str, per_line: int = 7) -> list[str]:
    """The lines of a table of whole numbers."""
    lines: list[str] = []
    if encoding in ("AFFN", "PAC", "SQZ"):
        for begin in range(0, len(y), per_line):
            part = y[begin : begin + per_line]
            if encoding == "SQZ":
                lines.append(f"{x[begin]}" + "".join(map(squeezed, part)))
            else:
                lines.append(
                    f"{x[begin]} "
                    + (" " if encoding == "AFFN" else "").join(
                        f"{each}" if encoding == "AFFN" else f"{each:+d}" for each in part
                    )
                )
        return lines
    begin = 0
    while begin < len(y) - 1:
        end = min(begin + per_line, len(y) - 1)
        steps = [difference(y[i + 1] - y[i]) for i in range(begin, end)]
        lines.append(f"{x[begin]}{squeezed(y[begin])}" + (_repeats(steps) if encoding == "DIFDUP" else "".join(steps)))
        begin = end
    return [*lines, f"{x[-1]}{squeezed(y[-1])}"]


def block(labels: Mapping[str, object], lines: Sequence[str], form: str = "XYDATA= (X++(Y..Y))") -> str:
    """A block; labels are written in their order, and those that are None left out."""
    head = "".join(f"##{label}= {value}\n" for label, value in labels.items() if value is not None)
    return f"{head}##{form}\n" + "\n".join(lines) + "\n##END=\n"


def labels(x: np.ndarray, y: np.ndarray, x_factor: float = 1.0, y_factor: float = 1.0) -> dict[str, object]:
    """All that a block says of its points."""
    return {
        "TITLE": "made by hand",
        "JCAMP-DX": "4.24 $$ a comment",
        "DATA TYPE": "INFRARED SPECTRUM",
        "XUNITS": "1/CM",
        "YUNITS": "ABSORBANCE",
        "XFACTOR": x_factor,
        "YFACTOR": y_factor,
        "FIRSTX": x[0],
        "LASTX": x[-1],
        "DELTAX": (x[-1] - x[0]) / (len(x) - 1),
        "NPOINTS": len(x),
        "FIRSTY": y[0],
        "MAXY": y.max(),
        "MINY": y.min(),
    }


def whole(encoding: str = "DIFDUP", **changed: object) -> str:
    """A correct file, but for the labels that are changed; None leaves one out."""
    lines = table((160 + STEPS).tolist(), RAW_Y.tolist(), encoding)
    return block(labels(X, Y, 2.5, 0.001) | changed, lines)
