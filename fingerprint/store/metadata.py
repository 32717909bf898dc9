"""Metadata of specimens: the table `specimens` holds, as JSON, what each ingest said about each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence

import msgspec
import pyarrow as pa

from fingerprint.modality import JsonScalar
from fingerprint.store import delta
from fingerprint.store.visible import among, read_visible

_SCHEMA = pa.schema([("specimen", pa.string()), ("metadata", pa.string()), ("ingest", pa.string())])


def changed(
    given: Mapping[str, Mapping[str, JsonScalar]], stored: Mapping[str, Mapping[str, JsonScalar]]
) -> dict[str, str]:
    """What of `given` the store does not hold: the JSON of new or different keys, by specimen."""
    found: dict[str, str] = {}
    for specimen, facts in given.items():
        known = {key: msgspec.json.encode(value) for key, value in stored.get(specimen, {}).items()}
        different = {key: value for key, value in facts.items() if known.get(key) != msgspec.json.encode(value)}
        if different or specimen not in stored:
            found[specimen] = msgspec.json.encode(different).decode()
    return found


def new_facts(
    url: str, ingests: Sequence[str], given: Mapping[str, Mapping[str, JsonScalar]], known: Container[str]
) -> dict[str, str]:
    """As `changed`, compared with the table at `url`; specimens that are `known` may have no metadata there."""
    if not given:
        return {}
    stored = read_metadata(url, ingests, list(given))
    return changed(given, {specimen: stored.get(specimen, {}) for specimen in given if specimen in known})


def write_metadata(url: str, described: Mapping[str, str], ingest: str) -> None:
    """Append JSON by specimen to the table at `url`."""
    if not described:
        return
    rows = pa.table([list(described), list(described.values()), [ingest] * len(described)], schema=_SCHEMA)
    delta.append(url, rows.to_reader)


def read_metadata(
    url: str, ingests: Sequence[str], specimens: Sequence[str] | None = None
) -> dict[str, dict[str, JsonScalar]]:
    """The metadata of all specimens, or these; of a key that several `ingests` (oldest first) gave, the last one's."""
    columns = ("specimen", "metadata")
    table = read_visible(url, columns, dict.fromkeys(ingests, 0), specimens=specimens).sort_by("position")
    found: dict[str, dict[str, JsonScalar]] = {}
    for specimen, text in zip(table["specimen"].to_pylist(), table["metadata"].to_pylist(), strict=True):
        found.setdefault(specimen, {}).update(msgspec.json.decode(text))
    return found


def count_keys(url: str, ingests: Sequence[str]) -> dict[str, int]:
    """The keys of the metadata, each with the number of specimens of which it is not None."""
    table = read_visible(url, ("specimen", "metadata"), dict.fromkeys(ingests, 0)).sort_by("position")
    several = table["specimen"].value_counts()
    repeated = several.field("values").filter(pa.array(several.field("counts").to_numpy() > 1))
    table = table.append_column("again", among(table["specimen"], repeated))
    counts: Counter[str] = Counter()
    united: dict[str, dict[str, JsonScalar]] = {}
    for batch in table.select(["specimen", "metadata", "again"]).to_batches(10_000):
        for specimen, text, again in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            facts = msgspec.json.decode(text)
            if again:
                united.setdefault(specimen, {}).update(facts)
            else:
                counts.update(key for key, value in facts.items() if value is not None)
    for facts in united.values():
        counts.update(key for key, value in facts.items() if value is not None)
    return dict(counts)
