"""The folder of ``mitos detect`` as detections to score."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.interchange.recognise import read_points
from mitos_mmdet.slides.run_slide import run_slide
from mitos_mmdet.slides.settings import SlideSettings

sys.path.insert(0, str(Path(__file__).parents[1] / 'slides'))
from disc_model import disc_model, disc_slide  # noqa: E402

POINTS_UM = [[30.0, 30.0], [90.0, 45.0]]


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    """What ``run_slide`` wrote of two images, every file but the pictures; beside them the table of a cohort."""
    folder = tmp_path_factory.mktemp('found')
    for name, points in (('a', POINTS_UM), ('b', [])):
        Image.fromarray(disc_slide(points, (120, 60), (0.3, 0.3)).pixels).save(folder / f'{name}.png')
        run_slide(folder / f'{name}.png', disc_model(um_per_px=0.3), folder / 'out' / name,
                  SlideSettings(um_per_px=0.3, outputs=('csv', 'geojson', 'grand-challenge')))
    (folder / 'out' / 'cohort.csv').write_text('file\n')
    return folder / 'out'


def test_a_frame_per_image_in_px(found):
    made = read_points(found)
    assert (made.format, made.notes, [frame.name for frame in made.frames]) == ('mitos-detect', [], ['a', 'b'])
    full, empty = made.frames
    assert np.abs(full.xy[np.argsort(full.xy[:, 0])] - np.array(POINTS_UM) / 0.3).max() < 1 and full.kept.all() and len(empty) == 0
    assert (full.unit, full.um_per_px, full.size_px) == ('px', (0.3, 0.3), (400, 200))


def test_the_folder_of_one_image_has_its_name(found):
    assert [(frame.name, len(frame)) for frame in read_points(found / 'a').frames] == [('a', 2)]


@pytest.mark.parametrize('folders', [
    ('01_01.png', '02_01.png'), ('01_0a1b2c3d', '01_4e5f6a7b')])  # as mitos detect and mitos cohort name those of images called alike
def test_images_called_alike_are_told_apart_by_their_folders(found, tmp_path, folders):
    for case, folder in zip(('01', '02'), folders, strict=True):
        (tmp_path / folder).mkdir()
        summary = json.loads((found / 'a' / 'summary.json').read_text()) | dict(input=f'/data/{case}/01.png')
        (tmp_path / folder / 'summary.json').write_text(json.dumps(summary))
        (tmp_path / folder / 'mitotic-figures.json').write_text((found / 'a' / 'mitotic-figures.json').read_text())
    assert [frame.name for frame in read_points(tmp_path).frames] == ['data/01/01.png', 'data/02/01.png']


@pytest.mark.parametrize('change, words', [
    (lambda folder: (folder / 'mitotic-figures.json').unlink(), 'mitotic-figures.json: no such file beside summary.json. Detect again'),
    (lambda folder: (folder / 'summary.json').write_text(json.dumps(dict(a=1))), 'summary.json: not the summary of mitos detect'),
    (lambda folder: (folder / 'summary.json').write_text(json.dumps(dict(program='mitos_mmdet 1', mitotic_figures=0))),
     'summary.json: does not say um_per_px')])
def test_what_is_missing_is_named(found, tmp_path, change, words):
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
        for file in ('summary.json', 'mitotic-figures.json'):
            (tmp_path / name / file).write_text((found / name / file).read_text())
    change(tmp_path / 'b')
    with pytest.raises(ValueError, match=words):
        read_points(tmp_path)
