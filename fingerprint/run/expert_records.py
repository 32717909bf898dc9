"""The experts that a run was trained with: what is kept of them, and whether they are what they were.

A run keeps the name of an expert, never its code: what a stored run says is not executed. So the same law must be at
hand whenever the run is opened, and it is asked whether it still says the same.
"""

from __future__ import annotations

from pathlib import Path

import torch

from fingerprint.errors import RunError
from fingerprint.experts import entries, line_of, source_of
from fingerprint.model import PIMA
from fingerprint.model.experts import ExpertDecoder
from fingerprint.recipe import Recipe, RegisteredExpert
from fingerprint.run.records import ExpertRecord, RunInfo

SAME = 1e-3  # of the size of a curve: solvers and machines differ by less


def expert_records(recipe: Recipe, model: PIMA, member: int | None = None) -> dict[str, ExpertRecord]:
    """What is kept of the registered experts, by modality.

    Args:
        recipe: planned.
        model: its model.
        member: whose curves are kept as well, once they are trained.
    """
    kept: dict[str, ExpertRecord] = {}
    for name, decoder in model.experts().items():
        spec = recipe.modalities[name].decoder
        if isinstance(spec, RegisteredExpert):
            source = source_of(entries()[spec.name])
            told = () if member is None else _told(decoder, member, recipe.model.latent)
            kept[name] = ExpertRecord(spec.name, source.kind, source.name, decoder.names, told)
    return kept


def check_known(folder: Path, recipe: Recipe, info: RunInfo) -> None:
    """Refuse a run with an expert that is not at hand.

    Raises:
        RunError: it is such; the message says how to have it.
    """
    for modality, choice in recipe.modalities.items():
        spec = choice.decoder
        if isinstance(spec, RegisteredExpert) and spec.name not in entries():
            raise _unknown(folder, spec.name, info.experts.get(modality))


def check_parameters(folder: Path, model: PIMA, info: RunInfo) -> None:
    """Refuse a run whose experts have other parameters than those that it was trained with.

    Raises:
        RunError: one has.
    """
    for modality, decoder in model.experts().items():
        record = info.experts.get(modality)
        if record is None:
            continue
        if decoder.names != record.parameters:
            now, then = ", ".join(decoder.names), ", ".join(record.parameters)
            raise _changed(folder, record, f"has the parameters {now}, and had {then}")


def check_curves(folder: Path, model: PIMA, info: RunInfo, latent: int) -> None:
    """Refuse a run whose experts say something else than they said for the parameters that were found.

    Raises:
        RunError: one does, or fails.
    """
    for modality, decoder in model.experts().items():
        record = info.experts.get(modality)
        if record is None or not record.curves:
            continue
        try:
            now = torch.tensor(_told(decoder, info.map_member, latent))
        except Exception as error:
            raise _failing(folder, record.name, error) from error
        then = torch.tensor(record.curves)
        if now.shape != then.shape or bool(((now - then).abs() > SAME * then[:, 1:]).any()):
            raise _changed(folder, record, f"gives other curves of {modality} for the same parameters")


def failed_expert(folder: Path, recipe: Recipe, error: Exception) -> RunError | None:
    """What is said of an error that came up in an expert's own file; None of any other."""
    for choice in recipe.modalities.values():
        spec = choice.decoder
        if isinstance(spec, RegisteredExpert):
            origin = entries()[spec.name].origin
            if line_of(error, origin) != origin:
                return _failing(folder, spec.name, error)
    return None


@torch.no_grad()
def _told(decoder: ExpertDecoder, member: int, latent: int) -> tuple[tuple[float, float], ...]:
    """Mean and root mean square of each cluster's curve, at Z = 0; nothing where they are not finite."""
    theta, law = decoder.theta[member].cpu(), decoder.law.expert
    curves = law.curves(theta, theta.new_zeros(len(theta), latent)) if law.takes_z else law.curves(theta)
    if not bool(torch.isfinite(curves).all()):
        return ()
    return tuple(zip(curves.mean(-1).tolist(), curves.square().mean(-1).sqrt().tolist(), strict=True))


def _unknown(folder: Path, name: str, record: ExpertRecord | None) -> RunError:
    source, home = ("plugin", "my_expert.py") if record is None else (record.source, record.home)
    expected, next = {
        "plugin": (
            f"The file {home}: a run keeps no code, and none is ever taken from it.",
            f"Give the same command again with --plugin {home}; in Python first fingerprint.load_plugin({home!r}).",
        ),
        "package": (f"The package {home}, which has it.", f"Install it: pip install {home}."),
        "module": (
            f"The module {home}, which registered it: a run keeps no code.",
            "Import it before you open the run; or give the file that has it with the command: --plugin FILE.",
        ),
        "shipped": ("A version of fingerprint that ships it.", "Upgrade: pip install --upgrade pima-fingerprint."),
    }[source]
    return RunError(
        f"this run was trained with the expert {name!r} of a {source}, and needs it whenever it is used"
        if source != "shipped"
        else f"this version of fingerprint does not ship the expert {name!r}, with which this run was trained",
        where=str(folder),
        expected=expected,
        next=next,
    )


def _failing(folder: Path, name: str, error: Exception) -> RunError:
    return RunError(
        f"the expert {name!r} fails while the run {folder} is opened: {type(error).__name__}: {error}",
        where=line_of(error, entries()[name].origin),
        expected="The law as it was when the run was trained.",
        next="Mend the law, and give the same command again; the run itself is as it was.",
    )


def _changed(folder: Path, record: ExpertRecord, how: str) -> RunError:
    return RunError(
        f"the expert {record.name!r} is not the one that this run was trained with: it {how}",
        where=str(folder),
        expected=f"The law as it was in {record.home}. Give a changed law another name.",
        next="Use the former file; or train again with the new one: fingerprint train.",
    )
