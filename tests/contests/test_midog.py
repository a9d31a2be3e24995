import copy
import json

import pytest
from PIL import Image

from mitos_mmdet.contests.midog import read
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.preparation.convert import convert

CATEGORIES = [dict(id=1, name='mitotic figure'), dict(id=2, name='not mitotic figure')]
CSV = ('Slide;Dataset;Tumor;Scanner;Origin;Species\n1;train;canine lymphoma;Hamammatsu XR;x;y\n'
       '3;test;human melanoma;Aperio CS2;x;y\n')


def image(number, **more):
    return dict(id=number, file_name=f'{number:03d}.tiff', width=1000, height=800) | more


def label(number, image_id, bbox, category_id=1):
    return dict(id=number, image_id=image_id, bbox=bbox, category_id=category_id)


def content(images, annotations, **info):
    return dict(info=info, images=images, categories=CATEGORIES, annotations=annotations)


@pytest.fixture
def write(tmp_path):
    def to(made, name='MIDOG.json'):
        path = tmp_path / name
        path.write_text(json.dumps(made))
        return path
    return to


@pytest.fixture
def plus_plus(write, tmp_path):
    (tmp_path / 'datasets_xvalidation.csv').write_text(CSV)
    images = [image(1, tumor_type='canine lymphosarcoma'), image(2, tumor_type='human breast cancer'),
              image(3, tumor_type='human melanoma')]
    annotations = [label(1, 1, [100, 200, 150, 250]), label(2, 3, [-20, -5, 30, 45], 2)]
    return write(content(images, annotations, description='MIDOG++: a data set'), 'MIDOG++.json')


def test_boxes_are_corners_not_corner_and_size(write):
    path = write(content([image(1)], [label(1, 1, [100, 200, 150, 250]), label(2, 1, [-20, -5, 30, 45], 2)]))
    assert [(found.category, found.centroid) for found in read(path).frames[0].labels] == [
        (MITOSIS, (125, 225)), (HARD_NEGATIVE, (5, 20))]
    made = convert('midog', path, allow_missing=True).contents[None]
    assert [annotation['bbox'] for annotation in made['annotations']] == [[100, 200, 50, 50], [0, 0, 30, 45]]


def test_scanners_of_2021_go_by_number(write):
    frames = read(write(content([image(number) for number in (1, 50, 51, 100, 101, 150, 151, 200)], []))).frames
    assert [frame.scanner for frame in frames] == ['Hamamatsu XR'] * 2 + ['Hamamatsu S360'] * 2 + ['Aperio CS2'] * 2 + [
        'Leica GT450'] * 2
    assert [frame.labelled for frame in frames] == [True] * 6 + [False] * 2
    assert frames[0].case_id == 'midog-001' and frames[0].um_per_px[0] == pytest.approx(1.633, abs=1e-3)


def test_2022_counts_otherwise_after_150(write):
    reading = read(write(content([image(number) for number in (150, 151, 195, 250, 300, 355, 405)], [])))
    assert reading.contest == 'MIDOG 2022' and any('otherwise than MIDOG++' in note for note in reading.notes)
    assert [frame.domain for frame in reading.frames] == [
        'human breast cancer', 'canine lung cancer', 'canine lymphoma', 'canine cutaneous mast cell tumor',
        'human neuroendocrine tumor', 'human melanoma', 'human melanoma']
    assert [frame.labelled for frame in reading.frames] == [True] * 5 + [False] * 2
    assert [frame.case_id for frame in reading.frames][:2] == ['midog-150', 'midog22-151']  # never taken for MIDOG++'s 151


def test_a_part_of_midog_plus_plus_is_not_taken_for_2022(write, tmp_path):
    path = write(content([image(300, tumor_type='canine cutaneous mast cell tumor')], []))
    with pytest.raises(ValueError, match='image 300 is canine cutaneous .*For a part of MIDOG.. give its datasets_xv'):
        read(path)


def test_plus_plus_takes_scanner_split_and_labelled_from_its_csv(plus_plus):
    reading = read(plus_plus)
    assert [(frame.scanner, frame.domain, frame.labelled) for frame in reading.frames] == [
        ('Hamamatsu XR', 'canine lymphoma', True),  # one spelling each
        ('unknown', 'human breast cancer', False),  # not in the csv: unlabelled, not negative
        ('Aperio CS2', 'human melanoma', True)]
    conversion = convert('midog', plus_plus, split='csv', allow_missing=True)
    assert {split: [found['file_name'] for found in made['images']] for split, made in conversion.contents.items()} == {
        'train': ['001.tiff'], 'test': ['003.tiff']}
    assert any('in no split: 1 cases, 1 of them unlabelled (midog-002)' in note for note in conversion.notes)


def test_plus_plus_needs_its_csv(plus_plus, tmp_path):
    (tmp_path / 'datasets_xvalidation.csv').rename(tmp_path / 'other.csv')
    with pytest.raises(ValueError, match='MIDOG.. needs its datasets_xvalidation.csv'):
        read(plus_plus)
    assert read(plus_plus, csv=tmp_path / 'other.csv').frames[0].scanner == 'Hamamatsu XR'


@pytest.mark.parametrize('text, message', [
    ('Slide,Dataset\n1,train\n', 'other.csv:2: expected columns Slide;Dataset'),
    ('Slide;Dataset;Tumor;Scanner\none;train;a;b\n', 'other.csv:2: expected'),
    ('Slide;Dataset;Tumor;Scanner\n1;train\n', 'other.csv:2: expected'),
    ('', 'holds no rows'),
])
def test_a_bad_csv_is_named(plus_plus, tmp_path, text, message):
    path = tmp_path / 'other.csv'
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read(plus_plus, csv=path)


def test_images_beside_or_in_a_folder(plus_plus, tmp_path):
    (tmp_path / 'images').mkdir()
    for name in ('001', '002', '003'):
        # 4000 px per cm is 2.5 um/px; without labels and at another size 002 is still the right image
        Image.new('RGB', (1000, 800) if name != '002' else (990, 800)).save(
            tmp_path / 'images' / f'{name}.tiff', tiffinfo={282: 4000.0, 283: 4000.0, 296: 3})
    made = convert('midog', plus_plus).contents[None]
    assert made['images'][0]['file_name'] == '001.tiff' and made['images'][0]['um_per_px'] == [2.5, 2.5]
    assert made['images'][1]['width'] == 990


GOOD = content([image(1), image(2)], [label(number, 1, [0, 0, 50, 50]) for number in range(1, 9)])


@pytest.mark.parametrize('bad, message', [
    (label(99, 1, [10, 10, 5, 50]), 'not x1,y1,x2,y2'), (label(99, 1, [1, 2, 3]), 'not four numbers'),
    (label(99, 1, [1, 2, None, 4]), 'not four numbers'), (label(99, 1, [1, 2, float('nan'), 4]), 'not four numbers'),
    (label(99, 1, None), 'not four numbers'), (label(99, 1, [0, 0, 9, 9], 3), "category_id 3 is none"),
])
def test_a_bad_label_costs_its_frame(write, bad, message):
    reading = read(write(GOOD | dict(annotations=[*GOOD['annotations'], bad])))
    assert [frame.file_name for frame in reading.frames] == ['002.tiff']  # 001 would show its object as background
    (frame, why), (what, reason) = reading.skipped
    assert frame == 'frame 001.tiff' and 'annotation 99' in why and what == 'MIDOG.json: annotation 99' and message in reason


@pytest.mark.parametrize('bad, message', [
    (label(99, 7, [0, 0, 9, 9]), 'no image'), (label(99, [1], [0, 0, 9, 9]), 'no image'), (dict(id=99), 'no image'), ('text', 'no image'),
])
def test_a_label_of_no_image_is_left_out_and_listed(write, bad, message):
    reading = read(write(GOOD | dict(annotations=[*GOOD['annotations'], bad])))
    assert len(reading.frames[0].labels) == 8
    (what, reason), = reading.skipped
    assert what == 'MIDOG.json: annotation ' + ('8' if bad == 'text' else '99') and message in reason


@pytest.mark.parametrize('change, message', [
    (dict(width=0), 'no sizes in px'), (dict(width='1000'), 'no sizes in px'), (dict(file_name='slide.tiff'), 'are numbers')])
def test_a_bad_image_is_left_out_and_listed(write, change, message):
    made = copy.deepcopy(GOOD)
    made['images'][1].update(change)
    reading = read(write(made))
    assert len(reading.frames) == 1 and message in reading.skipped[0][1]


def test_coco_boxes_are_refused(write):
    with pytest.raises(ValueError, match='2 of 2 annotations are bad.*x,y,width,height perhaps'):
        read(write(content([image(1)], [label(1, 1, [300, 300, 50, 50]), label(2, 1, [200, 300, 50, 50])])))


@pytest.mark.parametrize('text, message', [
    ('{"images": [', 'MIDOG.json: not JSON'), ('[]', 'lacks one of the lists'), ('{"images": []}', 'lacks one of the lists'),
    (json.dumps(GOOD | dict(images=[image(1), image(1)])), 'two of images have the same id'),
    (json.dumps(GOOD | dict(images=[image(1), image(2, file_name='001.tiff')])), 'two of images have the same file_name'),
    (json.dumps(GOOD | dict(images=[dict(id=1)])), 'in images lacks'),
    (json.dumps(GOOD | dict(info=dict(converter_version=1))), 'is converted already'),
    (json.dumps(GOOD | dict(categories=[dict(id=1, name='nucleus')])), "category 'nucleus' is none of MIDOG's"),
])
def test_a_file_that_is_not_midog_s_is_named(tmp_path, text, message):
    (tmp_path / 'MIDOG.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        read(tmp_path)


def test_a_folder_needs_exactly_one_file(tmp_path, write):
    with pytest.raises(ValueError, match='holds no MIDOG.*Give the JSON of MIDOG'):
        read(tmp_path)
    write(GOOD), write(GOOD, 'MIDOG++.json')
    with pytest.raises(ValueError, match=r'holds MIDOG\+\+.json, MIDOG.json'):
        read(tmp_path)


def summed(made):
    return (len(made['images']), *(sum(found['category_id'] == number for found in made['annotations']) for number in (1, 2)))


def check_boxes(made):
    sizes = {found['id']: (found['width'], found['height']) for found in made['images']}
    for found in made['annotations']:
        x, y, width, height = found['bbox']
        assert min(x, y) >= 0 and 0 < width <= 50 and 0 < height <= 50
        assert x + width <= sizes[found['image_id']][0] and y + height <= sizes[found['image_id']][1]


def test_real_2021(shared_data):
    conversion = convert('midog', shared_data / 'midog' / 'MIDOG.json', allow_missing=True)
    made = conversion.contents[None]
    assert summed(made) == (200, 1721, 2714) and conversion.skipped == []
    assert sum(not found['labelled'] for found in made['images']) == 50
    check_boxes(made)
    scanners = [found['scanner'] for found in made['images']]
    assert {name: scanners.count(name) for name in scanners} == {'Hamamatsu XR': 50, 'Hamamatsu S360': 50, 'Aperio CS2': 50,
                                                                 'Leica GT450': 50}
    sizes = {found['scanner']: found['um_per_px'][0] for found in made['images']}
    assert sizes['Hamamatsu XR'] == pytest.approx(0.23, abs=0.005) and sizes['Aperio CS2'] == pytest.approx(0.25, abs=0.005)


def test_real_plus_plus(shared_data):
    conversion = convert('midog', shared_data / 'midog' / 'MIDOG++.json', allow_missing=True)
    made = conversion.contents[None]
    assert summed(made) == (553, 11937 - 1, 14349 - 1)
    assert sum(not found['labelled'] for found in made['images']) == 50
    assert [reason.split('image ')[1].split(',')[0] for _, reason in conversion.skipped] == ['305.tiff', '309.tiff']
    check_boxes(made)
    assert {found['scanner'] for found in made['images']} == {'Hamamatsu XR', 'Hamamatsu S360', 'Aperio CS2', '3D Histech',
                                                              'Leica GT450'}
    assert len({found['domain'] for found in made['images']}) == 7


def test_real_plus_plus_split(shared_data):
    conversion = convert('midog', shared_data / 'midog' / 'MIDOG++.json', allow_missing=True, split='csv')
    assert {split: len(made['images']) for split, made in conversion.contents.items()} == {'train': 392, 'test': 111}
    assert all(found['labelled'] for made in conversion.contents.values() for found in made['images'])
