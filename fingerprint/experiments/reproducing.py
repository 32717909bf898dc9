"""An experiment's rows: trained or taken from its folder, and scored on the test part."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from fingerprint.errors import RecipeError, RunError
from fingerprint.experiments.catalogue import find_experiment
from fingerprint.experiments.clustering import score_clustering
from fingerprint.experiments.data import DIGIT, filled_store, whole_store
from fingerprint.experiments.experiment import Experiment
from fingerprint.experiments.identified import beside_truth
from fingerprint.experiments.latent import LatentPoints, latent_points
from fingerprint.experiments.rows import Row, keep_row, kept_row
from fingerprint.experiments.variants import Variant, differences
from fingerprint.prepare import Tensors, align, to_tensors
from fingerprint.recipe import Recipe
from fingerprint.run import Run, diverged, load_run, read_info, read_recipe
from fingerprint.store import Store, open_store
from fingerprint.training import Progress, choose_device, resume, train
from fingerprint.training.split import Part
from fingerprint.training.watch import DivergedError

NAMED = 3  # keys in a refusal


def reproduce(
    name: str,
    folder: str | Path,
    seeds: Sequence[int] | None = None,
    rows: Sequence[str] | None = None,
    *,
    source: str | Path | None = None,
    device: str = "auto",
    on_row: Callable[[Row], None] = lambda row: None,
    on_start: Callable[[str, int], None] = lambda name, seed: None,
    on_epoch: Callable[[Progress], None] = lambda progress: None,
    on_interrupt: Callable[[], None] = lambda: None,
) -> list[Row]:
    """Train and score; what a former call has finished in the same folder is taken from there.

    A training that diverges is a row without scores: it is not tried again, and the others go on.

    Args:
        name: of the experiment.
        folder: for the data, the store and the runs.
        seeds: one training each; as many as the paper has where None.
        rows: names of variants; the experiment's usual ones where None.
        source: a folder with MNIST's files; None downloads them.
        device: as for `train`.
        on_row: told every row as it is there.
        on_start: told what is trained next.
        on_epoch: told after every epoch.
        on_interrupt: told of the first Ctrl-C in a training when it comes, from another thread.

    Raises:
        KeyboardInterrupt: Ctrl-C; the same call goes on where it ended.
        FingerprintError: the data cannot be had, or a training is refused.
        RecipeError: no experiment or variant has that name, or the device cannot be used.
        RunError: the folder is a file, or a run in the folder has another recipe, or is damaged.
    """
    experiment = find_experiment(name)
    seeds, rows = (experiment.seeds if seeds is None else seeds), (experiment.rows if rows is None else rows)
    unknown = sorted(set(rows) - set(experiment.all_rows))
    if unknown:
        raise RecipeError(f"no row is called {unknown[0]!r}", expected=f"One of: {', '.join(experiment.all_rows)}.")
    device, place = choose_device(device), Path(folder)
    if place.exists() and not place.is_dir():
        raise RunError("this is a file, not a folder", where=str(place), next="Choose another folder with --out.")
    store = filled_store(experiment.data, place, None if source is None else Path(source))
    made: list[Row] = []
    for wanted in rows:
        for seed in seeds:
            on_start(wanted, seed)
            row = _row(experiment, place, store, wanted, seed, device, on_epoch, on_interrupt)
            made.append(row)
            on_row(row)
    return made


def run_folder(place: Path, name: str, seed: int) -> Path:
    """Where the run of a row is, or what is kept of a baseline."""
    return place / "runs" / f"{name}-seed-{seed}"


def _row(
    experiment: Experiment,
    place: Path,
    store: Store,
    name: str,
    seed: int,
    device: str,
    on_epoch: Callable[[Progress], None],
    on_interrupt: Callable[[], None],
) -> Row:
    folder = run_folder(place, name, seed)
    if name in experiment.baselines:
        return _baseline(experiment, folder, store, name, seed)
    variant = experiment.variant(name)
    begun = time.monotonic()
    try:
        run = train_variant(folder, store, variant, seed, device, on_epoch, on_interrupt)
    except DivergedError as error:
        kept = kept_row(folder)
        if kept is None:
            kept = Row(name, variant.title, seed, None, time.monotonic() - begun, "", error.what)
            keep_row(folder, kept)
        return msgspec.structs.replace(kept, title=variant.title, run=str(folder))
    return scored(experiment, variant, run, store, seed)


def scored(experiment: Experiment, variant: Variant, run: Run, store: Store, seed: int) -> Row:
    """The row of a run: its scores on the test part, and the parameters that it identifies, if that is asked."""
    test, labels = part_tensors(run, store), digits(store)
    asked = experiment.identification
    parameters = () if asked is None else beside_truth(run, test, labels, asked)
    scores = score_clustering(run, test, labels)
    return Row(variant.name, variant.title, seed, scores, run.info.seconds, str(run.path), parameters=parameters)


def _baseline(experiment: Experiment, folder: Path, store: Store, name: str, seed: int) -> Row:
    """As it was kept, or made and kept."""
    baseline = experiment.baselines[name]
    row = kept_row(folder)
    if row is None:
        row = Row(name, baseline.title, seed, *baseline.method(store, seed), "")
        keep_row(folder, row)
    return msgspec.structs.replace(row, title=baseline.title)


def row_points(row: Row) -> LatentPoints | None:
    """Where the specimens of the test part lie for the run of a row that `reproduce` made; None for a baseline
    and for a training that diverged.

    Raises:
        RunError: the run is no longer there.
        StoreError: its store is no longer there.
    """
    if not row.run or row.scores is None:
        return None
    run = load_run(row.run)
    store = open_store(whole_store(run.path.parents[1]))
    return latent_points(run, part_tensors(run, store), digits(store))


def train_variant(
    path: Path,
    store: Store,
    variant: Variant,
    seed: int,
    device: str = "auto",
    on_epoch: Callable[[Progress], None] = lambda progress: None,
    on_interrupt: Callable[[], None] = lambda: None,
) -> Run:
    """The run of a variant in that folder: as it is if it is complete, else begun or gone on with.

    Raises:
        KeyboardInterrupt: Ctrl-C ended the training after an epoch; the same call goes on with it.
        DivergedError: the training diverges, or has diverged in a former call.
        RunError: the folder holds the run of another recipe, or a damaged one.
        FingerprintError: the training is refused.
    """
    recipe = variant.build(seed)
    if not (path / "run.json").exists():
        run = train(store, recipe, path, device=device, on_epoch=on_epoch, on_interrupt=on_interrupt)
    else:
        status = read_info(path).status
        _check_recipe(path, recipe)
        if status == "diverged":
            known = diverged(path)
            raise DivergedError(known.what, where=known.where, next=known.next)
        if status == "completed":
            return load_run(path)
        run = resume(store, path, device=device, on_epoch=on_epoch, on_interrupt=on_interrupt)
    if run.info.status != "completed":
        raise KeyboardInterrupt
    return run


def _check_recipe(path: Path, recipe: Recipe) -> None:
    """Refuse a run that was begun with another recipe."""
    found = differences(recipe, read_recipe(path))
    if found:
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        raise RunError(
            f"this folder holds another recipe's run; not the same: {', '.join(found[:NAMED])}{more}",
            where=str(path),
            expected="A run of the recipe that is asked for, which may have changed with this version.",
            next="Move that folder away, or work in another one, with --out FOLDER.",
        )


def digits(store: Store) -> dict[str, str]:
    """The digit of every specimen, for scoring alone."""
    return {specimen: str(row[DIGIT]) for specimen, row in store.specimens(store.snapshot()).items()}


def part_tensors(run: Run, store: Store, part: Part = Part.TEST) -> Tensors:
    """The specimens of a part of a run, as its model sees them."""
    specimens = sorted(specimen for specimen, own in run.parts.items() if own == part)
    raws = {name: store.read(name, specimens=specimens) for name in run.preparations}
    return to_tensors(align(raws, run.preparations, specimens), run.preparations, run.model.prior.mean.device)
