import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.stain import DEFAULT_TARGETS, METHODS, StainEstimate, StainNormalizer, estimate_stain
from mitos_mmdet.stain import blocks as module
from mitos_mmdet.stain.augment import perturb

SIDE = st.integers(0, 40)
IMAGES = st.tuples(SIDE, SIDE).flatmap(lambda sides: arrays(np.uint8, (*sides, 3)))
# Colours of tissue, so that most of these have an estimate.
TISSUE = st.tuples(st.integers(12, 40), st.integers(12, 40), st.integers(0, 2**32 - 1)).map(
    lambda drawn: stained(drawn[:2], np.random.default_rng(drawn[2])))
SOURCES = {'macenko': StainEstimate('macenko', ((0.65, 0.7, 0.2958), (0.09, 0.95, 0.299)), (1.2, 0.8)),
           'reinhard': StainEstimate('reinhard', ((70, 20, -10), (12, 8, 5)))}
SOURCES['vahadane'] = StainEstimate('vahadane', SOURCES['macenko'].matrix, SOURCES['macenko'].maxima)


def stained(sides, rng):
    """H&E by the law of Beer and Lambert: a pixel's density is its two concentrations' share of two vectors."""
    concentrations = rng.gamma(1.5, 0.5, (*sides, 2))
    noise = rng.normal(0, 2, (*sides, 3))
    return np.clip(255 * np.exp(-concentrations @ [[0.65, 0.7, 0.2958], [0.09, 0.95, 0.299]]) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize('method', METHODS)
@settings(max_examples=60, deadline=None)
@given(image=st.one_of(IMAGES, TISSUE), read_only=st.booleans())
def test_any_image_gives_an_image_and_is_left_as_it_was(method, image, read_only):
    before = image.copy()
    image.flags.writeable = not read_only
    pixels, reason = StainNormalizer.default(method).normalize(image)
    assert pixels.dtype == np.uint8 and pixels.shape == image.shape and not np.shares_memory(pixels, image) and pixels.flags.writeable
    assert np.array_equal(image, before)
    assert reason is None or np.array_equal(pixels, image)


@pytest.mark.parametrize('method', METHODS)
@settings(max_examples=40, deadline=None)
@given(image=TISSUE, data=st.data())
def test_tiles_of_a_frame_fit_exactly(method, image, data):
    (top, bottom), (left, right) = (sorted(data.draw(st.tuples(st.integers(0, side), st.integers(0, side)))) for side in image.shape[:2])
    tile = (slice(top, bottom), slice(left, right))
    normalizer, source = StainNormalizer.default(method), SOURCES[method]
    assert np.array_equal(normalizer.apply(image, source)[tile], normalizer.apply(image[tile], source))
    if method != 'reinhard':
        change = dict(alpha=(1.1, 0.8), beta=(0.05, -0.1))
        assert np.array_equal(perturb(image, source, **change)[tile], perturb(image[tile], source, **change))


@settings(max_examples=40, deadline=None)
@given(image=IMAGES, alpha=st.tuples(*[st.floats(-2, 5)] * 2), beta=st.tuples(*[st.floats(-20, 20)] * 2))
def test_any_change_of_stain_stays_an_image(image, alpha, beta):
    before = image.copy()
    pixels = perturb(image, SOURCES['macenko'], alpha, beta)
    assert pixels.shape == image.shape and pixels.dtype == np.uint8 and np.array_equal(image, before)


@pytest.mark.parametrize('method', METHODS)
def test_views_give_what_copies_give(method):
    whole = stained((90, 120), np.random.default_rng(1))
    normalizer, source = StainNormalizer.default(method), SOURCES[method]
    for view in (whole[::2, ::3], whole[::-1], whole[:, ::-1], whole[..., ::-1], whole.transpose(1, 0, 2)):
        assert np.array_equal(normalizer.apply(view, source), normalizer.apply(view.copy(), source))
        assert normalizer.estimate(view, 1000) == normalizer.estimate(view.copy(), 1000)


@pytest.mark.parametrize('method', METHODS)
def test_threads_change_nothing(method, monkeypatch):
    monkeypatch.setattr(module.cv2, 'getNumThreads', lambda: 3)
    image = stained((1100, 1000), np.random.default_rng(1))
    normalizer, source = StainNormalizer.default(method), SOURCES[method]
    whole = normalizer.apply(image, source)
    for top in range(0, 1100, 500):
        assert np.array_equal(whole[top:top + 500], normalizer.apply(image[top:top + 500], source))


def test_the_stains_of_an_image_become_the_targets():
    image = stained((400, 400), np.random.default_rng(2))
    for method in ('macenko', 'vahadane'):
        target = DEFAULT_TARGETS[method]
        pixels, reason = StainNormalizer(target).normalize(image)
        found = estimate_stain(pixels, method)
        assert reason is None
        np.testing.assert_allclose(found.matrix, target.matrix, atol=0.06)
        np.testing.assert_allclose(found.maxima, target.maxima, rtol=0.15)


def test_white_stays_white_and_black_does_not_turn_light():
    normalizer = StainNormalizer.default()
    image = np.array([[[255, 255, 255], [0, 0, 0]]], np.uint8)
    white, black = normalizer.apply(image, SOURCES['macenko'])[0]
    assert (white == 255).all() and black.max() < 60


def test_an_image_to_itself_keeps_its_look(shared_data):
    """What two stains cannot say is lost, and the fractions; Reinhard loses nothing."""
    image = read_rgb(shared_data / 'mitos_atypia14/H05/frames/x40/H05_00Ab.jpg')[:400, :400]
    for method, most in (('macenko', 6), ('vahadane', 6), ('reinhard', 0.1)):
        source = estimate_stain(image, method)
        assert np.abs(StainNormalizer(source).apply(image, source).astype(int) - image).mean() < most
    source = estimate_stain(image)
    assert np.array_equal(perturb(image, source, (1, 1), (0, 0)), StainNormalizer(source).apply(image, source))


def test_no_change_of_reinhard_and_no_mixing_of_methods():
    image = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(ValueError, match='reinhard, which has no stains'):
        perturb(image, SOURCES['reinhard'], (1, 1), (0, 0))
    with pytest.raises(ValueError, match='the estimate is by reinhard, the target by macenko'):
        StainNormalizer.default().apply(image, SOURCES['reinhard'])
    with pytest.raises(ValueError, match="unknown method 'hed'"):
        StainNormalizer.default('hed')


@pytest.mark.parametrize('method', METHODS)
def test_a_target_is_kept_in_a_file(method, tmp_path):
    target = StainNormalizer.fit(stained((64, 64), np.random.default_rng(3)), method)
    target.save(tmp_path / 'deep' / 'target.json')
    assert StainNormalizer.load(tmp_path / 'deep' / 'target.json').target == target.target
    assert [file.name for file in (tmp_path / 'deep').iterdir()] == ['target.json']


@pytest.mark.parametrize(('text', 'message'), [
    (None, 'cannot be read'), ('{', 'not JSON'), ('[]', 'version None'), ('{"version": 2}', 'version 2'),
    ('{"version": 1, "method": "macenko"}', "lacks 'matrix'"), ('\xff', 'Save it as UTF-8')])
def test_a_file_that_is_no_target_is_named(text, message, tmp_path):
    file = tmp_path / 'target.json'
    if text is not None:
        file.write_bytes(text.encode('latin-1'))
    with pytest.raises(ValueError, match=f'target.json: .*{message}'):
        StainNormalizer.load(file)


def test_the_snippet_of_the_docs(tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / 'docs' / 'stain.md').read_text(encoding='utf-8')
    [snippet] = re.findall(r'```python\n(.*?)```', text, re.S)
    (tmp_path / 'data/sample/images').mkdir(parents=True)
    Image.fromarray(stained((600, 600), np.random.default_rng(4))).save(tmp_path / 'data/sample/images/001.tiff')
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(snippet, names)
    assert names['tile'].shape == (512, 512, 3) and names['reason'] is None
    assert np.array_equal(names['pixels'][:512, :512], names['tile'])


def test_it_starts_without_torch_mmdet_or_staintools():
    code = ('import sys, mitos_mmdet.stain, mitos_mmdet.stain.augment; '
            'print([name for name in ("torch", "mmdet", "staintools", "spams") if name in sys.modules])')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'
