"""Every output flag of the light commands, given an input: one line, and the input is as it was."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.cli import convert, evaluate, export, measure_stains, results
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.datasets.coco_format import categories


@pytest.fixture
def files(tmp_path):
    """A folder with truth and detections of one frame, and links to the truth."""
    folder = tmp_path / 'data'
    image = dict(id=1, file_name='a.png', width=100, height=100, um_per_px=[0.25, 0.25])
    truth = dict(images=[image], categories=categories(), annotations=[
        dict(id=1, image_id=1, category_id=1, bbox=[40, 40, 20, 20], area=400, iscrowd=0, centroid=[50, 50])])
    write_json(truth, folder / 'truth.json')
    write_json([dict(image_id=1, category_id=1, bbox=[41, 40, 20, 20], score=0.9)], folder / 'found.json')
    (tmp_path / 'link.json').symlink_to(folder / 'truth.json')
    os.link(folder / 'truth.json', tmp_path / 'hard.json')
    return folder


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def run(files, *more):
    given = ['--truth', files / 'truth.json', '--detections', files / 'found.json', '--bootstrap', '0', *more]
    return evaluate.main([str(part) for part in given])


@pytest.mark.parametrize('flag', ['--out', '--choose-threshold'])
@pytest.mark.parametrize('name', ['data/truth.json', 'data/found.json', 'link.json', 'hard.json', 'data/../data/truth.json'])
def test_evaluate(files, flag, name):
    before = everything(files.parent)
    with pytest.raises(ValueError, match=rf'^{flag} .* is an input of this command'):
        run(files, flag, files.parent / name)
    assert everything(files.parent) == before


def test_evaluate_compared_detections_and_frozen_threshold(files, tmp_path):
    run(files, '--choose-threshold', tmp_path / 'threshold.json')
    before = everything(tmp_path)
    for more in (('--threshold-file', tmp_path / 'threshold.json', '--out', tmp_path / 'threshold.json'),
                 ('--compare', files / 'found.json', '--out', files / 'found.json'),
                 ('--out', tmp_path / 'new.json', '--choose-threshold', tmp_path / 'new.json')):
        with pytest.raises(ValueError, match='is an input|the file of --out'):
            run(files, *more)
    assert everything(tmp_path) == before


def test_evaluate_writes_again_what_it_wrote(files, tmp_path):
    for _ in range(2):
        run(files, '--out', tmp_path / 'scores.json', '--choose-threshold', tmp_path / 'threshold.json')
    assert json.loads((tmp_path / 'scores.json').read_text())['format'] == 'mitos_mmdet figures'


def test_a_file_of_an_input_folder(files, tmp_path):
    (files / 'h05.json').write_text('{"labels": "mine"}')
    before = everything(tmp_path)
    with pytest.raises(ValueError, match='in the input folder'):
        evaluate.main(['--truth', str(files), '--detections', str(files / 'found.json'), '--out', str(files / 'h05.json')])
    assert everything(tmp_path) == before


def test_export_never_writes_into_a_folder_of_others(files, tmp_path):
    before = everything(tmp_path)
    for out in (files, files / 'found.json'):
        with pytest.raises(ValueError, match='is there already'):
            export.main([str(files / 'found.json'), '--truth', str(files / 'truth.json'), '--to', 'csv', '--out', str(out)])
    assert everything(tmp_path) == before


def test_convert(files, tmp_path):
    (tmp_path / 'own').mkdir()
    (tmp_path / 'own' / 'labels.csv').write_text('image,x,y,class\na.png,5,5,mitotic figure\n')
    before = everything(tmp_path)
    for name in ('data/truth.json', 'link.json'):
        with pytest.raises(ValueError, match=r'^--out '):
            convert.main(['coco', str(files / 'truth.json'), '--out', str(tmp_path / name), '--allow-missing-images'])
    assert everything(tmp_path) == before


def test_results(tmp_path):
    (tmp_path / 'runs' / 'x').mkdir(parents=True)
    (tmp_path / 'runs' / 'notes.md').write_text('# mine')
    before = everything(tmp_path)
    with pytest.raises(ValueError, match=r'^--out .*notes\.md: is there already, in the input folder'):
        results.main([str(tmp_path / 'runs'), '--out', str(tmp_path / 'runs' / 'notes.md')])
    assert everything(tmp_path) == before


def test_measured_stains(files, tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(120, 250, (100, 100, 3), dtype=np.uint8)).save(files / 'a.png')
    (files / 'other.json').write_text('{"mine": 1}')
    before = everything(tmp_path)
    for name in ('data/truth.json', 'data/other.json', 'link.json', 'data/a.png'):
        with pytest.raises(ValueError, match=r'^--out .*(is an input|in the input folder|not a \.json file)'):
            measure_stains.main([str(files / 'truth.json'), str(files), '--out', str(tmp_path / name)])
    assert everything(tmp_path) == before
    for _ in range(2):  # what it wrote itself may be written again
        measure_stains.main([str(files / 'truth.json'), str(files), '--out', str(files / 'stains.json')])
    assert 'stain' in json.loads((files / 'stains.json').read_text())['images'][0]


def test_measured_stains_go_on_without_a_broken_image(files, capsys):
    content = json.loads((files / 'truth.json').read_text())
    content['images'].append(dict(content['images'][0], id=2, file_name='b.png'))
    write_json(content, files / 'truth.json')
    Image.fromarray(np.random.default_rng(0).integers(120, 250, (100, 100, 3), dtype=np.uint8)).save(files / 'a.png')
    (files / 'b.png').write_bytes(b'no picture')
    measure_stains.main([str(files / 'truth.json'), str(files), '--out', str(files / 'stains.json')])
    assert 'b.png' in capsys.readouterr().err
    assert ['stain' in image for image in json.loads((files / 'stains.json').read_text())['images']] == [True, False]
    content['images'][1]['file_name'] = '../b.png'
    write_json(content, files / 'truth.json')
    with pytest.raises(ValueError, match='leads out of its folder'):
        measure_stains.main([str(files / 'truth.json'), str(files), '--out', str(files / 'stains.json')])
