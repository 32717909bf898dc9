"""TrainingState: everything that changes during training, saved as one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from fingerprint.errors import RunError
from fingerprint.files import write_atomically
from fingerprint.model import PIMA
from fingerprint.run import EpochRecord


@dataclass
class TrainingState:
    """Model, optimiser, generators, position and history: with the recipe and the data, all that a training is.

    `hint` is a first cluster of every training specimen, [seed, specimen], where the clusters were scouted.
    """

    model: PIMA
    optimizer: torch.optim.AdamW
    generators: Sequence[torch.Generator]
    epoch: int = 0
    history: list[EpochRecord] = field(default_factory=list[EpochRecord])
    hint: torch.Tensor | None = None

    def save(self, path: Path) -> None:
        """Write everything to one safetensors file, whole or not at all."""
        tensors = {f"model.{key}": value for key, value in self.model.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            for slot, value in slots.items():
                tensors[f"optimizer.{index}.{slot}"] = value
        for index, generator in enumerate(self.generators):
            tensors[f"generator.{index}"] = generator.get_state()
        if self.hint is not None:
            tensors["hint"] = self.hint
        tensors = {key: value.detach().cpu().clone().contiguous() for key, value in tensors.items()}
        position = {"epoch": str(self.epoch), "history": msgspec.json.encode(self.history).decode()}
        write_atomically(path, lambda temporary: save_file(tensors, temporary, metadata=position))

    def restore(self, path: Path) -> None:
        """Take everything back from a file that `save` wrote, bit for bit.

        Raises:
            RunError: the file is damaged, or belongs to another model.
        """
        try:
            with safe_open(path, framework="pt") as file:
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
                position = file.metadata()
            self.model.load_state_dict(_below("model.", tensors))
            self._restore_optimizer(_below("optimizer.", tensors))
            for index, generator in enumerate(self.generators):
                generator.set_state(tensors[f"generator.{index}"])
            self.hint = tensors["hint"].to(self.model.prior.mean.device) if "hint" in tensors else None
            self.epoch = int(position["epoch"])
            self.history = msgspec.json.decode(position["history"], type=list[EpochRecord])
        except (OSError, KeyError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
            raise RunError(
                f"the saved state of the training cannot be read: {error}",
                where=str(path),
                next="Start the training anew: fingerprint train.",
            ) from error

    def _restore_optimizer(self, tensors: dict[str, torch.Tensor]) -> None:
        content = self.optimizer.state_dict()
        slots: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in tensors.items():
            index, slot = key.split(".")
            slots.setdefault(int(index), {})[slot] = value
        self.optimizer.load_state_dict({"state": slots, "param_groups": content["param_groups"]})


def _below(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
