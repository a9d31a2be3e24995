"""Damaged label, detection and settings files: whatever a file holds, reading it gives a result, or one line that says what is wrong.

A short run is part of the tests. A long one: python tests/fuzz/test_fuzz_files.py --seconds 600 --seed 1
"""

import argparse
import contextlib
import copy
import io
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from mitos_mmdet.core.console import one_line
from mitos_mmdet.core.names import name_fault
from mitos_mmdet.datasets.coco_format import categories, check_coco, read_annotations
from mitos_mmdet.evaluation.scoring import score
from mitos_mmdet.evaluation.thresholds import read_threshold
from mitos_mmdet.interchange.export import EXPORTS, export, write_folder
from mitos_mmdet.interchange.recognise import read_points
from mitos_mmdet.preparation.convert import convert
from mitos_mmdet.preparation.tile_plan import TileSettings, plan_tiles, summarise, tiles_json
from mitos_mmdet.stain.normalizer import StainNormalizer

IMAGE = dict(id=1, file_name='001.tiff', width=400, height=300, um_per_px=[0.25, 0.25], scanner='S', case_id='c', labelled=True)
OBJECT = dict(id=1, image_id=1, category_id=1, bbox=[40, 40, 50, 50], area=2500, iscrowd=0, centroid=[65, 65],
              segmentation=[[40, 40, 90, 40, 90, 90]])
COCO = dict(info=dict(description='x'), images=[IMAGE, dict(IMAGE, id=2, file_name='002.tiff')], categories=categories(),
            annotations=[OBJECT, dict(OBJECT, id=2, category_id=2, bbox=[200, 100, 50, 50], centroid=[225, 125], segmentation=[])])
FEATURE = dict(type='Feature', geometry=dict(type='Point', coordinates=[65, 65]),
               properties=dict(objectType='detection', classification=dict(name='mitotic figure'), measurements=dict(score=0.9)))
# Name: content of a valid file.
JSON = {
    'coco.json': COCO,
    'results.json': [dict(image_id=1, category_id=1, bbox=[41, 40, 50, 50], score=0.9)],
    'detections.json': dict(format='mitos_mmdet detections', version=1, classes=['mitotic figure'], frames=[
        dict(file_name='001.tiff', width=400, height=300, um_per_px=[.25, .25], points=[
            dict(x=65, y=65, score=.5, label='mitotic figure')])]),
    '001.geojson': dict(type='FeatureCollection', features=[FEATURE, dict(FEATURE, geometry=dict(
        type='Polygon', coordinates=[[[5, 5], [20, 5], [20, 20], [5, 5]]]))]),
    'mitotic-figures.json': dict(type='Multiple points', points=[dict(name='mitotic figure', point=[.1, .2, 0], probability=.7)],
                                 version=dict(major=1, minor=0)),
    'truth.json': {'001.tiff': [[.1, .2, 0]]},
    'threshold.json': dict(format='mitos_mmdet threshold', version=1, threshold=.5, chosen_on='x', name='mitotic figure', radius='7.5um',
                           matching='midog', f1_there=.8, fingerprints=['0' * 16]),
    'MIDOG.json': dict(images=[dict(id=1, file_name='001.tiff', width=400, height=300, license=1)], licenses=[], info={},
                       categories=[dict(id=1, name='mitotic figure'), dict(id=2, name='hard negative')],
                       annotations=[dict(id=1, image_id=1, category_id=1, bbox=[5, 10, 55, 60], labels=[1, 1])]),
    'target.json': dict(version=1, **StainNormalizer.default().target.to_dict()),
}
TEXT = {'H03_00Aa_mitosis.csv': '10,20,0.8\n30,40,0.2\n', '01.csv': 'x,y,score\n10,20,0.8\n', 'A00_01.csv': '1,2,1,3,2,2\n',
        '02.csv': 'row;col\n3;4\n'}
# What a value may become: wrong types, numbers that are none or too large, names that lead out or cannot be shown.
ODD = [None, True, '', 'x', '../../evil', '/', '/etc/passwd', '.', '\0', '\x1b[31m', '\ud800', '$\\frac$', 'x' * 300, 0, -1, 1.5, 1e308,
       -1e308, 10 ** 30, 10 ** 400, float('nan'), float('inf'), [], {}, [[]], [None], [10 ** 400, 1], {'a': 1}, [[1, 2], [3]],
       ['a', 'b', 'c', 'd'], 'NaN', '1', 1024.0, [1e20, 1e20], 'mitotic figure', [[float('nan')] * 6], dict(counts='x', size=[1, 1])]


def mutated_json(content, rng):
    """The content with some values, somewhere in it, made odd, left out, doubled, or put elsewhere; as text."""
    content = copy.deepcopy(content)
    for _ in range(rng.integers(1, 4)):
        places = list(_places(content))
        if not places:
            break
        parent, key = places[rng.integers(len(places))]
        kind = rng.integers(6)
        if kind == 0:
            del parent[key]
        elif kind == 1 and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        elif kind == 2:
            other, at = places[rng.integers(len(places))]
            with contextlib.suppress(KeyError, IndexError):
                parent[key] = copy.deepcopy(other[at])
        else:
            parent[key] = copy.deepcopy(ODD[rng.integers(len(ODD))])
    text = json.dumps(content)
    return mutated_text(text, rng) if rng.random() < 0.2 else text.encode()


def mutated_text(text, rng):
    """Bytes of a text, some of them changed, cut off, repeated, or in another encoding."""
    data = text.encode(['utf-8', 'utf-8-sig', 'utf-16', 'latin-1'][rng.choice(4, p=[.7, .1, .1, .1])], errors='replace')
    kind, at = rng.integers(5), rng.integers(len(data) + 1)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes(rng.integers(0, 256, rng.integers(1, 6)).tolist()) + data[at:]
    if kind == 2:
        return data[:at] + rng.choice([b'\n', b',', b';', b'"', b'[' * 3000, b'\0', b'1e999', b'-', b'nan', b'\xff']) + data[at:]
    if kind == 3:
        return data + data
    return data


def _places(content):
    if isinstance(content, dict | list):
        for key in list(content) if isinstance(content, dict) else range(len(content)):
            yield content, key
            yield from _places(content[key])


def read_all(path, truth, folder):
    """Uses a file in every way; how many of them refused it."""
    refused = 0
    for use in (lambda: use_points(path, truth, folder), lambda: plan(path), lambda: read_threshold(path),
                lambda: StainNormalizer.load(path), lambda: check_coco(read_annotations(path), path),
                lambda: convert('midog', path, allow_missing=True), lambda: read_points(path, is_truth=True)):
        try:
            use()
        except ValueError as error:
            text = one_line(error)
            assert text and text.isprintable() and str(error).strip().count('\n') == 0, text
            refused += 1
    return refused


def use_points(path, truth, folder):
    """Reads, scores and exports points; nothing is written outside the folder."""
    found = read_points(path, None, truth)
    score(truth, found, threshold=0.5, resamples=0, ignore_unknown=True)
    for to in EXPORTS:
        files, _, _ = export(found.frames, to, 0.5)
        assert all(isinstance(text, str) for _, text in files)
        if any(name_fault(name) for name, _ in files):
            write_folder(files, Path(folder) / 'never')  # raises


def plan(path):
    """Plans the tiles of an annotation file."""
    content, settings = read_annotations(path), TileSettings(size=(128, 128))
    frames, _ = plan_tiles(content, settings)
    summarise(content, frames)
    json.dumps(tiles_json(content, frames, settings))


def run(folder, seed, seconds=None, runs=None):
    """Mutates and reads for some time or number of files; ``(files read, of them refused by every use)``."""
    rng, count, refused, folder = np.random.default_rng(seed), 0, 0, Path(folder)
    (folder / 'given.json').write_text(json.dumps(COCO))
    truth = read_points(folder / 'given.json', is_truth=True)
    end = time.monotonic() + (seconds or 1e9)
    names = [*JSON, *TEXT]
    while time.monotonic() < end and (runs is None or count < runs):
        name = names[rng.integers(len(names))]
        path = folder / 'mutated' / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(mutated_json(JSON[name], rng) if name in JSON else mutated_text(TEXT[name], rng))
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                refused += read_all(path, truth, folder) == 7
        except BaseException:
            path.rename(folder / f'failed_{seed}_{count}_{name}')
            print(f'kept {folder}/failed_{seed}_{count}_{name}')
            raise
        path.unlink()
        count += 1
    assert {path.name for path in folder.iterdir()} <= {'given.json', 'mutated', 'never'} and not any((folder / 'mutated').iterdir())
    return count, refused


def test_damaged_files_give_a_result_or_one_line(tmp_path):
    (tmp_path / 'run').mkdir()
    count, refused = run(tmp_path / 'run', seed=0, runs=400)
    assert count == 400 and 40 < refused < 390  # the mutations are neither void nor all fatal
    assert [path.name for path in tmp_path.iterdir()] == ['run']


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seconds', type=float, default=600)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--folder', default=None, help='where a file that fails is kept')
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = args.folder or stack.enter_context(tempfile.TemporaryDirectory())
        Path(folder).mkdir(parents=True, exist_ok=True)
        print('{} files read, {} refused by one line each'.format(*run(folder, args.seed, args.seconds)))


if __name__ == '__main__':
    main()
