"""A tiny training, killed at every point and resumed: its weights and its best checkpoint are those of one that ran through."""

import json
import shutil

import numpy as np
import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.compat.checkpoints import find_checkpoint, read_checkpoint

RUNNERS = []
SCORES = [0.2, 0.5, 0.4, 0.9]  # of the validation after each epoch


class Killed(BaseException):
    """Ends the process in a test: nothing may catch it."""


class Model(BaseModel):
    """Random in itself (dropout, noise), so that only a restored random state gives the same weights."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        out = self.fc(inputs + torch.randn_like(inputs) * np.random.rand())
        return dict(loss=(out ** 2).mean()) if mode == 'loss' else [1] * len(inputs)


class Data(torch.utils.data.Dataset):
    metainfo = dict(classes=('mitotic figure', ))

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return dict(inputs=torch.full((3, ), index + np.random.rand() + torch.rand(1).item()))


class Score(BaseMetric):
    """The next of ``SCORES``; draws random numbers, and may kill the run in an epoch."""

    kill_in = None
    seen = []

    def process(self, data_batch, data_samples):
        torch.rand(3)
        self.results += [1] * len(data_samples)

    def compute_metrics(self, results):
        epoch = self.runner.epoch
        type(self).seen.append(epoch)
        if type(self).kill_in == epoch:
            type(self).kill_in = None
            raise Killed
        return dict(f1=SCORES[epoch - 1])


def runner(work_dir, epochs=4, workers=0, resume=False, model=None, **hooks):
    def loader(shuffle):
        return dict(batch_size=2, num_workers=workers, persistent_workers=workers > 0, dataset=Data(),
                    sampler=dict(type='DefaultSampler', shuffle=shuffle), collate_fn=dict(type='default_collate'))
    metric = Score()
    made = Runner(
        model=model or Model(), work_dir=str(work_dir), train_dataloader=loader(True), val_dataloader=loader(False),
        train_cfg=dict(by_epoch=True, max_epochs=epochs, val_interval=1), val_cfg=dict(), val_evaluator=[metric],
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01, momentum=0.9)),
        default_hooks={**dict(logger=None, checkpoint=dict(type='WholeCheckpointHook', interval=1, max_keep_ckpts=2, save_best='f1',
                                                           rule='greater'),
                              check_training=dict(type='CheckTrainingHook'), resume_state=dict(type='ResumeStateHook')), **hooks},
        randomness=dict(seed=3), resume=resume, load_from=str(find_checkpoint(work_dir)) if resume else None, log_level='ERROR',
        default_scope='mmengine', experiment_name=f'{work_dir}-{resume}-{np.random.SeedSequence().entropy}')
    metric.runner = made
    RUNNERS.append(made)
    return made


def end_workers():
    """Of all runners so far; left to the garbage collector, each takes 5 s to end."""
    while RUNNERS:
        made = RUNNERS.pop()
        for loader in (made._train_dataloader, made._val_dataloader, getattr(made._train_loop, 'dataloader', None),
                       getattr(made._val_loop, 'dataloader', None)):
            if getattr(loader, '_iterator', None) is not None:
                loader._iterator._shutdown_workers()


def weights(work_dir, name='epoch_4.pth'):
    return read_checkpoint(work_dir / name)['state_dict']


def names(work_dir):
    return sorted(path.name for path in work_dir.glob('*.pth'))


@pytest.fixture(autouse=True)
def fresh():
    Score.kill_in, Score.seen = None, []
    with DefaultScope.overwrite_default_scope('mmengine'):
        yield
    end_workers()


@pytest.fixture(scope='module', params=[0, 2])
def straight(request, tmp_path_factory):
    """``(workers, work dir)`` of a run without interruption."""
    work_dir = tmp_path_factory.mktemp('straight')
    with DefaultScope.overwrite_default_scope('mmengine'):
        torch.manual_seed(3)
        runner(work_dir, workers=request.param, model=start()).train()
    return request.param, work_dir


def start():
    """The same first weights for every run."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Model()


def test_what_a_training_leaves(straight):
    _, work_dir = straight
    assert names(work_dir) == ['best_f1_epoch_4.pth', 'epoch_3.pth', 'epoch_4.pth']
    assert find_checkpoint(work_dir).name == 'epoch_4.pth' and find_checkpoint(work_dir, best=True).name == 'best_f1_epoch_4.pth'
    assert json.loads((work_dir / 'last_validation.json').read_text())['epoch'] == 4


@pytest.mark.parametrize('epoch', [1, 2, 4])
def test_killed_in_a_validation_it_is_made_up_and_nothing_differs(straight, tmp_path, epoch):
    workers, through = straight
    if workers and epoch != 2:
        pytest.skip('without workers')
    Score.kill_in = epoch
    with pytest.raises(Killed):
        runner(tmp_path, workers=workers, model=start()).train()
    before = list(Score.seen)
    runner(tmp_path, workers=workers, resume=True).train()
    assert Score.seen[len(before):] == list(range(epoch, 5))  # the one cut off first
    assert names(tmp_path) == names(through)
    for name in names(through):
        torch.testing.assert_close(weights(tmp_path, name), weights(through, name), rtol=0, atol=0)


def test_killed_between_two_epochs_nothing_is_validated_twice(straight, tmp_path):
    workers, through = straight
    runner(tmp_path, epochs=2, workers=workers, model=start()).train()
    Score.seen = []
    np.random.rand(7), torch.rand(7)
    runner(tmp_path, workers=workers, resume=True).train()
    assert Score.seen == [3, 4] and names(tmp_path) == names(through)
    torch.testing.assert_close(weights(tmp_path), weights(through), rtol=0, atol=0)


def test_mmengines_own_checkpoints_hold_their_own_random_state(tmp_path):
    # They held that of the last validation before them.
    hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
    runner(tmp_path / 'through', epochs=3, model=start(), **hooks).train()
    runner(tmp_path / 'cut', epochs=2, model=start(), **hooks).train()
    runner(tmp_path / 'cut', epochs=3, resume=True, **hooks).train()
    torch.testing.assert_close(*(weights(tmp_path / name, 'epoch_3.pth') for name in ('through', 'cut')), rtol=0, atol=0)


def test_a_kill_while_the_new_best_is_written_leaves_the_old_one(tmp_path, monkeypatch):
    from mitos_mmdet.training import whole_checkpoint_hook

    real = whole_checkpoint_hook._WholeFiles.put

    def dies(self, obj, filepath):
        if filepath.endswith('best_f1_epoch_2.pth'):
            raise Killed
        real(self, obj, filepath)
    monkeypatch.setattr(whole_checkpoint_hook._WholeFiles, 'put', dies)
    with pytest.raises(Killed):
        runner(tmp_path).train()
    assert names(tmp_path) == ['best_f1_epoch_1.pth', 'epoch_1.pth', 'epoch_2.pth']
    monkeypatch.undo()
    runner(tmp_path, resume=True).train()
    assert names(tmp_path) == ['best_f1_epoch_4.pth', 'epoch_3.pth', 'epoch_4.pth']


def test_a_full_disk_leaves_no_half_checkpoint(tmp_path, monkeypatch):
    from mitos_mmdet.core import files

    def full(*_):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(files.os, 'replace', full)
    with pytest.raises(ValueError, match=r'epoch_1\.pth: cannot be written \(No space left'):
        runner(tmp_path).train()
    assert names(tmp_path) == [] and not (tmp_path / 'last_checkpoint').exists()


@pytest.mark.parametrize('damage', ['', 'epoch_9.pth', '\0', None])
def test_a_damaged_last_checkpoint_hides_nothing(straight, tmp_path, damage):
    work_dir = shutil.copytree(straight[1], tmp_path / 'work')
    (work_dir / 'epoch_5.pth').write_bytes((work_dir / 'epoch_4.pth').read_bytes()[:2000])  # half-written by another program
    (work_dir / 'last_checkpoint').unlink()
    if damage is not None:
        (work_dir / 'last_checkpoint').write_text(damage)
    assert find_checkpoint(work_dir).name == 'epoch_4.pth'


@pytest.mark.parametrize('kill', [None, 2])
def test_early_stopping_waits_as_long_as_without_the_interruption(tmp_path, kill):
    stopping = dict(stopping=dict(type='EarlyStoppingHook', monitor='f1', rule='greater', patience=2, min_delta=0.6))
    Score.kill_in = kill
    if kill:
        with pytest.raises(Killed):
            runner(tmp_path, **stopping).train()
    runner(tmp_path, resume=bool(kill), **stopping).train()
    assert Score.seen == ([1, 2, 2, 3] if kill else [1, 2, 3])
