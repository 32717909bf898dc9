"""Clusters described across all modalities, and exported."""

from fingerprint.fingerprints.describe import Description, Fingerprint, Profile, describe
from fingerprint.fingerprints.export import export

__all__ = ["Description", "Fingerprint", "Profile", "describe", "export"]
