"""The built-in sample: right labels on right pixels, the same bytes every time, nobody's files overwritten."""

import csv
import json
from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest
from scipy import ndimage

from mitos_mmdet.core.images import read_header, read_rgb
from mitos_mmdet.sample import LOOK_ALIKES, MITOSES, SCANNERS, Figure, make_sample, plan_frame, render_frame
from mitos_mmdet.sample import sample as sample_module
from mitos_mmdet.sample.canvas import Canvas
from mitos_mmdet.sample.figures import paint_figure

FRAMES, SIZE = 9, (320, 256)


@pytest.fixture(scope='module')
def sample(tmp_path_factory):
    out = tmp_path_factory.mktemp('sample') / 'out'
    make_sample(out, FRAMES, SIZE, seed=3, progress=False)
    return out


@pytest.fixture(scope='module')
def content(sample):
    return json.loads((sample / 'MIDOG++.json').read_text())


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


def density(picture):
    return -np.log((picture.astype(float) + 1) / 256).mean(axis=2)


def test_layout_is_the_contests(sample, content):
    names = {'MIDOG++.json', 'datasets_xvalidation.csv', *(f'images/{number:03d}.tiff' for number in range(1, FRAMES + 1))}
    assert set(files(sample)) == names
    assert list(content) == ['info', 'licenses', 'images', 'categories', 'annotations']
    assert content['categories'] == [dict(id=1, name='mitotic figure'), dict(id=2, name='not mitotic figure')]
    assert [image['id'] for image in content['images']] == list(range(1, FRAMES + 1))
    assert {'file_name', 'id', 'width', 'height', 'tumor_type', 'license'} == set(content['images'][0])
    for label in content['annotations']:
        x1, y1, x2, y2 = label['bbox']
        assert (x2 - x1, y2 - y1) == (50, 50)
        assert max(label['labels'], key=label['labels'].count) == label['category_id']


def test_every_scanner_is_in_train_and_test(sample):
    with open(sample / 'datasets_xvalidation.csv', newline='') as file:
        rows = list(csv.DictReader(file, delimiter=';'))
    assert list(rows[0]) == ['Slide', 'Dataset', 'Tumor', 'Scanner', 'Origin', 'Species']
    splits = defaultdict(set)
    for row in rows:
        splits[row['Scanner']].add(row['Dataset'])
    assert dict(splits) == {scanner.name: {'train', 'test'} for scanner in SCANNERS}


@pytest.mark.parametrize(('frames', 'train', 'test'), [(24, 16, 8), (16, 12, 4), (8, 4, 4), (3, 2, 1), (2, 1, 1)])
def test_split_sizes(frames, train, test):
    splits = [plan_frame(index, frames, *SIZE, seed=0).split for index in range(frames)]
    assert (splits.count('train'), splits.count('test')) == (train, test)


def test_pixel_size_is_in_the_tiffs(sample):
    for index in range(FRAMES):
        plan = plan_frame(index, FRAMES, *SIZE, seed=3)
        width, height, um_per_px = read_header(sample / 'images' / f'{index + 1:03d}.tiff')
        assert (width, height) == SIZE
        assert um_per_px == pytest.approx((plan.scanner.um_per_px,) * 2, rel=1e-5)


def test_labels_sit_on_dark_figures(sample, content):
    higher = []
    for image in content['images']:
        dark = density(read_rgb(sample / 'images' / image['file_name']))
        blurred = ndimage.uniform_filter(dark, 9)
        for label in content['annotations']:
            x, y = np.array(label['bbox'][:2]) + 25
            if label['image_id'] == image['id']:
                # Two-part figures are dark beside their centre: the darkest place within 7 um counts.
                near = blurred[max(0, y - 28):y + 28, max(0, x - 28):x + 28]
                higher.append(near.max() - np.median(dark[max(0, y - 60):y + 60, max(0, x - 60):x + 60]))
    assert len(higher) >= FRAMES
    assert np.mean(np.array(higher) > 0.3) > 0.95


def test_labels_keep_their_distance(content):
    places = defaultdict(list)
    for label in content['annotations']:
        places[label['image_id']].append(np.array(label['bbox'][:2]))
    distances = [np.hypot(*(a - b)) for points in places.values() for a, b in combinations(points, 2)]
    assert min(distances) > 27


def test_frames_without_mitosis_and_figures_at_the_border():
    plans = [plan_frame(index, 24, 1024, 768, seed=0) for index in range(24)]
    mitoses = [sum(figure.is_mitosis for figure in plan.figures) for plan in plans]
    assert mitoses.count(0) == 3
    assert {plan.split for plan, count in zip(plans, mitoses, strict=True) if count == 0} == {'train', 'test'}
    assert 8 <= np.mean([count for count in mitoses if count]) <= 12
    assert 5 <= np.mean([len(plan.figures) for plan in plans]) - np.mean(mitoses) <= 10
    assert {figure.kind for plan in plans for figure in plan.figures} == {*MITOSES, *LOOK_ALIKES}
    boxes = [(f.x_um / plan.scanner.um_per_px - 25, f.y_um / plan.scanner.um_per_px - 25) for plan in plans for f in plan.figures]
    assert any(x < 0 or y < 0 for x, y in boxes)


def painted(kind, um_per_px=0.25, seed=0, size=160):
    """Haematoxylin of one figure alone on thin cytoplasm, and the figure's place in px."""
    haematoxylin, eosin = np.full((size, size), 0.1, np.float32), np.full((size, size), 0.5, np.float32)
    centre = size / 2 * um_per_px
    canvas = Canvas(haematoxylin, eosin, um_per_px, np.random.default_rng(seed))
    paint_figure(canvas, Figure(kind, centre, centre, 0.6))
    return haematoxylin, size / 2


@pytest.mark.parametrize('kind', MITOSES + LOOK_ALIKES)
def test_label_is_the_centre_of_the_chromatin(kind):
    for seed in range(8):
        stain, centre = painted(kind, seed=seed)
        parts, count = ndimage.label(ndimage.binary_opening(stain > 1.2, iterations=2))
        if kind == 'telophase':  # midway between the parts, whichever is the larger
            y, x = np.mean(ndimage.center_of_mass(stain, parts, range(1, count + 1)), axis=0)
        else:
            y, x = ndimage.center_of_mass(stain > 1.2)
        assert np.hypot(x + 0.5 - centre, y + 0.5 - centre) * 0.25 < 1.0


def test_telophase_is_two_parts_and_one_label():
    for seed in range(8):
        stain, centre = painted('telophase', seed=seed)
        parts, count = ndimage.label(ndimage.binary_opening(stain > 1.2, iterations=2))
        assert count == 2
        assert parts[int(centre), int(centre)] == 0  # the label lies between them
    plan = plan_frame(0, 2, *SIZE, seed=0)
    labels = sample_module.annotations([plan], 0, {})['annotations']
    assert len(labels) == len(plan.figures)


@pytest.mark.parametrize(('kind', 'least', 'most'), [('metaphase', 6, 12), ('prophase', 6, 12), ('anaphase', 6, 13),
                                                      ('telophase', 9, 16), ('pyknotic', 3, 9), ('apoptotic', 2, 10)])
def test_sizes_in_um(kind, least, most):
    for seed in range(8):
        rows, columns = np.nonzero(ndimage.binary_opening(painted(kind, seed=seed)[0] > 1.2))
        spread = np.stack([columns, rows], axis=1) * 0.25
        along = [np.ptp(spread @ (np.cos(angle), np.sin(angle))) for angle in np.linspace(0, np.pi, 12)]
        assert least <= max(along) <= most


def test_a_figure_covers_more_pixels_where_pixels_are_smaller():
    areas = [np.mean([(painted('metaphase', um_per_px, seed, size)[0] > 1.2).sum() for seed in range(12)])
             for um_per_px, size in ((0.25, 160), (0.125, 320))]
    assert areas[1] / areas[0] == pytest.approx(4, rel=0.3)


def test_stain_follows_beer_lambert():
    """In optical density the tissue of a frame spans the plane of its scanner's two stains, as Macenko expects."""
    for index in (0, 23):
        plan = plan_frame(index, 24, *SIZE, seed=1)
        picture = render_frame(plan, 1).reshape(-1, 3).astype(float)
        optical = -np.log((picture + 1) / 256) + np.log(plan.scanner.white)
        optical = optical[(optical > 0.15).all(axis=1)]
        normal = np.linalg.eigh(np.cov(optical.T))[1][:, 0]
        stains = np.array([plan.scanner.haematoxylin, plan.scanner.eosin])
        assert np.abs(stains @ normal).max() < 0.15 * np.linalg.norm(stains, axis=1).min()


def test_same_seed_same_bytes(sample, tmp_path):
    make_sample(tmp_path, FRAMES, SIZE, seed=3, workers=1, progress=False)
    assert files(tmp_path) == files(sample)
    first = render_frame(plan_frame(0, 2, 128, 128, seed=0), 0)
    assert not np.array_equal(first, render_frame(plan_frame(0, 2, 128, 128, seed=1), 1))


def test_a_killed_run_is_finished(sample, tmp_path, monkeypatch):
    written = []

    def dies(plan, seed, path):
        if len(written) == 4:
            path.with_name(f'.{path.name}.part').write_bytes(b'half a frame')
            raise KeyboardInterrupt
        written.append(path)
        write_frame(plan, seed, path)

    write_frame = sample_module.write_frame
    monkeypatch.setattr(sample_module, 'write_frame', dies)
    with pytest.raises(KeyboardInterrupt):
        make_sample(tmp_path, FRAMES, SIZE, seed=3, workers=1, progress=False)
    assert len(list((tmp_path / 'images').glob('*.tiff'))) == 4
    monkeypatch.setattr(sample_module, 'write_frame', write_frame)
    before = {path: path.stat().st_mtime_ns for path in written}
    make_sample(tmp_path, FRAMES, SIZE, seed=3, progress=False)
    assert files(tmp_path) == files(sample)
    assert before == {path: path.stat().st_mtime_ns for path in written}  # what was there is not drawn again


def test_another_sample_only_by_force(tmp_path):
    make_sample(tmp_path, 3, (128, 128), progress=False)
    with pytest.raises(ValueError, match='another sample .*frames 3'):
        make_sample(tmp_path, 2, (128, 128), progress=False)
    make_sample(tmp_path, 2, (128, 128), force=True, progress=False)
    assert sorted(path.name for path in (tmp_path / 'images').iterdir()) == ['001.tiff', '002.tiff']


def test_other_files_stay(tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    with pytest.raises(ValueError, match='something else'):
        make_sample(tmp_path, 2, (128, 128), progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ['notes.txt']
    make_sample(tmp_path, 2, (128, 128), force=True, progress=False)
    assert (tmp_path / 'notes.txt').read_text() == 'mine'


@pytest.mark.parametrize('name', ['MIDOG++.json', 'datasets_xvalidation.csv', 'images/001.tiff'])
def test_contest_files_are_never_overwritten(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"info": {}}')
    with pytest.raises(ValueError, match='never overwritten'):
        make_sample(tmp_path, 2, (128, 128), force=True, progress=False)
    assert path.read_text() == '{"info": {}}'


@pytest.mark.parametrize(('arguments', 'message'), [
    (dict(frames=1), '1 frames: at least 2'), (dict(size=(64, 512)), 'size 64x512'), (dict(size=(1024, 9000)), 'size 1024x9000'),
    (dict(seed=-1), 'seed -1')])
def test_bad_arguments_write_nothing(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        make_sample(tmp_path / 'out', progress=False, **arguments)
    assert not (tmp_path / 'out').exists()


def test_out_is_a_file(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(ValueError, match='is a file'):
        make_sample(tmp_path / 'file', progress=False)
