import pytest
import torch
from mmdet.registry import MODELS
from torch import nn

from mitos_mmdet.models.necks.fully_conv_neck import FullyConvNeck

pytestmark = pytest.mark.usefixtures('mmdet_scope')


def classifier(channels=6, width=5, side=3):
    """VGG16's classifier, small."""
    return nn.Sequential(nn.Linear(channels * side * side, width), nn.ReLU(), nn.Dropout(), nn.Linear(width, width), nn.ReLU(),
                         nn.Dropout(), nn.Linear(width, 10))


def saved(layers, tmp_path):
    torch.save({f'classifier.{key}': value for key, value in layers.state_dict().items()}, tmp_path / 'vgg16.pth')
    return dict(type='Pretrained', checkpoint=str(tmp_path / 'vgg16.pth'), prefix='classifier.')


def test_it_computes_what_the_fully_connected_layers_did(tmp_path):
    layers = classifier()
    neck = MODELS.build(dict(type='FullyConvNeck', in_channels=6, channels=5, kernel_size=3, init_cfg=saved(layers, tmp_path)))
    neck.init_weights()
    neck.eval()
    pooled = torch.rand(2, 6, 3, 3)
    before = pooled.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)  # what pools to it
    found, = neck([before])
    # Where the kernel sees the whole map, and no padding: in the middle.
    torch.testing.assert_close(found[:, :, 1, 1], layers[:5].eval()(pooled.flatten(1)))


def test_weights_of_another_width_are_refused(tmp_path):
    neck = FullyConvNeck(6, 4, 3, init_cfg=saved(classifier(), tmp_path))
    with pytest.raises(ValueError, match=r'fc6 of the pretrained weights is \(5, 54\), which does not fit \(4, 6, 3, 3\)'):
        neck.init_weights()


def test_maps_come_pooled_fine_to_coarse():
    neck = FullyConvNeck(6, 5, 7, norm_cfg=dict(type='BN'))
    maps = torch.rand(2, 3, 64, 40), torch.rand(2, 4, 32, 20), torch.rand(2, 6, 16, 10)
    fine, middle, last = neck(maps)
    assert (fine.shape, middle.shape, last.shape) == ((2, 3, 32, 20), (2, 4, 16, 10), (2, 5, 8, 5))
    assert torch.equal(fine, nn.functional.max_pool2d(maps[0], 2))


def test_its_own_checkpoint_loads():
    one, two = FullyConvNeck(6, 5, 3), FullyConvNeck(6, 5, 3)
    two.load_state_dict(one.state_dict())
    assert torch.equal(one.fc6.conv.weight, two.fc6.conv.weight)
