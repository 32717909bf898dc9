"""A dataset.toml written out, with a sentence above what was inferred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import tomli_w

from fingerprint.ingestion.dataset import MISSING, DatasetSpec


def dump_dataset(spec: DatasetSpec, comments: Sequence[tuple[str, str]] = ()) -> str:
    """Write a dataset.toml that `load_dataset` reads back to the same.

    Args:
        comments: (section, sentence): written as comment lines above "", "specimens" or "modalities.NAME".
    """
    parts = [_section("", {"name": spec.name, "description": spec.description}, comments)]
    if spec.missing != MISSING:
        parts[0] += tomli_w.dumps({"missing": list(spec.missing)})
    if spec.specimens is not None:
        parts.append(_section("specimens", msgspec.to_builtins(spec.specimens), comments))
    for name, modality in spec.modalities.items():
        parts.append(_section(f"modalities.{name}", msgspec.to_builtins(modality), comments))
    text = "\n".join(part for part in parts if part)
    return text.encode("utf-8", "backslashreplace").decode()  # names of files in comments may be no Unicode


def _section(section: str, table: dict[str, Any], comments: Sequence[tuple[str, str]]) -> str:
    axis = table.pop("axis", None)
    order = ("kind", "unit", "sign", "files", "exclude", "values", "uncertainty", "specimens", "measurement", "facts")
    table = {key: table[key] for key in (*order, *table) if key in table}
    kept = {key: value for key, value in table.items() if value or key in ("unit", "specimens", "id")}
    lines = [f"# {sentence}" for name, sentence in comments if name == section]
    if section:
        lines.append(f"[{section}]")
    lines.extend(tomli_w.dumps(kept).splitlines())
    if axis is not None:
        filled = {key: value for key, value in axis.items() if value or key in ("name", "unit")}
        lines.append(f"axis = {{ {', '.join(tomli_w.dumps(filled).splitlines())} }}")
    return "\n".join(lines) + "\n" if lines else ""
