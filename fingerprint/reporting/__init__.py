"""The report: what a run or an experiment found, on one HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fingerprint.reporting.page import report

if TYPE_CHECKING:
    from fingerprint.reporting.experiment import report_experiment

__all__ = ["report", "report_experiment"]


def __getattr__(name: str) -> Any:
    """`report_experiment`, imported when it is first used: the report of a run needs no experiment."""
    if name != "report_experiment":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fingerprint.reporting.experiment import report_experiment

    return report_experiment
