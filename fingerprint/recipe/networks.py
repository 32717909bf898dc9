"""How one modality enters and leaves the model: input, augmentation, encoder, decoder."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from fingerprint.recipe.numbers import (
    BelowOne,
    Fraction,
    NonNegative,
    NonNegativeNumber,
    Number,
    Positive,
    PositiveNumber,
)
from fingerprint.recipe.preprocessing import Grid, Step

Activation = Literal["silu", "elu", "relu"]


class GridInput(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="grid"):
    """The model sees the values themselves, spectra on the common grid, centred and scaled.

    All are divided by one number, or with `scale = "each"` every point by its own standard deviation (A.3).
    """

    scale: Literal["one", "each"] = "one"


class BasisInput(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="basis"):
    """The model sees scores in a principal basis fitted on the training part.

    The basis is orthonormal, so a squared error of scores is the squared error of the curve but for a constant.
    """

    components: Positive = 20


class Augmentation(Struct, frozen=True, forbid_unknown_fields=True):
    """Random changes of an image that leave its meaning: the encoder sees the changed one, the decoder is asked for
    the original.

    `shift` in pixels to either side; `rotation` in degrees; `scale` and `shear` as fractions.
    """

    shift: NonNegative = 0
    rotation: NonNegativeNumber = 0.0
    scale: BelowOne = 0.0
    shear: BelowOne = 0.0

    @property
    def any(self) -> bool:
        """Whether anything is changed."""
        return bool(self.shift or self.rotation or self.scale or self.shear)


class LinearEncoder(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="linear"):
    """One affine map to mean and log-variance."""


class MLPEncoder(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="mlp"):
    """Fully connected layers; `gain` widens the first one's weights.

    Inputs come to it with a mean square of 1: all divided by one number, or, with `whiten`, each by its own spread.
    """

    hidden: tuple[Positive, ...] = (128, 128)
    activation: Activation = "silu"
    skip: bool = True
    gain: PositiveNumber = 1.0
    whiten: bool = False


class ConvEncoder(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="conv"):
    """Convolutions over a curve or an image, each with activation and batch norm, then one affine map.

    As it stands it is the paper's (A.1): no padding, stride 1, batch norm after the activation. `strides` holds one
    number per layer, or nothing for 1 everywhere. With `residual` a layer that changes neither channels nor size is
    added to its input.
    """

    channels: tuple[Positive, ...] = (8, 16)
    kernel: Positive = 3
    strides: tuple[Positive, ...] = ()
    padded: bool = False
    residual: bool = False
    activation: Activation = "elu"
    norm: Literal["after", "before"] = "after"  # the activation

    def stride(self, layer: int) -> int:
        """Of one layer."""
        return self.strides[layer] if self.strides else 1


class FixedVariance(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="fixed"):
    """The decoder's variance is a constant, in model units (section 2.5: 1)."""

    value: PositiveNumber = 1.0


class LearnedVariance(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="learned"):
    """The decoder's variance is learned: one number, or one per latent position (`depends_on_z`).

    `rate` multiplies the learning rate of the one number.
    """

    log_start: Number = -4.0
    rate: PositiveNumber = 3.0
    depends_on_z: bool = False


Variance = FixedVariance | LearnedVariance


class MLPDecoder(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="mlp"):
    """Fully connected layers from the latent space; `hidden = []` with `skip` is a linear decoder."""

    hidden: tuple[Positive, ...] = (64, 64)
    activation: Activation = "silu"
    skip: bool = True
    variance: Variance = LearnedVariance()


class ConvDecoder(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="conv"):
    """An affine map to a small curve or image of `channels[0]`, then transposed convolutions, each with an activation
    but the last; what is too large is cropped.

    As it stands it is the paper's for 28 x 28 (A.1): 32 channels of 7 x 7, then 64, 32 and 1.
    """

    channels: tuple[Positive, ...] = (32, 64, 32)
    kernel: Positive = 3
    strides: tuple[Positive, ...] = (2, 2)
    activation: Activation = "relu"
    variance: Variance = LearnedVariance()


class LinearExpert(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="linear_expert"):
    r"""E(t) = sum_k theta_ck f_k(t): a generalised linear model of each cluster, the same whatever Z. [Eq. 11]

    `basis` holds the f_k as formulas in t, the axis in its own unit: `["t"]` is the paper's line through the origin,
    `["1", "t"]` any line, `["1", "t^2", "exp(-t / 3)"]` whatever is wanted. The theta are solved in closed form from
    moving averages [Eq. 16], or follow the gradient.
    """

    basis: tuple[str, ...] = ("1", "t")
    solve: Literal["closed_form", "gradient"] = "closed_form"
    variance: Variance = LearnedVariance()


class RegisteredExpert(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="expert"):
    r"""E(t, Z; theta_c): a law that is shipped, of an installed package or of a plugin, by its name. [Eq. 11]

    Attributes:
        name: of the law.
        options: of the law, such as `{ count = 4 }`.
        components: the modalities that the law decodes, in the order in which it gives their curves, this one first;
            the others have a decoder of kind "component". Empty: this modality alone.
        shared: parameters that all clusters have alike, by name or pattern, such as ["position *"].
        along_z: parameters that are a linear function of Z, theta + slope . Z; likewise.
        fixed: parameters that are known.
        start: where fits begin, before the law's own beginnings; not of what is solved in closed form.
        bounds: lower and upper limits, within the law's own; -inf or inf leaves that side to the law.
        solve: "fit" is least squares of the clusters' mean curves, for laws that do not depend on Z [Eq. 16]; else
            parameters follow the gradient.
    """

    name: str
    options: dict[str, Any] = {}
    components: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    along_z: tuple[str, ...] = ()
    fixed: dict[str, Number] = {}
    start: dict[str, Number] = {}
    bounds: dict[str, tuple[float, float]] = {}
    solve: Literal["fit", "gradient"] = "fit"
    variance: Variance = LearnedVariance()


class ExpertComponent(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="component"):
    """One more curve of the law that decodes another modality, `of`."""

    of: str
    variance: Variance = LearnedVariance()


Encoder = LinearEncoder | MLPEncoder | ConvEncoder
Decoder = MLPDecoder | ConvDecoder | LinearExpert | RegisteredExpert | ExpertComponent


class ModalityRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """How one modality enters and leaves the model.

    Attributes:
        weight: of its reconstruction; 0 means the balanced one, d_max / d_m (section 2.5).
        keep: probability of being kept in modality dropout, p_m; 0 means that of the training section.
        outliers: share of the specimens whose measurement may belong to another cluster than the rest of them, where
            it starts; it is then learned. 0 trusts every measurement. Only with an expert.
        augment: of images, while training.
        grid: the common axis of curves.
        preprocess: what is done to curves there, and to scalars (log), one after the other; everything that the run
            predicts and shows is after it.
        replicates: several measurements of a specimen are averaged, or one of them is drawn for every batch.
        noise: whether the likelihood counts what is known of each measurement's uncertainty, from its file or from the
            spread of replicates.
    """

    input: GridInput | BasisInput = GridInput()
    encoder: Encoder = MLPEncoder()
    decoder: Decoder = MLPDecoder()
    weight: NonNegativeNumber = 0.0
    keep: Fraction = 0.0
    outliers: BelowOne = 0.0
    augment: Augmentation = Augmentation()
    grid: Grid = Grid()
    preprocess: tuple[Step, ...] = ()
    replicates: Literal["average", "draw"] = "average"
    noise: Literal["known", "ignored"] = "known"

    @property
    def has_expert(self) -> bool:
        """Whether a physical model decodes it."""
        return isinstance(self.decoder, LinearExpert | RegisteredExpert | ExpertComponent)

    @property
    def law(self) -> str:
        """What its law is called, which may decode other modalities too; empty where it has none of its own."""
        if isinstance(self.decoder, RegisteredExpert):
            return self.decoder.name
        return "linear_expert" if isinstance(self.decoder, LinearExpert) else ""

    @property
    def law_options(self) -> str:
        """What a registered law was given, in words, but for units, which stand with its parameters."""
        options = self.decoder.options if isinstance(self.decoder, RegisteredExpert) else {}
        return "; ".join(f"{key}: {_told(value)}" for key, value in options.items() if key != "units")


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_told(own)}" for key, own in value.items())
    return ", ".join(map(_told, value)) if isinstance(value, list | tuple) else str(value)
