"""Before any test: the shape annotations of the numerical rooms are checked at run time. A tiny store and run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pytest
from jaxtyping import install_import_hook

if TYPE_CHECKING:
    from two_factors import TwoFactors

    from fingerprint.run import Run
    from fingerprint.store import Store

# Must run before the first import of any of these. tests/model/test_shapes.py fails when it did not.
CHECKED = (
    "fingerprint.experts.abstract",
    "fingerprint.experts.beginnings",
    "fingerprint.experts.domain",
    "fingerprint.experts.function",
    "fingerprint.experts.linear",
    "fingerprint.experts.sharing",
    "fingerprint.experts.solve",
    "fingerprint.model",
    "fingerprint.training.alignment",
    "fingerprint.training.augmentation",
    "fingerprint.training.batch",
    "fingerprint.training.em",
    "fingerprint.training.modality_dropout",
    "fingerprint.training.objective",
    "fingerprint.training.precisions",
    "fingerprint.training.scout",
    "fingerprint.training.seeding",
    "fingerprint.training.settle",
    "fingerprint.training.trainer",
    "fingerprint.prediction.cross_modal",
    "fingerprint.prediction.embedding",
)
install_import_hook(list(CHECKED), "beartype.beartype")

TINY = 150  # the validation part of a 90 % interval needs 9 specimens


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """150 specimens in three blobs of two hidden factors: a spectrum, a scalar that follows from the factors, metadata.

    The last two specimens lack the scalar, the two before them the spectrum. Metadata: `route` names the blob,
    `temperature` is a number, `operator` is unrelated and missing for some. Tests may read it, not change it.
    """
    from fingerprint.modality import Block, Kind, Modality, RawModality
    from fingerprint.store import open_store

    generator = np.random.default_rng(7)
    blob = np.arange(TINY) % 3
    first, second = (
        np.array([[-2.0, 0.0], [0.0, 2.0], [2.0, -1.0]])[blob] + 0.35 * generator.standard_normal((TINY, 2))
    ).T
    axis = np.linspace(1.0, 20.0, 60)
    peaks = [
        np.exp(-0.5 * ((axis - 6 - 0.8 * first[:, None]) / 1.5) ** 2),
        (1 + 0.2 * second[:, None]) * np.exp(-0.5 * ((axis - 14 - 0.5 * second[:, None]) / 1.0) ** 2),
    ]
    spectra = sum(peaks) + 0.01 * generator.standard_normal((TINY, len(axis)))
    stress = 3 * first - second + 0.1 * generator.standard_normal(TINY)
    ids = tuple(f"t-{number:03}" for number in range(TINY))
    with_spectrum = [row for row in range(TINY) if row not in (TINY - 4, TINY - 3)]
    vdos = Modality("vdos", Kind.SPECTRUM, unit="1/THz", axis_name="frequency", axis_unit="THz")
    scalar = Modality("stress", Kind.SCALAR, unit="GPa", sign="compression positive (-tr sigma / 3)")
    metadata: dict[str, Mapping[str, str | float | None]] = {
        specimen: {
            "route": ("cold", "warm", "hot")[blob[row]],
            "temperature": 300.0 + 10 * row,
            "operator": None if row % 10 == 0 else ("Ada", "Bo")[row % 2],
        }
        for row, specimen in enumerate(ids)
    }
    store = open_store(str(tmp_path_factory.mktemp("tiny") / "store"), create=True)
    spectrum_block = Block(tuple(ids[row] for row in with_spectrum), spectra[with_spectrum], axis)
    store.append(
        [RawModality(vdos, (spectrum_block,)), RawModality(scalar, (Block(ids[:-2], stress[:-2]),))], metadata, ""
    )
    return store


@pytest.fixture(scope="session")
def tiny_run(tiny_store: Store, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Store]:
    """A run of two members and three clusters, trained for 20 epochs on `tiny_store`, and that store."""
    from fingerprint.recipe import load_recipe
    from fingerprint.training import train

    recipe = load_recipe("default", epochs=20, restarts=2, clusters=3)
    return train(tiny_store, recipe, tmp_path_factory.mktemp("runs") / "tiny", device="cpu"), tiny_store


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """As the recipes train; also for what tests compute around a training."""
    from fingerprint.training.threads import cpu_threads

    with cpu_threads(1):
        yield


@pytest.fixture(scope="session")
def factor_data() -> TwoFactors:
    """120 specimens whose spectrum and stress are a known function of two factors, in three blobs."""
    from two_factors import two_factors

    return two_factors()


@pytest.fixture(scope="session")
def factor_store(tmp_path_factory: pytest.TempPathFactory, factor_data: TwoFactors) -> Store:
    """Their spectra and stresses; only to be read."""
    from two_factors import fill_store

    return fill_store(tmp_path_factory.mktemp("factors") / "fingerprint-store", factor_data)


@pytest.fixture(scope="session")
def factor_run(factor_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two members trained on them for a second or two; only to be read."""
    from two_factors import quick_recipe

    from fingerprint.training import train

    return train(
        factor_store, quick_recipe(epochs=60), tmp_path_factory.mktemp("factors") / "runs" / "known", device="cpu"
    )


@pytest.fixture(scope="session")
def image_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """180 specimens of three kinds with images, lines and doses; only to be read."""
    from image_and_line import fill_image_store

    return fill_image_store(tmp_path_factory.mktemp("images") / "fingerprint-store")


@pytest.fixture(scope="session")
def image_run(image_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two members trained on them for a second or two; only to be read."""
    from image_and_line import image_recipe

    from fingerprint.training import train

    return train(image_store, image_recipe(), tmp_path_factory.mktemp("images") / "runs" / "pictures", device="cpu")


@pytest.fixture(scope="session")
def wire_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """150 wires of three kinds, whose lengths are lines over time, and stiffnesses; only to be read."""
    from stretched_wires import fill_wire_store

    return fill_wire_store(tmp_path_factory.mktemp("wires") / "fingerprint-store")


@pytest.fixture(scope="session")
def wire_run(wire_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two members trained on them with an expert for a second or two; only to be read."""
    from stretched_wires import wire_recipe

    from fingerprint.training import train

    return train(wire_store, wire_recipe(), tmp_path_factory.mktemp("wires") / "runs" / "wires", device="cpu")


@pytest.fixture
def own_experts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Experts that are registered meanwhile are gone afterwards, or as soon as this is called."""
    import sys

    from fingerprint.experts import entries, plugins, registry

    known = dict(entries())

    def forget() -> None:
        monkeypatch.setattr(registry, "_ENTRIES", dict(known))
        monkeypatch.setattr(plugins, "_asked", set())
        monkeypatch.setattr(plugins, "_broken", {})

    forget()
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield forget
    for name in set(sys.modules) - before:
        if name.startswith(plugins.PLUGIN):
            del sys.modules[name]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run one command in this process: exit code, stdout, stderr."""
    from fingerprint.cli import main

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(each) for each in arguments])
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run
