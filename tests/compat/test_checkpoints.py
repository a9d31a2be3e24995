import os
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from mitos_mmdet.compat.checkpoints import allow_mmengine_types, check_fits, check_loads, find_checkpoint, read_checkpoint


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, 'w')


def small():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


@pytest.fixture
def evil(tmp_path):
    """A checkpoint of a model that also runs code; the second path appears once it has."""
    torch.save(dict(state_dict=small().state_dict(), meta=Payload(tmp_path / 'ran')), tmp_path / 'evil.pth')
    return tmp_path / 'evil.pth', tmp_path / 'ran'


def test_weights_come_back(tmp_path):
    model = small()
    torch.save(dict(state_dict=model.state_dict(), meta=dict(epoch=3)), tmp_path / 'a.pth')
    read = read_checkpoint(tmp_path / 'a.pth')
    assert read['meta'] == dict(epoch=3)
    check_fits(read, model, 'a.pth')
    torch.testing.assert_close(read['state_dict'], model.state_dict())


def test_names_are_those_of_the_model_whatever_wraps_it():
    """Test-time augmentation on several GPUs is a wrapper in a wrapper."""
    class Wrapper(nn.Module):
        def __init__(self, module):
            super().__init__()
            self.module = module

    model = small()
    parallel = dict(state_dict=Wrapper(model).state_dict())
    small().load_state_dict(check_fits(parallel, Wrapper(Wrapper(model)), 'a.pth'))
    check_loads(parallel, Wrapper(Wrapper(model)), 'a.pth')


@pytest.mark.parametrize('zipped', [True, False])  # torch's format and its older one
def test_a_checkpoint_with_code_is_refused_and_never_run(tmp_path, zipped):
    path, ran = tmp_path / 'evil.pth', tmp_path / 'ran'
    torch.save(dict(meta=Payload(ran)), path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match=r'evil\.pth: holds code.*--trust-checkpoint'):
        read_checkpoint(path)
    assert not ran.exists()
    read_checkpoint(path, trust=True)
    assert ran.exists()


@pytest.mark.parametrize('trust, before', [
    (True, {}), (False, {}),
    (False, dict(TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD='1')), (True, dict(TORCH_FORCE_WEIGHTS_ONLY_LOAD='1')),  # set in the shell
])
def test_mmengines_loader_runs_code_only_when_told(run_python, evil, trust, before):
    # Left alone, mmengine falls back to unpickling code.
    path, ran = evil
    torch.save(dict(state_dict=small().state_dict()), path.with_name('good.pth'))
    done = run_python('-c', f"""
from mitos_mmdet.compat.checkpoints import refuse_code
refuse_code({trust})
from mmengine.runner import load_checkpoint
from torch import nn
model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
load_checkpoint(model, {str(path.with_name('good.pth'))!r})
print('weights are read')
load_checkpoint(model, {str(path)!r})""", **before)
    assert 'weights are read' in done.stdout, done.stderr
    assert ran.exists() == trust == (done.returncode == 0), done.stderr


@pytest.mark.parametrize('content', [
    b'', b'hello world', b'epoch,loss\n1,0.5\n', b'{"a": 1}',  # texts
    b'\xff\xd8\xff\xe0 a picture', b'\x89PNG\r\n', b'PK\x03\x04 a zip', b'PK',
    pickle.dumps(dict(a=1)),  # a pickle, but not torch's
    bytes(range(256)),
])
def test_what_is_no_checkpoint_is_named_and_not_to_be_trusted(tmp_path, content):
    (tmp_path / 'a.pth').write_bytes(content)
    with pytest.raises(ValueError, match=r'a\.pth: damaged, or not a checkpoint') as error:
        read_checkpoint(tmp_path / 'a.pth')
    assert 'trust' not in str(error.value)


@pytest.mark.parametrize('zipped', [True, False])
def test_a_truncated_checkpoint_raises_wherever_it_ends(tmp_path, zipped):
    path = tmp_path / 'cut.pth'
    torch.save(dict(state_dict=small().state_dict()), path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for length in range(1, len(whole) - 1, 61 if zipped else 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r'cut\.pth'):
            read_checkpoint(path)


def test_a_missing_checkpoint_and_a_folder(tmp_path):
    for path in (tmp_path / 'none.pth', tmp_path):
        with pytest.raises(ValueError, match=str(path)):
            read_checkpoint(path)


@pytest.mark.parametrize('change, count', [
    (lambda weights: weights.pop('0.weight'), 1),  # missing
    (lambda weights: weights.update(extra=torch.zeros(1)), 1),  # left over
    (lambda weights: weights.update({'0.bias': torch.zeros(9)}), 1),  # another shape
    (lambda weights: weights.update({'0.bias': 'text'}), 1),
    (lambda weights: (weights.clear(), weights.update(other=torch.zeros(1))), 8),  # nothing fits
    (lambda weights: (weights.clear(), weights.update({1: 2})), 8),  # keys that are no names
])
def test_another_models_checkpoint_is_counted_and_named(change, count):
    weights = dict(small().state_dict())
    change(weights)
    with pytest.raises(ValueError, match=rf'a\.pth: a checkpoint of another model, {count} of 7 weights do not fit'):
        check_fits(dict(state_dict=weights), small(), 'a.pth')


@pytest.mark.parametrize('content', [[1, 2], torch.zeros(3), dict(state_dict=[1]), None])
def test_what_holds_no_weights_is_no_checkpoint_of_a_model(content):
    with pytest.raises(ValueError, match=r'a\.pth: not a checkpoint of a model'):
        check_fits(content, small(), 'a.pth')


def test_weights_fit_with_and_without_wrapping():
    weights = small().state_dict()
    wrapped = {f'module.{key}': value for key, value in weights.items()}  # as DDP saves them
    for checkpoint in (weights, wrapped, dict(state_dict=wrapped)):
        check_fits(checkpoint, small(), 'a.pth')
        check_fits(checkpoint, nn.DataParallel(small()), 'a.pth')


def test_mmengines_own_checkpoints_are_read_safely(tmp_path):
    from mmengine.logging import MessageHub
    from mmengine.runner import save_checkpoint

    hub = MessageHub('checkpoints test')
    hub.update_scalar('train/loss', 0.5)
    hub.update_scalar('train/loss', np.float32(0.25))
    hub.update_scalar('train/lr', torch.tensor(0.1))
    hub.update_info('iter', 7)
    state = dict(state_dict=small().state_dict(), meta=dict(seed=0, epoch=1), message_hub=hub.state_dict())
    save_checkpoint(state, str(tmp_path / 'epoch_1.pth'))
    allow_mmengine_types()
    read = read_checkpoint(tmp_path / 'epoch_1.pth')
    assert read['message_hub']['log_scalars']['train/loss'].mean() == pytest.approx(0.375)
    assert read['message_hub']['runtime_info']['iter'] == 7


class Reach:
    """Asks for an attribute when it is unpickled, as the first step out of a class."""

    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        from mmengine.logging import HistoryBuffer
        return getattr, (HistoryBuffer, self.name)


@pytest.mark.parametrize('name, allowed', [('mean', True), ('__init__', False), ('register_statistics', False)])
def test_a_checkpoint_reaches_no_attributes_but_the_statistics(tmp_path, name, allowed):
    allow_mmengine_types()
    torch.save(dict(a=Reach(name)), tmp_path / 'a.pth')
    if allowed:
        assert callable(read_checkpoint(tmp_path / 'a.pth')['a'])
        return
    with pytest.raises(ValueError, match='holds code'):
        read_checkpoint(tmp_path / 'a.pth')


def test_find_checkpoint(tmp_path):
    with pytest.raises(ValueError, match='holds no checkpoint that can be read.*work dir'):
        find_checkpoint(tmp_path)
    with pytest.raises(ValueError, match=r'none\.pth: no such checkpoint'):
        find_checkpoint(tmp_path / 'none.pth')
    weights = tmp_path / 'epoch_2.pth'
    torch.save({}, weights)
    assert find_checkpoint(weights) == weights and find_checkpoint(str(weights)) == weights
    (tmp_path / 'last_checkpoint').write_text(f'{weights}\n')
    assert find_checkpoint(tmp_path) == weights
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/epoch_2.pth')  # the work dir was moved
    assert find_checkpoint(tmp_path) == weights
    torch.save({}, tmp_path / 'best_f1_epoch_1.pth')
    assert find_checkpoint(tmp_path) == weights and find_checkpoint(tmp_path, best=True).name == 'best_f1_epoch_1.pth'
    weights.unlink()
    with pytest.raises(ValueError, match='holds no checkpoint that can be read'):
        find_checkpoint(tmp_path)


def test_a_pipe_is_no_checkpoint(tmp_path):
    os.mkfifo(tmp_path / 'pipe.pth')
    for read in (find_checkpoint, read_checkpoint):
        with pytest.raises(ValueError, match=r'pipe\.pth: no such checkpoint'):
            read(tmp_path / 'pipe.pth')


def test_weights_saved_under_dataparallel_are_of_the_model():
    model = torch.nn.Linear(2, 3)
    check_loads(dict(state_dict={f'module.{key}': value for key, value in model.state_dict().items()}), model, 'a.pth')
    with pytest.raises(ValueError, match='a.pth: a checkpoint of another model'):
        check_loads(dict(state_dict={'other.weight': torch.ones(3, 2)}), model, 'a.pth')


@pytest.mark.parametrize('change', [
    lambda value: value.to(torch.int8), lambda value: value.to(torch.complex64), lambda value: value.to('meta'),
    lambda value: value.to_sparse()], ids=['int8', 'complex', 'meta', 'sparse'])
def test_weights_of_another_kind_do_not_fit(change):
    model = small()
    weights = {**model.state_dict(), '0.weight': change(model.state_dict()['0.weight'])}
    with pytest.raises(ValueError, match=r"a\.pth: .* 1 of 7 weights do not fit, '0\.weight'"):
        check_fits(dict(state_dict=weights), model, 'a.pth')
    check_loads(dict(state_dict=weights), model, 'a.pth')  # a start from the others
