"""Controls on the silicon set: what must not be found, and what must be noticed.

    python benchmarks/vdos_controls.py [--splits 0-4]

permuted stress: stress shuffled among specimens; nothing may be predicted better than the mean
swapped metadata: compression and disorder shuffled among specimens; the weights must be identical
strangers: white noise, test spectra shifted by 10 % of the axis, test spectra in the wrong unit; flagged or refused
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from record import mean, record, silicon_store, span
from vdos_baselines import train

import fingerprint
from fingerprint.errors import DataError
from fingerprint.modality import RawModality
from fingerprint.prediction import predict_raw
from fingerprint.run import Run
from fingerprint.store import Store


def permuted(store: Store, folder: Path, split_seed: int) -> dict[str, Any]:
    """Error of stress from the spectrum when the stresses are shuffled, against predicting the mean."""
    stress = store.read("stress")
    rng = np.random.default_rng(split_seed)
    blocks = tuple(dataclasses.replace(block, values=rng.permutation(block.values)) for block in stress.blocks)
    shuffled = fingerprint.open_store(folder / "permuted-store", create=True)
    shuffled.append([store.read("vdos"), RawModality(stress.modality, blocks)], {}, "")
    run = train(shuffled, split_seed, folder / "permuted", "default")
    test = run.metrics.parts["test"]
    return {
        "split_seed": split_seed,
        "r2": test.r2["stress"]["vdos"],
        "rmse_percent": test.rmse_percent["stress"]["vdos"],
    }


def swapped(store: Store, folder: Path, split_seed: int) -> bool:
    """Whether the weights are the same when metadata are shuffled among specimens."""
    metadata = store.specimens()
    ids = sorted(metadata)
    shuffled = np.random.default_rng(split_seed).permutation(ids)
    other = fingerprint.open_store(folder / "swapped-store", create=True)
    moved = {own: metadata[str(source)] for own, source in zip(ids, shuffled, strict=True)}
    other.append([store.read("vdos"), store.read("stress")], moved, "")
    runs = [
        train(each, split_seed, folder / name, "default", epochs=20)
        for each, name in ((store, "own"), (other, "swapped"))
    ]
    digests = {hashlib.sha256((run.path / "model.safetensors").read_bytes()).hexdigest() for run in runs}
    return len(digests) == 1


def strangers(run: Run, store: Store, split_seed: int) -> dict[str, float]:
    """Share of strange spectra that are flagged or refused, and of test spectra that are flagged."""
    test = {specimen for specimen, part in run.parts.items() if part == "test"}
    spectra = store.read("vdos").keeping(test)
    block = spectra.blocks[0]
    assert block.axis is not None
    rng = np.random.default_rng(split_seed)
    noise = rng.uniform(0, block.values.max(), block.values.shape)
    shift = 0.1 * (block.axis[-1] - block.axis[0])
    slide = np.stack([np.interp(block.axis - shift, block.axis, row) for row in block.values])
    to_wavenumber = 33.35640951981521  # cm^-1 per THz
    cases = {
        "white noise": dataclasses.replace(block, values=noise),
        "shifted by 10 % of the axis": dataclasses.replace(block, values=slide),
        "axis shifted by 10 %": dataclasses.replace(block, axis=block.axis + shift),
        "in cm^-1, called THz": dataclasses.replace(
            block, axis=block.axis * to_wavenumber, values=block.values / to_wavenumber
        ),
        "test spectra": block,
    }
    return {name: noticed(run, RawModality(spectra.modality, (case,))) for name, case in cases.items()}


def noticed(run: Run, raw: RawModality) -> float:
    """Share of specimens that are flagged; 1 where they are refused."""
    try:
        return mean(each.novelty.flagged for each in predict_raw(run, "stress", {"vdos": raw}))
    except DataError:
        return 1.0


def main() -> None:
    """Run the controls and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", default="0-4")
    splits = span(parser.parse_args().splits)
    with tempfile.TemporaryDirectory() as name:
        store = silicon_store(Path(name))
        shuffled, strange = [], []
        for split_seed in splits:
            folder = Path(name) / str(split_seed)
            shuffled.append(permuted(store, folder, split_seed))
            run = train(store, split_seed, folder / "run", "default")
            strange.append({"split_seed": split_seed, **strangers(run, store, split_seed)})
            print(shuffled[-1], strange[-1], flush=True)
        identical = swapped(store, Path(name), splits[0])
    record(
        "vdos_controls",
        {
            "split_seeds": splits,
            "failures": [],
            "permuted_stress": shuffled,
            "swapped_metadata_identical_weights": identical,
            "strangers": strange,
        },
    )


if __name__ == "__main__":
    main()
