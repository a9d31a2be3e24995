import pytest
from PIL import Image

from mitos_mmdet.contests import amida13, tupac16
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.preparation.convert import convert


def put(path, text=''):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def root(tmp_path):
    put(tmp_path / 'mitoses_ground_truth/01/01.csv', '10,90\n')
    put(tmp_path / 'mitoses_ground_truth/24/01.csv', '20,30\n40,50\n')
    for name in ('mitoses_image_data_part_1/01/01', 'mitoses_image_data_part_1/01/02', 'mitoses_image_data_part_2/24/01',
                 'mitoses_image_data_part_2/74/01'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (100, 60)).save(tmp_path / f'{name}.tif')
    return tmp_path


def add_alternative(folder):
    put(folder / 'mitoses_ground_truth/01/01.csv', '10,90\n')
    put(folder / 'nonmitoses_ground_truth/01/01.csv', '1,2\n')
    put(folder / 'mitoses_ground_truth/01/02.csv')
    put(folder / 'nonmitoses_ground_truth/01/02.csv')


def test_row_comes_before_column(root):
    frame = tupac16.read(root).frames[0]
    assert frame.labels[0].centroid == (90, 10) and frame.file_name == 'mitoses_image_data_part_1/01/01.tif'


def test_an_image_without_a_file_is_a_negative_unless_it_is_a_test_image(root):
    reading = tupac16.read(root)
    assert [(frame.case_id, len(frame.labels), frame.labelled) for frame in reading.frames] == [
        ('tupac16-01', 1, True), ('tupac16-01', 0, True), ('tupac16-24', 2, True), ('tupac16-74', 0, False)]
    assert reading.notes[0].startswith('1 images without a label file are negatives')
    assert reading.notes[1].startswith('1 images of cases after 73')


def test_scanner_and_nominal_size_go_by_case(root):
    first, _, second, _ = tupac16.read(root).frames
    assert ('Aperio' in first.scanner, first.size) == (True, (2000, 2000))
    assert ('Leica' in second.scanner, second.size, second.um_per_px) == (True, (5657, 5657), (0.25, 0.25))


def test_amida13_is_cases_1_to_23_under_the_same_ids(root):
    assert {frame.case_id for frame in amida13.read(root).frames} == {'tupac16-01'}


def test_labels_may_stand_beside_the_images(tmp_path):
    put(tmp_path / '01/01.csv', '1,2\n')
    Image.new('RGB', (9, 9)).save(tmp_path / '01' / '01.tif')
    assert [frame.file_name for frame in amida13.read(tmp_path).frames] == ['01/01.tif']


def test_alternative_labels_bring_hard_negatives(root):
    add_alternative(root / 'alternative_labels')
    frame = tupac16.read(root, labels='alternative').frames[0]
    assert [(label.category, label.centroid) for label in frame.labels] == [(MITOSIS, (90, 10)), (HARD_NEGATIVE, (2, 1))]
    assert len(tupac16.read(root).frames[0].labels) == 1  # the original ones stay as they are
    assert tupac16.read(root / 'alternative_labels', labels='alternative').frames[0].image.is_file()


def test_alternative_labels_are_not_taken_for_the_original_ones(tmp_path):
    add_alternative(tmp_path)
    with pytest.raises(ValueError, match='means the alternative labels. Give --labels alternative'):
        tupac16.read(tmp_path)


def test_the_root_may_be_the_label_folder_or_one_file(root):
    assert len(tupac16.read(root / 'mitoses_ground_truth').frames) == 4
    assert [frame.file_name for frame in tupac16.read(root / 'mitoses_ground_truth/24/01.csv').frames] == [
        'mitoses_image_data_part_2/24/01.tif']


@pytest.mark.parametrize('labels', ['original', 'alternative'])
def test_a_wrong_root_says_what_is_expected(tmp_path, labels):
    with pytest.raises(ValueError, match=f'holds no {labels} labels of this contest. Give the folder that holds mitoses_g'):
        tupac16.read(tmp_path, labels=labels)


def test_a_bad_file_takes_its_image_out(root):
    put(root / 'mitoses_ground_truth/24/01.csv', '1,2\n1,x\n')
    reading = tupac16.read(root)
    assert [frame.case_id for frame in reading.frames] == ['tupac16-01', 'tupac16-01', 'tupac16-74']
    assert reading.skipped[0][0] == 'image 24/01' and '01.csv:2' in reading.skipped[0][1]


def counts(conversion):
    annotations = [annotation for content in conversion.contents.values() for annotation in content['annotations']]
    return (sum(len(content['images']) for content in conversion.contents.values()),
            *(sum(annotation['category_id'] == number for annotation in annotations) for number in (1, 2)))


def test_real_counts(shared_data):
    reading = tupac16.read(shared_data / 'tupac16')
    assert (len(reading.frames), sum(len(frame.labels) for frame in reading.frames)) == (587, 1552)
    assert len({frame.case_id for frame in reading.frames}) == 66
    conversion = convert('tupac16', shared_data / 'tupac16', allow_missing=True)
    assert counts(conversion) == (587, 1551, 0)
    (where, reason), = conversion.skipped  # column 2000 of a 2000 px tile
    assert where.endswith('18/25.csv:1') and 'x=2000, y=1685' in reason
    assert any('only the 587 that have a label file are known' in note for note in conversion.notes)
    assert any('587 of 587 images are missing' in note for note in conversion.notes)


def test_real_alternative_counts(shared_data):
    conversion = convert('tupac16', shared_data / 'tupac16', labels='alternative', allow_missing=True)
    assert counts(conversion) == (656, 1999, 10483) and conversion.skipped == []
    assert counts(convert('amida13', shared_data / 'tupac16', labels='alternative', allow_missing=True))[0] == 606


def test_real_split_of_the_paper(shared_data):
    conversion = convert('tupac16', shared_data / 'tupac16', labels='alternative', allow_missing=True, split='mask-rcnn')
    cases = {split: {image['case_id'] for image in content['images']} for split, content in conversion.contents.items()}
    assert {split: len(found) for split, found in cases.items()} == {'train': 42, 'val': 14, 'test': 17}
    assert len(set().union(*cases.values())) == 73 and not any('in no split' in note for note in conversion.notes)


def test_amida13_is_split_by_case_as_in_the_contest():
    split = amida13.SPLITS['contest']
    assert (len(split['train']), len(split['test'])) == (12, 11)
    assert sorted(split['train'] + split['test']) == [f'{case:02}' for case in range(1, 24)]
