"""Compiled networks in the cache: used where they are whole, and bounded in size."""

import os

import numpy as np
import pytest

openvino = pytest.importorskip('openvino', reason='no OpenVINO')
from openvino import opset13  # noqa: E402

from mitos_mmdet.model_zoo.networks import openvino_file  # noqa: E402
from mitos_mmdet.model_zoo.networks.openvino_compiled import compiled  # noqa: E402
from mitos_mmdet.model_zoo.networks.openvino_core import shared_core  # noqa: E402

SETTINGS = {'INFERENCE_NUM_THREADS': 1, 'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_PRECISION_HINT': 'f32'}
IMAGES = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
WEIGHTS = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    return tmp_path / 'mitos_mmdet'


@pytest.fixture
def build():
    """Gives what ``compiled`` calls for a network, and counts the calls in ``build.calls``."""
    def network():
        network.calls += 1
        images = opset13.parameter([-1, 5], np.float32)
        return openvino.Model([opset13.matmul(images, opset13.constant(WEIGHTS), False, False)], [images])

    network.calls = 0
    return network


def run(build, key='product', **settings):
    return compiled(shared_core(), build, key, SETTINGS | settings)(IMAGES)[0]


def test_it_is_compiled_once_for_each_key_and_setting(cache, build):
    for _ in range(3):
        assert np.allclose(run(build), IMAGES @ WEIGHTS, atol=1e-5)
    assert build.calls == 1 and len(list(cache.glob('*.blob'))) == 1
    run(build, key='another')
    run(build, INFERENCE_NUM_THREADS=2)
    assert build.calls == 3 and len(list(cache.iterdir())) == 3


@pytest.mark.parametrize('damage', [
    lambda content: b'', lambda content: content[:20], lambda content: content[:-1],
    lambda content: content[:-40] + bytes([content[-40] ^ 1]) + content[-39:], lambda content: content[:32] + b'no network'])
def test_a_damaged_one_is_compiled_again(cache, build, damage):
    run(build)
    file = next(cache.glob('*.blob'))
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert np.allclose(run(build), IMAGES @ WEIGHTS, atol=1e-5)
    assert build.calls == 2 and len(file.read_bytes()) == len(whole)
    run(build)
    assert build.calls == 2


def test_without_a_cache_it_is_compiled_each_time(cache, build):
    cache.write_text('a file in the place of the folder')
    for _ in range(2):
        assert np.allclose(run(build), IMAGES @ WEIGHTS, atol=1e-5)
    assert build.calls == 2


def test_what_was_used_longest_ago_makes_room(cache, build, monkeypatch):
    for key in 'abcd':
        run(build, key)
    size = next(cache.glob('*.blob')).stat().st_size
    for age, file in enumerate(sorted(cache.glob('*.blob'))):
        os.utime(file, (10**9 - age, 10**9 - age))
    oldest, *_ = sorted(cache.glob('*.blob'), key=lambda file: file.stat().st_mtime)
    exported = cache / ('0' * 32)
    exported.mkdir()
    (exported / 'network.xml').write_bytes(b' ' * size)
    os.utime(exported, (10**8, 10**8))
    monkeypatch.setattr(openvino_file, '_MOST_BYTES', 4 * size + 100)
    run(build, 'e')
    assert len(list(cache.iterdir())) == 4 and not exported.exists() and not oldest.exists()
