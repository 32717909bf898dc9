"""Fingerprints and specimens as tables, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from fingerprint.files import write_atomically
from fingerprint.fingerprints.describe import describe
from fingerprint.fingerprints.description import Description
from fingerprint.fingerprints.predicted_points import write_predicted
from fingerprint.modality import Kind
from fingerprint.run import Run
from fingerprint.store import Store

Format = Literal["csv", "parquet"]

PREDICTION_COLUMNS = (
    "specimen", "part", "target", "from", "measured", "mean", "sd", "low", "high", "level", "unit", "sign", "novelty_p",
    "flagged",
)  # fmt: skip


def export(run: Run, store: Store, out: str | Path, form: Format = "csv") -> list[Path]:
    """Write tables into a folder; each is whole or not there.

    fingerprints: one row per cluster: weight, size, stability, mean and sd of every scalar, members, nearest specimens
    profiles: cluster, modality, x, mean, sd, with units, for every point of every curve
    image_profiles: cluster, modality, row, column, mean, sd, with units, for every point of every image; if any
    parameters: cluster, modality, term, value, standard_error, unit, shared, sign, and the slopes along Z, for every
        parameter of every law; if any. Whether a law misses its specimens is not in it (`Run.metrics.experts`)
    specimens: latent position, cluster probabilities, `disagreement` (the probability that the modalities of the
        specimen do not belong together), measured scalars (`measured_NAME`), metadata
    predictions: every scalar predicted from the other modalities, with its interval
    predicted_NAME: every curve and image predicted from the others, a column per point, called by x or by row_column;
        of the test part alone, thinned evenly where need be, when all would be more than 10 million numbers

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
    }
    if_any = {"image_profiles": image_profile_table(description), "parameters": parameter_table(description)}
    tables |= {name: table for name, table in if_any.items() if len(table)}
    files: list[Path] = []
    for name, table in tables.items():
        files.append(Path(out) / f"{name}.{form}")
        write_atomically(files[-1], lambda temporary, table=table: _write(table, temporary, form))
    for target in description.predictions:
        if run.preparations[target].modality.kind is not Kind.SCALAR:
            files.append(Path(out) / f"predicted_{target}.{form}")
            write_atomically(
                files[-1], lambda temporary, target=target: write_predicted(run, store, target, temporary, form)
            )
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
            if profile.modality.kind is Kind.SCALAR:
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


def image_profile_table(description: Description) -> pd.DataFrame:
    """One row per cluster, image, row and column."""
    parts: list[pd.DataFrame] = []
    for each in description.fingerprints:
        for name, profile in each.profiles.items():
            if profile.modality.kind is Kind.IMAGE:
                rows, columns = np.indices(profile.mean.shape)
                part = {
                    "cluster": each.cluster.index,
                    "modality": name,
                    "row": rows.ravel(),
                    "column": columns.ravel(),
                    "mean": profile.mean.ravel(),
                    "sd": profile.sd.ravel(),
                    "unit": profile.modality.unit,
                }
                parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def parameter_table(description: Description) -> pd.DataFrame:
    """One row per cluster, law and parameter, and a column `slope_N` for each latent axis where any depends on Z."""
    return pd.DataFrame(
        {
            "cluster": each.cluster.index,
            "modality": name,
            "term": term,
            "value": parameter.value,
            "standard_error": parameter.standard_error,
            "unit": parameter.unit,
            "shared": parameter.shared,
            "sign": each.profiles[name].modality.sign,
        }
        | {f"slope_{axis + 1}": slope for axis, slope in enumerate(parameter.slope)}
        for each in description.fingerprints
        for name, parameters in each.parameters.items()
        for term, parameter in parameters.items()
    )


def prediction_table(run: Run, description: Description) -> pd.DataFrame:
    """One row per specimen and scalar target; none, but its columns, where no scalar can be predicted."""
    parts: list[pd.DataFrame] = []
    for target, table in description.predictions.items():
        modality = run.preparations[target].modality
        if modality.kind is Kind.SCALAR and len(table):
            common = {"target": target, "level": run.calibration.level, "unit": modality.unit, "sign": modality.sign}
            own = table.assign(**common, **{"from": table["given"].map("+".join)})
            parts.append(own.reindex(columns=PREDICTION_COLUMNS))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=PREDICTION_COLUMNS)


def _write(table: pd.DataFrame, path: Path, form: Format) -> None:
    if form == "csv":
        table.to_csv(path, index=False)
    else:
        table.apply(_of_one_type).to_parquet(path, index=False)


def _of_one_type(column: pd.Series) -> pd.Series:
    """Parquet has one type in a column: where metadata are text here and a number there, all become text."""
    mixed = pd.api.types.infer_dtype(column, skipna=True).startswith("mixed")
    return column.map(str, na_action="ignore") if mixed else column
