"""Fingerprints and specimens as tables, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from fingerprint.files import write_atomically
from fingerprint.fingerprints.describe import Description, describe
from fingerprint.run import Run
from fingerprint.store import Store

Format = Literal["csv", "parquet"]

PREDICTION_COLUMNS = (
    "specimen", "part", "target", "from", "measured", "mean", "sd", "low", "high", "level", "unit", "sign", "novelty_p",
    "flagged",
)  # fmt: skip


def export(run: Run, store: Store, out: str | Path, form: Format = "csv") -> list[Path]:
    """Write five kinds of tables into a folder; each is whole or not there.

    fingerprints: one row per cluster: weight, size, stability, mean and sd of every scalar, members, nearest specimens
    profiles: cluster, modality, x, mean, sd, with units, for every point of every curve
    specimens: latent position, cluster probabilities, measured scalars (`measured_NAME`), metadata
    predictions: every scalar predicted from the other modalities, with its interval
    predicted_NAME: every curve predicted from the others, a column per point

    Args:
        run: a trained run.
        store: the one it was trained on.
        out: the folder.
        form: "csv" or "parquet".

    Returns:
        The files.
    """
    description = describe(run, store)
    tables = {
        "fingerprints": fingerprint_table(description),
        "profiles": profile_table(description),
        "specimens": description.specimens,
        "predictions": prediction_table(run, description),
        **curve_tables(run, description),
    }
    files: list[Path] = []
    for name, table in tables.items():
        path = Path(out) / f"{name}.{form}"
        write_atomically(path, lambda temporary, table=table: _write(table, temporary, form))
        files.append(path)
    return files


def fingerprint_table(description: Description) -> pd.DataFrame:
    """One row per cluster."""
    rows: list[dict[str, object]] = []
    for each in description.fingerprints:
        row: dict[str, object] = {
            "cluster": each.cluster.index,
            "weight": each.cluster.weight,
            "training_specimens": each.cluster.size,
            "stability": each.cluster.stability,
            "reproducible": each.cluster.reproducible,
            "alive": each.cluster.alive,
        }
        for name, profile in each.profiles.items():
            if profile.axis is None:
                row |= {f"{name}_mean": profile.mean[0], f"{name}_sd": profile.sd[0]}
                row |= {f"{name}_unit": profile.modality.unit, f"{name}_sign": profile.modality.sign}
        row |= {"nearest": " ".join(each.nearest), "members": " ".join(each.members)}
        rows.append(row)
    return pd.DataFrame(rows)


def profile_table(description: Description) -> pd.DataFrame:
    """One row per cluster, curve and point."""
    parts = [
        pd.DataFrame(
            {
                "cluster": each.cluster.index,
                "modality": name,
                "x": profile.axis,
                "x_unit": profile.modality.axis_unit,
                "mean": profile.mean,
                "sd": profile.sd,
                "unit": profile.modality.unit,
            }
        )
        for each in description.fingerprints
        for name, profile in each.profiles.items()
        if profile.axis is not None
    ]
    empty = pd.DataFrame(columns=["cluster", "modality", "x", "x_unit", "mean", "sd", "unit"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def prediction_table(run: Run, description: Description) -> pd.DataFrame:
    """One row per specimen and scalar target; none, but its columns, where no scalar can be predicted."""
    row_of = {specimen: row for row, specimen in enumerate(description.measured.specimens)}
    rows = [
        {
            "specimen": each.specimen,
            "part": run.parts[each.specimen],
            "target": target,
            "from": "+".join(each.given),
            "measured": description.measured.values[target][row_of[each.specimen], 0],
            "mean": each.mean,
            "sd": each.sd,
            "low": each.low,
            "high": each.high,
            "level": each.level,
            "unit": each.unit,
            "sign": each.sign,
            "novelty_p": each.novelty.p,
            "flagged": each.novelty.flagged,
        }
        for target, predictions in description.predictions.items()
        if run.preparations[target].grid is None
        for each in predictions
    ]
    return pd.DataFrame(rows, columns=PREDICTION_COLUMNS)


def curve_tables(run: Run, description: Description) -> dict[str, pd.DataFrame]:
    """For every curve a wide table of its predicted means: specimen, part, from, then a column per point."""
    tables: dict[str, pd.DataFrame] = {}
    for target, predictions in description.predictions.items():
        grid = run.preparations[target].grid
        if grid is None:
            continue
        head = pd.DataFrame(
            {
                "specimen": [each.specimen for each in predictions],
                "part": [run.parts[each.specimen] for each in predictions],
                "from": ["+".join(each.given) for each in predictions],
            }
        )
        curves = pd.DataFrame([each.mean for each in predictions], columns=[repr(float(x)) for x in grid])
        tables[f"predicted_{target}"] = pd.concat([head, curves], axis=1)
    return tables


def _write(table: pd.DataFrame, path: Path, form: Format) -> None:
    if form == "csv":
        table.to_csv(path, index=False)
    else:
        table.apply(_of_one_type).to_parquet(path, index=False)


def _of_one_type(column: pd.Series) -> pd.Series:
    """Parquet has one type in a column: where metadata are text here and a number there, all become text."""
    mixed = pd.api.types.infer_dtype(column, skipna=True).startswith("mixed")
    return column.map(str, na_action="ignore") if mixed else column
