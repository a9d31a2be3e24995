"""``NormalizeStain`` and ``RandomStain``: one estimate per frame, whatever of it is shown."""

import numpy as np
import pytest
from mmcv.transforms import Compose
from PIL import Image

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.datasets.frame_stain import stain_record
from mitos_mmdet.sample.sample import make_sample
from mitos_mmdet.stain import StainNormalizer

pytestmark = pytest.mark.usefixtures('mmdet_scope')


@pytest.fixture(scope='module')
def frame(tmp_path_factory):
    """A synthetic H&E frame: ``(file, uint8 RGB)``."""
    folder = tmp_path_factory.mktemp('stain')
    make_sample(folder, frames=2, size=(320, 256), seed=3)
    file = next((folder / 'images').iterdir())
    return file, np.array(Image.open(file).convert('RGB'))


def run(info, *transforms):
    return Compose([dict(type='LoadFrame'), *transforms])(info)


def rgb(results):
    return results['img'][..., ::-1]


def tile_of(frame, tmp_path, **carried):
    """The data info of a tile of 100 x 80 px at (60, 40)."""
    Image.fromarray(frame[1][40:120, 60:160]).save(tmp_path / 'tile.png')
    return dict(img_path=str(tmp_path / 'tile.png'), frame=frame[0].name, offset=[60, 40], **carried)


def test_a_frame_is_normalised_by_its_own_estimate(frame):
    results = run(dict(img_path=str(frame[0])), dict(type='NormalizeStain'))
    expected, reason = StainNormalizer.default().normalize(frame[1])
    assert reason is None and np.array_equal(rgb(results), expected)
    assert (expected != frame[1]).mean() > 0.5
    assert results['img'].flags.c_contiguous


@pytest.mark.parametrize('method', ['macenko', 'reinhard'])
def test_a_tile_looks_as_in_its_normalised_frame(frame, tmp_path, method):
    info = tile_of(frame, tmp_path, stain=stain_record(frame[1], method))
    whole = run(dict(img_path=str(frame[0])), dict(type='NormalizeStain', method=method))
    tile = run(info, dict(type='NormalizeStain', method=method))
    assert np.array_equal(rgb(tile), rgb(whole)[40:120, 60:160])


def test_a_tile_by_itself_gets_other_colours_on_request(frame, tmp_path):
    info = tile_of(frame, tmp_path, stain=stain_record(frame[1], 'macenko'))
    kept = run(dict(info), dict(type='NormalizeStain'))
    alone = run(dict(info), dict(type='NormalizeStain', per_tile=True))
    assert not np.array_equal(kept['img'], alone['img'])


@pytest.mark.parametrize('carried', [
    {},  # tiles of an earlier version
    dict(stain=dict(method='reinhard', reason='black')),  # recorded for another method
])
def test_a_tile_without_its_frames_stain_is_refused(frame, tmp_path, carried):
    with pytest.raises(ValueError, match=r'tile\.png: is a tile or crop, .*--stain macenko'):
        run(tile_of(frame, tmp_path, **carried), dict(type='NormalizeStain'))


@pytest.mark.parametrize('record', [[1, 2], dict(method='macenko'), dict(method='macenko', matrix=[[1, 2]], maxima=['a'])])
def test_a_broken_record_is_named(frame, tmp_path, record):
    with pytest.raises(ValueError, match=r'tile\.png: its stain'):
        run(tile_of(frame, tmp_path, stain=record), dict(type='NormalizeStain'))


@pytest.mark.parametrize('transform', ['NormalizeStain', 'RandomStain'])
@pytest.mark.parametrize('colour', [(255, 255, 255), (0, 0, 0)])
def test_what_has_no_stain_stays_and_says_why(tmp_path, colour, transform):
    Image.new('RGB', (50, 40), colour).save(tmp_path / 'glass.png')
    results = run(dict(img_path=str(tmp_path / 'glass.png')), dict(type=transform, prob=1.0))
    assert (results['img'] == colour[0]).all() and results['stain_skipped']


def test_a_tile_of_a_frame_without_stain_stays(frame, tmp_path):
    results = run(tile_of(frame, tmp_path, stain=dict(method='macenko', reason='too little tissue')), dict(type='NormalizeStain'))
    assert np.array_equal(rgb(results), frame[1][40:120, 60:160]) and results['stain_skipped'] == 'too little tissue'


def test_prob_shows_originals_too(frame):
    found = {run(dict(img_path=str(frame[0])), dict(type='NormalizeStain', prob=0.5))['img'].tobytes() for _ in range(30)}
    assert len(found) == 2
    assert np.array_equal(rgb(run(dict(img_path=str(frame[0])), dict(type='NormalizeStain', prob=0.0))), frame[1])


def test_it_stands_in_random_choice(frame):
    choice = dict(type='RandomChoice', transforms=[[dict(type='NormalizeStain')], [dict(type='RandomStain', prob=1.0)]])
    assert len({run(dict(img_path=str(frame[0])), choice)['img'].tobytes() for _ in range(12)}) > 2


def test_the_target_can_be_an_image_or_a_fitted_normaliser(frame, tmp_path):
    StainNormalizer.fit(frame[1]).save(tmp_path / 'target.json')
    images = [run(dict(img_path=str(frame[0])), dict(type='NormalizeStain', target=str(target)))['img']
              for target in (tmp_path / 'target.json', frame[0])]
    assert np.array_equal(*images)
    # To its own stain: nothing much changes.
    assert np.abs(images[0][..., ::-1].astype(int) - frame[1]).mean() < 4


@pytest.mark.parametrize('settings, message', [
    (dict(target='nowhere.json'), 'nowhere.json'),
    (dict(method='magic'), 'magic'),
])
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        run({}, dict(type='NormalizeStain', **settings))


def test_random_stain_changes_each_stain_by_its_draw(frame):
    info = dict(img_path=str(frame[0]))
    same = run(dict(info), dict(type='RandomStain', sigma_alpha=0.0, sigma_beta=0.0, prob=1.0))
    assert np.abs(rgb(same).astype(int) - frame[1]).mean() < 4  # decomposed and put together again
    images = {run(dict(info), dict(type='RandomStain', prob=1.0))['img'].tobytes() for _ in range(5)}
    assert len(images) == 5


def test_random_stain_after_normalising_takes_the_targets_stain(frame, tmp_path):
    # The tile's own record is of the frame before normalisation; the normalised tile is stained as the target.
    info = tile_of(frame, tmp_path, stain=stain_record(frame[1], 'macenko'))
    plain = run(dict(info), dict(type='NormalizeStain'))
    both = run(dict(info), dict(type='NormalizeStain'), dict(type='RandomStain', sigma_alpha=0.0, sigma_beta=0.0, prob=1.0))
    assert both['stain'] == StainNormalizer.default().target.to_dict()
    assert np.abs(both['img'].astype(int) - plain['img']).mean() < 4


@pytest.mark.parametrize('settings, message', [
    (dict(sigma_alpha=-1), 'sigma_alpha=-1'),
    (dict(method='reinhard'), 'reinhard'),
])
def test_random_stain_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        run({}, dict(type='RandomStain', **settings))


def test_staintools_as_the_backend(frame):
    pytest.importorskip('staintools')
    normalizer = StainNormalizer.default('macenko', backend='staintools')
    expected = normalizer.apply(frame[1], normalizer.estimate(frame[1]))
    assert np.array_equal(rgb(run(dict(img_path=str(frame[0])), dict(type='NormalizeStain', backend='staintools'))), expected)
    changed = run(dict(img_path=str(frame[0])), dict(type='RandomStain', prob=1.0, backend='staintools'))
    assert not np.array_equal(rgb(changed), frame[1])
