"""MNIST digits, and for each a noisy line whose slope is the digit: the first experiment of the PIMA paper.

The images are the published ones; the lines are made here. `datasets/mnist_lines/README.md` says where the images
come from and what the set is good for.

Reading order: lines, dataset; what it shares with other sets of MNIST's images is in `fingerprint.generators.mnist`.
"""

from __future__ import annotations

from fingerprint.generators.mnist_lines.dataset import addition, make
from fingerprint.generators.mnist_lines.lines import T, corrupt, lines

__all__ = ["T", "addition", "corrupt", "lines", "make"]
