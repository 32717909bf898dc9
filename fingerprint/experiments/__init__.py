"""Many runs, one question: a paper's experiments, reproduced."""

from fingerprint.experiments.clustering import ClusteringScores, score_clustering
from fingerprint.experiments.latent import LatentPoints, latent_points
from fingerprint.experiments.mnist_lines import reproduce, row_points, variants
from fingerprint.experiments.reported import PAPER, SEEN_ONCE, Reported
from fingerprint.experiments.rows import Row
from fingerprint.experiments.summary import Line, lines, source_title
from fingerprint.experiments.variants import Variant
from fingerprint.training.evaluation import JOINT

__all__ = [
    "JOINT",
    "PAPER",
    "SEEN_ONCE",
    "ClusteringScores",
    "LatentPoints",
    "Line",
    "Reported",
    "Row",
    "Variant",
    "latent_points",
    "lines",
    "reproduce",
    "row_points",
    "score_clustering",
    "source_title",
    "variants",
]
