"""Algorithm 1: from a store and a recipe to a run."""

from fingerprint.training.split import Part, split
from fingerprint.training.train import choose_device, new_run_folder, resume, train
from fingerprint.training.watch import Progress

__all__ = ["Part", "Progress", "choose_device", "new_run_folder", "resume", "split", "train"]
