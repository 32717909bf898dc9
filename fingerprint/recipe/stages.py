"""The model as a whole, its prior, and the training."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fingerprint.recipe.numbers import (
    BelowOne,
    Fraction,
    NonNegative,
    NonNegativeNumber,
    Positive,
    PositiveNumber,
    Seed,
)

Fusion = Literal["product", "mixture", "mixture_of_products"]
Terms = Literal["joint", "unimodal", "dropout"]


class ModelRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """The latent space, and how unimodal posteriors become one.

    `fusion`: the paper's product of experts; or, for comparison, a mixture of experts (MMVAE: Shi et al., NeurIPS 2019)
    or of the products of all subsets (MoPoE: Sutter et al., ICLR 2021), which also decide the terms of the loss.
    """

    latent: Positive = 2
    clusters: Positive = 4
    decoders: Literal["per_modality", "per_cluster"] = "per_modality"
    fusion: Fusion = "product"


class PriorRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the clusters begin, and when and how the mixture follows the latent points (section 2.4)."""

    seeding: Literal["latent", "expert", "random", "scout", "none"] = "latent"
    layout: Literal["standard", "separated", "random"] = "standard"  # before EM begins: all N(0, I), far apart, drawn
    radius: PositiveNumber = 6.0  # of the separated clusters' means
    variance: PositiveNumber = 0.25  # of the separated clusters
    split_merge: bool = True  # while clusters are seeded
    scouts: Positive = 2  # times the clusters that are looked for first, where they are scouted
    scout_epochs: Positive = 4
    hint_epochs: Positive = 1  # for which the scouted clusters are taken as told
    reseed: bool = False  # clusters that died, each epoch while EM runs
    start: Fraction = 0.25  # share of the training before which EM rests
    update: Literal["streaming", "epoch"] = "streaming"  # a step each batch, or all data once each epoch
    points: Literal["joint", "terms"] = "joint"  # EM of the joint posteriors, or of those of every term of the loss
    rate: Fraction = 0.02  # of the moving averages of the streaming EM
    posterior_variance: bool = True  # in Eq. 15's variance; see docs/deviations.md
    weights: Literal["em", "gradient"] = "em"
    responsibilities: Literal["mean_field", "draw"] = "mean_field"  # or p(C|Z) at the drawn Z, Eq. 14
    floor: PositiveNumber = 1e-3  # least cluster variance, relative to the total
    calibrate: bool = False  # the precision of each modality in the product, on half of the validation part


class AlignmentRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """Teaching every posterior to tell the clusters (section 3.2), beside the ELBO; see `training.alignment`.

    Attributes:
        weight: of the cross-entropy of each term's clusters to what is known of the specimen's, in units of the ELBO
            (nats per specimen); 0 switches all of this off.
        sharpness: factor of the log-densities of the clusters in it; below 1 the clusters are softer.
        adversarial: size of the change of a specimen that alters its clusters most, against which they are also taught
            unless an expert tells every specimen's cluster, in model units; 0 for none.
        information: weight, in the same cross-entropy, of the mutual information between specimens and clusters, for
            specimens of which no expert tells the cluster.
        balance: of the clusters' sizes in that information; 1 is the mutual information itself.
    """

    weight: NonNegativeNumber = 0.0
    sharpness: PositiveNumber = 0.2
    adversarial: NonNegativeNumber = 0.0
    information: NonNegativeNumber = 0.0
    balance: NonNegativeNumber = 4.0


class TrainingRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """The optimisation. `epochs` and `batch` 0 mean: chosen by `prepare.plan` from the number of specimens."""

    seed: Seed = 0
    split_seed: Seed = 0
    split: str = ""  # metadata column that names each specimen's part: train, validation or test; "" splits by hash
    group: str = ""  # metadata column whose value keeps specimens in the same part of the split; "" is the specimen id
    restarts: Positive = 5
    epochs: NonNegative = 0
    batch: NonNegative = 0
    learning_rate: PositiveNumber = 1e-2
    betas: tuple[BelowOne, BelowOne] = (0.9, 0.99)
    weight_decay: NonNegativeNumber = 0.1
    warmup: NonNegative = 50  # steps
    kl_weight: PositiveNumber = 1.0
    terms: Terms = "unimodal"
    keep: Annotated[float, Meta(gt=0, le=1)] = 0.5  # probability of keeping a modality where `terms` is "dropout"
    join: Fraction = 0.2  # share of the training in which experts alone tell the clusters, and specimens without rest
    level: Annotated[float, Meta(gt=0, lt=1)] = 0.9  # of the prediction intervals
    precision: Literal["float32", "bfloat16"] = "float32"  # of the networks
    threads: Positive = 1  # of the CPU
    checkpoint_seconds: PositiveNumber = 20.0
