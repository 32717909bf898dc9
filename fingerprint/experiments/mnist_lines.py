"""The paper's first experiment (section 4.1) and its Table 2: MNIST images, and lines whose slope is the digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from fingerprint.errors import RecipeError
from fingerprint.experiments.baselines import autoencoder_mixture, pca_mixture
from fingerprint.experiments.clustering import ClusteringScores, score_clustering
from fingerprint.experiments.data import DIGIT, mnist_lines_store, whole_store
from fingerprint.experiments.latent import LatentPoints, latent_points
from fingerprint.experiments.variants import Variant
from fingerprint.prepare import Tensors, align, to_tensors
from fingerprint.run import Run, load_run, read_info
from fingerprint.store import Store, open_store
from fingerprint.training import Progress, resume, train
from fingerprint.training.split import Part

PAPER: dict[str, dict[str, Any]] = {
    "multimodal": {"accuracy": {"joint": "90.31 ± 14.81, best 99.79", "image": "best 39.15", "line": "best 99.92"}},
    "no-dropout": {"accuracy": {"joint": "87.95 ± 11.70, best 99.59", "image": "best 11.26", "line": "best 32.39"}},
    "image-only": {"accuracy": {"joint": "best 14.84"}},
    "line-only": {"accuracy": {"joint": "best 53.37"}},
    "no-expert": {"accuracy": {"joint": "best 58.36", "image": "best 50.34", "line": "best 56.22"}},
    "VAE+GMM": {"accuracy": {"joint": "best 72.94"}},
    "DEC": {"accuracy": {"joint": "best 84.30"}},
    "VaDE": {"accuracy": {"joint": "best 94.46"}},
    "GMVAE, 10 clusters": {"accuracy": {"joint": "82.31 ± 3.75, best 88.54"}},
    "GMVAE, 16 clusters": {"accuracy": {"joint": "87.82 ± 5.33, best 96.92"}},
    "CNN, supervised": {"accuracy": {"joint": "99.91"}},
}

VARIANTS = (
    Variant("multimodal", "images and lines, the default recipe", "mnist_lines"),
    Variant("latent-2", "the same with a latent space of two dimensions", "mnist_lines", {"model": {"latent": 2}}),
    Variant("no-dropout", "no unimodal terms: the joint ELBO alone", "mnist_lines", {"training": {"terms": "joint"}}),
    Variant("image-only", "images alone", "mnist_image"),
    Variant("line-only", "lines alone", "mnist_lines", {"modalities": {"image": None}}),
    Variant("no-expert", "a network instead of the line's expert", "mnist_no_expert"),
    Variant("literal", "Algorithm 1 as it is printed, a short run", "mnist_lines_paper"),
)
BASELINES: dict[str, tuple[str, Callable[[Store, int], tuple[ClusteringScores, float]]]] = {
    "pca-mixture": ("20 principal components of the images, Gaussian mixture", pca_mixture),
    "autoencoder-mixture": ("autoencoder of the images, Gaussian mixture", autoencoder_mixture),
}


class Row(Struct, frozen=True):
    """One training of one variant, scored on the test part.

    Attributes:
        name, title: of the variant.
        seed: its seed.
        scores: clusters against digits.
        seconds: of training and evaluation, on this machine.
        run: its folder; empty for a baseline.
    """

    name: str
    title: str
    seed: int
    scores: ClusteringScores
    seconds: float
    run: str


def variants() -> tuple[str, ...]:
    """The names of the rows that can be made."""
    return (*(each.name for each in VARIANTS), *BASELINES)


def reproduce(
    folder: str | Path,
    seeds: Sequence[int] = tuple(range(9)),
    rows: Sequence[str] = ("multimodal",),
    *,
    source: str | Path | None = None,
    device: str = "auto",
    on_row: Callable[[Row], None] = lambda row: None,
    on_start: Callable[[str, int], None] = lambda name, seed: None,
    on_epoch: Callable[[Progress], None] = lambda progress: None,
) -> list[Row]:
    """Train and score; what a former call has finished in the same folder is taken from there.

    Args:
        folder: for the data, the store and the runs.
        seeds: one training each.
        rows: names of variants.
        source: a folder with MNIST's files; None downloads them.
        device: as for `train`.
        on_row: told every row as it is there.
        on_start: told what is trained next.
        on_epoch: told after every epoch.

    Raises:
        KeyboardInterrupt: Ctrl-C; the same call goes on where it ended.
        FingerprintError: the data cannot be had, or a training fails.
        RecipeError: no variant has that name.
    """
    unknown = sorted(set(rows) - set(variants()))
    if unknown:
        raise RecipeError(f"no row is called {unknown[0]!r}", expected=f"One of: {', '.join(variants())}.")
    place = Path(folder)
    store = mnist_lines_store(place, None if source is None else Path(source))
    made: list[Row] = []
    for name in rows:
        for seed in seeds:
            on_start(name, seed)
            row = _row(place, store, name, seed, device, on_epoch)
            made.append(row)
            on_row(row)
    return made


def _row(place: Path, store: Store, name: str, seed: int, device: str, on_epoch: Callable[[Progress], None]) -> Row:
    if name in BASELINES:
        title, method = BASELINES[name]
        found, seconds = method(store, seed)
        return Row(name, title, seed, found, seconds, "")
    variant = next(each for each in VARIANTS if each.name == name)
    run = train_variant(place / "runs" / f"{name}-seed-{seed}", store, variant, seed, device, on_epoch)
    scores = score_clustering(run, part_tensors(run, store), digits(store))
    return Row(name, variant.title, seed, scores, run.info.seconds, str(run.path))


def row_points(row: Row) -> LatentPoints | None:
    """Where the specimens of the test part lie for the run of a row that `reproduce` made; None for a baseline.

    Raises:
        RunError: the run is no longer there.
        StoreError: its store is no longer there.
    """
    if not row.run:
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
) -> Run:
    """The run of a variant in that folder: as it is if it is complete, else begun or gone on with.

    Raises:
        KeyboardInterrupt: Ctrl-C ended the training after an epoch; the same call goes on with it.
        FingerprintError: the training fails.
    """
    if not (path / "run.json").exists():
        run = train(store, variant.build(seed), path, device=device, on_epoch=on_epoch)
    elif read_info(path).status != "completed":
        run = resume(store, path, device=device, on_epoch=on_epoch)
    else:
        return load_run(path)
    if run.info.status != "completed":
        raise KeyboardInterrupt
    return run


def digits(store: Store) -> dict[str, str]:
    """The digit of every specimen, for scoring alone."""
    return {specimen: str(row[DIGIT]) for specimen, row in store.specimens(store.snapshot()).items()}


def part_tensors(run: Run, store: Store, part: Part = Part.TEST) -> Tensors:
    """The specimens of a part of a run, as its model sees them."""
    specimens = sorted(specimen for specimen, own in run.parts.items() if own == part)
    raws = {name: store.read(name, specimens=specimens) for name in run.preparations}
    return to_tensors(align(raws, run.preparations, specimens), run.preparations, run.model.prior.mean.device)
