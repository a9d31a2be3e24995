import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.datasets.frame_stain import stain_record
from mitos_mmdet.sample.sample import make_sample
from mitos_mmdet.stain import StainNormalizer

pytestmark = pytest.mark.usefixtures('mmdet_scope')


@pytest.fixture(scope='module')
def frame(tmp_path_factory):
    """A synthetic H&E frame, uint8 ``(256, 320, 3)`` RGB."""
    folder = tmp_path_factory.mktemp('stain')
    make_sample(folder, frames=2, size=(320, 256), seed=3)
    return read_rgb(next((folder / 'images').iterdir()))


def build(**settings):
    # No mean and no std: the images come out as they are.
    return MODELS.build(dict(type='StainNormalizingDetDataPreprocessor', bgr_to_rgb=True, **settings))


def bgr(image):
    return torch.from_numpy(np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1)))


def forward(preprocessor, images, infos):
    samples = [DetDataSample(metainfo=dict(info, img_shape=image.shape[:2])) for image, info in zip(images, infos, strict=True)]
    inputs = preprocessor(dict(inputs=[bgr(image) for image in images], data_samples=samples))['inputs']
    return inputs.permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize('method', ['macenko', 'reinhard'])
def test_equals_the_transform_within_a_grey_level(frame, method):
    found = forward(build(stain_method=method), [frame], [{}])[0]
    expected, _ = StainNormalizer.default(method).normalize(frame)
    assert np.abs(found - expected.astype(float)).max() <= 1
    assert np.abs(found - frame.astype(float)).mean() > 2


def test_tiles_of_a_frame_agree_with_it(frame):
    crops = [frame[40:120, 60:160], frame[0:80, 200:300]]
    info = dict(frame='a.png', stain=stain_record(frame, 'macenko'))
    whole = forward(build(), [frame], [{}])[0]
    tiles = forward(build(), crops, [info, info])
    assert np.array_equal(tiles[0], whole[40:120, 60:160]) and np.array_equal(tiles[1], whole[0:80, 200:300])


def test_images_of_several_sizes_and_without_stain(frame):
    glass = np.full((64, 64, 3), 255, np.uint8)
    found = forward(build(), [frame[:96, :64], glass], [{}, {}])
    assert found.shape[1:3] == (96, 64)
    assert (found[1, :64] == 255).all() and (found[1, 64:] == 0).all()
    alone = forward(build(), [frame[:96, :64]], [{}])
    assert np.array_equal(found[0], alone[0])


def test_a_stacked_batch_is_taken_too(frame):
    batch = torch.stack([bgr(frame), bgr(frame)])
    samples = [DetDataSample(metainfo=dict(img_shape=frame.shape[:2])) for _ in range(2)]
    found = build()(dict(inputs=batch, data_samples=samples))['inputs']
    assert np.array_equal(found[1].permute(1, 2, 0).numpy(), forward(build(), [frame], [{}])[0])


def test_a_tile_without_its_frames_stain_is_refused(frame):
    with pytest.raises(ValueError, match='is a tile'):
        forward(build(), [frame], [dict(frame='a.png')])


def test_per_tile_measures_each_image(frame):
    info = dict(frame='a.png', stain=stain_record(frame, 'macenko'))
    crop = frame[40:120, 60:160]
    assert not np.array_equal(forward(build(per_tile=True), [crop], [info]), forward(build(), [crop], [info]))
    assert build(per_tile=True).frame_metainfo(bgr(frame), {}) == {}


def test_rgb_images(frame):
    preprocessor = MODELS.build(dict(type='StainNormalizingDetDataPreprocessor', channel_order='rgb'))
    rgb = torch.from_numpy(np.ascontiguousarray(frame.transpose(2, 0, 1)))
    found = preprocessor(dict(inputs=[rgb], data_samples=[DetDataSample(metainfo=dict(img_shape=frame.shape[:2]))]))['inputs'][0]
    assert np.array_equal(found.permute(1, 2, 0).numpy(), forward(build(), [frame], [{}])[0])
    with pytest.raises(ValueError, match="'grb'"):
        build(channel_order='grb')


def test_it_moves_between_devices_and_adds_nothing_to_checkpoints():
    preprocessor = build().to('meta')
    assert preprocessor.device.type == 'meta' and preprocessor.stain_normalizer.target_matrix.is_meta
    assert not preprocessor.state_dict()


def test_tiled_detector_measures_the_frame_once(frame, monkeypatch):
    """All tiles of a frame carry the frame's stain, not their own."""
    detector = MODELS.build(ConfigDict(type='TiledDetector', tile_size=128, overlap=32, detector=dict(
        type='RTMDet',
        data_preprocessor=dict(type='StainNormalizingDetDataPreprocessor'),
        backbone=dict(type='CSPNeXt', deepen_factor=0.167, widen_factor=0.125, norm_cfg=dict(type='BN')),
        neck=dict(type='CSPNeXtPAFPN', in_channels=[32, 64, 128], out_channels=32, num_csp_blocks=1, norm_cfg=dict(type='BN')),
        bbox_head=dict(type='RTMDetHead', num_classes=2, in_channels=32, feat_channels=32, with_objectness=False,
                       anchor_generator=dict(type='MlvlPointGenerator', offset=0, strides=[8, 16, 32]),
                       bbox_coder=dict(type='DistancePointBBoxCoder')),
        test_cfg=dict(nms_pre=100, min_bbox_size=0, score_thr=0.01, nms=dict(type='nms', iou_threshold=0.6), max_per_img=10))))
    seen = []
    inner = detector.detector.data_preprocessor
    monkeypatch.setattr(inner, '_restain', lambda images, sources: seen.extend(sources) or images)
    detector.eval().test_step(dict(inputs=[bgr(frame)], data_samples=[DetDataSample(metainfo=dict(img_shape=frame.shape[:2]))]))
    assert len(seen) == 9 and len({str(source.to_dict()) for source in seen}) == 1
    assert seen[0].to_dict() == stain_record(frame, 'macenko')
