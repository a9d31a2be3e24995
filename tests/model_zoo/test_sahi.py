"""SAHI's own wrapper of mmdet takes our configs and components."""

import json

import numpy as np
import pytest
from PIL import Image

sahi = pytest.importorskip('sahi', reason='sahi is not installed')


@pytest.fixture(scope='module')
def config_for_sahi(tiny_model, tmp_path_factory):
    """The two lines of docs/mmdet_pipelines.md: SAHI insists on a step named ``Resize``."""
    path = tmp_path_factory.mktemp('sahi') / 'config.py'
    path.write_text(f"_base_ = ['{tiny_model[0]}']\n"
                    "resize = dict(type='Resize', scale_factor=1.0)\n"
                    "test_dataloader = dict(dataset=dict(pipeline=[*_base_.test_pipeline[:-1], resize, _base_.test_pipeline[-1]]))\n")
    return path


def test_slices_of_a_frame(tiny_model, config_for_sahi, mmdet_scope):
    from sahi import AutoDetectionModel
    from sahi.predict import get_sliced_prediction

    random = np.random.default_rng(0)
    image = np.kron(random.integers(60, 256, (40, 60, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    model = AutoDetectionModel.from_pretrained('mmdet', model_path=str(tiny_model[1]), config_path=str(config_for_sahi), device='cpu',
                                               confidence_threshold=0.05)
    found = get_sliced_prediction(Image.fromarray(image), model, slice_height=256, slice_width=256, overlap_height_ratio=0.25,
                                  overlap_width_ratio=0.25, perform_standard_pred=False, verbose=0).object_prediction_list
    assert found and {each.category.name for each in found} <= {'mitotic figure', 'hard negative'}
    boxes = np.array([each.bbox.to_xyxy() for each in found])
    assert boxes.min() >= 0 and (boxes[:, [0, 2]] <= 480).all() and (boxes[:, 0] > 256).any()
    json.dumps([each.to_coco_prediction(image_id=1).json for each in found])
