"""The flags that choose a model."""

import argparse
import pickle
from functools import partial
from types import SimpleNamespace

import pytest
import torch

import mitos_mmdet.model_zoo
from mitos_mmdet.cli.model_flags import add_model_flags, load_chosen


@pytest.fixture
def two_threads():
    """torch with two threads, for the length of a test."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(('engine', 'threads'), [('openvino', 1), ('torch', 2)])
def test_torch_leaves_the_cores_to_openvino(two_threads, monkeypatch, engine, threads):
    asked = []
    monkeypatch.setattr(mitos_mmdet.model_zoo, 'load_model', lambda **how: asked.append(how) or SimpleNamespace(engine=engine))
    parser = argparse.ArgumentParser()
    add_model_flags(parser)
    args = parser.parse_args(['--model', 'a.py', 'a.pth', '--device', 'cpu', '--precision', 'bfloat16'])
    load = pickle.loads(pickle.dumps(partial(load_chosen, args, 'own.json', 3)))  # as it goes to the workers of a cohort
    assert load().engine == engine and torch.get_num_threads() == threads
    assert asked == [dict(model='a.py', checkpoint='a.pth', device='cpu', engine='auto', precision='bfloat16', trust=False, threads=3,
                          calibration='own.json')]
