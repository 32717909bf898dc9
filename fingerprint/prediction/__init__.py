"""One modality from others, in physical units, with an honest error bar."""

from fingerprint.prediction.disagreement import Disagreement
from fingerprint.prediction.embedding import Embedding, embed
from fingerprint.prediction.novelty import Novelty
from fingerprint.prediction.predict import check_target, predict, predict_raw
from fingerprint.prediction.records import Prediction, Predictions, Refusal
from fingerprint.prediction.stored import predict_stored, read_stored

__all__ = [
    "Disagreement",
    "Embedding",
    "Novelty",
    "Prediction",
    "Predictions",
    "Refusal",
    "check_target",
    "embed",
    "predict",
    "predict_raw",
    "predict_stored",
    "read_stored",
]
