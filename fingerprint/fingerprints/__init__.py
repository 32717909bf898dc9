"""Clusters described across all modalities, and exported."""

from fingerprint.fingerprints.describe import describe
from fingerprint.fingerprints.description import (
    MEASURED_COLUMN,
    Contradiction,
    Contradictions,
    Description,
    Example,
    Fingerprint,
    ParameterValue,
    Profile,
)
from fingerprint.fingerprints.export import export
from fingerprint.fingerprints.laws import parameters_of

__all__ = [
    "MEASURED_COLUMN",
    "Contradiction",
    "Contradictions",
    "Description",
    "Example",
    "Fingerprint",
    "ParameterValue",
    "Profile",
    "describe",
    "export",
    "parameters_of",
]
