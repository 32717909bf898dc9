"""The report: what a run found, on one HTML page."""

from fingerprint.reporting.page import report

__all__ = ["report"]
