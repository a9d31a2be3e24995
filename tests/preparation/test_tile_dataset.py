import json
import os
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.core import files
from mitos_mmdet.datasets.coco_format import categories
from mitos_mmdet.preparation import frame_pixels
from mitos_mmdet.preparation import tile_dataset as module
from mitos_mmdet.preparation.tile_dataset import tile_dataset
from mitos_mmdet.preparation.tile_plan import TileSettings
from mitos_mmdet.stain import StainEstimate, estimate_stain

NAMES = ('p1/a.png', 'p2/a.png', 'b.png')
WIDTH, HEIGHT = 150, 130
SETTINGS = TileSettings(size=(64, 64), overlap=16, keep='all')


@pytest.fixture
def frames(tmp_path):
    """Three frames of noise with a label each: ``(annotation file, image folder)``."""
    rng, images, annotations = np.random.default_rng(0), [], []
    for number, name in enumerate(NAMES, start=1):
        file = tmp_path / 'frames' / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)).save(file)
        images.append(dict(id=number, file_name=name, width=WIDTH, height=HEIGHT, um_per_px=[.25, .25], labelled=True))
        annotations.append(dict(id=number, image_id=number, category_id=1, bbox=[40, 40, 20, 20], area=400, iscrowd=0,
                                centroid=[50, 50]))
    file = tmp_path / 'frames.json'
    file.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories())))
    return file, tmp_path / 'frames'


def everything(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob('*')) if file.is_file()}


def pixels(file):
    return np.array(Image.open(file).convert('RGB'))


def check_tiles(out, image_folder):
    content = json.loads((out / 'tiles.json').read_text())
    for image in content['images']:
        tile, whole = pixels(out / 'images' / image['file_name']), pixels(image_folder / image['frame'])
        assert tile.shape == (image['height'], image['width'], 3)
        x, y = image['offset']
        inside = whole[y:y + image['height'], x:x + image['width']]
        assert np.array_equal(tile[:inside.shape[0], :inside.shape[1]], inside)
        assert (tile[inside.shape[0]:] == 255).all() and (tile[:, inside.shape[1]:] == 255).all()
    assert set(everything(out / 'images')) == {image['file_name'] for image in content['images']}
    return content


@pytest.mark.parametrize('remainder', ['drop', 'pad', 'shift'])
def test_tiles_are_the_frames_pixels(frames, tmp_path, remainder):
    settings = TileSettings(size=(64, 48), overlap=16, remainder=remainder, keep='all')
    lines, skipped = tile_dataset(*frames, tmp_path / 'out', settings, workers=1)
    content = check_tiles(tmp_path / 'out', frames[1])
    assert len(content['images']) == 3 * {'drop': 2 * 3, 'pad': 3 * 4, 'shift': 3 * 4}[remainder] and not skipped
    assert f"tiles: {len(content['images'])}, 6 of them with objects" in lines


def test_two_processes_write_what_one_does(frames, tmp_path):
    for workers in (1, 2):
        tile_dataset(*frames, tmp_path / f'by_{workers}', SETTINGS, workers=workers)
    assert everything(tmp_path / 'by_1') == everything(tmp_path / 'by_2')


def test_each_frame_is_decoded_once_and_none_again(frames, tmp_path, monkeypatch):
    read, decoded = frame_pixels.read_rgb, []
    monkeypatch.setattr(frame_pixels, 'read_rgb', lambda path: decoded.append(path.name) or read(path))
    tile_dataset(*frames, tmp_path / 'out', SETTINGS, workers=1)
    assert decoded == ['a.png', 'a.png', 'b.png']
    tile_dataset(*frames, tmp_path / 'out', SETTINGS, workers=1)
    assert len(decoded) == 3


def test_it_goes_on_where_it_was_killed(frames, tmp_path):
    out = tmp_path / 'out'
    tile_dataset(*frames, out, SETTINGS, workers=1)
    before, kept = everything(out), out / 'images' / 'b_x0_y0.png'
    (out / 'tiles.json').unlink()
    (out / 'images' / 'p1' / 'a_x0_y0.png').unlink()
    (out / 'images' / 'b_x48_y0.png').unlink()
    (out / 'images' / '.b_x48_y0.png.1.part').write_bytes(b'half')
    (out / '.tiles.json.0.part').write_text('{"ima')
    os.utime(kept, (1, 1))
    tile_dataset(*frames, out, SETTINGS, workers=1)
    assert everything(out) == before and kept.stat().st_mtime == 1


def test_a_tile_that_a_full_disk_left_empty_is_written_again(frames, tmp_path):
    out = tmp_path / 'out'
    tile_dataset(*frames, out, SETTINGS, workers=1)
    before = everything(out)
    (out / 'images' / 'b_x0_y0.png').write_bytes(b'')
    tile_dataset(*frames, out, SETTINGS, workers=1)
    assert everything(out) == before


def test_a_folder_of_other_tiles_is_refused(frames, tmp_path):
    out = tmp_path / 'out'
    tile_dataset(*frames, out, SETTINGS, workers=1)
    before = everything(out)
    with pytest.raises(ValueError, match='overlap 16 there, 0 now'):
        tile_dataset(*frames, out, TileSettings(size=(64, 64), keep='all'), workers=1)
    content = json.loads(frames[0].read_text())
    content['annotations'].pop()
    other = tmp_path / 'other.json'
    other.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='frames_sha256'):
        tile_dataset(other, frames[1], out, SETTINGS, workers=1)
    (out / 'tiling.json').write_text('[')
    with pytest.raises(ValueError, match='not the settings'):
        tile_dataset(*frames, out, SETTINGS, workers=1)
    (out / 'tiling.json').unlink()
    with pytest.raises(ValueError, match='not of this tool'):
        tile_dataset(*frames, out, SETTINGS, workers=1)
    del before['tiling.json']
    assert everything(out) == before


def test_each_frames_stain_is_recorded_with_its_tiles(frames, tmp_path):
    rng = np.random.default_rng(1)
    stains = np.exp(-rng.gamma(1, 0.4, (HEIGHT, WIDTH, 2)) @ [[0.6, 0.7, 0.35], [0.1, 0.95, 0.3]])
    Image.fromarray((255 * stains).astype(np.uint8)).save(frames[1] / 'b.png')
    Image.new('RGB', (WIDTH, HEIGHT), 'white').save(frames[1] / 'p1' / 'a.png')
    out = tmp_path / 'out'
    tile_dataset(*frames, out, SETTINGS, workers=1)
    found = {image['frame']: image['stain'] for image in json.loads((out / 'tiles.json').read_text())['images']}
    assert StainEstimate.from_dict(found['b.png']) == estimate_stain(pixels(frames[1] / 'b.png'), 'macenko')
    assert found['p1/a.png'] == dict(method='macenko', reason=f'too little tissue (0 of {WIDTH * HEIGHT} px)')
    # Killed before a frame was measured.
    before = everything(out)
    (out / 'stains' / 'b.png.json').unlink()
    (out / 'tiles.json').unlink()
    tile_dataset(*frames, out, SETTINGS, workers=1)
    assert everything(out) == before
    with pytest.raises(ValueError, match='stain macenko there, reinhard now'):
        tile_dataset(*frames, out, replace(SETTINGS, stain='reinhard'), workers=1)
    tile_dataset(*frames, tmp_path / 'none', replace(SETTINGS, stain=None), workers=1)
    assert not any('stain' in image for image in json.loads((tmp_path / 'none' / 'tiles.json').read_text())['images'])


def spoil(file, how):
    if how == 'missing':
        file.unlink()
    elif how == 'truncated':
        file.write_bytes(file.read_bytes()[:20_000])
    elif how == 'other size':
        Image.new('RGB', (WIDTH + 1, HEIGHT)).save(file)
    else:
        file.write_bytes(b'' if how == 'empty' else b'no image at all')


@pytest.mark.parametrize(('how', 'reason'), [('missing', 'no such image'), ('truncated', 'damaged'), ('empty', 'it is empty'),
                                             ('other size', 'its annotation file says 150 x 130'), ('text', 'readable')])
def test_a_broken_frame_is_left_out_and_listed(frames, tmp_path, how, reason):
    spoil(frames[1] / 'p2/a.png', how)
    out = tmp_path / 'out'
    _, [(what, why)] = tile_dataset(*frames, out, SETTINGS, workers=1)
    assert what == 'p2/a.png' and reason in why and str(tmp_path) not in why
    content = check_tiles(out, frames[1])
    assert {image['frame'] for image in content['images']} == {'p1/a.png', 'b.png'}
    assert [image['id'] for image in content['images']] == list(range(1, 1 + len(content['images'])))


@pytest.mark.parametrize('how', ['missing', 'truncated'])
def test_strict_makes_a_broken_frame_an_error(frames, tmp_path, how):
    spoil(frames[1] / 'p2/a.png', how)
    with pytest.raises(ValueError, match='p2/a.png: .* without --strict'):
        tile_dataset(*frames, tmp_path / 'out', SETTINGS, workers=1, strict=True)
    assert not (tmp_path / 'out' / 'tiles.json').exists()
    assert how == 'truncated' or not (tmp_path / 'out').exists()


@pytest.mark.parametrize('how', ['missing', 'truncated', 'other size'])
def test_all_frames_broken_is_an_error_and_leaves_nothing(frames, tmp_path, how):
    for name in NAMES:
        spoil(frames[1] / name, how)
    with pytest.raises(ValueError, match='none of the 3 frames'):
        tile_dataset(*frames, tmp_path / 'out', SETTINGS, workers=1)
    assert not (tmp_path / 'out').exists()


def test_a_mended_frame_is_taken_in_by_the_next_run(frames, tmp_path):
    file = frames[1] / 'p2/a.png'
    whole = file.read_bytes()
    spoil(file, 'truncated')
    tile_dataset(*frames, tmp_path / 'out', SETTINGS, workers=1)
    file.write_bytes(whole)
    tile_dataset(*frames, tmp_path / 'out', SETTINGS, workers=1)
    tile_dataset(*frames, tmp_path / 'fresh', SETTINGS, workers=1)
    assert everything(tmp_path / 'out') == everything(tmp_path / 'fresh')


def test_a_full_disk_is_no_broken_frame(frames, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(files.os, 'replace', full)
    with pytest.raises(files.OutputError, match=r'tiling\.json: cannot be written \(No space left'):
        tile_dataset(*frames, tmp_path / 'out', SETTINGS, workers=1)
    assert not (tmp_path / 'out').exists()
    monkeypatch.undo()
    monkeypatch.setattr(module, 'write_image', lambda *_: full())
    with pytest.raises(ValueError, match='none of the 3 frames'):
        tile_dataset(*frames, tmp_path / 'out', SETTINGS, workers=1)


def test_what_a_decoder_may_raise_ends_no_run(frames, tmp_path, monkeypatch):
    read = frame_pixels.read_rgb

    def odd(path):
        if path.parent.name == 'p2':
            raise errors.pop()
        return read(path)
    monkeypatch.setattr(frame_pixels, 'read_rgb', odd)
    errors = [MemoryError(), OverflowError('int too large'), RuntimeError('odd'), KeyError('tag'), ZeroDivisionError()]
    for number in range(len(errors)):
        kind = type(errors[-1]).__name__
        _, [(what, why)] = tile_dataset(*frames, tmp_path / f'{number}', SETTINGS, workers=1)
        assert what == 'p2/a.png' and why.startswith(kind)
        assert len(json.loads((tmp_path / f'{number}' / 'tiles.json').read_text())['images']) == 2 * 9


def test_folders_and_numbers_that_cannot_be(frames, tmp_path):
    file, folder = frames
    (tmp_path / 'a_file').write_text('')
    for arguments, message in (((file, folder, tmp_path / 'a_file'), 'cannot be written'),
                               ((file, tmp_path / 'nowhere', tmp_path / 'out'), 'no such folder'),
                               ((tmp_path / 'none.json', folder, tmp_path / 'out'), 'none.json: cannot be read')):
        with pytest.raises(ValueError, match=message):
            tile_dataset(*arguments, SETTINGS, workers=1)
    with pytest.raises(ValueError, match='--workers 0'):
        tile_dataset(file, folder, tmp_path / 'out', SETTINGS, workers=0)
    with pytest.raises(ValueError, match='gives no tile'):
        tile_dataset(file, folder, tmp_path / 'out', TileSettings(size=(512, 512), remainder='drop'), workers=1)
    assert not (tmp_path / 'out').exists()


def test_tiles_are_not_written_over_their_frames(frames, tmp_path):
    file, folder = frames
    (tmp_path / 'set').mkdir()
    inside = tmp_path / 'set' / 'tiles.json'
    inside.write_bytes(file.read_bytes())
    with pytest.raises(ValueError, match='over their own frames'):
        tile_dataset(inside, folder, tmp_path / 'set', SETTINGS, workers=1)
    folder.rename(tmp_path / 'set' / 'images')
    with pytest.raises(ValueError, match='holds the frames'):
        tile_dataset(file, tmp_path / 'set' / 'images', tmp_path / 'set', SETTINGS, workers=1)


def test_jpg(frames, tmp_path):
    tile_dataset(*frames, tmp_path / 'out', TileSettings(size=(64, 64), format='jpg'), workers=1)
    content = json.loads((tmp_path / 'out' / 'tiles.json').read_text())
    tile = Image.open(tmp_path / 'out' / 'images' / content['images'][0]['file_name'])
    assert tile.format == 'JPEG' and tile.size == (64, 64)
