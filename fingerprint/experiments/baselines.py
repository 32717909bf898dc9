"""What else finds clusters in images: scikit-learn's mixture on principal components, or on an autoencoder's code."""

from __future__ import annotations

import time

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from torch import nn

from fingerprint.experiments.clustering import ClusteringScores, count_clusters
from fingerprint.experiments.data import DIGIT, PART
from fingerprint.prepare import even_rows
from fingerprint.store import Store
from fingerprint.training.evaluation import JOINT
from fingerprint.training.split import Part

CLUSTERS = 10
COMPONENTS = 20
MOST_FITTED = 20_000
EPOCHS, BATCH = 10, 256

Array = NDArray[np.float32]


def pca_mixture(store: Store, seed: int) -> tuple[ClusteringScores, float]:
    """A full-covariance mixture of principal scores of the images; its scores on the test part, and seconds."""
    begun = time.monotonic()
    train, test, labels = _images(store)
    pca = PCA(COMPONENTS, random_state=seed).fit(train)
    return _mixture(pca.transform(train), pca.transform(test), labels, seed, begun)


def autoencoder_mixture(store: Store, seed: int) -> tuple[ClusteringScores, float]:
    """A full-covariance mixture of the code of an autoencoder, 784-500-500-10; its test scores, and seconds."""
    begun = time.monotonic()
    train, test, labels = _images(store)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        encoder = nn.Sequential(nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 500), nn.ReLU(), nn.Linear(500, 10))
        decoder = nn.Sequential(nn.Linear(10, 500), nn.ReLU(), nn.Linear(500, 500), nn.ReLU(), nn.Linear(500, 784))
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 1e-3)
    images = torch.as_tensor(train)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(images), generator=generator).split(BATCH):
            loss = nn.functional.mse_loss(decoder(encoder(images[rows])), images[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        code, test_code = encoder(images).numpy(), encoder(torch.as_tensor(test)).numpy()
    return _mixture(code, test_code, labels, seed, begun)


def _mixture(train: Array, test: Array, labels: list[str], seed: int, begun: float) -> tuple[ClusteringScores, float]:
    fitted = train[even_rows(len(train), MOST_FITTED)]
    mixture = GaussianMixture(CLUSTERS, n_init=3, random_state=seed, max_iter=500).fit(fitted)
    scores = count_clusters(labels, {JOINT: mixture.predict(test).astype(np.int64)})
    return scores, time.monotonic() - begun


def _images(store: Store) -> tuple[Array, Array, list[str]]:
    """Training and test images, [specimen, point] from 0 to 1, and the digits of the latter."""
    metadata = store.specimens(store.snapshot())
    (block,) = store.read("image").blocks
    flat: Array = block.values.reshape(len(block.specimens), -1).astype(np.float32) / np.float32(255)
    parts = np.array([str(metadata[each][PART]) for each in block.specimens])
    test = parts == Part.TEST
    labels = [str(metadata[each][DIGIT]) for each, chosen in zip(block.specimens, test, strict=True) if chosen]
    return np.asarray(flat[parts == Part.TRAIN]), np.asarray(flat[test]), labels
