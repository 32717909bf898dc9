"""How a run is told: the JSON document and the lines that `train` and `info` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fingerprint.cli.told_laws import law_documents, law_tables

if TYPE_CHECKING:
    from rich.console import RenderableType

    from fingerprint.run import Run


def run_document(run: Run) -> dict[str, Any]:
    """The keys that `train --json` promises."""
    import msgspec

    metrics = run.metrics
    return {
        "run": str(run.path),
        "status": run.info.status,
        "epochs": len(run.history),
        "seconds": run.info.seconds,
        "metrics": msgspec.to_builtins(metrics.parts),
        "restarts": msgspec.to_builtins(metrics.restarts),
        "clusters": msgspec.to_builtins(metrics.clusters),
        "parameters": law_documents(run),
        "outliers": _outlier_shares(run),
        "supported": metrics.supported,
        "support": metrics.support,
    }


def run_lines(run: Run) -> list[RenderableType]:
    """What a person wants to know of a run first: how well each modality follows from each, and the clusters."""
    from rich.table import Table
    from rich.text import Text

    from fingerprint.run import doubts

    errors = Table("predicted", "from", "test error", "% of range", "R²", title=_test_title(run), title_justify="left")
    test = run.metrics.parts["test"]
    for target, row in test.rmse.items():
        unit = run.preparations[target].modality.unit
        for source, value in row.items():
            if source in (target, "joint") and len(row) > 1:
                continue
            percent, r2 = test.rmse_percent[target][source], test.r2[target][source]
            errors.add_row(target, source, _number(value, f" {unit}"), _number(percent, " %"), _number(r2, ""))
    clusters = Table("cluster", "weight", "specimens", "stability", "", title="Clusters", title_justify="left")
    for each in run.metrics.clusters:
        clusters.add_row(
            str(each.index), f"{each.weight:.2f}", str(each.size), _number(each.stability, ""), _verdict(each)
        )
    answer = {True: "Yes", False: "No", None: "Cannot be told"}[run.metrics.supported]
    verdict = Text(f"More than one Gaussian? {answer}: {run.metrics.support}.")
    warnings = [f"Warning: {doubt}" for doubt in doubts(run)]
    lines = map(Text, (*_accuracy(run), *_outliers(run), *warnings))
    return [errors, clusters, *law_tables(run), *lines, verdict, Text(f"Run: {run.path}")]


def _test_title(run: Run) -> str:
    specimens = list(run.parts.values()).count("test")
    return f"Errors on the test part ({specimens} specimen{'' if specimens == 1 else 's'})"


def _outliers(run: Run) -> list[str]:
    """The share of the measurements that the model came to doubt, where it may."""
    shares = _outlier_shares(run)
    return [f"Of {name}, {100 * share:.1f} % are taken to belong to other clusters." for name, share in shares.items()]


def _outlier_shares(run: Run) -> dict[str, float]:
    model, member = run.model, run.info.map_member
    return {name: float(model.outliers[member, model.names.index(name)]) for name in sorted(model.doubted)}


def _accuracy(run: Run) -> list[str]:
    """How far clusters and labels agree, where there are labels."""
    known = [(part, each.accuracy) for part, each in run.metrics.parts.items() if each.accuracy is not None]
    told = ", ".join(f"{part} {100 * accuracy:.1f} %" for part, accuracy in known)
    return [f"Specimens in the cluster that stands for their label: {told}."] if known else []


def _verdict(cluster: Any) -> str:
    if not cluster.alive:
        return "dead: under 2 % of the training specimens"
    if cluster.reproducible is None:
        return "one member: reproducibility unknown"
    return "reproducible" if cluster.reproducible else "not reproducible"


def _number(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.4g}{unit}"
