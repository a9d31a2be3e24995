from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.evaluation.negatives import add_negatives
from mitos_mmdet.evaluation.pairing import pair
from mitos_mmdet.interchange.points import PointFile, points_of


def file(name, *frames, **more):
    return PointFile(Path(name), 'csv', list(frames), **more)


def frame(name, *places, score=None, label=MITOSIS, **more):
    return points_of(name, [(*place, label, score) for place in places], name, **more)


def mm(name, *places, **more):
    return frame(name, *(map(Decimal, place) for place in places), unit='mm', **more)


def test_a_frame_without_predictions_counts_its_misses():
    paired = pair(file('t', frame('a', (1, 2)), frame('b', (3, 4), (5, 6)), frame('c')), file('d', frame('a.png', (1, 2), score=.5)))
    assert [len(each.pred_xy) for each in paired.frames()] == [1, 0, 0] and [len(each.truth_xy) for each in paired.frames()] == [1, 2, 0]
    assert paired.notes == ['2 of 3 frames, for example b, have no detections: their 2 mitotic figures are missed']


def test_detections_of_no_frame_miss_everything():
    paired = pair(file('t', frame('a', (1, 2)), frame('b')), file('d'))
    assert [(len(each.truth_xy), len(each.pred_xy)) for each in paired.frames()] == [(1, 0), (0, 0)]


def test_a_frame_without_figures_keeps_its_false_alarms():
    paired = pair(file('t', frame('a')), file('d', frame('a', (1, 2), score=.5)))
    assert [(len(each.truth_xy), len(each.pred_xy)) for each in paired.frames()] == [(0, 1)] and not paired.notes


def test_unknown_frames_are_an_error_unless_ignored():
    truth, found = file('t', frame('a'), frame('b')), file('d', frame('a'), frame('x1', (1, 2), score=.5))
    with pytest.raises(ValueError, match="d: 1 of its 2 frames, for example 'x1', are not in the truth.*--ignore-unknown"):
        pair(truth, found)
    paired = pair(truth, found, ignore_unknown=True)
    assert [each.name for each in paired.frames()] == ['a', 'b'] and '1 frames of the detections, for example x1' in paired.notes[0]
    with pytest.raises(ValueError, match="none of its 1 frames, for example 'x1', is in the truth, which has, for example, 'a'"):
        pair(truth, file('d', frame('x1')), ignore_unknown=True)


def test_two_files_of_one_frame():
    with pytest.raises(ValueError, match=r"'one/007\.json' and '007\.png' are both '007\.tiff' of the truth"):
        pair(file('t', frame('007.tiff'), frame('008.tiff')), file('d', frame('one/007.json'), frame('007.png')))


def test_a_single_file_of_a_single_image_needs_no_name():
    path = 'out/mitotic-figures.json'
    paired = pair(file('t', frame('007.tiff')), file(path, frame('', (1, 2), score=.5)))
    assert len(paired.frames()[0].pred_xy) == 1
    assert paired.notes == ['mitotic-figures.json does not say of which image it is: taken as that of 007.tiff']
    with pytest.raises(ValueError, match='does not say of which of 2 images it is'):
        pair(file('t', frame('007.tiff'), frame('008.tiff')), file(path, frame('')))
    assert pair(file('t', frame('007.tiff')), file('found.csv', frame('found'))).notes
    with pytest.raises(ValueError, match="example '008.tiff', is in the truth"):  # this one does say
        pair(file('t', frame('007.tiff')), file(path, frame('008.tiff')))


def test_mm_become_px_with_the_pixel_size_that_is_known():
    found = file('d', mm('a', ('0.25', '0.5'), score=.5))
    for truth, more in ((frame('a', (1000, 2000), um_per_px=(.25, .25)), {}), (frame('a', (1000, 2000)), dict(um_per_px=(.25, .25)))):
        paired = pair(file('t', truth), found, **more)
        assert paired.unit == 'px' and paired.frames()[0].pred_xy.tolist() == [[1000, 2000]]
    assert pair(file('t', mm('a', ('0.25', '0.5'))), file('d', frame('a', (1000, 2000), score=.5, um_per_px=(.25, .25)))).frames()[
        0].truth_xy.tolist() == [[1000, 2000]]
    with pytest.raises(ValueError, match=r'd: is in mm and t in px, and neither says.*--um-per-px'):
        pair(file('t', frame('a', (1000, 2000))), found)


def test_mm_on_both_sides_are_scored_in_um():
    paired = pair(file('t', mm('a', ('0.25', '0.5'))), file('d', mm('a', ('0.25', '0.5'), score=.5)))
    only = paired.frames()[0]
    assert (paired.unit, only.truth_xy.tolist(), only.um_per_px) == ('um', [[250, 500]], (1, 1))
    paired = pair(file('t', mm('a', ('0.25', '0.5'))), file('d', mm('a')), um_per_px=(.25, .25))
    assert (paired.unit, paired.frames()[0].truth_xy.tolist()) == ('px', [[1000, 2000]])


def test_a_pixel_size_given_by_hand_wins_and_says_so():
    paired = pair(file('t', frame('a', um_per_px=(.25, .25))), file('d', frame('a', um_per_px=(.23, .23))), um_per_px=(.5, .5))
    assert paired.frames()[0].um_per_px == (.5, .5) and paired.notes == ['the pixel size given replaces that of 1 frames']


@pytest.mark.parametrize('ours, theirs', [
    (dict(size_px=(1663, 1485)), dict(size_px=(1539, 1376))),  # the other scanner's image of that name
    (dict(um_per_px=(.25, .25)), dict(um_per_px=(.5, .5))),
])
def test_two_images_of_one_name(ours, theirs):
    with pytest.raises(ValueError, match='two images'):
        pair(file('t', frame('a', **ours)), file('d', frame('a', **theirs)))


def test_what_is_known_of_a_frame_comes_from_both():
    truth = frame('a', size_px=(1663, 1485), case_id='c')
    only = pair(file('t', truth), file('d', frame('a', size_px=(1662, 1485), um_per_px=(.25, .25), scanner='S'))).frames()[0]
    assert (only.size_px, only.um_per_px, only.scanner, only.case_id) == ((1663, 1485), (.25, .25), 'S', 'c')


def test_hard_negatives_come_along_where_files_know_the_class():
    truth = file('t', frame('a', (1, 2), label=HARD_NEGATIVE), frame('b', (3, 4)))
    found = file('d', frame('a', (9, 9), score=.5), frame('b'))
    first, second = pair(truth, found).frames()
    assert first.hard_negative_xy.tolist() == [[1, 2]] and second.hard_negative_xy.shape == (0, 2) and first.hard_negative_pred_xy is None
    assert [len(each.truth_xy) for each in pair(truth, found).frames(HARD_NEGATIVE)] == [1, 0]
    assert pair(found, truth).frames()[0].hard_negative_xy is None


def test_frames_that_nobody_labelled_stay_marked():
    paired = pair(file('t', frame('a', labelled=False), frame('b')), file('d', frame('a', (1, 2), score=.5), frame('b')))
    assert [each.labelled for each in paired.frames()] == [False, True] and not paired.notes


def test_frames_without_a_label_file_are_negatives_where_the_contest_means_it():
    truth = file('t', frame('x/01/01.tif', (1, 2), um_per_px=(.25, .25)), is_negative=lambda name: name.startswith('01/'))
    one, other = file('d', frame('01/01'), frame('01/02', (3, 4), score=.5)), file('e', frame('01/03'))
    grown, notes = add_negatives(truth, one, other)
    assert [(each.name, len(each)) for each in grown.frames] == [('x/01/01.tif', 1), ('01/02', 0), ('01/03', 0)]
    assert '2 images, for example 01/02, have no label file' in notes[0]
    np.testing.assert_array_equal([len(each.pred_xy) for each in pair(grown, one).frames()], [0, 1, 0])
    with pytest.raises(ValueError, match='not in the truth'):
        pair(add_negatives(truth, one)[0], file('d', frame('01/01'), frame('99/07')))
    plain = file('t', frame('a'))
    assert add_negatives(plain, one) == (plain, [])
