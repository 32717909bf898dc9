"""Many runs, one question: a paper's experiments, reproduced."""

from fingerprint.experiments.clustering import JOINT, ClusteringScores, score_clustering
from fingerprint.experiments.latent import LatentPoints, latent_points
from fingerprint.experiments.mnist_lines import PAPER, Row, reproduce, row_points, variants
from fingerprint.experiments.variants import Variant

__all__ = [
    "JOINT",
    "PAPER",
    "ClusteringScores",
    "LatentPoints",
    "Row",
    "Variant",
    "latent_points",
    "reproduce",
    "row_points",
    "score_clustering",
    "variants",
]
