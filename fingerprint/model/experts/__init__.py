"""Decoders that are laws: an expert's curves in model units, with parameters for each cluster. [Eq. 11]"""

from fingerprint.model.experts.decoder import AnyExpertDecoder, ComponentDecoder, ExpertDecoder
from fingerprint.model.experts.law import Law, mean_curves, point_weights
from fingerprint.model.experts.laws import build_laws

__all__ = [
    "AnyExpertDecoder",
    "ComponentDecoder",
    "ExpertDecoder",
    "Law",
    "build_laws",
    "mean_curves",
    "point_weights",
]
