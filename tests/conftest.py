"""Before any test: the shape annotations of the numerical rooms are checked at run time."""

from __future__ import annotations

from jaxtyping import install_import_hook

# Must run before the first import of any of these. tests/model/test_shapes.py fails when it did not.
CHECKED = (
    "fingerprint.model",
    "fingerprint.training.em",
    "fingerprint.training.modality_dropout",
    "fingerprint.training.objective",
    "fingerprint.prediction.cross_modal",
    "fingerprint.prediction.embedding",
)
install_import_hook(list(CHECKED), "beartype.beartype")
