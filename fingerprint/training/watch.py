"""The epochs as they are watched: told, saved at intervals, stopped on Ctrl-C or where the numbers fail."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fingerprint.errors import RunError
from fingerprint.prepare import Tensors
from fingerprint.recipe import Recipe
from fingerprint.run import STATE_FILE
from fingerprint.training.batch import BatchSource
from fingerprint.training.interrupt import Interruption
from fingerprint.training.scout import scout
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import run_epochs


@dataclass(frozen=True)
class Progress:
    """What is told after every epoch: the run's folder, the state, the epochs in all, and seconds since this process
    began them."""

    path: Path
    state: TrainingState
    epochs: int
    first_epoch: int
    seconds: float

    @property
    def seconds_left(self) -> float:
        """At the mean pace so far."""
        done = max(self.state.epoch - self.first_epoch, 1)
        return self.seconds / done * (self.epochs - self.state.epoch)


class DivergedError(RunError):
    """The numbers are no longer finite."""


class _Stop(Exception):
    """Ends the loop after a whole epoch."""


def run_watched(
    state: TrainingState,
    recipe: Recipe,
    source: BatchSource,
    validation: Tensors,
    path: Path,
    on_epoch: Callable[[Progress], None],
    interruption: Interruption,
) -> bool:
    """The epochs that are left; returns whether they were cut short. The state is saved at intervals and at the end.

    Where clusters are scouted, that comes first; what it finds is saved with the first state.

    Raises:
        KeyboardInterrupt: while they were scouted, when nothing has been learned yet.
        DivergedError: after the first epoch whose numbers are not finite, which is neither told nor saved.
    """
    begun = saved = time.monotonic()
    first_epoch = state.epoch

    def after_epoch(state: TrainingState) -> None:
        nonlocal saved
        _check_finite(state, recipe, path)
        now = time.monotonic()
        on_epoch(Progress(path, state, recipe.training.epochs, first_epoch, now - begun))
        last = state.epoch == recipe.training.epochs
        if interruption.requested or last or now - saved > recipe.training.checkpoint_seconds:
            state.save(path / STATE_FILE)
            saved = now
        if interruption.requested and not last:
            raise _Stop

    def after_scouting(scouting: TrainingState) -> None:
        _check_finite(scouting, recipe, path)
        on_epoch(Progress(path, scouting, recipe.prior.scout_epochs, 0, time.monotonic() - begun))
        if interruption.requested:
            raise KeyboardInterrupt

    if state.epoch == 0 and recipe.prior.seeding == "scout":
        state.hint = scout(recipe, source, state.generators, after_scouting)
        begun = time.monotonic()
    try:
        run_epochs(state, recipe, source, validation, after_epoch)
    except _Stop:
        return True
    return False


def _check_finite(state: TrainingState, recipe: Recipe, path: Path) -> None:
    record = state.history[-1]
    terms = [*record.reconstruction, *record.kl, *record.validation]
    weights = state.model.state_dict().values()
    if not all(map(math.isfinite, terms)) or not all(bool(each.isfinite().all()) for each in weights):
        raise DivergedError(
            f"the training diverged at epoch {state.epoch}: its numbers are no longer finite",
            where=str(path),
            next=f"Lower the rate, now {recipe.training.learning_rate:g}: fingerprint train --learning-rate RATE.",
        )
