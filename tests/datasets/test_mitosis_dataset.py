import json
import unicodedata

import numpy as np
import pytest
from PIL import Image

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.core.images import BrokenImageError
from mitos_mmdet.datasets import mitosis_dataset
from mitos_mmdet.datasets.coco_format import categories
from mitos_mmdet.datasets.mitosis_dataset import MitosisDataset

pytestmark = pytest.mark.usefixtures('mmdet_scope')
PIPELINE = [dict(type='LoadFrame'), dict(type='LoadAnnotations', with_bbox=True), dict(type='PackDetInputs', meta_keys=(
    'img_id', 'img_path', 'ori_shape', 'img_shape', 'um_per_px', 'scanner', 'case_id', 'domain', 'broken'))]


def image(number, **more):
    return dict(id=number, file_name=f'{number}.png', width=100, height=80, um_per_px=[0.25, 0.25], scanner='A',
                case_id=f'c{number}', domain='breast', **more)


def annotation(number, image_id, bbox, category_id=1, **more):
    x, y, width, height = bbox
    return dict(dict(id=number, image_id=image_id, bbox=bbox, category_id=category_id, area=width * height, iscrowd=0,
                     centroid=[x + width / 2, y + height / 2]), **more)


IMAGES = [image(1), image(2), image(3, labelled=False), image(4)]
ANNOTATIONS = [
    annotation(1, 1, [10, 10, 50, 50]),
    annotation(2, 1, [-10, -5, 50, 50]),  # over a corner: clipped
    annotation(3, 1, [40, 20, 30, 30], 2),  # hard negative
    annotation(4, 2, [60, 40, 50, 50], 2, centroid=[80, 60]),
    annotation(5, 3, [5, 5, 50, 50]),  # in an image that nobody labelled all of
]


@pytest.fixture
def make(tmp_path):
    """A dataset of four white frames, the fourth without objects, from the annotations given."""
    for number in range(1, 5):
        Image.new('RGB', (100, 80), (255, 255, 255)).save(tmp_path / f'{number}.png')

    def build(images=IMAGES, annotations=ANNOTATIONS, cats=None, **options):
        content = dict(images=images, annotations=annotations, categories=cats or categories())
        (tmp_path / 'frames.json').write_text(json.dumps(content))
        defaults = dict(data_root=str(tmp_path), data_prefix=dict(img=''), ann_file='frames.json', pipeline=PIPELINE)
        return MitosisDataset(**{**defaults, **options})
    return build


def table(dataset):
    """``{img_id: [(label, bbox), ...]}``."""
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return {info['img_id']: [(instance['bbox_label'], instance['bbox']) for instance in info['instances']] for info in infos}


def test_boxes_are_clipped_and_unlabelled_images_left_out(make):
    assert table(make()) == {
        1: [(0, [10, 10, 60, 60]), (0, [0, 0, 40, 45]), (1, [40, 20, 70, 50])],
        2: [(1, [60, 40, 100, 80])],
        4: [],
    }


@pytest.mark.parametrize('classes, labels', [
    (('mitotic figure', 'hard negative'), {1: [0, 0, 1], 2: [1], 4: []}),
    (('hard negative', 'mitotic figure'), {1: [1, 1, 0], 2: [0], 4: []}),  # by name, not by the order of the ids
    (('mitotic figure', ), {1: [0, 0], 2: [], 4: []}),
    (('hard negative', ), {1: [0], 2: [0], 4: []}),
])
@pytest.mark.parametrize('cats', [categories(), categories()[::-1], [dict(id=0, name='other'), *categories()]])
def test_labels_go_by_the_classes_names(make, cats, classes, labels):
    dataset = make(cats=cats, metainfo=dict(classes=classes))
    assert {key: [label for label, _ in value] for key, value in table(dataset).items()} == labels
    assert dataset.metainfo['classes'] == classes


@pytest.mark.parametrize('classes', [('mitosis', ), ('mitotic figure', 'mitosis'), 'mitotic figure'])  # the last lacks its comma
def test_a_class_that_the_file_has_not_raises_with_the_file(make, classes):
    with pytest.raises(ValueError, match=r"frames\.json: has no class .*'mitotic figure', 'hard negative'.*comma"):
        make(metainfo=dict(classes=classes))


def test_data_infos_carry_what_coco_lacks(make):
    dataset = make(images=[image(1, frame='whole.tif', offset=[512, 0])], annotations=ANNOTATIONS[:3])
    info = dataset.get_data_info(0)
    assert {key: info[key] for key in ('um_per_px', 'scanner', 'case_id', 'domain', 'labelled', 'frame', 'offset')} == dict(
        um_per_px=[0.25, 0.25], scanner='A', case_id='c1', domain='breast', labelled=True, frame='whole.tif', offset=[512, 0])
    meta = dataset[0]['data_samples'].metainfo
    assert (meta['um_per_px'], meta['scanner'], meta['case_id'], meta['domain']) == ([0.25, 0.25], 'A', 'c1', 'breast')
    assert 'broken' not in meta


@pytest.mark.parametrize('dropped', [
    annotation(8, 1, [90, 10, 50, 50]),  # centroid outside
    annotation(8, 1, [300, 300, 50, 50]),  # all outside
    annotation(8, 1, [20, 20, 30, 30], 7),  # another class
    annotation(8, 1, [20, 20, 30, 30], ignore=True),  # COCO's own word
])
def test_centroids_stay_with_their_boxes_when_annotations_are_dropped(make, dropped):
    first, last = annotation(1, 1, [10, 10, 50, 50], centroid=[30, 31]), annotation(9, 1, [30, 30, 40, 40], 2, centroid=[44, 45])
    dataset = make(annotations=[first, dropped, last], cats=[*categories(), dict(id=7, name='other')])
    instances = dataset.get_data_info(0)['instances']
    assert [(instance['bbox'], instance['centroid'], instance['bbox_label']) for instance in instances] == [
        ([10, 10, 60, 60], [30, 31], 0), ([30, 30, 70, 70], [44, 45], 1)]


@pytest.fixture
def logged(monkeypatch):
    """What the dataset logs, a text a call."""
    texts = []
    monkeypatch.setattr(mitosis_dataset, 'print_log', lambda text, **_: texts.append(text))
    return texts


def test_annotations_outside_are_counted_and_named_once(make, logged):
    outside = [annotation(number, 1 + number % 2, [300, 300, 50, 50]) for number in range(10, 17)]
    unlabelled = annotation(20, 3, [300, 300, 50, 50])  # its image is left out whole
    another = annotation(21, 1, [300, 300, 50, 50], 7)
    dataset = make(annotations=[*ANNOTATIONS, *outside, unlabelled, another], cats=[*categories(), dict(id=7, name='other')])
    dataset[0]
    text, = logged
    assert 'frames.json: left out 7 annotations outside their image' in text and text.endswith(' and 2 more')
    assert '1.png annotation 10' in text and '2.png annotation 11' in text and 'annotation 20' not in text


@pytest.mark.parametrize('bbox, centroid, box', [
    ([40, 40, 0.5, 30], [40.2, 55], [15.2, 30, 65.2, 80]),  # thinner than a pixel
    ([40, 40, 0, 0], [40, 40], [15, 15, 65, 65]),  # a point
    ([99.5, 10, 50, 50], [99.9, 40], [74.9, 15, 100, 65]),  # a sliver is left of it in the image
    ([None] * 4, [40, 40], [15, 15, 65, 65]),
])
def test_where_the_box_is_bad_50_px_around_the_centroid_are_it(make, logged, bbox, centroid, box):
    bad = dict(annotation(8, 2, [20, 20, 5, 5]), bbox=bbox, centroid=centroid)
    *_, instance = make(annotations=[*ANNOTATIONS, bad]).get_data_info(1)['instances']
    assert instance['bbox'] == pytest.approx(box) and instance['centroid'] == centroid
    assert len(logged) == 1 and 'used what is sound of 1 annotations: 2.png annotation 8' in logged[0]


def test_a_bad_mask_costs_only_the_mask(make, logged):
    bad = annotation(8, 2, [20, 20, 30, 30], segmentation=dict(size=[80, 100], counts=[0, 0]))
    flat = annotation(9, 2, [20, 20, 30, 30], segmentation=[20, 20, 50, 20, 50, 50])
    instances = make(annotations=[bad, flat]).get_data_info(1)['instances']
    assert [instance.get('mask') for instance in instances] == [None, [[20, 20, 50, 20, 50, 50]]]
    assert 'run-length mask does not fill' in logged[0]


def test_annotations_of_nothing_listed_are_named(make, logged):
    dataset = make(annotations=[*ANNOTATIONS, annotation(8, 99, [20, 20, 30, 30]), annotation(9, 1, [20, 20, 30, 30], 99)])
    assert 'left out 1 annotations of an image that the file does not list: annotation 8' in logged[0]
    # What it is cannot be told, so its frame cannot be background.
    assert 'left out 1 frames' in logged[1] and 'there is no category 99' in logged[1] and sorted(table(dataset)) == [2, 4]


def test_a_dataset_whose_objects_all_vanish_is_an_error(make):
    with pytest.raises(ValueError, match='none of its 5 annotations'):
        make(annotations=[dict(each, image_id=f'frame {each["image_id"]}') for each in ANNOTATIONS])


def test_a_name_with_accents_finds_its_image(make, tmp_path):
    (tmp_path / '1.png').rename(tmp_path / unicodedata.normalize('NFD', 'präparat.png'))
    images = [dict(IMAGES[0], file_name=unicodedata.normalize('NFC', 'präparat.png')), *IMAGES[1:]]
    assert make(images=images)[0]['data_samples'].metainfo['scanner'] == 'A'


def test_nothing_left_out_logs_nothing(make, logged):
    make()
    assert logged == []


def test_an_unusable_entry_names_the_file(make):  # which entries are: tests/datasets/test_coco_format.py
    with pytest.raises(ValueError, match=r'frames\.json: image 2 lacks width'):
        make(images=[image(1), {key: value for key, value in image(2).items() if key != 'width'}])


def test_without_a_centroid_the_boxs_centre_is_it(make):
    plain = annotation(1, 1, [-10, 10, 50, 40])
    del plain['centroid']
    instance, = make(annotations=[plain]).get_data_info(0)['instances']
    assert instance['centroid'] == [15, 30] and instance['bbox'] == [0, 10, 40, 50]  # of the box as labelled, not as clipped


@pytest.mark.parametrize('options, kept', [
    (dict(), [1, 2, 4]),
    (dict(keep_negatives=False), [1, 2]),
    (dict(keep_negatives=False, metainfo=dict(classes=('mitotic figure', ))), [1]),
    (dict(keep_negatives=False, test_mode=True), [1, 2, 4]),  # an evaluation counts the false positives of negatives too
])
def test_negatives_are_kept_by_choice(make, options, kept):
    assert list(table(make(**options))) == kept


@pytest.mark.parametrize('content, options, message', [
    (dict(images=[image(3, labelled=False)]), {}, r'frames\.json: none of its 1 images is labelled'),
    (dict(images=[]), {}, r'frames\.json: holds no labelled image'),  # empty dataset
    (dict(annotations=[]), dict(keep_negatives=False), r'frames\.json: no image holds one of.*keep_negatives=True'),
    ({}, dict(data_prefix=dict(img='elsewhere')), r'elsewhere/1\.png: no such image, nor any other of .*frames\.json.*data_root'),
    ({}, dict(ann_file='none.json'), r'none\.json: cannot be read'),
])
def test_an_unusable_dataset_says_why(make, content, options, message):
    with pytest.raises(ValueError, match=message):
        make(**content, **options)


def test_not_json_and_not_coco_name_the_file(make, tmp_path):
    for text, message in (('frame,x,y', 'not JSON'), ('{"images": []}', '.*lacks the list.*annotations, categories'),
                          ('[1]', 'not a COCO')):
        (tmp_path / 'bad.json').write_text(text)
        with pytest.raises(ValueError, match=rf'bad\.json: {message}'):
            make(ann_file='bad.json')


def test_training_draws_another_frame_for_a_broken_one(make, tmp_path):
    dataset = make()
    (tmp_path / '1.png').write_bytes((tmp_path / '1.png').read_bytes()[:60])
    np.random.seed(0)
    drawn = {dataset[0]['data_samples'].img_id for _ in range(12)}
    assert drawn == {2, 4}


def test_an_evaluation_marks_a_broken_frame_and_goes_on(make, tmp_path):
    dataset = make(test_mode=True)
    (tmp_path / '1.png').write_bytes(b'')
    (tmp_path / '2.png').unlink()
    samples = [dataset[index] for index in range(3)]
    assert [sample['data_samples'].img_id for sample in samples] == [1, 2, 4]  # one entry a frame
    assert ['broken' in sample['data_samples'].metainfo for sample in samples] == [True, True, False]
    assert '1.png' in samples[0]['data_samples'].broken and 'empty' in samples[0]['data_samples'].broken
    assert 'no such image' in samples[1]['data_samples'].broken
    assert samples[0]['inputs'].float().min() == 255  # blank: nothing to find


@pytest.mark.parametrize('test_mode', [True, False])
def test_strict_raises_with_the_file(make, tmp_path, test_mode):
    dataset = make(strict=True, test_mode=test_mode)
    (tmp_path / '2.png').unlink()
    dataset[0]
    with pytest.raises(BrokenImageError, match=r'2\.png'):
        dataset[1]


def test_the_pipeline_gives_mmdet_its_boxes_labels_and_pixels(make, tmp_path):
    pixels = np.full((80, 100, 3), 255, np.uint8)
    pixels[40, 20] = (250, 100, 50)
    Image.fromarray(pixels).save(tmp_path / '1.png')
    packed = make()[0]
    assert packed['inputs'].shape == (3, 80, 100)
    assert packed['inputs'][:, 40, 20].tolist() == [50, 100, 250]  # BGR, as mmdet wants it
    truth = packed['data_samples'].gt_instances
    assert truth.bboxes.tensor.tolist() == [[10, 10, 60, 60], [0, 0, 40, 45], [40, 20, 70, 50]]
    assert truth.labels.tolist() == [0, 0, 1]
    negative = make()[2]['data_samples'].gt_instances
    assert negative.bboxes.tensor.shape == (0, 4) and negative.labels.shape == (0, )


@pytest.mark.parametrize('options', [{}, dict(metainfo=dict(classes=('hard negative', 'mitotic figure')))])
def test_hard_negatives_as_background(make, options):
    # The MIDOG paper's second class against none: the same images, those with a hard negative alone too, without its boxes.
    one = make(hard_negatives='background', **options)
    assert one.metainfo['classes'] == ('mitotic figure', )
    assert table(one) == {1: [(0, [10, 10, 60, 60]), (0, [0, 0, 40, 45])], 2: [], 4: []}
    assert set(table(make(**options))) == {1, 2, 4}
    with pytest.raises(ValueError, match="hard_negatives='ignore'.*'class' or 'background'"):
        make(hard_negatives='ignore')
