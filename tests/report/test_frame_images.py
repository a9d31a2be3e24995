"""Frames on disk, found by name however the folder lies."""

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.report.frame_images import FrameImages


def save(path, size=(40, 30), grey=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', size, (grey, ) * 3).save(path)
    return path


def frame(name, size_px=(40, 30)):
    return Frame(np.zeros((0, 2)), np.zeros((0, 2)), [], name=str(name), size_px=size_px)


@pytest.mark.parametrize(('name', 'where'), [
    ('H05/x40/a.png', 'H05/x40/a.png'),  # as it stands
    ('a.tiff', 'images/a.png'),  # below, with another extension
    ('H05/frames/H05_a', 'deep/H05/H05_a.png'),  # other folders between
    ('02/01.tif', 'images/02/01.png'),  # only the folder tells it from 01/01
])
def test_found(name, where, tmp_path):
    save(tmp_path / where, grey=200)
    save(tmp_path / 'images/01/01.png')
    images = FrameImages([frame(name), frame('01/01.tif')], tmp_path)
    assert images(name).shape == (30, 40, 3) and images(name).min() == 200


def test_of_two_that_fit_neither_is_taken(tmp_path):
    save(tmp_path / 'one/abc.png')
    save(tmp_path / 'two/abc.png')
    images = FrameImages([frame('abc.png'), frame('one/abc.tif')], tmp_path)
    assert images('abc.png') is None and images('one/abc.tif') is not None
    save(tmp_path / 'two/abc.png', size=(20, 15))  # a preview
    assert FrameImages([frame('abc.png')], tmp_path)('abc.png') is not None


def test_the_original_goes_before_its_preview(tmp_path):
    save(tmp_path / 'images/abc.tif', grey=200)
    save(tmp_path / 'images/abc.jpg')
    assert FrameImages([frame('abc')], tmp_path)('abc').min() == 200


def test_a_name_shows_nothing_outside_the_folder(tmp_path):
    path = save(tmp_path / 'elsewhere/a.png')
    (tmp_path / 'root').mkdir()
    for name in (str(path), '../elsewhere/a.png', str(tmp_path / 'root' / '..' / 'elsewhere' / 'a.png')):
        assert FrameImages([frame(name)], tmp_path / 'root')(name) is None
    assert FrameImages([frame(path)], tmp_path)(str(path)) is not None


def test_linked_folders_are_followed_once(tmp_path):
    save(tmp_path / 'data/H05/a.png')
    (tmp_path / 'root').mkdir()
    (tmp_path / 'root/H05').symlink_to(tmp_path / 'data/H05')
    (tmp_path / 'data/H05/loop').symlink_to(tmp_path / 'root')
    assert FrameImages([frame('a.tif')], tmp_path / 'root')('a.tif') is not None


def test_none_where_there_is_no_such_picture(tmp_path):
    save(tmp_path / 'other_size.png', size=(20, 20))
    (tmp_path / 'damaged.png').write_bytes(b'no image')
    frames = [frame(name) for name in ('absent.png', 'other_size.png', 'damaged.png')]
    images = FrameImages(frames, tmp_path)
    assert [images(each.name) for each in frames] == [None] * 3
    assert FrameImages([frame('other_size.png', None)], tmp_path)('other_size.png') is not None, 'a frame of unknown size'
    with pytest.raises(ValueError, match='no such folder'):
        FrameImages(frames, tmp_path / 'absent')
