"""From what was measured to what the model sees, and back. Fitted on the training part, saved in the run."""

from fingerprint.prepare.batches import WHOLE, Physical, Repeated, Tensors, align, even_rows, repeated, to_tensors
from fingerprint.prepare.fitting import fit_preparation, prepare_modality
from fingerprint.prepare.plan import plan
from fingerprint.prepare.preparation import Preparation

__all__ = [
    "WHOLE",
    "Physical",
    "Preparation",
    "Repeated",
    "Tensors",
    "align",
    "even_rows",
    "fit_preparation",
    "plan",
    "prepare_modality",
    "repeated",
    "to_tensors",
]
