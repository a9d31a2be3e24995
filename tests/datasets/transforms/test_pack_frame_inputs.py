"""PackFrameInputs keeps what scoring needs and asks for nothing that is absent."""

import numpy as np

from mitos_mmdet.datasets.transforms.pack_frame_inputs import FRAME_META_KEYS, PackFrameInputs


def results(**extra):
    return dict(img=np.zeros((4, 5, 3), np.uint8), img_id=3, img_path='a.png', ori_shape=(4, 5), img_shape=(4, 5), **extra)


def test_keeps_the_frame_and_its_labels():
    told = dict(um_per_px=(0.25, 0.25), scanner='XR', case_id='7', domain='canine', labelled=True, instances=[dict(centroid=[1, 2])])
    sample = PackFrameInputs().transform(results(**told))['data_samples']
    assert {name: getattr(sample, name) for name in told} == told


def test_absent_keys_are_left_out():
    sample = PackFrameInputs().transform(results())['data_samples']
    assert set(sample.metainfo_keys()) == {'img_id', 'img_path', 'ori_shape', 'img_shape'} < set(FRAME_META_KEYS)


def test_other_keys_may_be_named():
    sample = PackFrameInputs(meta_keys=('img_id',)).transform(results(scanner='XR'))['data_samples']
    assert set(sample.metainfo_keys()) == {'img_id'}
