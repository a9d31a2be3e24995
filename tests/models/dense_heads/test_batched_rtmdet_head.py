import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData

pytestmark = pytest.mark.usefixtures('mmdet_scope')
HEAD = dict(
    num_classes=2, in_channels=8, feat_channels=8, stacked_convs=1, share_conv=True, pred_kernel_size=1, with_objectness=False,
    exp_on_reg=False, anchor_generator=dict(type='MlvlPointGenerator', offset=0, strides=[8, 16, 32]),
    bbox_coder=dict(type='DistancePointBBoxCoder'), norm_cfg=dict(type='BN'), act_cfg=dict(type='SiLU', inplace=True),
    loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0), loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
    train_cfg=dict(assigner=dict(type='DynamicSoftLabelAssigner', topk=13), allowed_border=-1, pos_weight=-1))


def heads():
    """mmdet's head and ours with the same random weights; the scale of the boxes is such that they overlap the objects."""
    torch.manual_seed(0)
    reference, ours = (MODELS.build(dict(HEAD, type=name)) for name in ('RTMDetSepBNHead', 'BatchedRTMDetHead'))
    ours.load_state_dict(reference.state_dict())
    return reference.train(), ours.train()


def objects(*rows):
    """One image's ``InstanceData`` from rows ``x1, y1, x2, y2, label``."""
    table = torch.tensor(rows, dtype=torch.float32).reshape(-1, 5)
    return InstanceData(bboxes=table[:, :4], labels=table[:, 4].long())


IMAGES = {
    'none': [objects(), objects()],
    'with and without': [objects((20, 20, 70, 70, 0)), objects()],
    'overlapping, of both classes': [objects((20, 20, 70, 70, 0), (40, 40, 90, 90, 1), (45, 42, 95, 92, 0)), objects((0, 0, 25, 50, 1))],
    'at the border': [objects((100, 100, 128, 128, 0)), objects((0, 0, 10, 10, 0), (60, 60, 110, 110, 0))],
}


@pytest.mark.parametrize('images', IMAGES.values(), ids=IMAGES)
def test_losses_and_gradients_are_mmdets(images):
    compare(images, [dict(img_shape=(128, 128), pad_shape=(128, 128))] * len(images))


def test_what_pads_a_smaller_image_of_the_batch_is_no_background():
    images = [objects((20, 20, 70, 70, 0)), objects((10, 10, 60, 40, 1), (40, 30, 60, 60, 0))]
    compare(images, [dict(img_shape=(128, 128), pad_shape=(128, 128)), dict(img_shape=(60, 60), pad_shape=(64, 64))])


def test_losses_are_divided_by_the_mean_over_processes(monkeypatch):
    for module in ('mmdet.models.dense_heads.rtmdet_head', 'mitos_mmdet.models.dense_heads.batched_rtmdet_head'):
        monkeypatch.setattr(f'{module}.reduce_mean', lambda total: total * 3)
    compare(IMAGES['with and without'], [dict(img_shape=(128, 128), pad_shape=(128, 128))] * 2)


@pytest.mark.parametrize('wrong', [dict(loss_bbox=dict(type='DIoULoss')), dict(loss_cls=dict(type='FocalLoss', use_sigmoid=True)),
                                   dict(train_cfg=dict(assigner=dict(type='TaskAlignedAssigner', topk=13)))])
def test_other_losses_and_assigners_are_refused(wrong):
    with pytest.raises(ValueError, match='of BatchedRTMDetHead: only'):
        MODELS.build({**HEAD, 'type': 'BatchedRTMDetHead', **wrong})


def compare(images, metas):
    reference, ours = heads()
    generator = torch.Generator().manual_seed(1)
    maps = [torch.randn(len(images), 8, 128 // stride, 128 // stride, generator=generator) for stride in (8, 16, 32)]
    totals = {}
    for name, head in (('reference', reference), ('ours', ours)):
        outputs = [[one.detach().requires_grad_() for one in part] for part in head(tuple(maps))]
        losses = head.loss_by_feat(*outputs, images, metas)
        losses = {key: sum(value) if isinstance(value, list) else value for key, value in losses.items()}
        sum(losses.values()).backward()
        totals[name] = losses, [one.grad for part in outputs for one in part]
    for key in ('loss_cls', 'loss_bbox'):
        torch.testing.assert_close(totals['ours'][0][key], totals['reference'][0][key], rtol=1e-4, atol=1e-6)
    for found, expected in zip(totals['ours'][1], totals['reference'][1], strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)
    if any(len(one) for one in images):
        assert totals['ours'][0]['loss_bbox'] > 0
