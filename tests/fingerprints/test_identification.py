"""What a training tells of its laws' parameters: the truth, in measured units, and how far it may be off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import pandas as pd
import pytest
import torch
from stretched_wires import BASIS, IDS, KIND, NOT_WATCHED, TIME, TRUE, wire_recipe

from fingerprint.experts import AbstractExpert, Domain, Parameter, family
from fingerprint.fingerprints import Description, describe, export, identification, pieces
from fingerprint.fingerprints.export import parameter_table
from fingerprint.fingerprints.identification import identify, weighted
from fingerprint.fingerprints.parameters import ParameterSums
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.model import PIMA
from fingerprint.model.experts import mean_curves
from fingerprint.prediction.embedding import embed, fitting_responsibilities
from fingerprint.prepare import align, fit_preparation, to_tensors
from fingerprint.recipe import (
    ExpertComponent,
    GridInput,
    LearnedVariance,
    ModalityRecipe,
    PriorRecipe,
    Recipe,
    RegisteredExpert,
)
from fingerprint.run import Run, build_model, doubts, make_generators
from fingerprint.store import Store
from fingerprint.training import train

FUNCTIONS = np.stack([TIME**0, TIME], axis=1)


@pytest.fixture(scope="module")
def description(wire_run: Run, wire_store: Store) -> Description:
    return describe(wire_run, wire_store)


@pytest.fixture(scope="module")
def train_part(wire_run: Run, wire_store: Store) -> pieces.Piece:
    """Of the specimens that were watched."""
    training = [each for each, part in sorted(wire_run.parts.items()) if part == "train" and each not in NOT_WATCHED]
    (piece,) = pieces.pieces(wire_run, wire_store, training)
    return piece


def values(run: Run) -> np.ndarray:
    """[cluster, parameter]."""
    return np.array([each.values for each in run.metrics.experts["length"].parameters], dtype=float).T


def errors(run: Run) -> np.ndarray:
    """[cluster, parameter]."""
    return np.array([each.standard_errors for each in run.metrics.experts["length"].parameters], dtype=float).T


def kinds(description: Description) -> list[int]:
    """The kind of most members of each cluster."""
    return [
        int(np.bincount([KIND[IDS.index(one)] for one in each.members]).argmax()) for each in description.fingerprints
    ]


def test_intercepts_and_slopes_are_recovered_in_measured_units(wire_run: Run, description: Description) -> None:
    """[Eq. 11, Eq. 16] Lengths of 50,000 um that grow by hundreds in an hour; each cluster has those of its members."""
    of = kinds(description)
    assert sorted(of) == [0, 1, 2]
    assert (np.abs(values(wire_run) - TRUE[of]) < 3.5 * errors(wire_run)).all()
    assert (errors(wire_run) < [20, 15]).all()


def test_they_are_the_least_squares_of_the_training_part(wire_run: Run, train_part: pieces.Piece) -> None:
    """[Eq. 16] Every point of every specimen an equation, weighted by its responsibility."""
    posterior = embed(wire_run.model, train_part.tensors).posterior
    gamma = fitting_responsibilities(wire_run.model, train_part.tensors, posterior)[wire_run.info.map_member]
    gamma = gamma.double().numpy()
    for cluster, found in enumerate(values(wire_run)):
        weight = np.repeat(gamma[:, cluster], len(TIME)) ** 0.5
        equations = weight[:, None] * np.tile(FUNCTIONS, (len(gamma), 1))
        expected = np.linalg.lstsq(equations, weight * train_part.physical.values["length"].ravel(), rcond=None)[0]
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_errors_follow_from_the_training_part_alone(wire_run: Run, wire_store: Store, description: Description) -> None:
    """Clusters are apart here: the deviation of the members' own fits over the root of their number."""
    (piece,) = pieces.pieces(wire_run, wire_store, sorted(wire_run.parts))
    own = np.linalg.lstsq(FUNCTIONS, piece.physical.values["length"].T, rcond=None)[0].T
    for each, found in zip(description.fingerprints, errors(wire_run), strict=True):
        rows = [IDS.index(one) for one in each.members if wire_run.parts[one] == "train" and one not in NOT_WATCHED]
        np.testing.assert_allclose(found, own[rows].std(0, ddof=1) / np.sqrt(len(rows)), rtol=1e-2)


def test_a_fingerprint_holds_those_of_its_cluster(wire_run: Run, description: Description) -> None:
    for cluster, each in enumerate(description.fingerprints):
        told = each.parameters["length"]
        assert list(told) == list(BASIS)
        assert [one.value for one in told.values()] == values(wire_run)[cluster].tolist()
        assert [one.standard_error for one in told.values()] == errors(wire_run)[cluster].tolist()
        assert [one.unit for one in told.values()] == ["um", "um/h"]
        law = each.profiles["length"].law
        np.testing.assert_allclose(law, FUNCTIONS @ values(wire_run)[cluster], rtol=1e-6)
        assert each.profiles["stiffness"].law is None


def test_a_piece_at_a_time_gives_the_same(
    wire_run: Run, train_part: pieces.Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    posterior = embed(wire_run.model, train_part.tensors).posterior
    args = wire_run.model, wire_run.preparations, train_part.tensors, wire_run.info.map_member, posterior
    whole = identify(*args)["length"]
    monkeypatch.setattr(identification, "MOST_NUMBERS", 40 * 3 * len(TIME))
    parts = identify(*args)["length"]
    for one, other in zip(whole.parameters, parts.parameters, strict=True):
        assert one.values == other.values
        np.testing.assert_allclose(one.standard_errors, other.standard_errors, rtol=1e-9)  # type: ignore[arg-type]


def test_outliers_count_for_less(wire_run: Run, train_part: pieces.Piece, monkeypatch: pytest.MonkeyPatch) -> None:
    expert, count = wire_run.model.experts()["length"], len(train_part.tensors)
    gamma = torch.full((count, 3), 0.5)
    args = wire_run.model, 0, expert, train_part.tensors, slice(None), gamma
    assert (weighted(*args).gamma == 0.5).all()
    before = weighted(*args).weights
    monkeypatch.setattr(PIMA, "outlier_given_cluster", lambda *_: torch.full((2, count, 3), 0.25))
    assert (weighted(*args).gamma == 0.375).all()
    torch.testing.assert_close(weighted(*args).weights, 0.75 * before)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_exported_table(form: str, wire_run: Run, wire_store: Store, tmp_path: Path) -> None:
    files = {each.stem: each for each in export(wire_run, wire_store, tmp_path, form)}  # type: ignore[arg-type]
    table = (pd.read_csv if form == "csv" else pd.read_parquet)(files["parameters"])
    assert list(table.columns) == ["cluster", "modality", "term", "value", "standard_error", "unit", "shared", "sign"]
    assert list(table["cluster"]) == [0, 0, 1, 1, 2, 2]
    assert list(table["term"].astype(str)) == ["1", "t"] * 3
    assert list(table["unit"]) == ["um", "um/h"] * 3
    np.testing.assert_allclose(table["value"], values(wire_run).ravel(), rtol=1e-12)
    np.testing.assert_allclose(table["standard_error"], errors(wire_run).ravel(), rtol=1e-6)


def test_a_run_without_experts_has_none(factor_run: Run, factor_store: Store) -> None:
    assert factor_run.metrics.experts == {}
    without = describe(factor_run, factor_store)
    assert all(each.parameters == {} for each in without.fingerprints)
    assert len(parameter_table(without)) == 0


def formula_recipe(formula: str, units: dict[str, str], epochs: int, **choices: object) -> Recipe:
    """Of the wires' length, one member."""
    recipe = wire_recipe()
    options = {"formula": formula, "units": units}
    law = RegisteredExpert("formula", options, variance=LearnedVariance(log_start=-7.0), **choices)  # type: ignore[arg-type]
    length = msgspec.structs.replace(recipe.modalities["length"], decoder=law)
    training = msgspec.structs.replace(recipe.training, restarts=1, epochs=epochs)
    return msgspec.structs.replace(recipe, training=training, modalities=recipe.modalities | {"length": length})


def test_a_law_that_is_not_linear(wire_store: Store, wire_run: Run, tmp_path: Path) -> None:
    """The same lines told by length and strain rate, shared or not: their values and errors follow from the others'."""
    recipe = formula_recipe("a * (1 + r * t)", {"a": "y", "r": "1/t"}, 80)
    run = train(wire_store, recipe, tmp_path / "run", device="cpu")
    found = run.metrics.experts["length"]
    assert [(each.name, each.unit, each.shared) for each in found.parameters] == [
        ("a", "um", False),
        ("r", "1/h", False),
    ]
    of = kinds(describe(run, wire_store))
    assert sorted(of) == [0, 1, 2]
    truth = np.stack([TRUE[of, 0], TRUE[of, 1] / TRUE[of, 0]], axis=1)
    assert (np.abs(values(run) - truth) < 3.5 * errors(run)).all()
    same = np.argsort(np.argsort(-values(run)[:, 0]))  # both runs by length
    lines = errors(wire_run)[np.argsort(-values(wire_run)[:, 0])][same]
    np.testing.assert_allclose(errors(run)[:, 0], lines[:, 0], rtol=0.05)
    np.testing.assert_allclose(errors(run)[:, 1], lines[:, 1] / truth[:, 0], rtol=0.1)
    assert [each for each in doubts(run) if "law" in each] == []


def test_a_wrong_law_is_doubted(wire_store: Store, tmp_path: Path) -> None:
    run = train(wire_store, formula_recipe("a", {}, 3), tmp_path / "run", device="cpu")
    (doubt,) = (each for each in doubts(run) if each.startswith("The law formula of length"))
    lacks = run.metrics.experts["length"].lack_of_fit
    for cluster, lack in enumerate(lacks):
        assert (f"cluster {cluster} (by {100 * lack.share:.1f} % of its range)" in doubt) if lack else True
    assert any(lack is not None and lack.share == pytest.approx(12**-0.5, rel=0.15) for lack in lacks)  # of a ramp


def test_what_is_negligible_is_not_doubted(wire_run: Run) -> None:
    found = wire_run.metrics.experts["length"]
    lack = found.lack_of_fit[0]
    assert lack is not None
    for p, share, doubted in ((1e-9, 0.02, True), (1e-9, 0.005, False), (0.1, 0.5, False)):
        off = msgspec.structs.replace(lack, p=p, share=share)
        experts = {"length": msgspec.structs.replace(found, lack_of_fit=(off, None, None))}
        run = replace(wire_run, metrics=msgspec.structs.replace(wire_run.metrics, experts=experts))
        assert any("linear_expert of length" in each for each in doubts(run)) == doubted


def test_what_depends_on_z_has_slopes_and_no_errors(wire_store: Store, tmp_path: Path) -> None:
    recipe = formula_recipe("a + b * t", {"a": "y", "b": "y/t"}, 2, along_z=("b",), solve="gradient")
    recipe = msgspec.structs.replace(recipe, prior=PriorRecipe())
    run = train(wire_store, recipe, tmp_path / "run", device="cpu")
    found = run.metrics.experts["length"]
    assert np.isfinite(values(run)).any()
    assert np.isnan(errors(run)).all()
    assert found.lack_of_fit == (None, None, None)
    assert [np.shape(each.slopes) for each in found.parameters] == [(0,), (3, 2)]
    expert = run.model.experts()["length"]
    z = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    moved = run.preparations["length"].to_physical((expert(z).mean - expert(0 * z).mean)[0].detach().numpy())
    moved = moved - run.preparations["length"].centre
    expected = np.array(found.parameters[1].slopes)[:, :, None] * TIME
    np.testing.assert_allclose(moved, expected, atol=1e-3 * np.abs(expected).max())
    assert list(parameter_table(describe(run, wire_store)).columns[-2:]) == ["slope_1", "slope_2"]


def test_parameters_that_followed_the_gradient_have_no_error(wire_store: Store, tmp_path: Path) -> None:
    recipe = wire_recipe(solve="gradient")
    recipe = msgspec.structs.replace(recipe, training=msgspec.structs.replace(recipe.training, restarts=1, epochs=2))
    run = train(wire_store, recipe, tmp_path / "run", device="cpu")
    assert np.isfinite(values(run)).any()
    assert np.isnan(errors(run)).all()
    assert any(each is not None for each in run.metrics.experts["length"].lack_of_fit)


class Both(AbstractExpert):
    """a t + b of one modality, and a b of another."""

    parameters = (Parameter(name="a", unit="y/t"), Parameter(name="b", unit="y"))

    def __init__(self, domain: Domain) -> None:
        self.t = [torch.as_tensor(each.t) for each in domain.components]

    def curves(self, theta: torch.Tensor, z: torch.Tensor | None = None) -> torch.Tensor:  # noqa: ARG002
        a, b = theta[..., :1], theta[..., 1:]
        return torch.cat([a * self.t[0] + b, a * b + 0 * self.t[1]], -1)


@family("test-of-both")
def both(domain: Domain) -> AbstractExpert:
    """For two modalities."""
    return Both(domain)


def test_a_law_of_two_modalities_counts_what_each_specimen_has() -> None:
    """One of them is missing here and there; each has its own variance."""
    rng = np.random.default_rng(3)
    ids, t, u = tuple(f"s{row:02}" for row in range(60)), np.linspace(0, 1, 8), np.linspace(0, 1, 5)
    first = 2 * t + 3 + 0.3 * rng.normal(size=(60, 8))
    second = 6.0 + 0.5 * rng.normal(size=(60, 5))
    raws = {
        "first": RawModality(
            Modality("first", Kind.SERIES, "V", axis_name="t", axis_unit="s"), (Block(ids, first, t),)
        ),
        "second": RawModality(
            Modality("second", Kind.SERIES, "W", axis_name="t", axis_unit="s"), (Block(ids[::2], second[::2], u),)
        ),
    }
    law = RegisteredExpert("test-of-both", components=("first", "second"), shared=("b",))
    recipe = msgspec.structs.replace(
        wire_recipe(),
        modalities={
            "first": ModalityRecipe(decoder=law),
            "second": ModalityRecipe(decoder=ExpertComponent("first", LearnedVariance(log_start=-1.0))),
        },
    )
    preparations = {name: fit_preparation(raw, GridInput()) for name, raw in raws.items()}
    model = build_model(recipe, preparations, make_generators((0, 1))).eval()
    tensors = to_tensors(align(raws, preparations, ids), preparations)
    posterior = embed(model, tensors).posterior
    expert, gamma = model.experts()["first"], fitting_responsibilities(model, tensors, posterior)
    known = {name: gamma * own.unsqueeze(-1) for name, own in tensors.present.items()}
    expert.fit(known, tensors.whole()[0], model.noise(known))
    found = identify(model, preparations, tensors, 1, posterior)["first"]

    noise = {name: model.noise([name])[name][1, 0].item() * preparations[name].scale[0] ** 2 for name in raws}
    weight = np.tile([*[1 / noise["first"]] * 8, *[1 / noise["second"]] * 5], (60, 1))
    weight[1::2, 8:] = 0
    own = gamma[1].double()
    sums = ParameterSums(expert.law, expert.theta[1])
    sums.add(torch.as_tensor(np.concatenate([first, second], 1)), own.T.unsqueeze(-1) * torch.as_tensor(weight), own)
    expected = sums.errors().T.numpy()
    np.testing.assert_allclose([each.standard_errors for each in found.parameters], expected, rtol=1e-4)
    assert found.modalities == ("first", "second")
    assert [(each.name, each.unit, each.shared) for each in found.parameters] == [("a", "V/s", False), ("b", "V", True)]
    assert len(set(found.parameters[1].values)) == len(set(found.parameters[1].standard_errors)) == 1
    assert found.parameters[1].values[0] == pytest.approx(3.0, abs=4 * found.parameters[1].standard_errors[0])  # type: ignore[operator]


@pytest.mark.parametrize("solve", ["fit", "gradient"])
def test_errors_weigh_points_as_the_fit_does(solve: Literal["fit", "gradient"]) -> None:
    """[Eq. 16] Of points with scales of their own: a fit's misfits are in measured units."""
    ids, t = tuple(f"s{row:02}" for row in range(30)), np.linspace(0, 1, 8)
    curves = np.random.default_rng(1).normal(size=(30, 8)) * np.geomspace(1, 100, 8)
    raw = RawModality(Modality("line", Kind.SERIES, "V", axis_name="t", axis_unit="s"), (Block(ids, curves, t),))
    law = RegisteredExpert("polynomial", options={"order": 1}, solve=solve)
    recipe = msgspec.structs.replace(wire_recipe(), modalities={"line": ModalityRecipe(decoder=law)})
    preparations = {"line": fit_preparation(raw, GridInput(scale="each"))}
    model = build_model(recipe, preparations, make_generators((0,))).eval()
    tensors = to_tensors(align({"line": raw}, preparations, ids), preparations)
    gamma, expert = torch.full((30, 3), 0.2), model.experts()["line"]
    weights = weighted(model, 0, expert, tensors, slice(None), gamma).weights.sum(1)
    fitted = mean_curves(expert.law, {"line": gamma[None]}, tensors.whole()[0], model.noise(["line"]), {}).weights[0]
    scale = torch.as_tensor(preparations["line"].scale)
    expected = fitted if solve == "fit" else fitted * expert.law.unit.square() / scale.square()
    torch.testing.assert_close(weights, expected, rtol=1e-6, atol=0)
