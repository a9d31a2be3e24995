"""TUPAC16's real label files through the whole road up to training: converted, tiled as the paper does, and loaded by its config.

The contest's images are not at hand. These are made to their sizes, blank but for a black dot on each labelled point.
"""

import shutil
from collections import Counter
from pathlib import Path

import mmengine
import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config
from PIL import Image, ImageDraw

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.preparation.convert import convert
from mitos_mmdet.preparation.tile_dataset import tile_dataset
from mitos_mmdet.preparation.tile_plan import TileSettings, plan_tiles

pytestmark = pytest.mark.usefixtures('mmdet_scope')
CONFIG = Path(__file__).parents[2] / 'configs/mitos/mask_rcnn_r101_fpn_tupac16.py'
PAPER = TileSettings(size=(512, 512), overlap=307)  # 60 %
KINDS = {'original': ('mitoses_ground_truth', ), 'alternative': ('alternative_labels/mitoses_ground_truth',
                                                                'alternative_labels/nonmitoses_ground_truth')}
# Images of the paper's three splits, from both scanners. 26/01 has no label file of the original kind: a negative.
IMAGES = {'train': ('01/02', '01/05', '49/01'), 'val': ('04/01', '26/01'), 'test': ('27/01', )}
SIDE = {'01': 2000, '04': 2000, '49': 5657, '26': 5657, '27': 5657}
DOT = 2  # px


def points(root, folder, name):
    """Labelled points ``(N, 2)`` xy of an image; the files say row, column."""
    path = root / folder / f'{name}.csv'
    rows = [line.split(',') for line in path.read_text().split()] if path.is_file() else []
    return np.array([[float(column), float(row)] for row, column in rows]).reshape(-1, 2)


def tiles_that_hold(xy, side):
    """How many of the paper's tiles hold each point, by the plain rule: every 205 px, the last one moved back to the border."""
    starts = np.array([*range(0, side - 512, 205), side - 512])
    return ((starts <= xy[..., None]) & (xy[..., None] < starts + 512)).sum(axis=2).prod(axis=1)


@pytest.fixture(scope='module', params=KINDS)
def road(request, tmp_path_factory, shared_data):
    """``(data, kind)``: ``data/tupac16``, ``icpr2012`` and ``atypia14`` as docs/mask_rcnn.md lays them out."""
    kind, data, real = request.param, tmp_path_factory.mktemp('data'), shared_data / 'tupac16'
    for name in (name for names in IMAGES.values() for name in names):
        image = Image.new('RGB', (SIDE[name[:2]], ) * 2, 'white')
        for folder in KINDS[kind]:
            for x, y in points(real, folder, name):
                ImageDraw.Draw(image).rectangle((x - DOT, y - DOT, x + DOT, y + DOT), fill='black')
            label = data / 'tupac16' / folder / f'{name}.csv'
            label.parent.mkdir(parents=True, exist_ok=True)
            if (real / folder / f'{name}.csv').is_file():
                shutil.copy(real / folder / f'{name}.csv', label)
        path = data / 'tupac16' / 'mitoses_image_data_part_1' / f'{name}.tif'
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, compression='tiff_deflate')
    conversion = convert('tupac16', data / 'tupac16', split='mask-rcnn', labels=kind)
    assert not conversion.skipped
    for split, content in conversion.contents.items():
        write_json(content, data / 'tupac16' / f'annotations_{split}.json')
    tile_dataset(data / 'tupac16/annotations_train.json', data / 'tupac16', data / 'tupac16/tiles_512_train', PAPER, workers=1)

    add_others(data, shared_data)
    return data, kind


def add_others(data, shared_data):
    """A frame each of the two contests that the paper adds to training."""
    for name in ('A00_01.jpg', 'A00_01.csv'):
        (data / 'icpr2012').mkdir(exist_ok=True)
        shutil.copy(shared_data / 'icpr2012' / name, data / 'icpr2012')
    for name in ('frames/x40/H03_00Ad.jpg', 'mitosis/H03_00Ad_mitosis.csv', 'mitosis/H03_00Ad_not_mitosis.csv'):
        (data / 'atypia14/H03' / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shared_data / 'mitos_atypia14/H03' / name, data / 'atypia14/H03' / name)
    for contest, folder, tiles in (('icpr2012', 'icpr2012', 'contest_train'), ('mitos-atypia-14', 'atypia14', 'all')):
        content, = convert(contest, data / folder).contents.values()
        write_json(content, data / folder / 'annotations.json')
        tile_dataset(data / folder / 'annotations.json', data / folder, data / folder / f'tiles_512_{tiles}', PAPER, workers=1)


def polygon_area(flat):
    x, y = np.reshape(flat, (-1, 2)).T
    return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2


def annotations(data, path):
    content = mmengine.load(data / path)
    per_image = {image['id']: (image, []) for image in content['images']}
    for annotation in content['annotations']:
        per_image[annotation['image_id']][1].append(annotation)
    return list(per_image.values())


def test_splits_sizes_and_counts_are_the_label_files(road, shared_data):
    data, kind = road
    for split, names in IMAGES.items():
        frames = annotations(data, f'tupac16/annotations_{split}.json')
        assert [image['file_name'] for image, _ in frames] == [f'mitoses_image_data_part_1/{name}.tif' for name in names]
        for (image, labels), name in zip(frames, names, strict=True):
            assert (image['width'], image['height'], image['um_per_px']) == (SIDE[name[:2]], SIDE[name[:2]], [0.25, 0.25])
            assert image['case_id'] == f'tupac16-{name[:2]}' and image['labelled']
            for category, folder in enumerate(KINDS[kind], start=1):
                found = [label['centroid'] for label in labels if label['category_id'] == category]
                assert sorted(found) == sorted(points(shared_data / 'tupac16', folder, name).tolist())


def test_tiles_are_the_papers(road, shared_data):
    data, kind = road
    tiles = annotations(data, 'tupac16/tiles_512_train/tiles.json')
    held = Counter((image['frame'], tuple(np.add(label['centroid'], image['offset'])))
                   for image, labels in tiles for label in labels)
    for name in IMAGES['train']:
        xy = np.concatenate([points(shared_data / 'tupac16', folder, name) for folder in KINDS[kind]])
        for point, count in zip(xy.tolist(), tiles_that_hold(xy, SIDE[name[:2]]).tolist(), strict=True):
            assert held.pop((f'mitoses_image_data_part_1/{name}.tif', tuple(point))) == count
    assert not held and all(labels for _, labels in tiles)
    for image, labels in tiles[::10]:
        pixels = np.asarray(Image.open(data / 'tupac16/tiles_512_train/images' / image['file_name']))
        assert pixels.shape == (512, 512, 3)
        assert all((pixels[int(y), int(x)] == 0).all() for x, y in (label['centroid'] for label in labels))


def test_the_published_config_trains_on_them(road):
    data, _ = road
    cfg = Config.fromfile(CONFIG)
    for dataset in cfg.train_dataloader.dataset.datasets:
        dataset.data_root = str(data)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    folders = 'tupac16/tiles_512_train', 'icpr2012/tiles_512_contest_train', 'atypia14/tiles_512_all'
    assert dataset.cumulative_sizes == np.cumsum([len(annotations(data, f'{folder}/tiles.json')) for folder in folders]).tolist()
    tiles = annotations(data, f'{folders[0]}/tiles.json')
    seen = 0
    for index in range(0, len(tiles), 7):
        item, (_, labels) = dataset[index], tiles[index]
        truth = item['data_samples'].gt_instances
        assert item['inputs'].shape == (3, 512, 512)
        # Hard negatives are background: mitoses alone have a mask.
        assert len(truth.masks) == len(truth.bboxes) == sum(label['category_id'] == 1 for label in labels)
        for (x1, y1, x2, y2), mask in zip(truth.bboxes.tensor.tolist(), truth.masks.to_ndarray(), strict=True):
            if x1 > 0 and y1 > 0 and x2 < 512 and y2 < 512:
                x, y = int((x1 + x2) / 2), int((y1 + y2) / 2)
                assert mask[y, x] and (item['inputs'][:, y, x] < 60).all()  # the dot, wherever the flip took it
                seen += 1
    assert seen > 3
    for index in dataset.cumulative_sizes[:2]:
        assert dataset[index]['inputs'].shape == (3, 512, 512)
    # ICPR 2012 comes with the pathologists' outlines: their polygons, in the tile's px, are the masks.
    outlines = dataset.datasets[1]
    for index, (_, labels) in enumerate(annotations(data, f'{folders[1]}/tiles.json')[:3]):
        truth = outlines[index]['data_samples'].gt_instances
        areas = [polygon_area(label['segmentation'][0]) for label in labels]
        assert len(areas) and np.allclose(truth.masks.areas, areas, rtol=0.05)


@pytest.mark.parametrize('kind, frames, mitoses, tiles', [
    # All label files there are, without images: frames with a label file, mitoses, and tiles that hold a label, as the paper cuts them.
    ('original', dict(train=395, val=176, test=16), dict(train=914, val=545, test=92), dict(train=4505, val=2557, test=514)),
    pytest.param('alternative', dict(train=453, val=186, test=17), dict(train=1065, val=803, test=131),
                 dict(train=22473, val=11190, test=4643), marks=pytest.mark.slow),
])
def test_all_real_labels(shared_data, kind, frames, mitoses, tiles):
    conversion = convert('tupac16', shared_data / 'tupac16', split='mask-rcnn', labels=kind, allow_missing=True)
    for split, content in conversion.contents.items():
        assert len(content['images']) == frames[split]
        assert sum(annotation['category_id'] == 1 for annotation in content['annotations']) == mitoses[split]
        planned, skipped = plan_tiles(content, PAPER)
        assert not skipped and sum(len(frame.tiles) for frame in planned) == tiles[split]
