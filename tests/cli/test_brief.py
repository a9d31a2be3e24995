"""``--brief``: few lines, and those that matter."""

import re

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mitos_mmdet.cli.brief import brief_output, found_lines, progress_lines

METRICS = {'centroid/f1': 0.8, 'centroid/precision': 0.75, 'centroid/recall': 0.857, 'centroid/tp': 6, 'centroid/fp': 2, 'centroid/fn': 1,
           'centroid/frames': 4}


def test_says_what_was_found_what_it_means_and_which_file_to_open():
    text = ' '.join(found_lines({**METRICS, 'centroid/threshold_best_on_this_set': 0.41}, 'work/report.html', 'work/pictures'))
    for part in ('6 of 7 mitotic figures on 4 frames', '2 false positives', 'F1 0.800', '0.41', 'F1 is 1 where', 'optimistic',
                 'work/report.html', 'work/pictures'):
        assert part in text


def test_a_fixed_threshold_does_not_flatter():
    assert 'optimistic' not in ' '.join(found_lines({**METRICS, 'centroid/threshold_fixed': 0.5}))


def test_the_log_stays_off_the_terminal_and_skipped_images_do_not(capsys):
    with brief_output(True) as say:
        print('800 lines of configuration')
        print('11/27 05:44:12 - mmengine - INFO - 4 frames scored, 0 without labels, 0 skipped')
        print('11/27 05:44:12 - mmengine - INFO - Epoch(val) [1][2/2]    centroid/frames_skipped: 0.0000')
        print('11/27 05:44:12 - mmengine - WARNING - conv is duplicate. It is skipped since bypass_duplicate=True')
        print('11/27 05:44:12 - mmengine - WARNING - skipped: a.png: is truncated')
        print('skipped 1 frames, which are in no score above:')
        say('epoch 1 of 4')
    out = capsys.readouterr().out
    kept = [line for line in out.splitlines() if line]
    assert [line.partition('skipped')[2] for line in kept] == [': a.png: is truncated', ' 1 frames, which are in no score above:', '']
    assert kept[-1] == 'epoch 1 of 4'


def test_without_the_flag_everything_is_printed(capsys):
    with brief_output(False) as say:
        print('a line of the log')
        say('a line of ours')
    assert capsys.readouterr().out == 'a line of the log\na line of ours\n'


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return dict(loss=self.scale.sum()) if mode == 'loss' else [1] * len(inputs)


class Data(torch.utils.data.Dataset):
    metainfo = dict(classes=('mitotic figure', ))

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return dict(inputs=torch.zeros(1))


class Score(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += data_samples

    def compute_metrics(self, results):
        return {'centroid/f1': 0.5, 'centroid/ap': 0.25}


def lines_of(work_dir, **loop):
    """What a training of three iterations per epoch says."""
    lines = []
    loader = dict(batch_size=1, num_workers=0, dataset=Data(), collate_fn=dict(type='default_collate'))
    sampler = 'InfiniteSampler' if 'max_iters' in loop else 'DefaultSampler'
    with DefaultScope.overwrite_default_scope('mmengine'):
        runner = Runner(model=Model(), work_dir=str(work_dir), train_dataloader=dict(loader, sampler=dict(type=sampler, shuffle=False)),
                        val_dataloader=dict(loader, sampler=dict(type='DefaultSampler', shuffle=False)), train_cfg=loop, val_cfg=dict(),
                        val_evaluator=[Score()], optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01)),
                        default_hooks=dict(logger=None, checkpoint=None), log_level='ERROR', default_scope='mmengine',
                        experiment_name=str(work_dir))
        runner.register_hook(progress_lines(lines.append))
        runner.train()
    numbers = r': loss \d\.\d{3}, \d+\.\d\d s per iteration, about \d+ min left$'
    assert all(re.search(numbers, line) or line == 'validated: F1 0.500, AP 0.250' for line in lines)
    return [line.partition(':')[0] for line in lines]


def test_a_line_per_epoch_and_validation(tmp_path):
    assert lines_of(tmp_path, by_epoch=True, max_epochs=2, val_interval=1) == ['epoch 1 of 2', 'validated', 'epoch 2 of 2', 'validated']


@pytest.mark.parametrize(('most', 'told'), [(2, [1, 2]), (23, [3, 6, 9, 12, 15, 18, 21, 23]), (40, range(4, 41, 4))])
def test_a_line_per_tenth_where_iterations_count(tmp_path, most, told):
    lines = lines_of(tmp_path, by_epoch=False, max_iters=most, val_interval=most)
    assert lines == [*(f'iteration {done} of {most}' for done in told), 'validated']
