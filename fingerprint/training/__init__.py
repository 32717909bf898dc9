"""Algorithm 1: from a store and a recipe to a run."""

from fingerprint.training.split import Part, split
from fingerprint.training.train import Progress, new_run_folder, resume, train

__all__ = ["Part", "Progress", "new_run_folder", "resume", "split", "train"]
