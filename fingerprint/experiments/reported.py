"""What the paper reports of its first experiment (Table 2), and what it quotes there from others."""

from __future__ import annotations

from msgspec import Struct

from fingerprint.training.evaluation import JOINT


class Reported(Struct, frozen=True):
    """One column of the paper's table: accuracies in percent of the test part; "" where it gives none.

    Attributes:
        name: of the row of ours that it is put beside, or of the method that is quoted.
        joint: from everything that the method was given.
        image, line: from that modality alone. "best" is the greatest over the runs, of each source by itself: the
            paper does not say that they are of the same run.
    """

    name: str
    joint: str
    image: str = ""
    line: str = ""

    def told_from(self, source: str) -> str:
        """The accuracy from "joint", or from one modality by its name."""
        return {JOINT: self.joint, "image": self.image, "line": self.line}.get(source, "")


PAPER = (
    Reported("multimodal", "90.31 ± 14.81, best 99.79", "best 39.15", "best 99.92"),
    Reported("no-dropout", "87.95 ± 11.70, best 99.59", "best 11.26", "best 32.39"),
    Reported("image-only", "best 14.84"),
    Reported("line-only", "best 53.37"),
    Reported("no-expert", "best 58.36", "best 50.34", "best 56.22"),
    Reported("VAE+GMM", "best 72.94"),
    Reported("DEC", "best 84.30"),
    Reported("VaDE", "best 94.46"),
    Reported("GMVAE, 10 clusters", "82.31 ± 3.75, best 88.54"),
    Reported("GMVAE, 16 clusters", "87.82 ± 5.33, best 96.92"),
    Reported("CNN, supervised", "99.91"),
)

SEEN_ONCE = (
    "The last change to the recipe mnist_lines was made after the test figures of nine seeds had been seen once, "
    "though it was chosen on the validation part (docs/tuning.md)."
)


def reported(name: str, source: str) -> str:
    """What the paper reports for a row told from a source; "" for nothing."""
    return next((each.told_from(source) for each in PAPER if each.name == name), "")
