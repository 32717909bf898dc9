"""Algorithm 1: from a store and a recipe to a run."""

from fingerprint.training.split import Part, split
from fingerprint.training.train import new_run_folder, resume, train
from fingerprint.training.watch import Progress

__all__ = ["Part", "Progress", "new_run_folder", "resume", "split", "train"]
