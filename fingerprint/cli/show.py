"""`fingerprint show`: what is stored about a specimen, exactly as measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fingerprint.cli import console
from fingerprint.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fingerprint.modality import Block, Modality, RawModality


def show(
    specimens: Annotated[list[str], typer.Argument(help="Ids of specimens.", metavar="SPECIMEN...")],
    at: console.At = None,
    store: console.StorePath = console.DEFAULT_STORE,
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Show what is stored about a specimen, exactly as measured: metadata and every measurement.

    Of a spectrum the first and the last point are shown; --json gives all.
    """
    from fingerprint.store import open_store

    opened = open_store(store)
    state = opened.snapshot(at)
    known = opened.specimens(state)
    _check_known(specimens, known, store)
    measured = [opened.read(name, specimens=specimens, at=state) for name in opened.modalities(state)]
    answers: list[dict[str, Any]] = []
    lines: list[str] = []
    for specimen in dict.fromkeys(specimens):
        places = [(raw.modality, _places(raw, specimen)) for raw in measured]
        documents = {modality.name: _documents(modality, found) for modality, found in places if found}
        answers.append({"id": specimen, "metadata": known[specimen], "modalities": documents})
        facts = [(key, _fact(value)) for key, value in known[specimen].items()]
        told = [
            row
            for modality, found in places
            for row in ([_told(modality, *place) for place in found] or [(modality.name, "not measured")])
        ]
        lines += [specimen, *_aligned(facts), *_aligned(told), ""]
    from rich.text import Text

    console.answer({"specimens": answers}, Text("\n".join(lines[:-1])))


def _check_known(specimens: Sequence[str], known: Collection[str], store: str) -> None:
    import difflib

    unknown = [specimen for specimen in specimens if specimen not in known]
    if not unknown:
        return
    near = difflib.get_close_matches(unknown[0], known, n=3)
    raise StoreError(
        f"the store has no specimen {', '.join(map(repr, unknown))}",
        where=store,
        expected=f"The nearest ids are {', '.join(map(repr, near))}." if near else f"It has {len(known)}.",
        next="fingerprint info",
    )


def _places(raw: RawModality, specimen: str) -> list[tuple[Block, int]]:
    """The measurements of a specimen in order of their ids, each as its block and its row there."""
    found = [
        (own, number, row)
        for number, block in enumerate(raw.blocks)
        for row, (measured, own) in enumerate(block.ids)
        if measured == specimen
    ]
    return [(raw.blocks[number], row) for _, number, row in sorted(found)]


def _documents(modality: Modality, found: Sequence[tuple[Block, int]]) -> dict[str, Any]:
    """The measurement of a specimen, or under "replicates" a list of several."""
    documents = [_document(modality, *place) for place in found]
    return documents[0] if len(documents) == 1 else {"replicates": documents}


def _document(modality: Modality, block: Block, row: int) -> dict[str, Any]:
    values = block.values[row]
    source: dict[str, Any] = {"sign": modality.sign, "precision": values.dtype.name, "source": block.sources[row]}
    if block.uncertainty is not None:
        source["uncertainty"] = block.uncertainty[row].tolist()
    source |= {"measurement": block.ids[row][1], "facts": dict(block.facts[row]) if block.facts else {}}
    if block.axis is None:
        return {"value": values.tolist(), "unit": modality.unit, **source}
    return {
        "x": block.axis.tolist(),
        "y": values.tolist(),
        "x_unit": modality.axis_unit,
        "y_unit": modality.unit,
        "x_name": modality.axis_name,
        **source,
    }


def _told(modality: Modality, block: Block, row: int) -> tuple[str, ...]:
    values = block.values[row]
    if block.axis is not None:
        first, last = (
            f"({_number(block.axis, point)} {modality.axis_unit}".rstrip()
            + f", {_number(values, point)} {modality.unit}".rstrip()
            + ")"
            for point in (0, -1)
        )
        told = f"{len(values)} points: {first} ... {last}"
    elif values.ndim:
        told = f"{values.shape[0]} x {values.shape[1]}: {_number(values, 0)} ... {_number(values, -1)}"
    else:
        known = block.uncertainty
        uncertain = "" if known is None else f"± {_number(known[row : row + 1], 0)}"
        told = " ".join(filter(None, (_number(values, 0), uncertain, modality.unit, modality.sign)))
    own = block.ids[row][1]
    facts = block.facts[row] if block.facts else {}
    known = ", ".join(f"{key} {_fact(value)}" for key, value in facts.items())
    name = f"{modality.name} [{own}]" if own else modality.name
    return name, told, "  ".join(filter(None, (block.sources[row], f"({known})" if known else "")))


def _number(values: NDArray[np.generic], position: int) -> str:
    """The shortest text that reads back as the same number in its own precision."""
    return str(values.ravel()[position])


def _fact(value: object) -> str:
    return "-" if value is None else value if isinstance(value, str) else repr(value)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max((len(row[0]) for row in rows), default=0), max((len(row[1]) for row in rows), default=0)]
    return ["  " + "  ".join([row[0].ljust(widths[0]), row[1].ljust(widths[1]), *row[2:]]).rstrip() for row in rows]
