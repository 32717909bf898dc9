"""What follows the last epoch: the mixture of the final encoders, and one order of clusters for all members."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model import PIMA, Gaussian
from fingerprint.prediction.embedding import embed, fitting_responsibilities
from fingerprint.prepare import Tensors
from fingerprint.recipe import Recipe
from fingerprint.training.agreement import Labels, match_clusters
from fingerprint.training.em import full_update
from fingerprint.training.precisions import calibrate_precisions
from fingerprint.training.seeding import seed_clusters
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import MOST_WATCHED, em_posteriors, em_start, validation_elbo

FINAL_EM_ITERATIONS = 50


@torch.no_grad()
def settle(state: TrainingState, recipe: Recipe, train: Tensors, validation: Tensors) -> int:
    """Fit the mixture to the final latent points and put all members' clusters in the same order.

    Cures a mixture that lags behind the encoders, being a moving average, and clusters that have another number in
    each member. A training that was stopped before its clusters were laid out gets them here. Where each cluster has
    decoders of its own, EM ran over all data each epoch or never begins, the mixture stays as it is.

    Returns:
        The member with the best validation ELBO, whose clusters are shown, greatest first.
    """
    model, prior = state.model.eval(), recipe.prior
    if recipe.model.decoders == "per_modality" and prior.update == "streaming" and prior.start < 1:
        floor, own = prior.floor, prior.posterior_variance
        if state.epoch <= em_start(recipe) and prior.layout == "standard" and prior.seeding == "latent":
            posterior = embed(model, train).posterior
            seed_clusters(model.prior, posterior, state.generators, floor, posterior_variance=own)
        q, counts = em_posteriors(model, train, recipe)
        full_update(model.prior, q, floor, counts=counts, iterations=FINAL_EM_ITERATIONS, posterior_variance=own)
    if prior.calibrate:
        calibrate_precisions(model, validation.subset(range(0, len(validation), 2)))  # intervals rest on the others
    embedding = embed(model, train)
    fit_experts(model, train, embedding.posterior)
    bounds = validation_elbo(model, (validation if len(validation) else train).thinned(MOST_WATCHED))
    map_member = int(bounds.argmax())
    model.relabel(torch.as_tensor(common_order(model, embedding.responsibilities, map_member), device=bounds.device))
    return map_member


def common_order(model: PIMA, responsibilities: Float[Tensor, "seed specimen cluster"], map_member: int) -> Labels:
    """For every member the cluster that goes to each place, [seed, cluster]: greatest weight of the map member first,
    and in each other member the cluster that shares most specimens with it."""
    labels = responsibilities.argmax(-1).cpu().numpy()
    clusters = model.prior.mean.shape[1]
    first = np.argsort(-model.prior.log_weights[map_member].cpu().numpy(), kind="stable")
    matches = [match_clusters(labels[map_member], row, clusters) for row in labels]
    matches[map_member] = np.arange(clusters)
    return np.stack([match[first] for match in matches])


@torch.no_grad()
def fit_experts(model: PIMA, train: Tensors, posterior: Gaussian) -> None:
    """Solve every closed-form expert on the whole training part, outliers left out. [Eq. 16]"""
    gamma = fitting_responsibilities(model, train, posterior)
    values, _, certainty = train.whole()
    for expert in model.experts().values():
        if expert.fitted:
            trusted = {
                name: gamma
                * (1 - model.outlier_given_cluster(name, values, certainty))
                * train.present[name].unsqueeze(-1)
                for name in expert.law.names
            }
            expert.fit(trusted, values, model.noise(trusted), certainty, anew=False)
