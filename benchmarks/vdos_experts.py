"""Does physics help? The spectra of silicon decoded by a network, by peaks, and by principal components.

    python benchmarks/vdos_experts.py [--splits 0-4] [--epochs 250]

All have latent size 2, four clusters and five members, on the same splits. "network" has the peaks' recipe but for the
decoder. Compression, disorder and edges of the cells are metadata, which score the clusters and give the volumes.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from record import mean, record, silicon_store, span
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

import fingerprint
from fingerprint.experiments.variants import Variant
from fingerprint.model.experts import ExpertDecoder
from fingerprint.prediction import embed
from fingerprint.prepare import Tensors, align, to_tensors
from fingerprint.recipe import with_choices
from fingerprint.run import Run
from fingerprint.store import Store
from fingerprint.training.evaluation import hard_labels

NETWORK = {"kind": "mlp", "hidden": [64, 64], "variance": {"kind": "learned"}}
CLOSED_FORM = {"shared": [], "along_z": [], "solve": "fit"}
VARIANTS = (
    Variant("default", "the default recipe", "vdos"),
    Variant("network", "network, as the peaks", "vdos_peaks", {"modalities": {"vdos": {"decoder": NETWORK}}}),
    Variant("peaks", "peaks", "vdos_peaks"),
    Variant("principal", "principal components", "vdos_principal"),
    Variant(
        "principal-fixed",
        "principal components, one set of scores for each cluster, in closed form",
        "vdos_principal",
        {"modalities": {"vdos": {"decoder": CLOSED_FORM}}, "prior": {"seeding": "expert"}},
    ),
)
LABELS = ("compression", "disorder_kind")
Clusters = NDArray[np.int64]


def tensors(run: Run, store: Store, part: str) -> Tensors:
    """The specimens of a part, in the run's model units."""
    chosen = sorted(specimen for specimen, own in run.parts.items() if own == part)
    raws = {name: store.read(name) for name in run.preparations}
    return to_tensors(align(raws, run.preparations, chosen), run.preparations)


def purity(labels: list[str], clusters: Clusters) -> float:
    """Share of specimens that have the commonest label of their cluster, in percent."""
    members = [[label for label, own in zip(labels, clusters, strict=True) if own == each] for each in set(clusters)]
    return 100 * sum(Counter(each).most_common(1)[0][1] for each in members) / len(labels)


def against_labels(clusters: Clusters, specimens: list[str], store: Store) -> dict[str, dict[str, float]]:
    """Purity and adjusted Rand index, by label."""
    metadata = store.specimens()
    found: dict[str, dict[str, float]] = {}
    for label in LABELS:
        labels = [str(metadata[each][label]) for each in specimens]
        found[label] = {
            "purity_percent": purity(labels, clusters),
            "adjusted_rand": float(adjusted_rand_score(labels, clusters)),
        }
    return found


def free_numbers(run: Run) -> int:
    """Numbers that one member's decoder of the spectrum has to learn, its variance left out."""
    decoder = run.model.decoder("vdos")
    if not isinstance(decoder, ExpertDecoder):
        learned = [each for name, each in decoder.named_parameters() if "variance" not in name]
        return sum(each.numel() for each in learned) // run.model.seeds
    clusters, alike = run.recipe.model.clusters, decoder.law.shared
    own = sum(1 if name in alike else clusters for name in decoder.names)
    return own + (0 if decoder.slope is None else decoder.slope[0].numel())


def volumes(store: Store, specimens: tuple[str, ...]) -> NDArray[np.float64]:
    """Of the cells, cubic angstrom; nan for those that were not compressed from all sides."""
    metadata = store.specimens()
    edges = [[float(str(metadata[each][f"edge_{axis}_angstrom"])) for axis in "xyz"] for each in specimens]
    alike = np.array([metadata[each]["compression"] == "hydrostatic" for each in specimens])
    return np.where(alike, np.prod(edges, 1), np.nan)


@torch.no_grad()
def peaks(run: Run, store: Store) -> list[list[dict[str, float]]]:
    """The peaks of every member at the mean of the training part, in ascending order of position.

    Grueneisen's parameter is -d ln p / d ln V, by least squares over the training specimens under hydrostatic pressure.
    """
    decoder = run.model.decoder("vdos")
    assert isinstance(decoder, ExpertDecoder)
    train = tensors(run, store, "train")
    found = embed(run.model, train)
    shares, theta = found.responsibilities.double(), decoder.theta_at(found.posterior.mean)
    values = torch.einsum("snc,scnp->snp", shares, theta.expand(-1, shares.shape[-1], -1, -1)).numpy()
    volume = volumes(store, train.specimens)
    pressed = np.isfinite(volume)
    told: list[list[dict[str, float]]] = []
    for member in values:
        column = {name: member[:, place] for place, name in enumerate(decoder.names)}
        rows: list[dict[str, float]] = []
        for number in range(1, len(decoder.names) + 1):
            if f"log position {number}" not in column:
                break
            log = column[f"log position {number}"]
            slope = float(np.polyfit(np.log(volume[pressed]), log[pressed], 1)[0])
            row = {"position_thz": float(np.exp(log.mean())), "gruneisen": -slope}
            row |= {key: float(column[f"{key} {number}"].mean()) for key in ("height", "width")}
            rows.append(row)
        told.append(sorted(rows, key=lambda row: row["position_thz"]))
    return told


def optical_peak(store: Store) -> float:
    """Grueneisen's parameter of the highest point of the spectrum above 14 THz, without any model."""
    block = store.read("vdos").blocks[0]
    assert block.axis is not None
    volume, above = volumes(store, block.specimens), block.axis > 14
    place = block.axis[above][block.values[:, above].argmax(1)]
    pressed = np.isfinite(volume)
    return -float(np.polyfit(np.log(volume[pressed]), np.log(place[pressed]), 1)[0])


def assess(run: Run, store: Store) -> dict[str, Any]:
    """Everything that is asked of a run."""
    test, parts = run.metrics.parts["test"], {name: tensors(run, store, name) for name in ("train", "test")}
    labels = hard_labels(run.model, parts["test"])
    trained = hard_labels(run.model, parts["train"])
    agreement = [adjusted_rand_score(one, other) for one, other in itertools.combinations(trained, 2)]
    return {
        "stress_percent": test.rmse_percent["stress"]["vdos"],
        "members": [each.rmse_percent["stress"]["vdos"] for each in run.metrics.restarts],
        "spectrum_from_stress_percent": test.rmse_percent["vdos"]["stress"],
        "spectrum_percent": test.rmse_percent["vdos"]["vdos"],
        "labels": [against_labels(each, list(parts["test"].specimens), store) for each in labels],
        "agreement": float(np.mean(agreement)),
        "alive": [int((np.bincount(each) >= 0.02 * len(each)).sum()) for each in trained],
        "free_numbers": free_numbers(run),
        "seconds_per_member": run.info.seconds / run.model.seeds,
    }


def stress_alone(run: Run, store: Store) -> dict[str, dict[str, float]]:
    """Purity of k-means clusters of the stress alone, on the test part: what no spectrum is needed for."""
    train, test = (tensors(run, store, part) for part in ("train", "test"))
    clusters = KMeans(run.recipe.model.clusters, n_init=20, random_state=0)  # pyright: ignore[reportArgumentType]
    clusters.fit(train.values["stress"].double().numpy())
    told = np.asarray(clusters.predict(test.values["stress"].double().numpy()), np.int64)
    return against_labels(told, list(test.specimens), store)


def main() -> None:
    """Run every decoder on every split and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", default="0-4")
    parser.add_argument("--epochs", type=int, default=250)
    parser.add_argument("--variants", default=",".join(each.name for each in VARIANTS))
    arguments = parser.parse_args()
    splits, chosen = span(arguments.splits), arguments.variants.split(",")
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    decomposed: list[dict[str, Any]] = []
    controls: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        store = silicon_store(Path(name))
        for split_seed, variant in itertools.product(splits, [each for each in VARIANTS if each.name in chosen]):
            recipe = with_choices(variant.build(0), split_seed=split_seed, epochs=arguments.epochs)
            try:
                run = fingerprint.train(store, recipe, Path(name) / f"{variant.name}-{split_seed}")
                result = assess(run, store)
            except Exception as error:
                failures.append({"variant": variant.name, "split_seed": split_seed, "error": repr(error)})
                print(failures[-1], flush=True)
                continue
            rows.append({"variant": variant.name, "title": variant.title, "split_seed": split_seed, **result})
            if variant.name == "peaks":
                decomposed.append({"split_seed": split_seed, "members": peaks(run, store)})
                controls.append({"split_seed": split_seed, **stress_alone(run, store)})
            both = (result["stress_percent"], mean(result["members"]))
            print(f"{variant.name}, split {split_seed}: {both[0]:.3f} %, single members {both[1]:.3f} %", flush=True)
        optical = optical_peak(store)
    record(
        "vdos_experts",
        {
            "split_seeds": splits,
            "seeds": list(range(5)),
            "failures": failures,
            "rows": rows,
            "stress_alone": controls,
            "peaks": decomposed,
            "optical_gruneisen": optical,
        },
    )


if __name__ == "__main__":
    main()
