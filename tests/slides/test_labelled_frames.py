"""Detections on labelled frames come back as the evaluation takes them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.evaluation.scoring import score
from mitos_mmdet.interchange.points import PointFile, points_of
from mitos_mmdet.slides.labelled_frames import detect_frames
from mitos_mmdet.slides.slide import SlideError

sys.path.insert(0, str(Path(__file__).parent))
from disc_model import disc_model, disc_slide  # noqa: E402

PLANTED = {'a/one.png': np.array([[30.0, 30.0], [90.0, 45.0]]), 'two.png': np.array([[60.0, 20.0]])}


def truth_in(folder, um_per_px=(0.25, 0.25), labelled=True):
    frames = []
    for name, points in PLANTED.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(disc_slide(points, (120, 60)).pixels).save(folder / name)
        px = [(x / 0.25, y / 0.25, 'mitotic figure', None) for x, y in points.tolist()]
        frames.append(points_of(name, px, name, um_per_px=um_per_px, size_px=(480, 240), labelled=labelled))
    return PointFile(folder / 'truth.json', 'coco', frames)


def test_every_disc_is_a_hit(tmp_path):
    truth, told = truth_in(tmp_path), []
    found = detect_frames(truth, tmp_path, disc_model(), lambda *done: told.append(done))
    overall = score(truth, found, '1um', threshold=0.5).evaluations['mitotic figure'].overall
    assert (overall.tp, overall.fp, overall.fn) == (3, 0, 0) and told == [(1, 2), (2, 2)]


def test_unlabelled_frames_are_not_searched(tmp_path):
    truth = truth_in(tmp_path)
    truth.frames[1].labelled = False
    truth.frames[0].name = './a/one.png'
    assert [frame.name for frame in detect_frames(truth, tmp_path, disc_model()).frames] == ['./a/one.png']
    with pytest.raises(ValueError, match='no labelled frame among the 2'):
        detect_frames(truth_in(tmp_path, labelled=False), tmp_path, disc_model())


def test_what_is_missing_is_said_before_the_first_frame_is_searched(tmp_path):
    model = disc_model()
    truth = truth_in(tmp_path, um_per_px=None)
    with pytest.raises(SlideError, match='one.png'):
        detect_frames(truth, tmp_path, model)
    truth = truth_in(tmp_path)
    (tmp_path / 'two.png').unlink()
    with pytest.raises(SlideError, match='two.png'):
        detect_frames(truth, tmp_path, model)
    assert model.network.tiles == 0


@pytest.mark.parametrize('name', ['../two.png', '/etc/two.png'])
def test_a_name_does_not_lead_out_of_the_folder(tmp_path, name):
    truth = truth_in(tmp_path)
    truth.frames[1].name = name
    (tmp_path / 'a' / 'a').mkdir()
    (tmp_path / 'a' / 'one.png').rename(tmp_path / 'a' / 'a' / 'one.png')
    with pytest.raises(ValueError, match='the annotation file: the name .*two.png.*(leads out of its folder|is an absolute path)'):
        detect_frames(truth, tmp_path / 'a', disc_model())
