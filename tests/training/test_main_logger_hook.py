"""Of the processes of a distributed test, the main one alone writes the scores."""

import json
from types import SimpleNamespace

import pytest
from mmengine import dist
from mmengine.logging import MMLogger
from mmengine.runner import LogProcessor

from mitos_mmdet.training.main_logger_hook import MainLoggerHook


@pytest.mark.parametrize('rank', [0, 1])
def test_the_main_process_writes_them(tmp_path, monkeypatch, rank):
    monkeypatch.setattr(dist.utils, 'get_rank', lambda group=None: rank)
    hook = MainLoggerHook()
    hook.json_log_path = 'scores.json'
    logs = LogProcessor()
    logs.get_log_after_epoch = lambda *_, **__: ({'centroid/f1': 0.5}, 'centroid/f1: 0.5')
    hook.after_test_epoch(SimpleNamespace(
        log_processor=logs, test_dataloader=[0], logger=MMLogger.get_instance('test_main_logger_hook'), log_dir=str(tmp_path)))
    scores = tmp_path / 'scores.json'
    assert scores.is_file() == (rank == 0)
    assert rank or json.loads(scores.read_text()) == {'centroid/f1': 0.5}
