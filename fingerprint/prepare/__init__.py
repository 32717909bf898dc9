"""From what was measured to what the model sees, and back. Fitted on the training part, saved in the run."""

from fingerprint.prepare.batches import Physical, Tensors, align, even_rows, to_tensors
from fingerprint.prepare.plan import plan
from fingerprint.prepare.preparation import Preparation, fit_preparation

__all__ = ["Physical", "Preparation", "Tensors", "align", "even_rows", "fit_preparation", "plan", "to_tensors"]
