import numpy as np
import pytest

from mitos_mmdet.stain.concentrations import OPTICAL_DENSITY
from mitos_mmdet.stain.stain_estimate import StainEstimate
from mitos_mmdet.stain.targets import DEFAULT_TARGETS
from mitos_mmdet.stain.transfer import apply_map, transfer_map


def unit(*rows):
    return [np.array(row) / np.linalg.norm(row) for row in rows]


SOURCE = StainEstimate('macenko', unit((0.65, 0.70, 0.29), (0.10, 0.95, 0.30)), (1.5, 1.0))
TARGET = StainEstimate('macenko', unit((0.60, 0.72, 0.35), (0.15, 0.90, 0.40)), (1.0, 1.2))


def test_to_its_own_stain_nothing_changes():
    image = np.random.default_rng(0).integers(1, 256, (20, 30, 3), dtype=np.uint8)
    assert np.abs(apply_map(image, transfer_map(SOURCE, SOURCE)).astype(int) - image).max() <= 1


def test_the_densest_pixel_of_a_stain_becomes_the_targets():
    for stain in range(2):
        density = np.array(SOURCE.matrix[stain]) * SOURCE.maxima[stain]
        mapped = transfer_map(SOURCE, TARGET) @ np.append(density, 1)
        np.testing.assert_allclose(mapped, np.array(TARGET.matrix[stain]) * TARGET.maxima[stain], atol=1e-9)


def test_alpha_and_beta_act_on_one_stain_each():
    mapped = transfer_map(SOURCE, TARGET, alpha=(2, 1), beta=(0, 0.5)) @ np.append(np.array(SOURCE.matrix[0]) * 0.3, 1)
    expected = 2 * 0.3 / 1.5 * np.array(TARGET.matrix[0]) + 0.5 * 1.2 * np.array(TARGET.matrix[1])
    np.testing.assert_allclose(mapped, expected, atol=1e-9)


@pytest.mark.parametrize('pair', [(SOURCE, DEFAULT_TARGETS['reinhard']), (DEFAULT_TARGETS['reinhard'], TARGET)])
def test_reinhards_statistics_are_no_stains(pair):
    with pytest.raises(ValueError, match='by reinhard'):
        transfer_map(*pair)


def test_white_stays_white():
    assert OPTICAL_DENSITY[255] < 1e-5
    assert (apply_map(np.full((2, 2, 3), 255, np.uint8), transfer_map(SOURCE, TARGET)) >= 254).all()
