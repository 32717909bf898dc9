"""The report: what a run or an experiment found, on one HTML page."""

from fingerprint.reporting.experiment import report_experiment
from fingerprint.reporting.page import report

__all__ = ["report", "report_experiment"]
