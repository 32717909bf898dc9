"""How the parameters of laws are told: the JSON documents and the tables that `train` and `info` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from fingerprint.run import ExpertMetrics, LackOfFit, ParameterMetrics, Run


def law_documents(run: Run) -> dict[str, Any]:
    """What is known of every law, by the (first) modality that it decodes; numbers by parameter, for each cluster."""
    return {name: _document(run, name, found) for name, found in run.metrics.experts.items()}


def law_tables(run: Run) -> list[Table]:
    """The parameters of every law with their errors, along whichever side is shorter."""
    return [_table(run, name, found) for name, found in run.metrics.experts.items()]


def _document(run: Run, name: str, found: ExpertMetrics) -> dict[str, Any]:
    import msgspec

    modality, parameters = run.preparations[name].modality, found.parameters
    clusters = range(len(run.metrics.clusters))
    return {
        "unit": modality.unit,
        "sign": modality.sign,
        "t_unit": modality.axis_unit,
        "law": run.recipe.modalities[name].law,
        "modalities": list(found.modalities),
        "units": {each.name: each.unit for each in parameters},
        "shared": [each.name for each in parameters if each.shared],
        "along_z": [each.name for each in parameters if each.slopes],
        "clusters": [{each.name: each.values[cluster] for each in parameters} for cluster in clusters],
        "standard_errors": [{each.name: each.standard_errors[cluster] for each in parameters} for cluster in clusters],
        "slopes": [
            {each.name: list(each.slopes[cluster]) for each in parameters if each.slopes} for cluster in clusters
        ],
        "lack_of_fit": msgspec.to_builtins(found.lack_of_fit),
    }


def _table(run: Run, name: str, found: ExpertMetrics) -> Table:
    from rich.table import Table

    clusters = [str(each.index) for each in run.metrics.clusters]
    heads = [*(_head(run, name, each) for each in found.parameters), "misses the mean by (χ²)"]
    cells = [[_cell(each, cluster) for cluster in range(len(clusters))] for each in found.parameters]
    cells.append([_lack(each) for each in found.lack_of_fit])
    title = _title(run, name, found)
    if len(heads) <= len(clusters):
        table = Table("cluster", *heads, title=title, title_justify="left")
        for index, row in zip(clusters, zip(*cells, strict=True), strict=True):
            table.add_row(index, *row)
        return table
    table = Table("parameter", *(f"cluster {index}" for index in clusters), title=title, title_justify="left")
    for head, row in zip(heads, cells, strict=True):
        table.add_row(head, *row)
    return table


def _lack(lack: LackOfFit | None) -> str:
    """How far a law is from the mean of its specimens, and its square in units of chance: about 1 where it is right."""
    return "–" if lack is None else f"{100 * lack.share:.2g} % ({lack.chi_square:.2g})"


def _title(run: Run, name: str, found: ExpertMetrics) -> str:
    modality, law = run.preparations[name].modality, run.recipe.modalities[name].law
    told = ", ".join(filter(None, (modality.unit, modality.sign)))
    unit, t_unit = (f" ({each})" if each else "" for each in (told, modality.axis_unit))
    if law == "linear_expert":
        axis = "" if modality.axis_name == "t" else f" the {modality.axis_name or 'axis'}"
        return f"{name}{unit} = Σ θ f(t), with t{axis}{t_unit}"
    options = run.recipe.modalities[name].law_options
    return f"{', '.join(found.modalities)}: the law {law}{f' ({options})' if options else ''}"


def _head(run: Run, name: str, parameter: ParameterMetrics) -> str:
    called = f"θ of {parameter.name}" if run.recipe.modalities[name].law == "linear_expert" else parameter.name
    unit = f" ({parameter.unit})" if parameter.unit else ""
    return f"{called}{unit}{', shared' if parameter.shared else ''}{', at Z = 0' if parameter.slopes else ''}"


def _cell(parameter: ParameterMetrics, cluster: int) -> str:
    from fingerprint.units import mean_and_sd, number

    value = parameter.values[cluster]
    told = mean_and_sd(value, parameter.standard_errors[cluster], digits=5)
    if parameter.slopes and value is not None:
        told += f"; by Z {', '.join(number(each) for each in parameter.slopes[cluster])}"
    return told
