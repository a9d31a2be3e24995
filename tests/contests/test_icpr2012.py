import pytest
from PIL import Image

from mitos_mmdet.contests.icpr2012 import read
from mitos_mmdet.preparation.convert import convert


@pytest.fixture
def root(tmp_path):
    for name in ('A00_01', 'A03_07', 'H03_07'):
        Image.new('RGB', (60, 50)).save(tmp_path / f'{name}.bmp')
    (tmp_path / 'A00_01.csv').write_text('10,20,11,20,12,20,10,21,11,21,12,21\n0,0,1,0,0,1,1,1, \n')
    (tmp_path / 'A03_07.csv').write_text('')
    return tmp_path


def test_a_line_is_one_mitosis(root):
    frame = read(root).frames[0]
    assert [label.centroid for label in frame.labels] == [(11, 20.5), (0.5, 0.5)]
    annotation = convert('icpr2012', root).contents[None]['annotations'][0]
    assert annotation['bbox'] == [10, 20, 3, 2] and annotation['area'] == 6 and 'confidence' not in annotation
    assert convert('icpr2012', root, box_size='4px').contents[None]['annotations'][0]['bbox'] == [9, 18.5, 4, 4]


def test_cases_3_and_4_are_those_of_atypia(root):
    frames = read(root).frames
    assert [frame.case_id for frame in frames] == ['icpr12-00', 'atypia14-03', 'atypia14-03']
    assert [frame.labelled for frame in frames] == [True, True, False]  # an empty csv is a negative, none is not
    assert frames[2].um_per_px == (0.2273, 0.2275)


def test_folders_below_and_a_single_label_file(root):
    below = root / 'A00_v2'
    below.mkdir()
    for suffix in ('bmp', 'csv'):
        (root / f'A00_01.{suffix}').rename(below / f'A00_01.{suffix}')
    assert 'A00_v2/A00_01.bmp' in [frame.file_name for frame in read(root).frames]
    assert [frame.file_name for frame in read(below / 'A00_01.csv').frames] == ['A00_01.bmp']


def test_a_linked_folder_below_is_read(root, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp('elsewhere')
    (elsewhere / 'A01_02.csv').write_text('1,1,2,1,2,2\n')
    (root / 'more').symlink_to(elsewhere)
    assert 'more/A01_02.bmp' in [frame.file_name for frame in read(root).frames]


@pytest.mark.parametrize('line, message', [('1,2,3', '3 numbers are no whole x,y pairs'), ('1,b', "'b' is not a number")])
def test_a_bad_pixel_list_takes_its_frame_out(root, line, message):
    (root / 'A00_01.csv').write_text(f'1,1\n{line}\n')
    reading = read(root)
    assert len(reading.frames) == 2 and message in reading.skipped[0][1] and 'A00_01.csv:2' in reading.skipped[0][1]


def test_a_frame_that_is_there_twice_is_refused(root):
    (root / 'copy').mkdir()
    (root / 'copy' / 'A00_01.csv').write_text('1,1')
    with pytest.raises(ValueError, match='copy/A00_01.csv: is there twice, also as .*/A00_01.csv'):
        read(root)


def test_a_wrong_root_says_what_is_expected(tmp_path):
    with pytest.raises(ValueError, match='holds no label file of ICPR 2012. Give the folder that holds A00_01.csv'):
        read(tmp_path)


def test_real_counts(shared_data):
    conversion = convert('icpr2012', shared_data / 'icpr2012')
    content = conversion.contents[None]
    assert len(content['images']) == 6 and len(content['annotations']) == 37 and conversion.skipped == []
    assert {image['case_id'] for image in content['images']} == {'icpr12-00', 'icpr12-01', 'icpr12-02'}
    assert {(image['width'], *image['um_per_px']) for image in content['images']} == {(2084, 0.2456, 0.2456)}


def test_real_outlines_come_back_as_drawn(shared_data):
    mask = pytest.importorskip('pycocotools.mask')
    content = convert('icpr2012', shared_data / 'icpr2012' / 'A01_00.csv').contents[None]
    assert len(content['annotations']) == 8
    for annotation in content['annotations']:
        drawn = mask.area(mask.merge(mask.frPyObjects(annotation['segmentation'], 2084, 2084)))
        assert abs(drawn - annotation['area']) <= 0.06 * annotation['area']
        x, y, width, height = annotation['bbox']
        assert x <= annotation['centroid'][0] <= x + width and y <= annotation['centroid'][1] <= y + height
