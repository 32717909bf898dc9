"""Many runs, one question: a paper's experiments, reproduced.

Reading order: data, damage, variants, clustering, latent, reported, identified, experiment, baselines, mnist_lines,
mnist_ode, catalogue; rows, reproducing, summary.
"""

from fingerprint.experiments.catalogue import EXPERIMENTS, find_experiment
from fingerprint.experiments.clustering import ClusteringScores, score_clustering
from fingerprint.experiments.experiment import Baseline, Experiment
from fingerprint.experiments.identified import Identification, Identified, LawLine, Solved, law_lines, solved
from fingerprint.experiments.latent import LatentPoints, latent_points
from fingerprint.experiments.reported import Reported
from fingerprint.experiments.reproducing import reproduce, row_points
from fingerprint.experiments.rows import Row
from fingerprint.experiments.summary import Line, least_exact, lines, source_title
from fingerprint.experiments.variants import Variant
from fingerprint.training.evaluation import JOINT

__all__ = [
    "EXPERIMENTS",
    "JOINT",
    "Baseline",
    "ClusteringScores",
    "Experiment",
    "Identification",
    "Identified",
    "LatentPoints",
    "LawLine",
    "Line",
    "Reported",
    "Row",
    "Solved",
    "Variant",
    "find_experiment",
    "latent_points",
    "law_lines",
    "least_exact",
    "lines",
    "reproduce",
    "row_points",
    "score_clustering",
    "solved",
    "source_title",
]
