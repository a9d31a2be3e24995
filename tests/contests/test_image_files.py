import pytest

from mitos_mmdet.contests.image_files import check_image_root, list_images


def test_the_lossless_image_wins_over_its_preview(tmp_path):
    for name in ('b.JPG', 'a.jpg', 'a.tiff', 'a.png', 'notes.txt', '.hidden.png'):
        (tmp_path / name).touch()
    assert {stem: path.name for stem, path in list_images(tmp_path).items()} == {'a': 'a.tiff', 'b': 'b.JPG'}


def test_a_folder_that_is_not_there_has_no_images(tmp_path):
    assert list_images(tmp_path / 'nowhere') == {}


def test_the_image_root_is_the_given_one_and_must_exist(tmp_path):
    assert check_image_root(None, tmp_path) == tmp_path
    assert check_image_root(tmp_path, 'other') == tmp_path
    with pytest.raises(ValueError, match='nowhere: no such folder'):
        check_image_root(tmp_path / 'nowhere', tmp_path)
