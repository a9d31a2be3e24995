import pytest
from PIL import Image

from mitos_mmdet.contests.mitos_atypia14 import read
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.preparation.convert import convert


@pytest.fixture
def root(tmp_path):
    for slide, size in (('A03', (1539, 1376)), ('H03', (1663, 1485)), ('H05', (1663, 1485))):
        frames, mitosis = tmp_path / slide / 'frames' / 'x40', tmp_path / slide / 'mitosis'
        frames.mkdir(parents=True)
        mitosis.mkdir()
        Image.new('RGB', size).save(frames / f'{slide}_00Aa.png')
        (mitosis / f'{slide}_00Aa_mitosis.csv').write_text('476,394,0.65 ')
        (mitosis / f'{slide}_00Aa_not_mitosis.csv').write_text('1205,474,0.0\n0,666,0.2\n')
    return tmp_path


def labels(frame):
    return [(label.category, label.centroid, label.confidence) for label in frame.labels]


def test_both_scanners_of_a_slide_are_one_case(root):
    first, second, third = read(root).frames
    assert [frame.case_id for frame in (first, second, third)] == ['atypia14-03', 'atypia14-03', 'atypia14-05']
    assert 'Aperio' in first.scanner and 'Hamamatsu' in second.scanner
    assert first.um_per_px == (0.2455, 0.2455) and second.um_per_px == (0.2273, 0.2275)
    assert first.file_name == 'A03/frames/x40/A03_00Aa.png'
    # _not_mitosis.csv ends in _mitosis.csv too: each is read once, as what it is
    assert labels(first) == [(MITOSIS, (476, 394), 0.65), (HARD_NEGATIVE, (1205, 474), 0), (HARD_NEGATIVE, (0, 666), 0.2)]


def test_an_empty_file_is_a_negative_and_a_missing_one_is_unlabelled(root):
    (root / 'A03/mitosis/A03_00Aa_mitosis.csv').write_text('')
    for path in (root / 'H03/mitosis').iterdir():
        path.unlink()
    reading = read(root)
    assert [frame.labelled for frame in reading.frames] == [True, False, True]
    assert len(reading.frames[0].labels) == 2 and reading.frames[1].labels == []
    assert reading.notes == ['1 frames have no _mitosis.csv: unlabelled, not negative']


@pytest.mark.parametrize('part, names', [
    ('H03', ['H03/frames/x40/H03_00Aa.png']),
    ('H03/mitosis/H03_00Aa_mitosis.csv', ['H03/frames/x40/H03_00Aa.png']),
    ('H03/mitosis/H03_00Aa_not_mitosis.csv', ['H03/frames/x40/H03_00Aa.png']),
])
def test_the_root_may_be_a_slide_or_a_label_file(root, part, names):
    assert [frame.file_name for frame in read(root / part).frames] == names


def test_images_may_lie_flat_elsewhere(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp('images')
    (root / 'H03/frames/x40/H03_00Aa.png').rename(folder / 'H03_00Aa.png')
    assert [frame.file_name for frame in read(root / 'H03', images=folder).frames] == ['H03_00Aa.png']


@pytest.mark.parametrize('line, message', [('1,2', 'expected x,y,confidence'), ('a,2,0.8', "'a' is not a number"),
                                           ('1,2,80', 'confidence 80 is not between 0 and 1')])
def test_a_bad_label_file_takes_its_frame_out(root, line, message):
    (root / 'H03/mitosis/H03_00Aa_mitosis.csv').write_text(f'5,5,1.0\n{line}\n')
    reading = read(root)
    assert [frame.slide for frame in reading.frames] == ['A03', 'H05']
    (what, reason), = reading.skipped
    assert what == 'frame H03_00Aa' and message in reason and 'H03_00Aa_mitosis.csv:2' in reason


@pytest.mark.parametrize('make', [lambda root: root / 'H03' / 'frames', lambda root: root / 'nowhere',
                                  lambda root: root / 'H03/frames/x40/H03_00Aa.png'])
def test_a_wrong_root_says_what_is_expected(root, make):
    with pytest.raises(ValueError, match='the folder that holds the slides'):
        read(make(root))


def test_swapped_columns_are_suspected(root):
    (root / 'H03/mitosis/H03_00Aa_mitosis.csv').write_text('100,1600,1.0\n')  # row 100, column 1600
    conversion = convert('mitos-atypia-14', root)
    assert any('row and column are probably swapped' in note for note in conversion.notes)


def test_real_counts(shared_data):
    conversion = convert('mitos-atypia-14', shared_data / 'mitos_atypia14', split='hamamatsu')
    assert conversion.skipped == []
    counts = {split: (len(content['images']), *(sum(annotation['category_id'] == number for annotation in content['annotations'])
                                                for number in (1, 2))) for split, content in conversion.contents.items()}
    assert counts == {'train': (205, 443, 545), 'val': (85, 167, 211)}
    assert any('in no split' in note and 'A03' in note for note in conversion.notes)
    cases = [{image['case_id'] for image in content['images']} for content in conversion.contents.values()]
    assert not cases[0] & cases[1]
    images = [image for content in conversion.contents.values() for image in content['images']]
    assert {(image['width'], image['height']) for image in images} == {(1663, 1485), (1662, 1485)}
    confidences = {annotation['confidence'] for annotation in conversion.contents['train']['annotations']}
    assert confidences == {1.0, 0.8, 0.65, 0.2, 0.0}


def test_real_aperio_slide(shared_data):
    content = convert('mitos-atypia-14', shared_data / 'mitos_atypia14' / 'A03').contents[None]
    assert len(content['images']) == 2 and content['images'][0]['case_id'] == 'atypia14-03'
    found = {(annotation['category_id'], *annotation['centroid']): annotation for annotation in content['annotations']}
    assert [key for key in found if key[0] == 1] == [(1, 476, 394), (1, 643, 704)]
    assert found[2, 0, 666]['bbox'] == [0, 641, 25, 50]


def test_a_slide_that_is_there_twice_is_refused(root):
    (root / 'copy' / 'H03' / 'mitosis').mkdir(parents=True)
    with pytest.raises(ValueError, match='copy/H03: is there twice, also as .*/H03'):
        read(root)


def test_the_root_may_be_the_working_directory(root, monkeypatch):
    monkeypatch.chdir(root / 'H03')
    assert [frame.file_name for frame in read('.').frames] == ['H03/frames/x40/H03_00Aa.png']
