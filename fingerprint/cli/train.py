"""`fingerprint train`: from the store to a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from fingerprint.cli import console
from fingerprint.cli.told import run_document, run_lines

if TYPE_CHECKING:
    from fingerprint.prepare import Preparation
    from fingerprint.recipe import Recipe
    from fingerprint.run import Run
    from fingerprint.training import Progress

PLAIN_SECONDS = 5.0


def train(
    clusters: Annotated[int | None, typer.Option(min=1, help="How many clusters to look for.")] = None,
    latent: Annotated[int | None, typer.Option(min=1, help="Size of the latent space.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training part.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Largest step of the optimiser.")] = None,
    seed: Annotated[int | None, typer.Option(help="First seed; restart k uses seed + k.")] = None,
    split_seed: Annotated[int | None, typer.Option(help="Names the split into train, validation and test.")] = None,
    restarts: Annotated[
        int | None, typer.Option(min=1, help="Members trained together; predictions average them.")
    ] = None,
    modalities: Annotated[
        str | None, typer.Option(help="Names with commas between; default: all that the store holds.")
    ] = None,
    label: Annotated[
        str, typer.Option(help="Metadata column to compare clusters with afterwards; never trained on.")
    ] = "",
    recipe: Annotated[
        str | None, typer.Option(help="A shipped recipe's name, or a TOML file. Default: the one called default.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    out: Annotated[Path | None, typer.Option(help="The run's folder. Default: a new one under --runs.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run at --out, or the newest unfinished one.")
    ] = False,
    store: console.StorePath = console.DEFAULT_STORE,
    runs: console.RunsFolder = console.DEFAULT_RUNS,
    plugin: console.Plugins = None,  # noqa: ARG001
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Train PIMA on the store: find the clusters that all modalities share.

    Ctrl-C stops after the epoch that runs and keeps a usable run; --resume goes on with it.
    """
    choices = {
        "clusters": clusters,
        "latent": latent,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "seed": seed,
        "split_seed": split_seed,
        "restarts": restarts,
    }
    chosen = {key: value for key, value in choices.items() if value is not None}
    if resume and (chosen or modalities or recipe is not None):
        raise typer.BadParameter("goes on with the choices that were made; give no others", param_hint="--resume")
    if resume:
        run = _resume(store, runs, out, device, label)
    else:
        run = _begin(store, runs, out, device, label, recipe or "default", chosen, modalities)
    console.answer(run_document(run), *run_lines(run))
    if run.info.status == "interrupted":
        _end_interrupted(run.path, f"Interrupted after epoch {len(run.history)} of {run.recipe.training.epochs}")


def _resume(store: str, runs: Path, out: Path | None, device: str, label: str) -> Run:
    """Go on with a run."""
    from fingerprint import training
    from fingerprint.run import newest_unfinished
    from fingerprint.store import open_store

    source = open_store(store)
    path = out or newest_unfinished(runs)
    if out is None:
        console.say(f"Going on with {path}.")
    with progress() as tell, _keeping(path) as keep:
        return training.resume(source, path, device=device, label=label, on_epoch=keep(tell), on_interrupt=say_stopping)


def _begin(
    store: str,
    runs: Path,
    out: Path | None,
    device: str,
    label: str,
    recipe: str,
    choices: dict[str, Any],
    modalities: str | None,
) -> Run:
    """Begin a run."""
    from fingerprint.recipe import load_recipe
    from fingerprint.store import open_store

    source = open_store(store)
    from fingerprint import training  # torch takes seconds: a missing store is said before

    chosen = load_recipe(recipe, **choices)
    names = [name.strip() for name in modalities.split(",")] if modalities else None
    with progress() as tell, _keeping(out) as keep:
        return training.train(
            source,
            chosen,
            out,
            runs=runs,
            modalities=names,
            device=device,
            label=label,
            on_plan=_say_plan,
            on_warning=console.say,
            on_epoch=keep(tell),
            on_interrupt=say_stopping,
        )


@contextmanager
def _keeping(path: Path | None) -> Generator[Callable[[Callable[[Progress], None]], Callable[[Progress], None]]]:
    """Say how to go on when Ctrl-C comes at a moment that cannot wait for the end of an epoch."""

    def keep(tell: Callable[[Progress], None]) -> Callable[[Progress], None]:
        def heard(progress: Progress) -> None:
            nonlocal path
            path = progress.path
            tell(progress)

        return heard

    try:
        yield keep
    except KeyboardInterrupt:
        _end_interrupted(path, "Interrupted")


def say_stopping() -> None:
    """Answer the first Ctrl-C."""
    console.say("Stopping after this step; Ctrl-C again stops now.")


def _end_interrupted(path: Path | None, happened: str) -> NoReturn:
    command = f"fingerprint train --resume --out {path}{console.plugin_options()}"
    if path and ((path / "state.safetensors").is_file() or (path / "model.safetensors").is_file()):
        console.say(f"{happened}; what was learned is kept. Go on: {command}")
    elif path and (path / "run.json").is_file():
        console.say(f"{happened}; nothing was learned yet. Begin it: {command}")
    else:
        console.say(f"{happened}; nothing was learned yet.")
    raise typer.Exit(130)


def _say_plan(recipe: Recipe, preparations: Mapping[str, Preparation]) -> None:
    """Say in a few lines what was chosen."""
    import msgspec

    training = recipe.training
    console.say(
        f"Training {_count(training.restarts, 'member')} for {_count(training.epochs, 'epoch')}: "
        f"latent {recipe.model.latent}, {_count(recipe.model.clusters, 'cluster')}, "
        f"seeds from {training.seed}, split {training.split_seed}."
    )
    for name, choice in recipe.modalities.items():
        told = msgspec.to_builtins(choice)
        size = told["input"].get("components")
        seen = _count(size, "principal component") if size else "values"
        console.say(f"  {name}: {seen} into an {told['encoder']['kind']} encoder, {_decoder(told['decoder'])}")
        if preparations[name].grid is not None:
            console.say(f"    on {_grid(preparations[name])}")


def _decoder(told: Mapping[str, Any]) -> str:
    if told["kind"] == "expert":
        return f"decoded by the law {told['name']}"
    return f"decoded with {told['of']}" if told["kind"] == "component" else f"{told['kind']} decoder"


def _grid(preparation: Preparation) -> str:
    """The common axis of a curve, how much of it was measured, and what is done there."""
    grid, steps = preparation.grid, preparation.steps
    assert grid is not None
    told = f"{len(grid)} points from {grid[0]:g} to {grid[-1]:g} {preparation.source.axis_unit}".rstrip()
    if preparation.covered < 1:
        told += f", all of it measured in {100 * preparation.covered:.1f} % of the training part"
    return ", then ".join([told, *(str(each.step.__struct_config__.tag) for each in steps)])


@contextmanager
def progress() -> Generator[Callable[[Progress], None]]:
    """What is told after every epoch: a live line on a terminal, else a plain one every few seconds."""
    if console.is_live():
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("epoch"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
        )
        with console.drawing() as terminal, Progress(*columns, console=terminal, transient=True) as bar:
            task = bar.add_task("", total=None)

            def draw(progress: Any) -> None:
                done = progress.state.epoch
                bar.update(task, completed=done, total=progress.epochs, description=_terms(progress))

            yield draw
        return
    last = time.monotonic()

    def tell(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last > PLAIN_SECONDS:
            last = time.monotonic()
            console.say(
                f"epoch {progress.state.epoch}/{progress.epochs}  {_terms(progress)}  "
                f"{progress.seconds_left:.0f} s left"
            )

    yield tell


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _terms(progress: Progress) -> str:
    """The terms of the ELBO, mean over members."""
    record = progress.state.history[-1]

    def mean(values: list[float]) -> float:
        return sum(values) / len(values) if values else float("nan")

    return (
        f"reconstruction {mean(record.reconstruction):.1f}  KL {mean(record.kl):.2f}  "
        f"validation ELBO {mean(record.validation):.1f}"
    )
