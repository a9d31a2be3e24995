import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox_flip
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from mitos_mmdet.cli.test_time_augmentation import set_test_time_augmentation
from mitos_mmdet.models.detectors.frame_tta_model import FrameTTAModel

pytestmark = pytest.mark.usefixtures('mmdet_scope')
HEIGHT, WIDTH = 400, 700  # unlike, so that swapped sides show
DIRECTIONS = (None, 'horizontal', 'vertical', 'diagonal')
FIGURE = [100., 50., 150., 110.]


class Still(torch.nn.Module):
    """Stands in for a detector, whose detections the tests write themselves."""

    def test_step(self, data):
        return data


def copy_of(direction, boxes, scores=None, labels=None, **metainfo):
    """What a detector says of the frame flipped so, of ``boxes`` ``(N, 4)`` in the frame as it is."""
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    if direction:
        boxes = bbox_flip(boxes, (HEIGHT, WIDTH), direction)
    scores = torch.full((len(boxes), ), 0.5) if scores is None else torch.tensor(scores)
    labels = torch.zeros(len(boxes), dtype=torch.long) if labels is None else torch.tensor(labels)
    sample = DetDataSample(metainfo=dict(ori_shape=(HEIGHT, WIDTH), img_shape=(HEIGHT, WIDTH), flip=direction is not None,
                                         flip_direction=direction, **metainfo))
    sample.pred_instances = InstanceData(bboxes=boxes, scores=scores, labels=labels)
    return sample


def merge(*copies, **options):
    merged, = FrameTTAModel(module=Still(), **options).merge_preds([copies])
    return merged


def moved(box, by):
    return [side + by for side in box]


def test_copies_12_px_apart_on_both_axes_are_one_figure_and_the_surest_stays():
    found = merge(copy_of('horizontal', [FIGURE], [0.6]), copy_of(None, [moved(FIGURE, 12)], [0.9])).pred_instances
    assert found.bboxes.tolist() == [moved(FIGURE, 12)] and found.scores.tolist() == pytest.approx([0.9])


@pytest.mark.parametrize('options, figures', [({}, 2), (dict(merge_distance=40.0), 1)])
def test_neighbours_stay_two_by_the_distance_given(options, figures):
    pair = [FIGURE[:2] + [120., 70.], moved(FIGURE[:2] + [120., 70.], 19)]  # 26.9 px apart
    assert len(merge(copy_of(None, pair), copy_of('vertical', pair), **options).pred_instances) == figures


def test_classes_stay_apart():
    found = merge(copy_of(None, [FIGURE], labels=[0]), copy_of('diagonal', [FIGURE], labels=[1])).pred_instances
    assert sorted(found.labels.tolist()) == [0, 1] and found.labels.dtype == torch.int64


@pytest.mark.parametrize('direction', DIRECTIONS)
def test_a_flip_is_undone(direction):
    copies = [copy_of(other, [FIGURE] if other == direction else []) for other in DIRECTIONS]
    if direction == 'vertical':  # by hand, not by mmdet's function
        assert copies[2].pred_instances.bboxes.tolist() == [[100, HEIGHT - 110, 150, HEIGHT - 50]]
    assert merge(*copies).pred_instances.bboxes.tolist() == [FIGURE]


def test_all_four_see_one_figure():
    assert merge(*(copy_of(direction, [FIGURE]) for direction in DIRECTIONS)).pred_instances.bboxes.tolist() == [FIGURE]


def test_nothing_found_is_empty():
    found = merge(*(copy_of(direction, []) for direction in DIRECTIONS)).pred_instances
    assert found.bboxes.shape == (0, 4) and found.scores.shape == (0, ) and found.labels.dtype == torch.int64


def test_nothing_is_cut_off_and_the_order_is_by_score():
    corners = [[x, y, x + 4., y + 4.] for x in range(0, WIDTH, 10) for y in range(0, HEIGHT, 10)]
    scores = torch.linspace(0.1, 0.9, len(corners)).tolist()
    found = merge(copy_of(None, corners, scores), copy_of('diagonal', corners, scores), merge_distance=5.0).pred_instances
    assert len(found) == len(corners) == 2800
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


def test_mixed_precision():
    copies = [copy_of(direction, [FIGURE]) for direction in (None, 'horizontal')]
    for sample in copies:
        sample.pred_instances.bboxes, sample.pred_instances.scores = (
            values.bfloat16() for values in (sample.pred_instances.bboxes, sample.pred_instances.scores))
    assert merge(*copies).pred_instances.bboxes.dtype == torch.float32


def test_each_frame_is_its_own_and_the_unflipped_sample_is_returned():
    model = FrameTTAModel(module=Still())
    pairs = [[copy_of('horizontal', [moved(FIGURE, 50 * number)], img_id=number), copy_of(None, [], img_id=number)]
             for number in range(2)]
    merged = model.merge_preds(pairs)
    assert [sample.img_id for sample in merged] == [0, 1] and not any(sample.flip for sample in merged)
    assert [sample.pred_instances.bboxes.tolist() for sample in merged] == [[FIGURE], [moved(FIGURE, 50)]]
    flipped_only = merge(copy_of('horizontal', [FIGURE]))
    assert flipped_only.pred_instances.bboxes.tolist() == [FIGURE]


def test_the_limits_are_the_wrapped_detectors():
    detector = Still()
    detector.nms_iou, detector.merge_distance = 0.3, 7.0
    model = FrameTTAModel(module=detector)
    assert (model.nms_iou, model.merge_distance) == (0.3, 7.0)
    model = FrameTTAModel(module=detector, nms_iou=0.6, merge_distance=0.0)
    assert (model.nms_iou, model.merge_distance) == (0.6, 0.0)


def test_the_tools_flag_uses_it_unless_the_config_says_otherwise():
    def config(**more):
        dataset = dict(ann_file='a.json', pipeline=[dict(type='LoadFrame'), dict(type='PackDetInputs', meta_keys=('img_id', ))])
        return ConfigDict(model=dict(type='TiledDetector'), test_dataloader=dict(dataset=dataset), **more)

    cfg = config()
    set_test_time_augmentation(cfg)
    assert cfg.model.type == 'FrameTTAModel' and cfg.model.module.type == 'TiledDetector'
    assert MODELS.get(cfg.model.type) is FrameTTAModel
    cfg = config(tta_model=dict(type='DetTTAModel'))
    set_test_time_augmentation(cfg)
    assert cfg.model.type == 'DetTTAModel'


def test_the_tools_flag_reaches_every_joined_dataset():
    # It changed the first alone: the others were tested unflipped, and merged with nothing.
    joined = [dict(ann_file=f'{name}.json', pipeline=[dict(type=load), dict(type='PackFrameInputs')])
              for name, load in (('a', 'LoadFrame'), ('b', 'LoadImageFromFile'))]
    cfg = ConfigDict(model=dict(type='TiledDetector'), test_dataloader=dict(dataset=dict(type='ConcatDataset', datasets=joined)))
    set_test_time_augmentation(cfg)
    for dataset, load in zip(cfg.test_dataloader.dataset.datasets, ('LoadFrame', 'LoadImageFromFile'), strict=True):
        assert [step.type for step in dataset.pipeline] == [load, 'TestTimeAug'] and len(dataset.pipeline[-1].transforms[0]) == 4
