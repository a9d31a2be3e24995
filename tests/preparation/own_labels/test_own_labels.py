"""Labels of one's own, in each kind of file, give the same annotation file."""

import gzip
import json

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.preparation.convert import convert

POINTS = {'s1_a': [(40, 30, 'mitosis'), (100, 80, 'lookalike')], 's1_b': [(10, 90, 'mitosis')], 's2_a': []}
MAP = {'lookalike': 'hard negative'}


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    for name in (*POINTS, 's3_a'):
        Image.fromarray(np.zeros((100, 200, 3), np.uint8)).save(folder / f'{name}.png')
    return folder


def write(kind, folder, images):
    """Label files of a kind in ``folder``; gives what to convert."""
    folder.mkdir(exist_ok=True)
    if kind == 'csv, one file':
        rows = [f'{name}.png,{x},{y},{label}' for name, points in POINTS.items() for x, y, label in points] + ['s2_a.png,,,']
        (folder / 'labels.csv').write_text('Image,X (px),Y (px),Class\n' + '\n'.join(rows))
        return 'csv', folder / 'labels.csv'
    if kind == 'csv, boxes':
        for name, points in POINTS.items():
            rows = [f'{label};{x - 9};{y - 9};{x + 9};{y + 9}' for x, y, label in points]
            (folder / f'{name}.csv').write_text('\n'.join(['label;x1;y1;x2;y2', *rows]), encoding='utf-8-sig')
        return 'csv', folder
    if kind == 'csv, sizes':
        for name, points in POINTS.items():
            rows = [f'{label}\t{x - 9}\t{y - 9}\t18\t18' for x, y, label in points]
            (folder / f'{name}.csv').write_text('\n'.join(['label\tx\ty\twidth\theight', *rows]))
        return 'csv', folder
    if kind == 'yolo':
        (folder / 'data.yaml').write_text('names:\n  0: mitosis\n  1: lookalike\n')
        (folder / 'labels').mkdir()
        for name, points in POINTS.items():
            rows = [f'{int(label != "mitosis")} {x / 200} {y / 100} 0.1 0.1' for x, y, label in points]
            (folder / 'labels' / f'{name}.txt').write_text('\n'.join(rows))
        return 'yolo', folder
    if kind == 'qupath':
        for name, points in POINTS.items():
            features = [dict(type='Feature', geometry=dict(type='Point', coordinates=[x, y]), properties=dict(
                objectType='annotation', classification=dict(name=label))) for x, y, label in points]
            (folder / f'{name}.geojson').write_text(json.dumps(dict(type='FeatureCollection', features=features)))
        return 'qupath', folder
    names, labels = list(POINTS), ['mitosis', 'lookalike']
    boxes = [dict(image_id=names.index(name), category_id=labels.index(label), bbox=[x - 5, y - 5, 10, 10], area=100, iscrowd=0)
             for name, points in POINTS.items() for x, y, label in points]
    (folder / 'coco.json').write_text(json.dumps(dict(
        images=[dict(id=number, file_name=f'{name}.png', width=200, height=100) for number, name in enumerate(names)],
        categories=[dict(id=number, name=label) for number, label in enumerate(labels)],
        annotations=[dict(box, id=number) for number, box in enumerate(boxes)])))
    return 'coco', folder / 'coco.json'


@pytest.mark.parametrize('kind', ['csv, one file', 'csv, boxes', 'csv, sizes', 'yolo', 'qupath', 'coco'])
def test_every_kind_gives_the_same(kind, images, tmp_path):
    name, root = write(kind, tmp_path / 'labels', images)
    done = convert(name, root, images=images, um_per_px=0.25, class_map=MAP, case='^s[0-9]', split='train=s1,val=s2')
    assert done.skipped == []
    train, val = done.contents['train'], done.contents['val']
    assert [image['file_name'] for image in train['images']] == ['s1_a.png', 's1_b.png']
    assert [image['case_id'] for image in train['images']] == ['s1', 's1'] and train['images'][0]['um_per_px'] == [0.25, 0.25]
    found = [(box['image_id'], box['category_id'], *np.round(box['centroid'], 6)) for box in train['annotations']]
    assert sorted(found) == [(1, 1, 40, 30), (1, 2, 100, 80), (2, 1, 10, 90)]
    assert len(val['images']) == 1 and val['annotations'] == []
    assert any('1 images without labels, such as s3_a.png' in note for note in done.notes)


def test_unlabelled_images_can_be_negatives(images, tmp_path):
    name, root = write('yolo', tmp_path / 'labels', images)
    content = convert(name, root, images=images, class_map=MAP, unlabelled='negative').contents[None]
    assert [image['file_name'] for image in content['images']] == ['s1_a.png', 's1_b.png', 's2_a.png', 's3_a.png']


def test_linked_folders_and_gzipped_labels_are_read(images, tmp_path):
    (tmp_path / 'root' / 'labels').mkdir(parents=True)
    (tmp_path / 'root' / 'images').symlink_to(images)
    (tmp_path / 'root' / 'images' / 'loop').symlink_to(tmp_path / 'root')
    (tmp_path / 'root' / 'labels' / 's1_a.csv.gz').write_bytes(gzip.compress(b'x,y\n3,4\n'))
    done = convert('csv', tmp_path / 'root', um_per_px=0.25, unlabelled='negative')
    assert [image['file_name'] for image in done.contents[None]['images']] == [f'images/{name}.png' for name in (*POINTS, 's3_a')]
    assert [label['centroid'] for label in done.contents[None]['annotations']] == [[3, 4]] and done.skipped == []


@pytest.mark.parametrize('text, message', [
    ('10,20\n30,40\n', 'add a header'),
    ('image,where\ns1_a.png,3\n', 'no columns of a place among image, where'),
    ('x,y\n3,4\n', 'no column names the image'),
    ('image,x,y\ns1_a.png,3,left\n', r"labels.csv:2: y is 'left', not a number"),
    ('image,x,y,class\ns1_a.png,3,4,tubule\n', r"labels.csv:2: the class 'tubule' is not known.*--class-map"),
    ('image,x,y\n,3,4\n', 'names no image'),
    ('image,x,y\ns1_a.png,1_0,4\n', r"labels.csv:2: x is '1_0', not a number"),
    ('image,x,y,note\ns1_a.png,3,4,"two\nlines"\n', 'labels.csv:2: is no row of a CSV.*Write each row on one line'),
    ('image,x,y,mpp\ns1_a.png,3,4,0\n', 'labels.csv:2 has no usable pixel size'),
    ('image,x,y,mpp\ns1_a.png,3,4,-1\n', 'labels.csv:2 has no usable pixel size'),
    ('image,x,y,mpp\ns1_a.png,3,4,250\n', 'labels.csv:2 has a pixel size of 250 x 250 um, which no microscope gives'),
    ('image,x,y,mpp\ns1_a.png,3,4,0.25\ns1_a.png,5,6,0.5\n', 'labels.csv:3: mpp is 0.5, in a row before 0.25'),
])
def test_bad_tables_are_one_line(text, message, images, tmp_path):
    (tmp_path / 'labels.csv').write_text(text)
    with pytest.raises(ValueError, match='(?i)' + message) as error:
        convert('csv', tmp_path / 'labels.csv', images=images)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('line, message', [('0 40 30 5 5', 'shares of the image'), ('0 0.1 0.2', 'class x y width height'),
                                           ('0 a b c d', 'class x y width height')])
def test_bad_yolo_lines_are_named(line, message, images, tmp_path):
    (tmp_path / 's1_a.txt').write_text(line)
    with pytest.raises(ValueError, match=f's1_a.txt:1.*{message}'):
        convert('yolo', tmp_path / 's1_a.txt', images=images)


@pytest.mark.parametrize('lists', ['train.txt', 'data/Validation.TXT'])
def test_what_exports_put_beside_yolo_labels_is_left_alone(lists, images, tmp_path):
    beside = {'obj.names': 'mitosis\nlookalike\n', 'obj.data': 'classes = 2\ntrain = data/train.txt\nnames = data/obj.names\n',
              lists: 'data/obj_train_data/s1_a.png\ndata/obj_train_data/s2 a.JPG\n', 'README.dataset.txt': 'Cells > raw\nhttps://example.org',
              'README.roboflow.txt': '\nv1 - 2024\n', 'readme.txt': 'hello', 'obj_train_data/s1_a.txt': '0 0.5 0.5 0.1 0.1\n'}
    for name, text in beside.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    done = convert('yolo', tmp_path, images=images)
    assert done.skipped == [] and [image['file_name'] for image in done.contents[None]['images']] == ['s1_a.png']


def test_text_without_an_image_is_listed_and_never_read_as_yolo(images, tmp_path):
    (tmp_path / 's1_a.txt').write_text('0 0.5 0.5 0.1 0.1')
    (tmp_path / 'notes.txt').write_text('labelled by two readers')
    (tmp_path / 'latin.txt').write_bytes('Gr\u00f6\u00dfe'.encode('latin-1'))
    done = convert('yolo', tmp_path, images=images, class_map={'0': 'mitotic figure'})
    assert done.skipped == [(str(tmp_path / f'{name}.txt'), f"no image '{name}' in {images}") for name in ('latin', 'notes')]
    (tmp_path / 's1_b.txt').write_text('labelled by two readers')
    with pytest.raises(ValueError, match='s1_b.txt:1: .* is not "class x y width height"'):
        convert('yolo', tmp_path, images=images, class_map={'0': 'mitotic figure'})


@pytest.mark.parametrize('text', ['names:', 'names: mitosis', '5', 'other: 1', 'names: 2001-99-99', 'names: ['])
def test_a_yaml_file_without_a_list_of_names_is_named(text, images, tmp_path):
    (tmp_path / 'data.yaml').write_text(text)
    (tmp_path / 's1_a.txt').write_text('0 0.5 0.5 0.1 0.1')
    with pytest.raises(ValueError, match='data.yaml: .*(no list "names"|no list. Correct it)'):
        convert('yolo', tmp_path, images=images)


def test_labels_without_their_image_are_left_out_and_named(images, tmp_path):
    (tmp_path / 'labels.csv').write_text('image,x,y\ns1_a.png,3,4\nelsewhere.png,3,4\n')
    done = convert('csv', tmp_path / 'labels.csv', images=images)
    assert [image['file_name'] for image in done.contents[None]['images']] == ['s1_a.png']
    assert len(done.skipped) == 1 and "no image 'elsewhere.png'" in done.skipped[0][1]


@pytest.mark.parametrize('options, message', [
    (dict(class_map={'mitosis': 'tumour'}), "'tumour' is no class here"),
    (dict(class_map={**MAP, 'absent': 'ignore'}), "no label has the class 'absent'"),
    (dict(case='('), 'not a regular expression'), (dict(case='z'), 'finds no case')])
def test_wrong_flags_are_named(options, message, images, tmp_path):
    name, root = write('csv, one file', tmp_path / 'labels', images)
    with pytest.raises(ValueError, match=message):
        convert(name, root, images=images, **{'class_map': MAP, **options})


def test_real_yolo_labels(shared_data, tmp_path):
    for name in ('canine_mammary_7215x5412.jpg', 'canine_mammary_7215x5412_nonmitosis_yolo.txt'):
        (tmp_path / name.replace('_nonmitosis_yolo', '')).symlink_to(shared_data / 'roi' / name)
    content = convert('yolo', tmp_path, um_per_px=0.23, class_map={'1': 'hard negative'}).contents[None]
    assert len(content['annotations']) == len((tmp_path / 'canine_mammary_7215x5412.txt').read_text().split()) / 5
    assert content['annotations'][0]['centroid'] == pytest.approx([0.462093 * 7215, 0.895972 * 5412], abs=1e-3)


def test_labels_made_for_another_size_are_not_used(tmp_path, images):
    entries = [dict(id=1, file_name='s1_a.png', width=100, height=200), dict(id=2, file_name='s1_b.png', width=200, height=100)]
    labels = [dict(id=number, image_id=number, category_id=1, bbox=[30, 20, 20, 20]) for number in (1, 2)]
    (tmp_path / 'own.json').write_text(json.dumps(dict(images=entries, annotations=labels, categories=[dict(id=1, name='mitosis')])))
    done = convert('coco', tmp_path / 'own.json', images=images)
    assert [image['file_name'] for image in done.contents[None]['images']] == ['s1_b.png']
    assert done.skipped == [(str(images / 's1_a.png'), 'it is 200 x 100 px, its labels were made for 100 x 200 px')]


def test_a_column_twice_and_a_pixel_size_in_nm(tmp_path, images):
    (tmp_path / 'own.csv').write_text('image,x,X,y,class\ns1_a.png,40,41,30,mitosis\n')
    with pytest.raises(ValueError, match="has the column 'x' twice"):
        convert('csv', tmp_path / 'own.csv', images=images)
    (tmp_path / 'own.csv').write_text('image,x,y,class\ns1_a.png,40,30,mitosis\n')
    with pytest.raises(ValueError, match='--um-per-px 250 has a pixel size of 250 x 250 um'):
        convert('csv', tmp_path / 'own.csv', images=images, um_per_px=250)


@pytest.mark.parametrize('kind, name, text', [('csv', 's1_a.CSV', 'x,y,class\n40,30,mitotic figure\n'),
                                              ('yolo', 's1_a.TXT', '0 .2 .3 .1 .1\n')])
def test_endings_in_capitals(tmp_path, images, kind, name, text):
    (tmp_path / 'labels').mkdir()
    (tmp_path / 'labels' / name).write_text(text)
    done = convert(kind, tmp_path / 'labels', images=images, **({} if kind == 'csv' else dict(class_map={'0': 'mitotic figure'})))
    assert [annotation['centroid'] for annotation in done.contents[None]['annotations']] == [[40, 30]]


def test_what_mitos_detect_drew_comes_back_from_qupath(images, tmp_path):
    """Its regions are no labels; an image of which only they came back was looked at."""
    square = dict(type='Polygon', coordinates=[[[0, 0], [90, 0], [90, 90], [0, 90], [0, 0]]])
    for name in ('s1_a', 's2_a'):
        shapes = [('tissue', square), ('hotspot', square), ('region of interest', square),
                  *([('mitotic figure', dict(type='Point', coordinates=[40, 30]))] if name == 's1_a' else [])]
        (tmp_path / f'{name}.geojson').write_text(json.dumps(dict(type='FeatureCollection', features=[dict(
            type='Feature', geometry=shape, properties=dict(objectType='annotation', classification=dict(name=label)))
            for label, shape in shapes])))
    made = convert('qupath', tmp_path, images=images, um_per_px=0.25)
    coco = made.contents[None]
    assert [image['file_name'] for image in coco['images']] == ['s1_a.png', 's2_a.png']
    assert [label['centroid'] for label in coco['annotations']] == [[40, 30]]
    assert "2 labels of class 'hotspot' are ignored" in made.notes
    with pytest.raises(ValueError, match="the class 'stroma' is not known"):
        (tmp_path / 's1_a.geojson').write_text((tmp_path / 's1_a.geojson').read_text().replace('tissue', 'stroma'))
        convert('qupath', tmp_path, images=images, um_per_px=0.25)


@pytest.mark.parametrize('unit_px, words', [((600, 700), 'all 3 points lie within 1 px of the corner.*fractions of the width and height'),
                                            ((1000, 1000), 'all 3 points lie within 1 px'), ((4, 4), None)])  # shares, mm, px
def test_shares_and_mm_are_not_taken_for_px(tmp_path, unit_px, words):
    Image.fromarray(np.zeros((700, 600, 3), np.uint8)).save(tmp_path / 'a.png')
    rows = [f'a.png,{x / unit_px[0]},{y / unit_px[1]}' for x, y in ((100, 650), (550, 40), (300, 300))]
    (tmp_path / 'labels.csv').write_text('\n'.join(['image,x,y', *rows]))
    if words is None:
        assert len(convert('csv', tmp_path / 'labels.csv').frames[None][0].labels) == 3
        return
    with pytest.raises(ValueError, match=words):
        convert('csv', tmp_path / 'labels.csv')
