from copy import deepcopy

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mitos_mmdet.models.dense_heads.patch_head import PatchHead

pytestmark = pytest.mark.usefixtures('mmdet_scope')
CONFIG = dict(
    type='SingleStageDetector',
    data_preprocessor=dict(type='DetDataPreprocessor', mean=[127.0] * 3, std=[50.0] * 3),
    backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8, norm_eval=False),
    bbox_head=dict(type='PatchHead', in_channels=64))


def sample(*labels, **metainfo):
    labels = torch.tensor(labels, dtype=torch.long)
    return DetDataSample(metainfo=dict(dict(img_shape=(40, 30), ori_shape=(40, 30), scale_factor=(1.0, 1.0)), **metainfo),
                         gt_instances=InstanceData(labels=labels, bboxes=torch.zeros(len(labels), 4)))


@pytest.fixture
def head(mmdet_scope):
    """A head that hands its two channels on as logits."""
    head = PatchHead(2)
    torch.nn.init.eye_(head.fc.weight)
    torch.nn.init.zeros_(head.fc.bias)
    return head


def maps(*logits):
    """Maps of two channels whose mean is each patch's logits ``(figure, none)``."""
    return [torch.tensor(logits)[:, :, None, None] + torch.tensor([[-1.0, 1.0]])]


@pytest.mark.parametrize(('labels', 'is_figure'), [
    ([0], True),  # a figure
    ([1], False),  # a hard negative
    ([], False),  # nothing, as where the dataset leaves hard negatives out
    ([1, 0], True),  # both
])
def test_a_patch_is_what_its_instances_are(head, labels, is_figure):
    says_figure, says_none = (head.loss(maps(logits), [sample(*labels)]) for logits in ([4.0, -4.0], [-4.0, 4.0]))
    assert (says_figure['loss_cls'] < says_none['loss_cls']) == is_figure
    assert says_figure['accuracy'] == float(is_figure) and says_none['accuracy'] == float(not is_figure)


def test_loss_is_cross_entropy(head):
    losses = head.loss(maps([0.0, 0.0], [0.0, 0.0]), [sample(0), sample()])
    assert losses['loss_cls'].item() == pytest.approx(0.6931, abs=1e-4)


def test_prediction_is_the_patch_with_the_probability_of_a_figure(head):
    found = head.predict(maps([0.0, 0.0], [9.0, -9.0]), [sample(), sample(scale_factor=(2.0, 0.5))])
    assert [one.bboxes.tolist() for one in found] == [[[0, 0, 30, 40]], [[0, 0, 15, 80]]]
    assert found[0].scores.tolist() == pytest.approx([0.5]) and found[1].scores.tolist() == pytest.approx([1.0])
    assert [one.labels.tolist() for one in found] == [[0], [0]]


def test_a_pipeline_without_resize_leaves_no_scale(head):
    one = sample()
    del one.scale_factor
    found, = head.predict(maps([0.0, 0.0]), [one])
    assert found.bboxes.tolist() == [[0, 0, 30, 40]]


def test_phase_two_learns_and_one_patch_predicts_as_many(mmdet_scope):
    torch.manual_seed(0)
    model = MODELS.build(deepcopy(CONFIG))
    model.init_weights()
    patches = torch.full((6, 3, 40, 30), 200, dtype=torch.uint8)
    patches[:3, :, 10:30, 8:22] = 30
    data = dict(inputs=list(patches), data_samples=[*(sample(0) for _ in range(3)), sample(1), sample(), sample()])
    optimizer = torch.optim.Adam(model.parameters(), 0.003)
    for _ in range(50):
        total, _ = model.parse_losses(model(**model.data_preprocessor(deepcopy(data), training=True), mode='loss'))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    scores = [found.pred_instances.scores.item() for found in model.eval().test_step(deepcopy(data))]
    assert min(scores[:3]) > 0.5 > max(scores[3:])
    single = model.test_step(dict(inputs=[patches[0]], data_samples=[sample()]))[0].pred_instances
    assert single.scores.item() == pytest.approx(scores[0], abs=1e-5)
