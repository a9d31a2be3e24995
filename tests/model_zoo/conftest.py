"""A small one-stage detector that finds things without any training."""

import pytest


@pytest.fixture(scope='session')
def tiny_model(tmp_path_factory):
    """``(config path, checkpoint path)`` of an RTMDet-tiny of random weights; scores spread over 0..1, boxes have about 40 px."""
    from mitos_mmdet.model_zoo.bundled import find_config

    return with_weights(find_config('mitos/small/rtmdet_tiny_small_atypia14.py'), tmp_path_factory.mktemp('tiny'))


@pytest.fixture
def changed_tiny_model(tmp_path):
    """The same of that config with changes, given as text of a config."""
    from mitos_mmdet.model_zoo.bundled import find_config

    def write(changes):
        config = tmp_path / 'changed.py'
        config.write_text(f"_base_ = {str(find_config('mitos/small/rtmdet_tiny_small_atypia14.py'))!r}\n{changes}\n")
        return with_weights(config, tmp_path)

    return write


def with_weights(config, folder):
    """``(config path, checkpoint path)``."""
    import torch
    from mmdet.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import DefaultScope

    import mitos_mmdet.register  # noqa: F401

    with DefaultScope.overwrite_default_scope('mmdet'):
        torch.manual_seed(0)
        detector = MODELS.build(Config.fromfile(config).model)
    _spread(detector.detector.eval())
    path = folder / 'tiny.pth'
    torch.save(dict(state_dict={key: value.half() for key, value in detector.state_dict().items()},
                    meta=dict(dataset_meta=dict(classes=('mitotic figure', 'hard negative')))), path)
    return config, path


def _spread(detector):
    """Scales the last layers of the head, by what they give for smooth noise."""
    import torch

    with torch.no_grad():
        noise = torch.nn.functional.interpolate(torch.randn(1, 3, 32, 32), size=256, mode='bicubic')
        head = detector.bbox_head
        for level, ((stride, _), features) in enumerate(zip(head.prior_generator.strides, detector.extract_feat(noise), strict=False)):
            for convs, last, middle, spread in ((head.cls_convs[level], head.rtm_cls[level], -4.0, 1.5),
                                                (head.reg_convs[level], head.rtm_reg[level], 20 / stride, 4 / stride)):
                values = last(torch.nn.Sequential(*convs)(features))
                scale = spread / values.std()
                last.weight *= scale
                last.bias.copy_(last.bias * scale + middle - values.mean() * scale)
