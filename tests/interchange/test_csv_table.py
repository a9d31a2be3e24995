"""CSVs with a header, as detections and as ground truth."""

import pytest

from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.recognise import read_points


@pytest.mark.parametrize('text', [
    'image,x,y,score\na.png,10,20,0.5\nb.png,,,\n',
    'Score;Y [px];X [px];File name\n0.5;20;10;a.png\n;;;b.png\n'.replace(' [px]', '_px'),
    'x1\ty1\tx2\ty2\tconfidence\tframe\n5\t10\t15\t30\t0.5\ta.png\n\t\t\t\t\tb.png\n',
    'image;x;y;score\na.png;10,0;20,0;0,5\nb.png\n',
    'image,x,y,width,height,probability,extra\na.png,5,10,10,20,0.5,"1,2"\nb.png\n',
])
def test_one_file_for_all_images(tmp_path, text):
    (tmp_path / 'found.csv').write_text(text)
    made = read_points(tmp_path / 'found.csv')
    assert (made.format, [frame.name for frame in made.frames]) == ('csv-table', ['a.png', 'b.png'])
    full, empty = made.frames
    assert (full.xy.tolist(), full.scores.tolist(), full.labels.tolist()) == ([[10, 20]], [.5], [MITOSIS])
    assert len(empty) == 0 and full.um_per_px is None


def test_one_file_per_image_with_classes_and_pixel_size(tmp_path):
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / 'a.csv').write_text('x,y,class,um_per_px,case\n1,2,mitosis,0.25,P1\n3,4,hard negative,,\n5,6,,,\n')
    (tmp_path / 'b.csv').write_text('')
    frames = {frame.name: frame for frame in read_points(tmp_path, is_truth=True).frames}
    assert frames['sub/a'].labels.tolist() == [MITOSIS, HARD_NEGATIVE, MITOSIS] and frames['sub/a'].scores is None
    assert (frames['sub/a'].um_per_px, frames['sub/a'].case_id, len(frames['b'])) == ((.25, .25), 'P1', 0)


def test_the_table_of_mitos_detect(tmp_path):
    (tmp_path / 'detections.csv').write_text('x_px,y_px,x_um,y_um,score,class,atypical\n4,8,1,2,0.9,mitotic figure,0.1\n')
    frame, = read_points(tmp_path / 'detections.csv').frames
    assert (frame.xy.tolist(), frame.scores.tolist()) == ([[4, 8]], [.9])


@pytest.mark.parametrize('text, words', [
    ('image,x,y,score\na.png,1,b,0.5\n', "found.csv:2: y is 'b', not a number"),
    ('image,x,y,score\na.png,1,2,high\n', "found.csv:2: score is 'high', not a number"),
    ('image,x,y,score\na.png,1,2,\na.png,3,4,0.5\n', 'found.csv: a.png: point 1 has no score and others have'),
    ('image,x,y\n,1,2\n', 'found.csv:2: names no image'),
    ('image,x,y\na.png,1,5,2,7\n', 'found.csv:2: has 5 cells, the header 3. Write decimals with a point'),
    ('x,y,mpp,score\n1,2,0,0.5\n', 'found.csv:2 has no usable pixel size'),
    ('x,y,score\n,,0.5\n', "found.csv:2: x is '', not a number"),
])
def test_a_bad_row_is_named(tmp_path, text, words):
    (tmp_path / 'found.csv').write_text(text)
    with pytest.raises(ValueError, match=words):
        read_points(tmp_path / 'found.csv')


def test_a_cell_longer_than_csv_readers_take_is_one_line(tmp_path):
    (tmp_path / 'found.csv').write_text(f'image,x,y\n{"a" * 200_000}.png,1,2\n')
    with pytest.raises(ValueError, match='found.csv:2: is no row of a CSV'):
        read_points(tmp_path / 'found.csv')
