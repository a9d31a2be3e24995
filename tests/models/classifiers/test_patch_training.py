import math

import numpy as np
import pytest
import torch

from mitos_mmdet.models.classifiers.patch_classifier import INPUT_PX, PatchClassifier, view_fields
from mitos_mmdet.models.classifiers.patch_training import augment, draw_evenly, train_network
from mitos_mmdet.models.classifiers.patient_folds import balanced_accuracy, bootstrap_interval, patient_folds


def spot(x, y):
    """A black patch of 128 px with a white spot of 5 px around ``x, y``."""
    patch = torch.zeros(1, 3, 128, 128)
    patch[..., y - 2:y + 3, x - 2:x + 3] = 255
    return patch


def place(field):
    """Centre of what is bright in a field, px from its middle."""
    weight = field[0, 0]
    grid = torch.arange(INPUT_PX) - (INPUT_PX - 1) / 2
    return [float((weight.sum(0) * grid).sum() / weight.sum()), float((weight.sum(1) * grid).sum() / weight.sum())]


@pytest.mark.parametrize('settings, expected', [
    (dict(), (16.8, 0.8)),  # 1.6 times as large: 10.5 and 0.5 px from the patch's middle
    (dict(um_per_px=0.5), (33.6, 1.6)),
    (dict(scale=1.5), (25.2, 1.2)),
    (dict(flip=-1.0), (-16.8, 0.8)),
    (dict(angle=math.pi), (-16.8, -0.8)),
])
def test_the_field_shows_the_middle_at_one_pixel_size(settings, expected):
    assert place(view_fields(spot(74, 64), **settings)) == pytest.approx(expected, abs=0.3)


def test_augmentation_is_determined_by_its_generator_and_stays_in_range():
    patches = torch.randint(0, 256, (4, 3, 128, 128), generator=torch.Generator().manual_seed(0)).float()
    first, again = (augment(patches, torch.full((4, ), 0.25), torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, again) and first.shape == (4, 3, INPUT_PX, INPUT_PX)
    assert first.min() >= 0 and first.max() <= 255 and not torch.equal(first[0], first[1])


def test_patients_stay_in_one_fold_and_folds_are_alike():
    rng = np.random.default_rng(0)
    patients, atypical = rng.integers(0, 40, 1000), rng.random(1000) < 0.2
    folds = patient_folds(patients, atypical)
    assert all(len(set(folds[patients == name])) == 1 for name in set(patients))
    assert np.bincount(folds, minlength=5).min() > 150
    assert all(0.15 < atypical[folds == fold].mean() < 0.25 for fold in range(5))


def test_balanced_accuracy_counts_both_classes_alike():
    atypical = np.array([True] * 2 + [False] * 8)
    assert balanced_accuracy(atypical, np.zeros(10)) == 0.5
    assert balanced_accuracy(atypical, [0.9, 0.1] + [0.2] * 6 + [0.5] * 2) == pytest.approx((0.5 + 0.75) / 2)
    assert math.isnan(balanced_accuracy(atypical[:2], [0.9, 0.1]))
    low, high = bootstrap_interval(np.arange(10) % 5, atypical, np.where(atypical, 0.9, 0.1), resamples=50)
    assert low == high == 1.0


def test_weights_of_something_else_are_no_start():
    with pytest.raises(ValueError, match=r"'backbone\.body\.conv_stem\.weight' is no weight of EfficientNet-lite0"):
        train_network(None, start={'backbone.body.conv_stem.weight': torch.zeros(32, 3, 3, 3)})


def test_batches_hold_both_classes_alike():
    wanted = np.arange(20) < 3
    patches, um_per_px, drawn = draw_evenly(torch.arange(20), wanted, np.full(20, 0.25), 8)(np.random.default_rng(0))
    assert drawn.sum() == 4 and (patches.numpy() < 3).tolist() == drawn.tolist() and len(um_per_px) == 8


@pytest.mark.parametrize('frozen_blocks', [None, 2])
def test_training_tells_dark_from_bright_and_keeps_frozen_layers(frozen_blocks):
    patches = torch.zeros(8, 3, 128, 128, dtype=torch.uint8)
    wanted = np.arange(8) < 4
    patches[4:] = 255
    losses = []
    network = train_network(draw_evenly(patches, wanted, np.full(8, 0.25), 8), frozen_blocks=frozen_blocks, iterations=12,
                            progress=lambda step, loss: losses.append(loss))
    assert losses[-1] < losses[0] - 0.1 and not network.training
    untouched = PatchClassifier(pretrained=True).body.conv_stem.weight
    assert torch.equal(network.body.conv_stem.weight, untouched) == (frozen_blocks is not None)
