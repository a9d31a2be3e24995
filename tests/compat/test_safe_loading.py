"""What mmengine and mmdet load once our components are registered."""

import numpy as np
import pytest
import torch
from mmengine.runner import load_checkpoint
from torch import nn

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.compat import safe_loading


class Whole(nn.Sequential):
    needs_whole_checkpoint = True


def small(kind=Whole):
    return kind(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


class Payload:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, 'w')


def nan(weights):
    weights['0.weight'][0, 0, 0, 0] = float('nan')


@pytest.mark.parametrize('change, says', [
    (lambda weights: weights.clear(), '7 of 7 weights do not fit'), (lambda weights: weights.pop('0.bias'), '1 of 7'),
    (lambda weights: weights.update({key: value.numpy() for key, value in weights.items()}), '7 of 7'),
    (lambda weights: weights.update({'0.bias': np.zeros(4, np.float32)}), '1 of 7'), (nan, 'NaN or infinity'),
    (lambda weights: (weights.clear(), weights.update({'model.0.weight': torch.zeros(4, 3, 3, 3)})), '8|7 of 7')])
@pytest.mark.parametrize('wrapped', [True, False])
def test_weights_that_are_not_the_models_are_refused(tmp_path, change, says, wrapped):
    weights = {key: value.clone() for key, value in small().state_dict().items()}
    change(weights)
    torch.save(dict(state_dict=weights) if wrapped else weights, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=says):
        load_checkpoint(small(), str(tmp_path / 'a.pth'), map_location='cpu')


def test_good_weights_are_loaded(tmp_path):
    given, model = small(), small()
    torch.save(dict(state_dict={f'module.{key}': value for key, value in given.state_dict().items()}), tmp_path / 'a.pth')
    load_checkpoint(model, str(tmp_path / 'a.pth'), map_location='cpu')
    torch.testing.assert_close(model.state_dict(), given.state_dict())


def test_another_detectors_part_may_be_loaded(tmp_path):
    torch.save({'0.weight': torch.zeros(4, 3, 3, 3)}, tmp_path / 'part.pth')
    model = small(nn.Sequential)
    load_checkpoint(model, str(tmp_path / 'part.pth'))
    assert (model[0].weight == 0).all()
    torch.save({'other': torch.zeros(1)}, tmp_path / 'none.pth')
    with pytest.raises(ValueError, match='none of its 1 weights fits'):
        load_checkpoint(model, str(tmp_path / 'none.pth'))


def test_code_is_never_run(tmp_path, monkeypatch):
    monkeypatch.delenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', raising=False)
    torch.save(dict(state_dict=small().state_dict(), meta=Payload(tmp_path / 'ran')), tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match=r'evil\.pth: holds code'):
        load_checkpoint(small(), str(tmp_path / 'evil.pth'))
    assert not (tmp_path / 'ran').exists()


def test_installed_twice_it_checks_once(tmp_path):
    from mmengine.runner import checkpoint

    before = checkpoint._load_checkpoint_to_model
    safe_loading.install()
    assert checkpoint._load_checkpoint_to_model is before
    from mmdet.apis import det_inferencer

    safe_loading.install()
    assert det_inferencer._load_checkpoint_to_model is before


@pytest.mark.parametrize('content', [b'', b'text'])
def test_what_is_no_checkpoint_is_one_line(tmp_path, content):
    (tmp_path / 'a.pth').write_bytes(content)
    with pytest.raises(ValueError, match=r'a\.pth: damaged, or not a checkpoint'):
        load_checkpoint(small(), str(tmp_path / 'a.pth'))
    with pytest.raises(ValueError, match=r'none\.pth: no such checkpoint'):
        load_checkpoint(small(), str(tmp_path / 'none.pth'))
