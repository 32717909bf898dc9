"""JCAMP-DX: spectra in labelled records, one or several in a file, each with the words for its axis and its values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fingerprint.errors import ReadError
from fingerprint.ingestion.curves import MOST_POINTS, Curve, layout_of, no_table, read_curves, text_lines
from fingerprint.ingestion.decoding import compressed
from fingerprint.ingestion.jcamp_blocks import BlockOfRecords, is_jcamp, parse
from fingerprint.ingestion.jcamp_spectrum import SPECTRA, curve_of, is_list_of_peaks
from fingerprint.ingestion.reader import Format, Layout, Request, Unrecognised
from fingerprint.modality import RawModality

_SUFFIXES = (".jdx", ".dx", ".jcamp", ".jcm")
_NOT_JCAMP = "this is not JCAMP-DX, though its name ends like that of such a file"
_NO_SPECTRA = {
    "PEAKTABLE": "a table of peaks, which is no spectrum: nothing is known between them",
    "PEAKASSIGNMENTS": "a table of peaks and what they are, which is no spectrum",
    "RADATA": "an interferogram, and no spectrum",
}
_NTUPLES = "tables of several variables (NTUPLES), such as the real and the imaginary part of an NMR spectrum"


def read(request: Request) -> RawModality:
    """Read one JCAMP-DX file as one modality, in the units of the request.

    Raises:
        ReadError: with the line at fault.
        DatasetError: the request asks for what JCAMP-DX cannot hold.
    """
    lines = text_lines(request.path)
    if not is_jcamp(lines):
        raise ReadError(_NOT_JCAMP, where=f"{request.path}:1", expected="##TITLE= and ##JCAMP-DX= in the first lines.")
    found = _curves(lines, request.path)
    if isinstance(found, Unrecognised):
        raise ReadError(found.reason, where=str(request.path), next="Export the spectrum as ##XYDATA= (X++(Y..Y)).")
    return read_curves(request, found, lines)


def inspect(path: Path) -> Layout:
    """What a JCAMP-DX file looks like.

    Raises:
        ReadError: it is damaged, or contradicts itself.
    """
    lines = text_lines(path)
    if not is_jcamp(lines):
        return Unrecognised(path, _NOT_JCAMP)
    found = _curves(lines, path)
    return found if isinstance(found, Unrecognised) else layout_of(path, found, "JCAMP-DX")


def _curves(lines: Sequence[str], path: Path) -> list[Curve] | Unrecognised:
    """The spectra of a file, in order, or why there are none."""
    blocks = parse(lines, path)
    for block in blocks:
        _check_count(block)
    inner = [each for block in blocks for each in _all(block)]
    tuples = next((each for each in inner if {"NTUPLES", "PAGE", "DATATABLE"} & each.records.keys()), None)
    if tuples is not None:
        return Unrecognised(path, f"{_NTUPLES}, are not read (line {tuples.line})")
    spectra = [each for each in inner if not each.records.keys().isdisjoint(SPECTRA)]
    if any(is_list_of_peaks(each) for each in spectra):
        return Unrecognised(path, "a mass spectrum in pairs, which is a list of peaks: nothing is known between them")
    curves: list[Curve] = []
    left = MOST_POINTS
    for each in spectra:
        curves.append(curve_of(each, left))
        left -= len(curves[-1].values)
    if curves:
        return curves
    other = next((reason for each in inner for label, reason in _NO_SPECTRA.items() if label in each.records), None)
    return Unrecognised(path, other or "JCAMP-DX without a table of points")


def _all(block: BlockOfRecords) -> Iterator[BlockOfRecords]:
    """A block and those in it, as they stand in the file."""
    waiting = [block]
    while waiting:
        block = waiting.pop()
        yield block
        waiting.extend(reversed(block.blocks))


def _check_count(outer: BlockOfRecords) -> None:
    """Refuse a file that has lost a block. Some writers count the outer one, and some those inside of others."""
    for block in _all(outer):
        stated = block.number("BLOCKS")
        nested = sum(1 for _ in _all(block)) - 1
        if stated is not None and stated.value not in {len(block.blocks), len(block.blocks) + 1, nested, nested + 1}:
            record = block.record("BLOCKS")
            raise ReadError(
                f"there are {len(block.blocks)} blocks, and ##BLOCKS= says {stated.value:.15g}",
                where=block.at(record.line if record else block.line),
                expected="The file may be cut off.",
            )


FORMAT = Format(
    "JCAMP-DX",
    compressed(*_SUFFIXES),
    read,
    no_table,
    inspect,
    acts=("facts",),
)
