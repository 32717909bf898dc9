"""Changes of images: whole pixels exactly, the rest about the middle, nothing where nothing is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.model import ModalityShape
from fingerprint.recipe import Augmentation
from fingerprint.training.augmentation import DRAWS, Augmenter, draw_changes

ANGLE, WIDE, HIGH, SHEAR, ACROSS, DOWN = range(DRAWS)
ALL = Augmentation(shift=2, rotation=20.0, scale=0.2, shear=0.2)


def augmenter(choice: Augmentation, rows: int, columns: int, unit: float = 1.0) -> Augmenter:
    """Of images whose model units are (value - 0.3 at each point) / `unit`."""
    points = rows * columns
    centre, scale = torch.full((points,), 0.3).double(), torch.tensor([unit]).double()
    shape = ModalityShape(torch.ones(points), 1.0, (rows, columns), None, centre, scale)
    return Augmenter(choice, shape, torch.device("cpu"))


def change(choice: Augmentation, image: np.ndarray, unit: float = 1.0, **drawn: float) -> np.ndarray:
    """One image in measured units, there and back."""
    draws = torch.zeros(1, 1, DRAWS)
    for name, value in drawn.items():
        draws[0, 0, globals()[name.upper()]] = value
    seen = torch.as_tensor((image - 0.3) / unit, dtype=torch.float32).reshape(1, 1, -1)
    moved = augmenter(choice, *image.shape, unit)(seen, draws)
    return moved.reshape(image.shape).double().numpy() * unit + 0.3


def blob(rows: int, columns: int, down: float, across: float, width: float = 1.5) -> np.ndarray:
    """Round, at a place counted from the middle."""
    y, x = np.arange(rows) - (rows - 1) / 2, np.arange(columns) - (columns - 1) / 2
    return np.exp(-0.5 * (((y - down) ** 2)[:, None] + ((x - across) ** 2)) / width**2)


def place(image: np.ndarray) -> np.ndarray:
    """Down and across of its middle of mass, counted from the middle."""
    y, x = np.indices(image.shape)
    middle = (np.array(image.shape) - 1) / 2
    return np.array([(image * y).sum(), (image * x).sum()]) / image.sum() - middle


@pytest.mark.parametrize("shape", [(28, 28), (9, 16), (16, 9), (7, 7)])
@pytest.mark.parametrize("unit", [1.0, 0.02, 50.0])
def test_nothing_drawn_changes_nothing(shape: tuple[int, int], unit: float) -> None:
    image = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_allclose(change(ALL, image, unit), image, atol=1e-5)


@pytest.mark.parametrize("shape", [(12, 12), (11, 16), (16, 11)])
@pytest.mark.parametrize(("across", "down"), [(1, 0), (-2, 0), (0, 1), (0, -2), (2, -1)])
@pytest.mark.parametrize("choice", [Augmentation(shift=2), Augmentation(shift=2, shear=0.5)], ids=["alone", "among"])
def test_a_shift_by_whole_pixels_is_exact(shape: tuple[int, int], across: int, down: int, choice: Augmentation) -> None:
    """As numpy rolls an image with an empty margin: what is drawn says from where the new image takes its points."""
    image = np.zeros(shape)
    image[3:-3, 3:-3] = np.random.default_rng(0).normal(size=(shape[0] - 6, shape[1] - 6))
    found = change(choice, image, across=across / 2.5, down=down / 2.5)
    np.testing.assert_allclose(found, np.roll(image, (-down, -across), (0, 1)), atol=1e-5)


def test_all_shifts_are_drawn_alike_and_none_is_larger() -> None:
    """To either side, 0 included."""
    draws = draw_changes(20_000, [torch.Generator().manual_seed(0)])
    image = torch.as_tensor(blob(15, 15, 0, 0), dtype=torch.float32).reshape(1, 1, -1).expand(1, 20_000, -1)
    made = augmenter(Augmentation(shift=2), 15, 15)(image - 0.3, draws)[0].reshape(-1, 15, 15) + 0.3
    down, across = (made.sum(axis).argmax(1) - 7 for axis in (2, 1))
    for found in (down, across):
        counts = np.bincount(found.numpy() + 2, minlength=5)
        assert len(counts) == 5
        np.testing.assert_allclose(counts / 20_000, 0.2, atol=0.015)


@pytest.mark.parametrize("turn", [1.0, -0.5])
@pytest.mark.parametrize("shape", [(41, 41), (35, 50)])
def test_a_turn_is_about_the_middle_by_the_angle_that_is_drawn(turn: float, shape: tuple[int, int]) -> None:
    """Also where the image is not square: a circle stays one."""
    before = blob(*shape, 3.0, 5.0, 2.5)
    after = change(Augmentation(rotation=30.0), before, angle=turn)
    old, new = place(before), place(after)
    assert np.hypot(*new) == pytest.approx(np.hypot(*old), rel=0.02)
    angle = math.degrees(math.atan2(old[0], old[1]) - math.atan2(new[0], new[1]))
    assert angle == pytest.approx(30.0 * turn, abs=1.0)
    expected = blob(*shape, *new, 2.5)
    np.testing.assert_allclose(after, expected, atol=0.05)


def test_a_scale_and_a_shear_move_places_as_they_say() -> None:
    """A scale of 0.2 takes each point from 1.2 times as far; a shear takes it from further across, the further down."""
    image = blob(41, 41, 6.0, -8.0)
    choice = Augmentation(scale=0.2, shear=0.25)
    np.testing.assert_allclose(place(change(choice, image, wide=1.0)), [6.0, -8.0 / 1.2], atol=0.15)
    np.testing.assert_allclose(place(change(choice, image, high=-1.0)), [6.0 / 0.8, -8.0], atol=0.15)
    np.testing.assert_allclose(place(change(choice, image, shear=1.0)), [6.0, -8.0 - 0.25 * 6.0], atol=0.15)


def test_edges_are_continued() -> None:
    """In measured units: what is moved in is the edge, neither zero nor the mean image."""
    rows = np.arange(6.0)[:, None] * np.ones((1, 5)) + 7
    for choice in (Augmentation(shift=2), ALL):
        np.testing.assert_allclose(change(choice, rows, down=0.9), np.minimum(rows + 2, rows[-1]), atol=1e-5)
    assert np.allclose(change(ALL, np.full((6, 5), 3.0), angle=1.0, wide=1.0, shear=-1.0, across=1.0, down=-1.0), 3.0)


def test_each_image_has_its_own_draws_and_each_seed_its_own_generator() -> None:
    generators = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    draws = draw_changes(10, generators)
    assert draws.shape == (2, 10, DRAWS)
    assert torch.equal(draws[1:], draw_changes(10, [torch.Generator().manual_seed(4)]))
    assert (draws >= -1).all()
    assert (draws < 1).all()
    changes = augmenter(ALL, 8, 6)
    x = torch.randn((2, 10, 48), generator=torch.Generator().manual_seed(0))
    together = changes(x, draws)
    for seed in range(2):
        for row in range(10):
            alone = changes(x[seed : seed + 1, row : row + 1], draws[seed : seed + 1, row : row + 1])
            torch.testing.assert_close(together[seed, row], alone[0, 0])
    assert len(torch.unique(changes(x[:1, :1].expand(1, 10, -1), draws[:1]), dim=1)[0]) == 10


def test_each_point_has_its_own_centre_and_scale() -> None:
    """An image whose points are scaled one by one is moved as it was measured."""
    generator = torch.Generator().manual_seed(0)
    centre, scale = torch.randn(12, generator=generator).double(), torch.rand(12, generator=generator).double() + 0.5
    changes = Augmenter(
        Augmentation(shift=1), ModalityShape(torch.ones(12), 1.0, (3, 4), None, centre, scale), torch.device("cpu")
    )
    image = torch.randn((3, 4), generator=generator).double()
    draws = torch.zeros(1, 1, DRAWS)
    draws[..., ACROSS] = 0.9
    moved = changes(((image.flatten() - centre) / scale).float().reshape(1, 1, 12), draws)
    found = (moved[0, 0].double() * scale + centre).reshape(3, 4)
    expected = torch.cat([image[:, 1:], image[:, -1:]], 1)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def curve() -> ModalityShape:
    return ModalityShape(torch.ones(5), 1.0, (5,), torch.arange(5.0).double(), torch.zeros(5), torch.ones(1))


@pytest.mark.parametrize("shape", [curve(), ModalityShape(torch.ones(4), 1.0)])
def test_what_is_no_image_is_refused(shape: ModalityShape) -> None:
    with pytest.raises(RecipeError, match="only images") as refused:
        Augmenter(ALL, shape, torch.device("cpu"))
    assert refused.value.where == "augment"
    assert "image" in refused.value.expected


@pytest.mark.parametrize(
    ("choice", "any_change"),
    [(Augmentation(), False), (Augmentation(shift=1), True), (Augmentation(shear=0.1), True), (ALL, True)],
)
def test_whether_anything_is_changed(choice: Augmentation, any_change: bool) -> None:
    assert choice.any is any_change


@pytest.mark.parametrize("choice", [Augmentation(shift=2), ALL])
def test_a_gradient_passes(choice: Augmentation) -> None:
    """An adversarial change may be sought of an image that was moved."""
    x: Tensor = torch.randn((1, 3, 30), generator=torch.Generator().manual_seed(0)).requires_grad_()
    draws = draw_changes(3, [torch.Generator().manual_seed(0)])
    (gradient,) = torch.autograd.grad(augmenter(choice, 5, 6)(x, draws).square().sum(), x)
    assert gradient.any()
