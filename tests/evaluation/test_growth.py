"""Memory and time grow with the detections, and no faster."""

import json
import time
import tracemalloc

import numpy as np
import pytest

from mitos_mmdet.core.json_reading import read_json
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import RULES


def frames_of(count, detections):
    rng, made = np.random.default_rng(0), []
    for number in range(count):
        truths = rng.uniform(0, 6000, (20, 2))
        preds = np.concatenate([truths[:15] + 5, rng.uniform(0, 6000, (detections - 15, 2))])
        made.append(Frame(truths, preds, rng.random(detections), (.25, .25), f'{number:03d}', scanner='AB'[number % 2]))
    return made


def test_memory_per_detection_is_bounded():
    used = {}
    for detections in (2500, 10_000):
        frames = frames_of(20, detections)
        tracemalloc.start()
        evaluate(frames, resamples=0)
        used[detections] = tracemalloc.get_traced_memory()[1] / (20 * detections)
        tracemalloc.stop()
    # 50 million detections take about 3.5 GB, 1.2 of which are the frames themselves.
    assert used[10_000] < 48 and used[10_000] <= used[2500]


@pytest.mark.parametrize('rule', RULES)
def test_20_000_detections_on_one_heap(rule):
    rng = np.random.default_rng(0)
    frame = Frame(rng.normal(100, 3, (24, 2)), rng.normal(100, 3, (20_000, 2)), rng.random(20_000), (.25, .25))
    start = time.process_time()
    assert evaluate([frame], matching=rule, resamples=0).overall.tp > 0
    assert time.process_time() - start < 20


def test_a_key_twice_among_many(tmp_path):
    (tmp_path / 'a.json').write_text('{' + ','.join(f'"{key}": 1' for key in (*range(100_000), 99_999)) + '}')
    start = time.process_time()
    with pytest.raises(ValueError, match="'99999' twice"):
        read_json(tmp_path / 'a.json')
    assert time.process_time() - start < 5


@pytest.mark.parametrize('text, words', [
    ('[' * 100_000, 'nested too deep'), ('{"a": ' * 100_000, 'nested too deep'), ('{"a": 1' + '0' * 5000 + '}', 'Exceeds the limit'),
    ('{"a": 1,}', 'not JSON'), ('', 'not JSON'), ('{"a": 1, "a": 2}', "'a' twice")])
def test_json_that_no_tool_writes(tmp_path, text, words):
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(ValueError, match=rf'a\.json: .*{words}'):
        read_json(tmp_path / 'a.json')


def test_numbers_that_nothing_uses_pass(tmp_path):
    (tmp_path / 'a.json').write_text('{"huge": 1' + '0' * 400 + ', "nan": NaN, "far": Infinity}')
    assert read_json(tmp_path / 'a.json')['huge'] == 10 ** 400
    (tmp_path / 'b.json').write_bytes(b'\xef\xbb\xbf' + json.dumps([1]).encode())
    assert read_json(tmp_path / 'b.json') == [1]
