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
