"""Algorithm 1: from a store and a recipe to a run."""

from fingerprint.training.split import Part, split
from fingerprint.training.train import Progress, new_run_folder, newest_unfinished, resume, train

__all__ = ["Part", "Progress", "new_run_folder", "newest_unfinished", "resume", "split", "train"]
