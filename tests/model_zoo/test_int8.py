"""The 8-bit network of the bundled detector: scores near float32's, refused where damaged, a note where there is none."""

import json

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.cli import detect as command
from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.model_zoo import bundled, load_model
from mitos_mmdet.model_zoo.bundled import find_bundled

pytest.importorskip('openvino')

FILES = sorted(find_bundled().card['int8'])


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of the bundled models, as links to be replaced."""
    folder = tmp_path / 'weights'
    folder.mkdir()
    for file in bundled.WEIGHTS.iterdir():
        (folder / file.name).symlink_to(file)
    monkeypatch.setattr(bundled, 'WEIGHTS', folder)
    return folder


@pytest.fixture(scope='module')
def tile(sample):
    """Four painted frames with mitotic figures, side by side: uint8 ``(640, 800, 3)`` RGB."""
    frames = [read_rgb(path) for path in sorted(sample.glob('images/*.tiff'))[:4]]
    return np.vstack([np.hstack(frames[:2]), np.hstack(frames[2:])])


def paired(first, second):
    """Scores of 0.2 and more of the first, and of the nearest detection of the second within 10 px (0 where there is none)."""
    first = first.boxes[first.scores >= 0.2], first.scores[first.scores >= 0.2]
    apart = np.abs(first[0][:, None] - second.boxes).max(axis=2)
    nearest = apart.argmin(axis=1)
    return first[1], np.where(apart.min(axis=1) < 10, second.scores[nearest], 0)


def test_scores_are_near_those_of_float32(cache, tile):
    exact, rounded = (load_model(device='cpu', precision=each) for each in ('float32', 'int8'))
    assert (exact.precision, rounded.precision, rounded.notes) == ('float32', 'int8', [])
    assert (rounded.sha256, rounded.threshold) == (exact.sha256, exact.threshold)
    found = [model.predict([tile])[0] for model in (exact, rounded)]
    scores, others = paired(*found)
    # Those of one kind of CPU differ from those of another as much as from float32's.
    assert len(scores) >= 5 and 0 < np.abs(scores - others).max() < 0.1 and np.abs(scores - others).mean() < 0.03

    # Compiled networks of both are in the cache now, and are told apart.
    for precision, wanted in zip(('float32', 'int8'), found, strict=True):
        assert np.array_equal(load_model(device='cpu', precision=precision).predict([tile])[0].scores, wanted.scores)


def test_what_has_no_8_bit_network_such_as_the_second_reader_stays_in_float32():
    from mitos_mmdet.model_zoo.networks.openvino_core import precision_hint

    assert precision_hint('int8') == precision_hint('float32')


@pytest.mark.parametrize('name', FILES)
def test_damaged_files_are_refused(shelf, name):
    content = bytearray((shelf / name).read_bytes())
    content[-1000] ^= 1  # still readable, one bit off
    (shelf / name).unlink()
    (shelf / name).write_bytes(content)
    with pytest.raises(ValueError, match=f'{name}: damaged or exchanged'):
        load_model(device='cpu', precision='int8')
    assert load_model(device='cpu').precision == 'float32'
    (shelf / name).unlink()
    with pytest.raises(ValueError, match=f'{name}: cannot be read'):
        load_model(device='cpu', precision='int8')


def test_float32_is_used_where_there_is_no_8_bit_network(tiny_model, cache):
    model = load_model(*map(str, tiny_model), device='cpu', precision='int8')
    assert (model.precision, model.notes) == ('float32', ['float32 is used: this model has no 8-bit network'])
    model = load_model(device='cpu', engine='torch', precision='int8')
    assert (model.precision, model.notes) == ('float32', ['float32 is used: int8 is for OpenVINO on a CPU'])


def test_mitos_detect_says_so(cache, tile, tmp_path):
    Image.fromarray(tile[:256, :256]).save(tmp_path / 'a.png')
    out = tmp_path / 'out'
    assert command.main([str(tmp_path / 'a.png'), '--um-per-px', '0.25', '--device', 'cpu', '--precision', 'int8', '--out', str(out)]) == 0
    assert json.loads((out / 'a' / 'summary.json').read_text())['model']['precision'] == 'int8'
    assert 'in int8' in (out / 'a' / 'index.html').read_text()
