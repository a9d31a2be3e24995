import logging

import pytest
import torch
import torchvision
from mmdet.registry import MODELS

from mitos_mmdet.models.backbones.vgg16 import VGG16

pytestmark = pytest.mark.usefixtures('mmdet_scope')
SMALL = (4, 6, 8, 10, 12)
# Simonyan and Zisserman's layers and where they lie in torchvision's vgg16().features, before their ReLU.
CONVS = {'conv1_1': 0, 'conv1_2': 2, 'conv2_1': 5, 'conv2_2': 7, 'conv3_1': 10, 'conv3_2': 12, 'conv3_3': 14, 'conv4_1': 17, 'conv4_2': 19,
         'conv4_3': 21, 'conv5_1': 24, 'conv5_2': 26, 'conv5_3': 28}


@pytest.fixture(scope='module')
def reference():
    """torchvision's own network, random weights."""
    torch.manual_seed(0)
    return torchvision.models.vgg16(weights=None).eval()


def pretrained(path, **kwargs):
    """A backbone as mmdet builds it, its weights from a file."""
    model = MODELS.build(dict(type='VGG16', init_cfg=dict(type='Pretrained', checkpoint=str(path)), **kwargs))
    model.init_weights()
    return model


@pytest.mark.parametrize('layout', ['torchvision', 'caffe', 'features alone'])
def test_imagenet_weights_of_every_layout_load_whole(reference, layout, tmp_path):
    weights = dict(reference.state_dict())
    if layout == 'features alone':
        weights = {key: value for key, value in weights.items() if key.startswith('features')}
    if layout == 'caffe':
        weights = {f'{name}.{part}': weights[f'features.{index}.{part}'] for name, index in CONVS.items() for part in ('weight', 'bias')}
    torch.save(dict(state_dict=weights), tmp_path / 'vgg16.pth')
    model = pretrained(tmp_path / 'vgg16.pth', out_layers=('conv5_3', 'conv1_1', 'conv4_3', 'conv3_3'))
    for key, parameter in model.named_parameters():
        assert torch.equal(parameter, reference.state_dict()[key]), key
    image = torch.rand(1, 3, 61, 45)
    for name, found in zip(model.out_layers, model(image), strict=True):
        torch.testing.assert_close(found, reference.features[:CONVS[name] + 2](image))  # its ReLU with it


def test_weights_with_batch_norm_load_whole(tmp_path):
    reference = torchvision.models.vgg16_bn(weights=None).eval()
    torch.save(reference.state_dict(), tmp_path / 'vgg16_bn.pth')
    model = pretrained(tmp_path / 'vgg16_bn.pth', norm_cfg=dict(type='BN')).eval()
    image = torch.rand(1, 3, 40, 40)
    torch.testing.assert_close(model(image)[1], reference.features[:33](image))


def test_what_a_checkpoint_holds_too_much_is_logged(reference, tmp_path, caplog, monkeypatch):
    from mmengine.runner import load_checkpoint

    monkeypatch.setattr(logging.getLogger('mmdet_test'), 'propagate', True)
    torch.save(reference.state_dict(), tmp_path / 'vgg16.pth')
    with caplog.at_level(logging.WARNING, 'mmdet_test'):
        load_checkpoint(VGG16(), str(tmp_path / 'vgg16.pth'), logger=logging.getLogger('mmdet_test'))
    assert 'unexpected key' in caplog.text and 'classifier.0.weight' in caplog.text and 'missing' not in caplog.text


@pytest.mark.parametrize('change, message', [
    # A prefix too many; a layer missing; another width.
    (lambda weights: {f'backbone.{key}': value for key, value in weights.items()}, r'\.0\.weight \(64, 3, 3, 3\) is not among backbone'),
    (lambda weights: {key: value for key, value in weights.items() if '21.' not in key}, r'features\.21\.weight'),
    (lambda weights: weights | {'features.2.weight': torch.zeros(32, 64, 3, 3)}, r'features\.2\.weight .* of shape \(32, 64, 3, 3\)'),
])
def test_weights_that_leave_a_layer_without_its_own_are_refused(reference, change, message, tmp_path):
    torch.save(change(dict(reference.state_dict())), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=message):
        pretrained(tmp_path / 'other.pth')


def test_a_detectors_own_checkpoint_is_left_to_its_reader():
    detector = torch.nn.ModuleDict(dict(backbone=VGG16(channels=SMALL)))
    missing, unexpected = detector.load_state_dict({'neck.weight': torch.zeros(1)}, strict=False)
    assert 'backbone.features.0.weight' in missing and unexpected == ['neck.weight']
    again = torch.nn.ModuleDict(dict(backbone=VGG16(channels=SMALL)))
    again.load_state_dict(detector.state_dict())
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(again['backbone'](image)[1], detector['backbone'](image)[1])


@pytest.mark.parametrize('ceil_mode, sides', [(False, [299, 149, 74, 37, 18]), (True, [299, 150, 75, 38, 19])])
def test_sizes_of_299_px(ceil_mode, sides):
    model = VGG16(out_layers=('conv1_2', 'conv2_2', 'conv3_3', 'conv4_3', 'conv5_3'), channels=SMALL, ceil_mode=ceil_mode)
    maps = model(torch.rand(1, 3, 299, 299))
    assert [tuple(found.shape[1:]) for found in maps] == [(width, side, side) for width, side in zip(SMALL, sides, strict=True)]
    assert all(found.min() >= 0 for found in maps)


def test_nothing_is_built_after_the_last_layer_asked_for():
    model = VGG16()
    assert len(model.features) == 23 and sum(isinstance(layer, torch.nn.Conv2d) for layer in model.features) == 10
    assert [tuple(found.shape) for found in model(torch.rand(2, 3, 32, 32))] == [(2, 256, 8, 8), (2, 512, 4, 4)]


@pytest.mark.parametrize('frozen_stages', [-1, 0, 2])
def test_what_is_not_frozen_gets_a_gradient(frozen_stages):
    model = VGG16(channels=SMALL, frozen_stages=frozen_stages).train()
    sum(found.sum() for found in model(torch.rand(1, 3, 32, 32))).backward()
    for key, parameter in model.named_parameters():
        frozen = int(key.split('.')[1]) < (10 if frozen_stages == 2 else 0)  # conv3_1 has index 10
        assert parameter.requires_grad is not frozen
        assert (parameter.grad is not None and parameter.grad.abs().sum() > 0) is not frozen, key


def test_norms_of_frozen_stages_keep_their_statistics():
    model = VGG16(channels=SMALL, norm_cfg=dict(type='BN'), frozen_stages=2).train()
    model(torch.rand(2, 3, 32, 32))
    moved = [layer.num_batches_tracked.item() for layer in model.features if isinstance(layer, torch.nn.BatchNorm2d)]
    assert moved == [0] * 4 + [1] * 6


def test_from_scratch_activations_neither_die_nor_explode():
    model = VGG16(out_layers=('conv5_3', ))
    model.init_weights()
    assert 0.05 < model(torch.randn(1, 3, 64, 64))[0].std() < 5


@pytest.mark.parametrize('kwargs, message', [
    (dict(out_layers=('conv1_3', )), r"\('conv1_3',\) of VGG16: name one or more of conv1_1, conv1_2, conv2_1"),  # the paper's misnomer
    (dict(out_layers=()), 'name one or more'),
    (dict(channels=(8, 8)), r'5 stages: channels=\(8, 8\)'),
    (dict(frozen_stages=6), 'frozen_stages=6'),
])
def test_what_cannot_be_built_is_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        VGG16(**kwargs)
