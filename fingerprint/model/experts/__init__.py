"""Experts: physical models that decode a modality, with parameters for each cluster. [Eq. 11]"""

from fingerprint.model.experts.linear import ExpertSpace, LinearExpertDecoder

__all__ = ["ExpertSpace", "LinearExpertDecoder"]
