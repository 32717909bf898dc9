"""Many runs, one question: a paper's experiments, reproduced."""

from fingerprint.experiments.clustering import ClusteringScores, score_clustering
from fingerprint.experiments.mnist_lines import PAPER, Row, reproduce, variants
from fingerprint.experiments.variants import Variant

__all__ = ["PAPER", "ClusteringScores", "Row", "Variant", "reproduce", "score_clustering", "variants"]
