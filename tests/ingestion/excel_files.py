"""Workbooks as Excel writes them, made with openpyxl and mended where it writes otherwise."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

ROWS = (("specimen", "stress (GPa)", "route"), ("a1", 1 / 3, "cold"), ("b-2", -2.25e-3, "hot"), ("c 3", 12, "hot"))
CURVE = (("frequency (THz)", "dos (1/THz)"), (0.1, 1e-300), (0.1 + 0.2, 5e-324), (7, 123456789.12345679))
Rows = Sequence[Sequence[Any]]


def write(path: Path, sheets: dict[str, Rows], change: Callable[[Workbook], None] | None = None) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([f"number {cell!r}" if isinstance(cell, float) else cell for cell in row])
    if change:
        change(book)
    book.save(path)
    # openpyxl writes 16 digits of a number; Excel writes 17.
    return edited(path, r't="inlineStr"><is><t>number ([^<]*)</t></is>', r't="n"><v>\1</v>', must=False)


def table(path: Path, rows: Rows = ROWS, change: Callable[[Any], None] | None = None) -> Path:
    return write(path, {"Sheet1": rows}, (lambda book: change(book.worksheets[0])) if change else None)


def edited(path: Path, pattern: str, new: str, must: bool = True) -> Path:
    """Change the XML of the sheets: what openpyxl does not write."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheets = [name for name in parts if name.startswith("xl/worksheets/sheet")]
    assert not must or any(re.search(pattern, parts[name].decode()) for name in sheets)
    for name in sheets:
        parts[name] = re.sub(pattern, new, parts[name].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path
