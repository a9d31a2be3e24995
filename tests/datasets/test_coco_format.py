import copy
import json

import pytest

from mitos_mmdet.datasets.coco_format import categories, check_coco, check_entries, read_annotations


def content():
    return dict(
        images=[dict(id=number, file_name=f'{number}.png', width=100, height=80) for number in (1, 3)],
        annotations=[dict(id=7, image_id=3, category_id=1, bbox=[1, 2.5, 3, 4]),
                     dict(id=8, image_id=3, category_id=2, bbox=[-1, 2, 3, 4], centroid=[0.5, 4])],
        categories=categories())


def changed(part, place, **change):
    """``content()`` with an entry changed; a key that is to be ... is taken out."""
    result = content()
    entry = result[part][place] | change
    result[part][place] = {key: value for key, value in entry.items() if value is not ...}
    return result


@pytest.mark.parametrize('good', [
    content(),
    dict(images=[], annotations=[], categories=[]),
    changed('annotations', 1, centroid=None),
    changed('annotations', 0, image_id='a', category_id=9),  # of nothing listed: the readers' business
    changed('images', 0, id='a'),  # text: pycocotools takes it
    changed('images', 0, file_name='3.png'),
])
def test_what_is_complete_passes_unchanged(good):
    before = copy.deepcopy(good)
    check_coco(good, 'a.json')
    assert good == before


@pytest.mark.parametrize('part, place, change, message', [
    ('images', 1, dict(width=...), 'image 3 lacks width'),
    ('images', 1, dict(height=None), 'image 3 lacks height'),
    ('images', 1, dict(file_name=...), 'image 3 lacks file_name'),
    ('images', 1, dict(file_name=5), "image 3 has file_name '5'"),
    ('images', 1, dict(file_name=''), "image 3 has file_name ''"),
    ('images', 1, dict(width='100'), "image 3 has width '100', which is no whole number of px above 0"),
    ('images', 1, dict(height=0), 'image 3 has height 0'),
    ('images', 1, dict(height=80.5), 'image 3 has height 80.5'),
    ('images', 1, dict(width=True), 'image 3 has width True'),
    ('images', 1, dict(id=...), r'images\[1\] lacks id'),
    ('images', 1, dict(id=[3]), r'images\[1\] has id \[3\]'),
    ('images', 1, dict(id=1), 'images list the id 1 twice'),
    ('annotations', 0, dict(id=...), r'annotations\[0\] lacks id'),
    ('annotations', 0, dict(id=8), 'annotations list the id 8 twice'),
    ('annotations', 0, dict(bbox=...), 'annotation 7 lacks bbox'),
    ('annotations', 0, dict(image_id=...), 'annotation 7 lacks image_id'),
    ('annotations', 0, dict(category_id=...), 'annotation 7 lacks category_id'),
    ('annotations', 0, dict(image_id=[3]), r'annotation 7 has image_id \[3\]'),
    ('annotations', 0, dict(category_id=1.5), 'annotation 7 has category_id 1.5'),
    ('annotations', 0, dict(bbox=['a', 1, 2, 3]), r"annotation 7 has bbox \['a', 1, 2, 3\], which is not 4 finite numbers"),
    ('annotations', 0, dict(bbox=[1, 2, 3]), 'annotation 7 has bbox'),
    ('annotations', 0, dict(bbox=[1, 2, 3, float('nan')]), 'annotation 7 has bbox'),
    ('annotations', 0, dict(bbox=[1, 2, 3, 10**400]), 'annotation 7 has bbox'),  # no float holds it
    ('annotations', 0, dict(bbox='1234'), 'annotation 7 has bbox'),
    ('annotations', 1, dict(centroid=[1]), 'annotation 8 has centroid'),
    ('annotations', 1, dict(centroid=[1, None]), 'annotation 8 has centroid'),
    ('categories', 0, dict(name=...), r'categories\[0\] lacks name'),
    ('categories', 0, dict(id=...), r'categories\[0\] lacks id'),
    ('categories', 0, dict(id=2), 'categories list the id 2 twice'),
    ('categories', 0, dict(name='hard negative'), "categories list the name 'hard negative' twice"),
])
def test_what_is_not_names_the_file_the_entry_and_the_fix(part, place, change, message):
    with pytest.raises(ValueError, match=rf'^a\.json: {message}.*\. Correct the file'):
        check_coco(changed(part, place, **change), 'a.json')


@pytest.mark.parametrize('part', ['images', 'annotations', 'categories'])
def test_an_entry_that_is_no_object_names_its_place(part):
    bad = content()
    bad[part].append('b.png')
    with pytest.raises(ValueError, match=rf"a\.json: {part}\[2\] is 'b\.png'"):
        check_entries(bad, 'a.json')


def test_entries_may_be_told_apart_and_still_lack_something():
    check_entries(changed('images', 1, width=...), 'a.json')
    check_entries(changed('annotations', 0, bbox=...), 'a.json')


@pytest.mark.parametrize('part, place, change', [
    ('images', 1, dict(id='3')), ('annotations', 0, dict(image_id='3')), ('annotations', 1, dict(category_id='2')),
    ('images', 1, dict(width=100.0, id=3.0)), ('annotations', 0, dict(id=7.0, image_id=3.0, category_id=1.0)),
    ('categories', 1, dict(id='2')),
])
def test_ids_and_sizes_of_another_type_mean_the_same(tmp_path, part, place, change):
    (tmp_path / 'a.json').write_text(json.dumps(changed(part, place, **change)))
    made = read_annotations(tmp_path / 'a.json')
    check_coco(made, 'a.json')
    images, names = {image['id']: image for image in made['images']}, {each['id']: each['name'] for each in made['categories']}
    assert [(images[each['image_id']]['file_name'], names[each['category_id']]) for each in made['annotations']] == [
        ('3.png', 'mitotic figure'), ('3.png', 'hard negative')]
    assert type(made['images'][1]['width']) is int


def test_roboflow_s_unused_root_category_goes(tmp_path):
    root = dict(id=0, name='mitotic figure', supercategory='none')
    (tmp_path / 'a.json').write_text(json.dumps(content() | dict(categories=[root, *categories()])))
    assert read_annotations(tmp_path / 'a.json')['categories'] == categories()


@pytest.mark.parametrize('name', ['./3.png', '.\\3.png', '././3.png'])
def test_a_name_as_windows_or_a_shell_writes_it(tmp_path, name):
    (tmp_path / 'a.json').write_text(json.dumps(changed('images', 1, file_name=name)))
    assert read_annotations(tmp_path / 'a.json')['images'][1]['file_name'] == '3.png'
