import pytest

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.recognise import read_points


def put(folder, **files):
    for name, text in files.items():
        path = folder / (name.replace('__', '/') + '.csv')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_points_by_frame_with_the_contest_s_pixel_size(tmp_path):
    put(tmp_path, H05_00Ab_mitosis='1,2,0.5\n3,4,0.25 \n', H05_00Ab_not_mitosis='5,6,0.1\n', H05_00Ad='', sub__other='7.5,8,1\n')
    made = {frame.name: frame for frame in read_points(tmp_path).frames}
    frame = made['H05_00Ab']
    assert frame.xy.tolist() == [[1, 2], [3, 4], [5, 6]] and frame.labels.tolist() == [MITOSIS, MITOSIS, HARD_NEGATIVE]
    assert frame.scores.tolist() == [.5, .25, .1]
    assert (frame.um_per_px, frame.size_px, frame.scanner) == ((.2273, .2275), (1663, 1485), 'Hamamatsu NanoZoomer 2.0-HT')
    assert len(made['H05_00Ad']) == 0 and made['sub/other'].um_per_px is None


def test_tupac_detections_are_row_first(tmp_path):
    put(tmp_path, **{'01__02': '10,90,0.5\n', '01__03': '', '24__01': '1,2\n'[:0]})
    made = read_points(tmp_path)
    assert made.format == 'tupac16' and [frame.name for frame in made.frames] == ['01/02', '01/03', '24/01']
    assert made.frames[0].xy.tolist() == [[90, 10]] and made.frames[0].scores.tolist() == [.5]


def test_tupac_truth_s_missing_images_are_negatives_in_the_original_labels_alone(tmp_path):
    put(tmp_path / 'original', mitoses_ground_truth__01__02='10,90\n')
    put(tmp_path / 'new', mitoses_ground_truth__01__02='10,90\n', nonmitoses_ground_truth__01__02='1,2\n')
    original, new = (read_points(tmp_path / kind, is_truth=True) for kind in ('original', 'new'))
    assert [original.is_negative(name) for name in ('01/03.tif', '73/01', '74/01', 'H05_00Ab')] == [True, True, False, False]
    assert new.is_negative is None and new.frames[0].labels.tolist() == [MITOSIS, HARD_NEGATIVE]
    assert original.frames[0].um_per_px == (.25, .25) and original.frames[0].case_id == 'tupac16-01'
    with pytest.raises(ValueError, match='holds two sets of labels'):
        read_points(tmp_path, is_truth=True)


def test_a_bad_line_in_a_contest_s_truth_is_an_error(tmp_path):
    put(tmp_path, H05__mitosis__H05_00Ab_mitosis='1,2,0.5\n', H05__mitosis__H05_00Ad_mitosis='1,2\n')
    with pytest.raises(ValueError, match=r'frame H05_00Ad: .*H05_00Ad_mitosis\.csv:1.*Correct it'):
        read_points(tmp_path, is_truth=True)


def test_one_label_file_of_a_contest(tmp_path):
    put(tmp_path, H05__mitosis__H05_00Ab_mitosis='1,2,0.5\n', H05__mitosis__H05_00Ad_mitosis='3,4,1\n')
    made = read_points(tmp_path / 'H05/mitosis/H05_00Ab_mitosis.csv', is_truth=True)
    assert [(frame.name, frame.xy.tolist()) for frame in made.frames] == [('H05/frames/x40/H05_00Ab.tiff', [[1, 2]])]
