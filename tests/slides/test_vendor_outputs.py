"""What is written of slides that were scanned in parts: coordinates for QuPath, regions from it, tissue and overview."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image

from mitos_mmdet.slides.open_slide import open_slide
from mitos_mmdet.slides.run_slide import run_slide
from mitos_mmdet.slides.settings import SlideSettings
from mitos_mmdet.slides.tissue import tissue_mask

pytest.importorskip('openslide')
sys.path.insert(0, str(Path(__file__).parent))
from disc_model import disc_model  # noqa: E402
from vendor_scenes import SCENES  # noqa: E402


def near(found, expected):
    """Whether both are the same points, in any order, within one px."""
    distances = np.linalg.norm(np.array(found)[:, None] - np.array(expected)[None], axis=2)
    return len(found) == len(expected) and set(distances.argmin(axis=1)) == set(range(len(expected))) and distances.min(axis=1).max() < 1


def points(path, kind='Point'):
    return [each['geometry']['coordinates'] for each in json.loads(path.read_text())['features'] if each['geometry']['type'] == kind]


@pytest.mark.parametrize('name', ['scn', 'mrxs', 'mrxs-overlap', 'bif'])
@pytest.mark.parametrize('offset', [True, False])
def test_coordinates_count_from_the_bounds_in_geojson_alone(tmp_path, name, offset):
    scene, out = SCENES[name], tmp_path / 'out'
    summary = run_slide(scene.make(tmp_path), disc_model(tile_size=128), out,
                        SlideSettings(qupath_offset=offset, outputs=('csv', 'geojson', 'grand-challenge')))
    corner = list(scene.bounds[:2]) if offset and scene.bounds else [0, 0]  # a BIF file states no bounds, and QuPath shows all of it
    assert summary['geojson_offset_px'] == corner and summary['mitotic_figures'] == len(scene.discs)
    assert near(points(out / 'detections.geojson'), np.array(scene.discs) - corner)
    with open(out / 'detections.csv', newline='') as file:
        assert near([[float(row['x_px']), float(row['y_px'])] for row in csv.DictReader(file)], scene.discs)
    millimetres = [point['point'][:2] for point in json.loads((out / 'mitotic-figures.json').read_text())['points']]
    assert near(np.array(millimetres) * 1000 / scene.um_per_px, scene.discs)


@pytest.mark.parametrize('name', ['scn', 'mrxs'])
@pytest.mark.parametrize('offset', [True, False])
def test_a_region_drawn_in_qupath_lies_where_it_was_drawn(tmp_path, name, offset):
    scene, out = SCENES[name], tmp_path / 'out'
    x, y = np.array(scene.discs[1]) - (scene.bounds[:2] if offset else (0, 0))
    (tmp_path / 'roi.geojson').write_text(json.dumps(shapely.geometry.mapping(shapely.box(x - 25, y - 25, x + 25, y + 25))))
    settings = SlideSettings(roi=str(tmp_path / 'roi.geojson'), qupath_offset=offset, outputs=('geojson', ))
    run_slide(scene.make(tmp_path), disc_model(tile_size=128), out, settings)
    assert near(points(out / 'detections.geojson'), [(x, y)])


def test_tissue_and_overview_of_a_slide_scanned_in_parts(tmp_path):
    scene, out = SCENES['scn'], tmp_path / 'out'
    path = scene.make(tmp_path)
    with open_slide(path) as slide:
        tissue = tissue_mask(slide)
    for x, y, width, height in scene.scanned:
        assert tissue.covers((x, y, x + width, y + height)) > 0.95
    for x, y in ((20, 20), (20, 460), (620, 20), (600, 450), (200, 400), (500, 100)):  # far enough that no gap is closed there
        assert tissue.covers((x - 5, y - 5, x + 5, y + 5)) == 0
    area = sum(width * height for _, _, width, height in scene.scanned) * 0.25**2 / 1e6
    assert tissue.area_mm2 == pytest.approx(area, rel=0.1)

    summary = run_slide(path, disc_model(tile_size=128), out, SlideSettings())
    assert set(summary['files']) >= {'overview', 'page'} and summary['bounds_px'] == list(scene.bounds)
    overview = np.asarray(Image.open(out / 'overview.png').convert('RGB')).astype(int)
    # What was scanned and its bounds alone, twice as large, above a legend.
    width, height = scene.bounds[2:]
    assert overview.shape == (2 * height + 84, 2 * width, 3)
    pink = np.abs(overview[:2 * height] - (225, 150, 190)).max(axis=2) < 12
    left, top = scene.bounds[:2]
    expected = scene.mask[top:top + height, left:left + width].repeat(2, axis=0).repeat(2, axis=1)
    assert pink[~expected].mean() < 0.01 and pink[expected].mean() > 0.8
