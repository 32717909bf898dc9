"""Clusters described across all modalities, and exported."""

from fingerprint.fingerprints.describe import MEASURED_COLUMN, Description, Fingerprint, Profile, describe
from fingerprint.fingerprints.export import export

__all__ = ["MEASURED_COLUMN", "Description", "Fingerprint", "Profile", "describe", "export"]
