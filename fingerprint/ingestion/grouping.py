"""Files of a folder that look alike, and so hold the same modality."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fingerprint.ingestion.reader import (
    TEXT,
    ArraysLayout,
    Column,
    ColumnsLayout,
    CurveLayout,
    DescribedLayout,
    ImageLayout,
    Layout,
    OutputLayout,
    StackLayout,
    TableLayout,
    Unrecognised,
    WorkbookLayout,
)


def groups(layouts: Sequence[Layout]) -> list[list[Layout]]:
    """Files that hold the same modality: the same names, and no specimen twice. Workbooks are taken apart before."""
    found: dict[object, list[Layout]] = {}
    seen: dict[object, set[str]] = {}
    for layout in _without_strangers(_sheets(layouts)):
        key = _signature(layout)
        ids = set(layout.ids) if isinstance(layout, TableLayout | ArraysLayout) else set[str]()
        if seen.get(key, set()) & ids:
            key = (key, layout.path)
        found.setdefault(key, []).append(layout)
        seen.setdefault(key, set()).update(ids)
    return list(found.values())


def _without_strangers(layouts: Sequence[Layout]) -> list[Layout]:
    """Leave out single numbers that belong to no images: whose they are cannot be known."""
    found = [layout for layout in layouts if isinstance(layout, StackLayout)]
    images = {(layout.stem, layout.shape[0]) for layout in found if len(layout.shape) == 3}
    reason = "numbers without ids, and no images of the same name and number"
    return [
        Unrecognised(layout.path, reason)
        if isinstance(layout, StackLayout) and len(layout.shape) == 1 and (layout.stem, *layout.shape) not in images
        else layout
        for layout in layouts
    ]


def _sheets(layouts: Sequence[Layout]) -> list[Layout]:
    """Take workbooks apart; sheets of the same two columns are left out, since a curve is called after its file."""
    found: list[Layout] = []
    for layout in layouts:
        if not isinstance(layout, WorkbookLayout):
            found.append(layout)
            continue
        columns = [_columns(sheet) for sheet in layout.sheets if isinstance(sheet, CurveLayout)]
        for sheet in layout.sheets:
            alike = isinstance(sheet, CurveLayout) and columns.count(_columns(sheet)) > 1
            reason = "several sheets of the same two columns; save each as a file that is called after its specimen"
            found.append(Unrecognised(layout.path, reason) if alike else sheet)
    return found


def _columns(curve: CurveLayout) -> tuple[str, str]:
    return (curve.x.header if curve.x else "", curve.y.header if curve.y else "")


def _bare(column: Column) -> tuple[str, bool]:
    """What a column of text is called, whatever its unit; it is converted where one is stated."""
    return column.name.lower(), column.unit is not None


def _signature(layout: Layout) -> object:
    if isinstance(layout, CurveLayout):
        if layout.x is None or layout.y is None:
            return ("curve", layout.path.parent, layout.sheet)
        what = (layout.specimens, layout.form, layout.sheet)
        if layout.form != TEXT:
            return ("curve", layout.x.header, layout.y.header, *what)
        error = layout.uncertainty and _bare(layout.uncertainty)
        return ("curve", _bare(layout.x), _bare(layout.y), error, *what)
    if isinstance(layout, ColumnsLayout):
        if layout.pairs:
            return ("pairs", layout.sheet, layout.x.header, *{y.header for y in layout.ys})
        return ("columns", layout.sheet, layout.x.header, *(y.header for y in layout.ys))
    if isinstance(layout, TableLayout):
        return ("table", layout.sheet, layout.points, *(column.header for column in layout.columns))
    if isinstance(layout, ArraysLayout):
        headers = (column.header for pair in layout.curves for column in pair)
        others = (column.header for column in (*layout.images, *layout.columns))
        return ("arrays", *headers, *others, *layout.uncertainties)
    if isinstance(layout, StackLayout):
        return ("stack", layout.family, layout.shape[1:], layout.content or layout.stem)
    if isinstance(layout, ImageLayout):
        return ("image", layout.path.parent, layout.path.suffix)
    if isinstance(layout, OutputLayout):
        return ("output", layout.specimens, layout.axis, layout.curves)
    if isinstance(layout, DescribedLayout):
        return ("described", msgspec.json.encode(layout.spec))
    return layout.path
