"""Trainings that are lost, or that could never work, end with one clear error and leave no such weights behind."""

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.compat.checkpoints import read_checkpoint


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return dict(loss=(self.fc(inputs) ** 2).mean())


class Data(torch.utils.data.Dataset):
    metainfo = dict(classes=('mitotic figure', ))

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return dict(inputs=torch.full((3, ), float(index)))


def runner(work_dir, model, **more):
    """Three iterations an epoch, two epochs, a checkpoint after each."""
    loader = dict(batch_size=2, num_workers=0, dataset=Data(), sampler=dict(type='DefaultSampler', shuffle=False),
                  collate_fn=dict(type='default_collate'))
    return Runner(model=model, work_dir=str(work_dir), train_dataloader=loader, train_cfg=dict(by_epoch=True, max_epochs=2),
                  optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01)),
                  default_hooks=dict(logger=None, checkpoint=dict(type='WholeCheckpointHook', interval=1),
                                     check_training=dict(type='CheckTrainingHook')),
                  log_level='ERROR', default_scope='mmengine', experiment_name=str(work_dir), **more)


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmengine'):
        yield


def names(work_dir):
    return sorted(path.name for path in work_dir.glob('*.pth'))


class Nan(Model):
    """Lost in its fourth iteration."""

    calls = 0

    def forward(self, inputs, data_samples=None, mode='tensor'):
        self.calls += 1
        return dict(loss=super().forward(inputs)['loss'] * (float('nan') if self.calls == 4 else 1))


def test_a_lost_training_stops_at_once(tmp_path):
    with pytest.raises(ValueError, match='the loss is nan at iteration 4 of epoch 2 .*--resume'):
        runner(tmp_path, Nan()).train()
    assert names(tmp_path) == ['epoch_1.pth']
    weights = read_checkpoint(tmp_path / 'epoch_1.pth')['state_dict']
    assert len(weights) == 4 and all(torch.isfinite(value).all() for value in weights.values())


class Infinite(Model):
    """Its weights are lost while the loss looks fine."""

    def train_step(self, data, optim_wrapper):
        with torch.no_grad():
            self.fc[0].weight.fill_(float('inf'))
        return dict(loss=torch.tensor(1.0))


def test_lost_weights_are_not_saved(tmp_path):
    with pytest.raises(ValueError, match=r"1 of 4 weights hold NaN or infinity, 'fc\.0\.weight'"):
        runner(tmp_path, Infinite()).train()
    assert names(tmp_path) == []


class TwoClasses(Model):
    def __init__(self):
        super().__init__()
        self.bbox_head = nn.Linear(1, 1)
        self.bbox_head.num_classes = 2


def test_heads_and_data_of_other_classes_do_not_train(tmp_path):
    with pytest.raises(ValueError, match=r'model\.bbox_head\.num_classes=2, but the training data have 1 classes'):
        runner(tmp_path, TwoClasses()).train()
    assert names(tmp_path) == []


def test_a_checkpoint_of_nothing_is_not_started_from(tmp_path):
    torch.save(dict(state_dict={}, meta={}), tmp_path / 'empty.pth')
    with pytest.raises(ValueError, match=r'empty\.pth: a checkpoint of another model, none of its 0 weights fits'):
        runner(tmp_path, Model(), load_from=str(tmp_path / 'empty.pth')).train()
