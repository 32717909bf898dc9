"""What a training leaves, and how it is opened again."""

from fingerprint.run.doubts import doubts
from fingerprint.run.folder import (
    STATE_FILE,
    Run,
    build_model,
    diverged,
    load_run,
    make_generators,
    modality_shapes,
    read_info,
    read_parts,
    read_preparations,
    read_recipe,
    write_beginning,
    write_end,
    write_info,
)
from fingerprint.run.laws import check_known, check_parameters, expert_records
from fingerprint.run.listing import all_runs, newest_run, newest_unfinished
from fingerprint.run.lock import locked
from fingerprint.run.records import (
    LEAST_FITTED,
    Calibration,
    ClusterMetrics,
    EpochRecord,
    ExpertRecord,
    IntervalScores,
    MemberMetrics,
    Metrics,
    PartMetrics,
    RunInfo,
)

__all__ = [
    "LEAST_FITTED",
    "STATE_FILE",
    "Calibration",
    "ClusterMetrics",
    "EpochRecord",
    "ExpertRecord",
    "IntervalScores",
    "MemberMetrics",
    "Metrics",
    "PartMetrics",
    "Run",
    "RunInfo",
    "all_runs",
    "build_model",
    "check_known",
    "check_parameters",
    "diverged",
    "doubts",
    "expert_records",
    "load_run",
    "locked",
    "make_generators",
    "modality_shapes",
    "newest_run",
    "newest_unfinished",
    "read_info",
    "read_parts",
    "read_preparations",
    "read_recipe",
    "write_beginning",
    "write_end",
    "write_info",
]
