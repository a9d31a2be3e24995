"""The reference backend: staintools' own numbers, behind our interface."""

import builtins

import numpy as np
import pytest

from mitos_mmdet.stain import METHODS, NoStainError, StainNormalizer, estimate_stain

MATRIX = [[0.65, 0.7, 0.2958], [0.09, 0.95, 0.299]]


@pytest.fixture(scope='module')
def tissue():
    rng = np.random.default_rng(0)
    concentrations = rng.gamma(1.5, 0.5, (96, 96, 2))
    return np.clip(255 * np.exp(-concentrations @ MATRIX) + rng.normal(0, 2, (96, 96, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize('method', ['macenko', 'reinhard'])
def test_it_is_staintools_own_transform(tissue, method):
    staintools = pytest.importorskip('staintools')
    other = tissue[::-1, :, ::-1].copy() // 2 + 90
    theirs = staintools.ReinhardColorNormalizer() if method == 'reinhard' else staintools.StainNormalizer(method)
    theirs.fit(other.copy())
    expected = theirs.transform(tissue.copy())
    before = tissue.copy()
    normalizer = StainNormalizer.fit(other, method, backend='staintools')
    assert np.array_equal(normalizer.apply(tissue, normalizer.estimate(tissue)), expected)
    assert np.array_equal(tissue, before)  # staintools itself writes into its input


def test_the_fast_path_equals_it(tissue):
    pytest.importorskip('staintools')
    slow, fast = (StainNormalizer.default('macenko', backend=backend) for backend in ('staintools', 'fast'))
    source = slow.estimate(tissue)
    assert np.allclose(source.matrix, fast.estimate(tissue, None).matrix, atol=1e-3)
    assert np.abs(slow.apply(tissue, source).astype(int) - fast.apply(tissue, source)).max() <= 1


def test_vahadane_learns_two_stains(tissue):
    pytest.importorskip('staintools')
    source = estimate_stain(tissue, 'vahadane', backend='staintools')
    assert np.degrees(np.arccos(np.clip(np.array(source.matrix)[0] @ MATRIX[0] / np.linalg.norm(MATRIX[0]), -1, 1))) < 10


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('image', [np.full((40, 40, 3), 245, np.uint8), np.zeros((40, 40, 3), np.uint8)], ids=['glass', 'black'])
def test_what_has_no_stain_is_refused_with_a_reason(method, image):
    pytest.importorskip('staintools')
    with pytest.raises(NoStainError):
        estimate_stain(image, method, backend='staintools')


def test_an_unknown_backend_and_an_absent_one_say_what_to_do(tissue, monkeypatch):
    with pytest.raises(ValueError, match="unknown backend 'stain-tools': one of fast, staintools"):
        StainNormalizer.default(backend='stain-tools')
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split('.')[0] == 'staintools':
            raise ImportError('No module named spams')
        return real(name, *args, **kwargs)
    monkeypatch.setattr(builtins, '__import__', without)
    with pytest.raises(ValueError, match='pip install staintools'):
        estimate_stain(tissue, backend='staintools')
