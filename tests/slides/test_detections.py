import numpy as np
import pytest

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.slides.detections import Detections


@pytest.fixture
def detections():
    return Detections([[10, 20], [30, 40], [50, 60]], [0.9, 0.4, 0.5], [0, 1, 0], (0.25, 0.5), (100, 80), atypical=[0.1, 0.2, 0.7])


def test_where_and_of_pick_rows_of_every_field(detections):
    kept = detections.where(0.5)
    np.testing.assert_array_equal(kept.points, [[10, 20], [50, 60]])
    np.testing.assert_array_equal(kept.atypical, [0.1, 0.7])
    assert len(detections.of(HARD_NEGATIVE)) == 1 and len(detections.of(MITOSIS)) == 2
    np.testing.assert_array_equal(detections.points_um[1], [7.5, 20])


def test_without_boxes_each_is_its_point(detections):
    np.testing.assert_array_equal(detections.boxes[0], [10, 20, 10, 20])


def test_none_is_a_result():
    none = Detections([], [], [], (0.25, 0.25), (10, 10))
    assert len(none) == 0 and none.where(0.5).points.shape == (0, 2) and len(none.of(MITOSIS)) == 0


@pytest.mark.parametrize('change, words', [
    (dict(scores=[1.0]), '1 scores'), (dict(labels=[0, 2, 0]), 'label 2 has no name'), (dict(um_per_px=(0, 1)), 'not a pixel size'),
    (dict(points=np.zeros((3, 4))), 'points: an array of shape'),  # boxes
])
def test_what_does_not_fit_is_refused(change, words):
    given = dict(points=np.zeros((3, 2)), scores=np.zeros(3), labels=np.zeros(3), um_per_px=(1, 1), size=(9, 9))
    with pytest.raises(ValueError, match=words):
        Detections(**given | change)


def test_an_unknown_class_is_named(detections):
    with pytest.raises(ValueError, match="no class 'lymphocyte'.*mitotic figure"):
        detections.of('lymphocyte')
