"""What the paper reports of an experiment, and what it quotes there from others."""

from __future__ import annotations

from msgspec import Struct

from fingerprint.training.evaluation import JOINT


class Reported(Struct, frozen=True):
    """One column of a table of the paper: accuracies in percent of the test part, as it prints them.

    Attributes:
        name: of the row of ours that it is put beside, or of the method that is quoted.
        joint: from everything that the method was given.
        alone: from one modality, by its name. "best" is the greatest over the runs, of each source by itself: the paper
            does not say that they are of the same run.
    """

    name: str
    joint: str
    alone: dict[str, str] = {}

    def told_from(self, source: str) -> str:
        """The accuracy from "joint", or from one modality by its name; "" where the paper gives none."""
        return self.joint if source == JOINT else self.alone.get(source, "")
