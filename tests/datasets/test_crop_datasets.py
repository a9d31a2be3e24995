import json

import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.registry import init_default_scope
from PIL import Image

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.cli.measure_stains import main
from mitos_mmdet.datasets.coco_format import CLASSES, categories
from mitos_mmdet.datasets.crops import affine_to_crop, cut, to_crop

DOT = 9  # side of a dark dot around each centroid


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmdet')
    np.random.seed(0)


def write_images(folder, sizes, points, um_per_px):
    """Pink images with a dark dot at each of ``points`` ``(x, y, category)``, and their annotation file with stains."""
    images, annotations = [], []
    rng = np.random.default_rng(0)
    for number, (width, height) in enumerate(sizes, start=1):
        pixels = rng.integers(0, 2, (height, width, 1)) * np.array([30, 60, 10]) + np.array([190, 120, 190])
        for x, y, _ in points:
            pixels[y - DOT // 2:y + DOT // 2 + 1, x - DOT // 2:x + DOT // 2 + 1] = (60, 20, 110)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f'{number}.png')
        images.append(dict(id=number, file_name=f'{number}.png', width=width, height=height, um_per_px=[um_per_px] * 2, scanner='A',
                           case_id='case', domain='breast', labelled=True))
        annotations += [dict(id=len(annotations) + index, image_id=number, category_id=category, bbox=[x - 25, y - 25, 50, 50], area=2500,
                             iscrowd=0, centroid=[x, y]) for index, (x, y, category) in enumerate(points, start=1)]
    (folder / 'frames.json').write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories())))
    main([f'{folder}/frames.json', str(folder), '--by', 'case', '--out', f'{folder}/stains.json'])
    return folder


@pytest.fixture
def frames(tmp_path):
    return write_images(tmp_path, [(400, 300), (300, 400)], [(100, 120, 1), (220, 200, 2)], 0.25)


def build(kind, folder, **settings):
    """A dataset whose items are the ``results`` themselves."""
    return DATASETS.build(dict(type=kind, ann_file=f'{folder}/stains.json', data_prefix=dict(img=str(folder)), length=10, crop_size=128,
                               metainfo=dict(classes=CLASSES), **settings))


def dots(results):
    """Share of dark pixels in the middle of each box that the border does not cut."""
    for box in results['gt_bboxes'].tensor.numpy():
        if not (box.min() > 0 and box.max() < 128):
            continue
        x, y = np.round((box[:2] + box[2:]) / 2).astype(int)
        yield (results['img'][max(y - 1, 0):y + 2, max(x - 1, 0):x + 2].mean(axis=2) < 110).mean()


@pytest.mark.parametrize('angle, flip', [(0, False), (0, True), (90, True), (180, False), (37, False), (200, True)])
def test_a_point_lands_where_its_pixels_land(angle, flip):
    image = np.zeros((101, 81, 3), np.uint8)
    image[40:45, 30:35] = 255
    matrix = affine_to_crop((40, 50), 64, angle, 1.1, flip)
    y, x = np.nonzero(cut(image, matrix, 64)[..., 0] > 127)
    # Pixels 30 to 34 cover 30 to 35. A label that counted from pixels' middles was a px off in a mirrored crop.
    np.testing.assert_allclose([x.mean() + 0.5, y.mean() + 0.5], to_crop([[32.5, 42.5]], matrix)[0], atol=0.2)


def test_crops_carry_their_labels(frames):
    dataset = build('CropDataset', frames, shares=(1, 0, 0), jitter=0.2)
    assert len(dataset) == 10
    found = [dataset[0] for _ in range(30)]
    assert all(results['img'].shape == (128, 128, 3) and len(results['gt_bboxes']) for results in found)
    shares = [share for results in found for share in dots(results)]
    assert len(shares) >= 20 and np.mean(shares) > 0.9
    assert {0} <= {int(label) for results in found for label in results['gt_bboxes_labels']}
    assert all(results['stain']['method'] == 'macenko' for results in found)


def test_background_classes_place_crops_without_boxes(frames):
    dataset = build('CropDataset', frames, shares=(0, 1, 0), jitter=0.1, background=('hard negative', ))
    found = [dataset[0] for _ in range(20)]
    assert all((results['gt_bboxes_labels'] == 0).all() for results in found)
    assert np.mean([(results['img'][44:84, 44:84].mean(axis=2) < 110).any() for results in found]) > 0.9  # the hard negative is there


@pytest.mark.parametrize('kind', ['CropDataset', 'PatchMosaicDataset'])
def test_background_is_no_class_of_the_data(kind, tmp_path):
    folder = write_images(tmp_path, [(128, 128)] * 2, [(32, 32, 1), (90, 90, 2)], 0.25)
    dataset = build(kind, folder, background=('hard negative', ))
    assert dataset.metainfo['classes'] == CLASSES[:1]  # mmengine keeps them in checkpoints
    assert {int(label) for index in range(20) for label in dataset[index]['gt_bboxes_labels']} == {0}
    with pytest.raises(ValueError, match="the background's come last"):
        build(kind, folder, background=CLASSES[:1])


@pytest.mark.parametrize('kind', ['CropDataset', 'PatchMosaicDataset'])
def test_crowds_are_ignored_and_place_no_crop(kind, tmp_path):
    folder = write_images(tmp_path, [(128, 128)], [(32, 32, 1), (90, 90, 1)], 0.25)
    content = json.loads((folder / 'stains.json').read_text())
    content['annotations'][1]['iscrowd'] = 1
    (folder / 'stains.json').write_text(json.dumps(content))
    dataset = build(kind, folder)
    assert [point.tolist() for _, point in dataset._places['mitotic figure']] == [[32, 32]]
    found = np.concatenate([dataset[index]['gt_ignore_flags'] for index in range(20)])
    assert found.any() and not found.all()


def test_mosaics_place_figures_anywhere(tmp_path):
    dataset = build('PatchMosaicDataset', write_images(tmp_path, [(64, 64)] * 3, [(32, 32, 1)], 0.25), um_per_px=0.25, scales=(1, 1.001))
    found = [dataset[index] for index in range(30)]
    centers = np.concatenate([(r['gt_bboxes'].tensor.numpy()[:, :2] + r['gt_bboxes'].tensor.numpy()[:, 2:]) / 2 for r in found])
    assert len(centers) > 60 and centers.std(axis=0).min() > 20
    assert np.mean([share for results in found for share in dots(results)]) > 0.7
    assert all(results['um_per_px'] == pytest.approx([0.25] * 2, rel=0.01) for results in found)


def test_a_scaled_crop_has_its_own_pixel_size(frames):
    """By it ``PasteMitoticFigures`` scales what it pastes."""
    dataset = build('CropDataset', frames, shares=(1, 0, 0), scales=(1.25, 1.25), jitter=0.1)
    sizes = set()
    for results in (dataset[0] for _ in range(20)):
        um_per_px = results['um_per_px'][0]
        sizes.add(round(um_per_px, 6))
        boxes = results['gt_bboxes'].tensor.numpy()
        sides = (boxes[:, 2:] - boxes[:, :2])[(boxes.min(axis=1) > 0) & (boxes.max(axis=1) < 128)]
        np.testing.assert_allclose(sides * um_per_px, 50 * 0.25, rtol=1e-4)
    assert sizes == {0.25, 0.2}


@pytest.mark.parametrize('key', ['um_per_px', 'case_id'])
def test_mosaics_need_pixel_sizes_and_cases(tmp_path, key):
    folder = write_images(tmp_path, [(64, 64)] * 2, [(32, 32, 1)], 0.25)
    content = json.loads((folder / 'stains.json').read_text())
    del content['images'][1][key]
    (folder / 'stains.json').write_text(json.dumps(content))
    with pytest.raises(ValueError, match=rf'2\.png: has no {key}'):
        build('PatchMosaicDataset', folder)


def test_black_patches_alone_make_no_mosaics(tmp_path):
    folder = write_images(tmp_path, [(64, 64)], [(32, 32, 1)], 0.25)
    Image.new('RGB', (64, 64)).save(folder / '1.png')
    with pytest.raises(ValueError, match='all its 1 patches are padded with black'):
        build('PatchMosaicDataset', folder)


def test_patches_without_mitotic_figures_are_refused(tmp_path):
    from mmdet.registry import TRANSFORMS
    folder = write_images(tmp_path, [(300, 300)], [(32, 32, 2)], 0.25)
    with pytest.raises(ValueError, match='none of its patches has both'):
        TRANSFORMS.build(dict(type='PasteMitoticFigures', ann_file=f'{folder}/stains.json', data_root=str(folder)))


def test_an_unreadable_frame_is_left_out_with_its_labels(frames):
    (frames / '1.png').write_bytes(b'not a picture')
    dataset = build('CropDataset', frames, shares=(1, 0, 0), jitter=0.2)
    assert {dataset[0]['img_id'] for _ in range(10)} == {2}
    with pytest.raises(ValueError, match=r'1\.png'):
        build('CropDataset', frames, strict=True)
    (frames / '2.png').write_bytes(b'not a picture')
    with pytest.raises(ValueError, match='none of its 2 images can be read'):
        build('CropDataset', frames)


@pytest.mark.parametrize('wrong', [(0, 0, 0), (1, -1, 1), (1, 1)])
def test_shares_that_cannot_be(frames, wrong):
    with pytest.raises(ValueError, match='shares='):
        build('CropDataset', frames, shares=wrong)


def test_figures_are_pasted_onto_tissue_with_their_boxes(frames):
    from mmdet.registry import TRANSFORMS
    dataset = build('CropDataset', frames, shares=(0, 0, 1), background=CLASSES)
    paste = TRANSFORMS.build(dict(type='PasteMitoticFigures', ann_file=f'{frames}/stains.json', data_root=str(frames), prob=1.0, most=2))
    before = dataset[0]
    image = before['img'].copy()
    after = paste(before)
    assert 1 <= len(after['gt_bboxes']) <= 2 and list(after['gt_bboxes_labels']) == [0] * len(after['gt_bboxes'])
    changed = np.abs(after['img'].astype(int) - image).max(axis=2) > 3
    inside = np.zeros_like(changed)
    for x1, y1, x2, y2 in after['gt_bboxes'].tensor.numpy().round().astype(int):
        inside[max(y1 - 8, 0):y2 + 8, max(x1 - 8, 0):x2 + 8] = True  # the mask's soft edge
    assert changed.any() and not (changed & ~inside).any()
    assert all(share > 0.9 for share in dots(after))


def test_figures_are_pasted_beside_the_border_of_coarse_crops_too(frames, monkeypatch):
    from mmdet.registry import TRANSFORMS
    paste = TRANSFORMS.build(dict(type='PasteMitoticFigures', ann_file=f'{frames}/stains.json', data_root=str(frames), box_size_um=8.0))
    monkeypatch.setattr(np.random, 'uniform', lambda low, high: np.full_like(high, low))  # the place nearest to the corner
    assert paste._place(np.full((64, 64, 3), 150, np.uint8), [], np.array([64, 64]), half=4, distance=5).tolist() == [5.5, 5.5]


def test_stain_transfer_and_scanner_keep_labels_and_change_pixels(frames):
    from mmdet.registry import TRANSFORMS
    for step in (dict(type='RandomStainTransfer', bank=f'{frames}/stains.json', prob=1.0),
                 dict(type='RandomScanner', blur=(1, 1.0), light=(1, 0.1), noise=(1, 5.0), jpeg=(1, 60))):
        results = build('CropDataset', frames)[0]
        image, boxes = results['img'].copy(), results['gt_bboxes'].tensor.clone()
        results = TRANSFORMS.build(step)(results)
        assert results['img'].dtype == np.uint8 and results['img'].shape == image.shape
        assert not np.array_equal(results['img'], image) and bool((results['gt_bboxes'].tensor == boxes).all())


def test_the_scanners_noise_follows_the_seed():
    from mmdet.registry import TRANSFORMS
    scanner = TRANSFORMS.build(dict(type='RandomScanner', blur=(0, 1.0), light=(0, 0.1), noise=(1, 5.0), jpeg=(0, 60)))

    def draw(seed):
        np.random.seed(seed)
        return scanner(dict(img=np.full((32, 32, 3), 128, np.uint8)))['img']
    assert np.array_equal(draw(1), draw(1)) and not np.array_equal(draw(1), draw(2))


def test_a_crop_is_never_measured_by_itself(frames):
    """Each would get another colour, in silence."""
    from mmdet.registry import TRANSFORMS
    results = build('CropDataset', frames)[0]
    with pytest.raises(ValueError, match='is a tile or crop, and the vahadane stain of its frame'):
        TRANSFORMS.build(dict(type='NormalizeStain', method='vahadane'))(dict(results))
    assert TRANSFORMS.build(dict(type='NormalizeStain'))(results)['stain']['method'] == 'macenko'


def test_a_bank_without_stains_is_refused(frames):
    from mmdet.registry import TRANSFORMS
    with pytest.raises(ValueError, match='none of its images carries a stain'):
        TRANSFORMS.build(dict(type='RandomStainTransfer', bank=f'{frames}/frames.json'))
