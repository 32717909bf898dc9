"""EMSA/MAS files made by hand."""

from __future__ import annotations

import numpy as np

X = 520.13 + 3.1 * np.arange(20)
Y = np.array(
    [4066, 3996, 3932, 3923, 5602, 5288, 7234, 7809, 4710, 5015, 4366, 4524, 4832, 5474, 5718, 5034, 4651, 4613, 4637,
     4429.25]
)  # fmt: skip
HEAD = {
    "FORMAT": "EMSA/MAS Spectral Data File",
    "VERSION": "1.0",
    "TITLE": "NIO EELS OK SHELL",
    "NPOINTS": "20.",
    "NCOLUMNS": "1.",
    "XUNITS": "eV",
    "YUNITS": "Intensity",
    "DATATYPE": "XY",
    "XPERCHAN": "3.1",
    "OFFSET": "520.13",
    "CHOFFSET": "-168.",
    "SIGNALTYPE": "ELS",
    "BEAMKV   -kV": "120.0",
}


def emsa(lines: list[str] | None = None, **changed: object) -> str:
    """A correct file, but for the keywords that are changed; None leaves one out."""
    keywords = HEAD | changed
    if lines is None:
        pairs = zip(X, Y, strict=True)
        lines = [f"{x:.2f}, {y}" for x, y in pairs] if keywords["DATATYPE"] == "XY" else [f"{y}," for y in Y]
    head = "".join(f"#{name:12}: {value}\n" for name, value in keywords.items() if value is not None)
    return (
        head + "##PRIVATE   : x\n#SPECTRUM    : Spectral Data Starts Here\n" + "\n".join(lines) + "\n#ENDOFDATA   : \n"
    )
