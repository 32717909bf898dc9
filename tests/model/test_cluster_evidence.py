"""What experts say of the clusters by themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from model_examples import CURVE_AND_NUMBER, IMAGE_AND_LINE, TRUSTED_LINE, Example, example_batch, example_model, normal
from scipy.special import logsumexp
from scipy.stats import norm

from fingerprint.model.outliers import with_outliers
from fingerprint.model.prior import mean_field_responsibilities
from fingerprint.prediction.embedding import embed, embed_alone
from fingerprint.prepare import Tensors


@torch.no_grad()
def test_it_is_bayes_rule_for_the_measurement_alone() -> None:
    """[Eq. 18] p(C|X_m) of an expert's modality, by scipy, whatever Z; weighted as in the bound."""
    model = example_model(example=TRUSTED_LINE).eval()
    values, present = example_batch(example=TRUSTED_LINE)
    line, line_weight = model.decoder("line"), 3.5
    p = line(torch.zeros(2, 8, 2).double())
    mean, sd = p.mean[:, :, 0].numpy(), np.exp(0.5 * p.log_variance.numpy())[:, :, 0]
    log_p = norm.logpdf(values["line"].numpy()[:, :, None], mean[:, None], sd[:, None]).sum(-1)
    joint = model.prior.log_weights.numpy()[:, None] + line_weight * log_p
    expected = np.exp(joint - logsumexp(joint, axis=-1, keepdims=True))
    evidence = model.cluster_evidence(values, present)
    found = torch.softmax(evidence + model.prior.log_weights_per_specimen(), -1)
    measured = present["line"].numpy() > 0
    np.testing.assert_allclose(found.numpy()[measured], expected[measured], atol=1e-10)
    assert not evidence[~torch.as_tensor(measured)].any()


@torch.no_grad()
@pytest.mark.parametrize("example", [IMAGE_AND_LINE, TRUSTED_LINE])
def test_alone_an_expert_speaks_by_bayes_rule_and_the_others_by_their_encoders(example: Example) -> None:
    """[Eq. 18] Unweighted, and however the measurement is doubted: beside others it is compared with them."""
    model = example_model(example=example).eval().float()
    values, present = example_batch(example=example)
    tensors = Tensors(
        tuple(map(str, range(8))),
        {name: each[0].float() for name, each in values.items()},
        {name: torch.ones_like(each[0]).float() for name, each in present.items()},
    )
    image, line = embed_alone(model, tensors, ["image", "line"])
    log_p = model.expert_log_likelihood("line", {"line": tensors.values["line"].unsqueeze(0)})
    torch.testing.assert_close(line, torch.softmax(model.prior.log_weights.unsqueeze(1) + log_p, -1))
    torch.testing.assert_close(image, embed(model, tensors, ["image"]).responsibilities)


@torch.no_grad()
def test_a_doubted_measurement_says_less() -> None:
    """[Eq. 18]"""
    doubted, trusted = (example_model(example=each).eval() for each in (IMAGE_AND_LINE, TRUSTED_LINE))
    values, present = example_batch(example=IMAGE_AND_LINE)
    index = doubted.names.index("line")
    plain = trusted.cluster_evidence(values, present)
    share = doubted.outliers[:, index]
    expected = with_outliers(plain, doubted.prior.log_weights_per_specimen(), share)
    measured = present["line"][0] > 0
    torch.testing.assert_close(doubted.cluster_evidence(values, present)[:, measured], expected[:, measured])


@torch.no_grad()
def test_without_an_expert_there_is_none() -> None:
    """[Eq. 18]"""
    model = example_model(example=CURVE_AND_NUMBER).eval()
    assert not model.experts()
    assert not model.cluster_evidence(*example_batch()).any()


@torch.no_grad()
def test_it_is_what_an_expert_adds_to_the_responsibilities_of_the_bound() -> None:
    """[Eq. 13, Eq. 18] With a decoder that the clusters share beside it."""
    model = example_model(example=TRUSTED_LINE, decoders="per_modality").eval()
    values, present = example_batch(example=TRUSTED_LINE)
    q = model.embed(values, present)
    found = model.elbo(q, normal(2, 8, 2), values, present).responsibilities
    expected = mean_field_responsibilities(q, model.prior, model.cluster_evidence(values, present))
    torch.testing.assert_close(found, expected)
