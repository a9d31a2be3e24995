"""Evaluations and pictures for the tests of the report."""

import numpy as np
import pytest

from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame

SIZE = 400


@pytest.fixture(scope='session')
def make_evaluation():
    """``make_evaluation(...)``: by default 12 frames of 12 cases and 2 scanners with hits, misses, false positives and hard negatives."""
    def make(count=12, hard_negatives=True, detections=True, um_per_px=(0.25, 0.25), radius='7.5um', rename='f{}/{:02d}.png', **how):
        noise, frames = np.random.default_rng(0), []
        for index in range(count):
            truth, look_alikes, elsewhere = (noise.uniform(20, SIZE - 20, (size, 2)) for size in (index % 4, 2, 2))
            found = np.concatenate([truth[1:] + 4, look_alikes[:1] + 2, elsewhere]) if detections else np.zeros((0, 2))
            frames.append(Frame(
                truth, found, noise.uniform(0.1, 1, len(found)), um_per_px, rename.format(index % 2, index), f'Scanner {index % 2}', None,
                f'case {index:02d}', size_px=(SIZE, SIZE), hard_negative_xy=look_alikes if hard_negatives else None))
        return evaluate(frames, radius, **{'resamples': 50, 'threshold': 0.4, **how})
    return make


@pytest.fixture(scope='session')
def tissue():
    """``image_of`` of the frames above: noise, the same each time."""
    def image_of(name):
        return np.random.default_rng(len(name)).integers(120, 255, (SIZE, SIZE, 3), dtype=np.uint8)
    return image_of
