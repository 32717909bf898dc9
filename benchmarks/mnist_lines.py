"""The paper's first experiment: accuracy over seeds, Table 2, missing and corrupted measurements, what each cure cures.

    python benchmarks/mnist_lines.py --folder FOLDER --source MNIST [--parts seeds,latent,...]

Every training is kept in FOLDER, so that the command goes on where it was stopped. Time nothing else meanwhile, or say
with --parallel how many such commands run side by side. Each part writes a record of its own: results/mnist_PART.json.
Every row of it names the commit that its training was made with; "" where the training did not note it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from record import commit, record, span

from fingerprint.errors import FingerprintError
from fingerprint.experiments import Variant, reproduce, score_clustering
from fingerprint.experiments.damage import Damage, mnist_lines_store
from fingerprint.experiments.mnist_lines import MNIST_LINES
from fingerprint.experiments.reproducing import digits, part_tensors, run_folder, train_variant
from fingerprint.experiments.rows import kept_row
from fingerprint.files import write_text_atomically
from fingerprint.prediction.disagreement import FLAGGED, alone, evidence, mixture_weights, probability, share
from fingerprint.recipe import PriorRecipe
from fingerprint.run import Run, read_info
from fingerprint.store import Store
from fingerprint.training.evaluation import clustering_accuracy
from fingerprint.training.seeding import expert_coordinates, seed_labels
from fingerprint.training.split import Part

A1_DECODER = {"modalities": {"image": {"decoder": {"kind": "conv", "variance": {"kind": "learned"}}}}}
A1_NETWORKS = {
    "modalities": {
        "image": {
            "encoder": {"kind": "conv", "channels": [32, 64], "strides": [2, 2], "padded": True},
            "decoder": A1_DECODER["modalities"]["image"]["decoder"],
        }
    }
}
DAMAGES = {
    "half-of-lines": Damage({"line": 0.5}),
    "half-of-images": Damage({"image": 0.5}),
    "nine-tenths-of-lines": Damage({"line": 0.9}),
}
SHORT = {"training": {"epochs": 2}}
ABLATION: dict[str, tuple[str, dict[str, Any]]] = {
    "all": ("everything", {}),
    "no-seeding": ("experts start at random", {"prior": {"seeding": "none"}}),
    "random-seeding": ("random labels, split-merge", {"prior": {"seeding": "random"}}),
    "random-no-moves": ("random labels, no split-merge", {"prior": {"seeding": "random", "split_merge": False}}),
    "no-separation": ("clusters laid out at random", {"prior": {"layout": "random"}}),
    "early-em": ("EM from the first epoch", {"prior": {"start": 0.0}}),
    "no-alignment": ("no alignment", {"alignment": {"weight": 0.0}}),
    "drawn": ("q(C|X) = p(C|Z) at the drawn Z", {"prior": {"responsibilities": "draw"}}),
    "joint-only": ("the joint term alone", {"training": {"terms": "joint"}}),
    "dropout": ("modality dropout, p = 0.5", {"training": {"terms": "dropout"}}),
    "unweighted": (
        "weights 1 instead of d_max/d_m",
        {"modalities": {"image": {"weight": 1.0}, "line": {"weight": 1.0}}},
    ),
    "no-augmentation": ("no shifts", {"modalities": {"image": {"augment": {"shift": 0}}}}),
    "gradient-expert": ("expert by gradient", {"modalities": {"line": {"decoder": {"solve": "gradient"}}}}),
    "mixture": ("mixture of experts (MMVAE)", {"model": {"fusion": "mixture"}}),
    "mixture-of-products": ("mixture of products (MoPoE)", {"model": {"fusion": "mixture_of_products"}}),
    "drawn-no-alignment": (
        "no alignment, and q(C|X) = p(C|Z)",
        {"alignment": {"weight": 0.0}, "prior": {"responsibilities": "draw"}},
    ),
}


class Bench:
    """One folder of trainings."""

    def __init__(self, folder: Path, source: Path | None, seeds: list[int], parallel: int = 1) -> None:
        self.folder, self.source, self.seeds, self.parallel = folder, source, seeds, parallel
        self.failures: list[dict[str, Any]] = []

    def row(
        self, variant: Variant, seed: int, damage: Damage | None = None
    ) -> tuple[dict[str, Any], Run, Store] | None:
        """One training, scored on the test part; None where it failed, which is noted."""
        store = mnist_lines_store(self.folder, self.source, damage)
        where = run_folder(self.folder, variant.name, seed)
        try:
            if not is_trained(where):
                note_commit(where)
            run = train_variant(where, store, variant, seed)
        except FingerprintError as error:
            self.fail(variant.name, seed, error)
            return None
        scores = score_clustering(run, part_tensors(run, store), digits(store))
        found = {
            "name": variant.name,
            "title": variant.title,
            "seed": seed,
            "accuracy": scores.accuracy,
            "seconds": run.info.seconds,
            "epochs": run.recipe.training.epochs,
            "alive": sum(cluster.alive for cluster in run.metrics.clusters),
            "commit": noted_commit(where),
        }
        print(found, flush=True)
        return found, run, store

    def baseline(self, name: str, seed: int) -> dict[str, Any] | None:
        """One baseline, scored on the test part; None where it failed, which is noted."""
        where = run_folder(self.folder, name, seed)
        try:
            if kept_row(where) is None:
                note_commit(where)
            (row,) = reproduce(MNIST_LINES.name, self.folder, [seed], [name], source=self.source)
        except FingerprintError as error:
            self.fail(name, seed, error)
            return None
        if row.scores is None:
            return None
        found = {
            "name": row.name,
            "title": row.title,
            "seed": row.seed,
            "accuracy": row.scores.accuracy,
            "seconds": row.seconds,
            "commit": noted_commit(where),
        }
        print(found, flush=True)
        return found

    def fail(self, name: str, seed: int, error: FingerprintError) -> None:
        """Note that a row failed; the others go on."""
        told = str(error).replace(f"{self.folder}/", "")  # a record names no machine's folders
        self.failures.append({"row": name, "seed": seed, "error": told})
        print(self.failures[-1], flush=True)

    def rows(self, variants: list[Variant], seeds: list[int] | None = None, damage: Damage | None = None) -> list[Any]:
        """All seeds of all variants."""
        made = [self.row(variant, seed, damage) for variant in variants for seed in seeds or self.seeds]
        return [each[0] for each in made if each is not None]

    def write(self, part: str, rows: list[Any], **more: Any) -> None:
        """The record of one part."""
        seeds = sorted({row["seed"] for row in rows})
        content = {"seeds": seeds, "parallel": self.parallel, "failures": self.failures, "rows": rows, **more}
        record(f"mnist_{part}", content)
        self.failures = []


def note_commit(where: Path) -> None:
    """Write into a run's folder with what it is trained; one that goes on with another commit names both."""
    known, now = noted_commit(where), commit()
    if now not in known.split(", "):
        write_text_atomically(where / "commit", (f"{known}, {now}" if known else now) + "\n")


def noted_commit(where: Path) -> str:
    """What `note_commit` wrote; "" for nothing."""
    path = where / "commit"
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def is_trained(where: Path) -> bool:
    """Whether nothing is trained any more in a run's folder."""
    return (where / "run.json").exists() and read_info(where).status in ("completed", "diverged")


def table_two(bench: Bench, part: str, names: list[str]) -> None:
    """Rows of `fingerprint reproduce`."""
    rows: list[Any] = []
    for name in names:
        if name in MNIST_LINES.baselines:
            made = [bench.baseline(name, seed) for seed in bench.seeds]
            rows += [row for row in made if row is not None]
        else:
            rows += bench.rows([MNIST_LINES.variant(name)])
    bench.write(part, rows)


def missing(bench: Bench) -> None:
    """Measurements hidden in the training part."""
    rows: list[Any] = []
    for name, damage in DAMAGES.items():
        rows += bench.rows([Variant(name, name.replace("-", " ") + " hidden", "mnist_lines")], damage=damage)
    bench.write("missing", rows)


def corrupted(bench: Bench) -> None:
    """A fifth of the lines with another digit's slope: accuracy against the image's digit, and what is flagged."""
    rows: list[Any] = []
    changes = {"modalities": {"line": {"outliers": 0.1}}}
    for trusted, own in ((False, changes), (True, {})):
        name = "corrupted-trusted" if trusted else "corrupted"
        title = "a fifth of the lines corrupted" + (", every line trusted" if trusted else ", outliers expected")
        for seed in bench.seeds:
            found = bench.row(Variant(name, title, "mnist_lines", own), seed, Damage(corrupted=0.2))
            if found is not None:
                rows.append({**found[0], **_flags(found[1], found[2])})
                print(rows[-1], flush=True)
    bench.write("corrupted", rows)


def _flags(run: Run, store: Store) -> dict[str, float]:
    """How well the disagreement of a specimen's modalities tells the corrupted ones of the test part."""
    tensors = part_tensors(run, store)
    metadata = store.specimens(store.snapshot())
    wrong = np.array([bool(metadata[each]["corrupted"]) for each in tensors.specimens])
    found = evidence(alone(run.model, tensors, run.model.names), mixture_weights(run.model))
    flagged = probability(found, share(found)) > FLAGGED
    return {
        "corrupted_share": float(wrong.mean()),
        "flagged_share": float(flagged.mean()),
        "precision": float(wrong[flagged].mean()) if flagged.any() else float("nan"),
        "recall": float(flagged[wrong].mean()),
        "disagreeing_share": share(found),
        "outliers_learned": float(run.model.outliers[0, run.model.names.index("line")]),
    }


def starts(bench: Bench) -> None:
    """From random labels of the lines: do split-merge moves find all ten clusters, and what is found without them?"""
    variant = MNIST_LINES.variant("multimodal")
    run = train_variant(
        bench.folder / "runs" / "starts",
        mnist_lines_store(bench.folder, bench.source),
        Variant("starts", "", variant.recipe, {"training": {"epochs": 1}}),
        0,
    )
    store = mnist_lines_store(bench.folder, bench.source)
    train, truth = part_tensors(run, store, Part.TRAIN), digits(store)
    points, rows = expert_coordinates(run.model, train)
    labels = [truth[train.specimens[row]] for row in rows.tolist()]
    commit_now = commit()
    found: list[Any] = []
    for title, seeding, moves in (
        ("k-means++, 20 restarts", "expert", False),
        ("random labels, Lloyd", "random", False),
        ("random labels, split-merge", "random", True),
    ):
        choice = PriorRecipe(seeding=seeding, split_merge=moves)  # type: ignore[arg-type]
        for seed in range(50):
            begun = time.perf_counter()
            clusters = seed_labels(points, 10, choice, torch.Generator().manual_seed(seed))
            accuracy = 100 * clustering_accuracy(labels, clusters)
            seconds = time.perf_counter() - begun
            found.append({"name": title, "seed": seed, "accuracy": accuracy, "seconds": seconds, "commit": commit_now})
        print(title, sum(each["accuracy"] > 99.9 for each in found if each["name"] == title), "of 50", flush=True)
    bench.write("starts", found)


PARTS: dict[str, Callable[[Bench], None]] = {
    "seeds": lambda bench: table_two(bench, "seeds", ["multimodal"]),
    "latent": lambda bench: table_two(bench, "latent", ["latent-2"]),
    "image": lambda bench: table_two(bench, "image", ["image-only"]),
    "table": lambda bench: table_two(
        bench, "table", ["no-dropout", "line-only", "no-expert", "pca-mixture", "autoencoder-mixture"]
    ),
    "missing": missing,
    "corrupted": corrupted,
    "deconvolutions": lambda bench: bench.write(
        "deconvolutions",
        bench.rows(
            [
                Variant("a1-decoder", "the paper's deconvolutions", "mnist_lines", A1_DECODER),
                Variant("a1-networks", "the paper's channels, strided, and deconvolutions", "mnist_lines", A1_NETWORKS),
            ]
        ),
    ),
    "starts": starts,
    "literal": lambda bench: table_two(bench, "literal", ["literal"]),
    "ablation": lambda bench: bench.write(
        "ablation",
        bench.rows(
            [Variant(f"ablation-{n}", title, "mnist_lines", {**SHORT, **own}) for n, (title, own) in ABLATION.items()]
        ),
    ),
}


def main() -> None:
    """Measure and write the records."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--seeds", default="0-8")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--parallel", type=int, default=1, help="how many such commands run side by side")
    chosen = parser.parse_args()
    bench = Bench(chosen.folder, chosen.source, span(chosen.seeds), chosen.parallel)
    for part in chosen.parts.split(","):
        PARTS[part](bench)


if __name__ == "__main__":
    main()
