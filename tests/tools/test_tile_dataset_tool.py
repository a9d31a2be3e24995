import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.core import console
from mitos_mmdet.datasets.coco_format import categories

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'tile_dataset.py'


def make_frames(folder, count, side):
    rng, images, annotations = np.random.default_rng(0), [], []
    (folder / 'frames').mkdir()
    for number in range(1, count + 1):
        Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8)).save(folder / 'frames' / f'{number}.tif')
        images.append(dict(id=number, file_name=f'{number}.tif', width=side, height=side, labelled=True))
        annotations.append(dict(id=number, image_id=number, category_id=1, bbox=[40, 40, 20, 20], area=400, iscrowd=0,
                                centroid=[50, 50]))
    content = dict(images=images, annotations=annotations, categories=categories())
    (folder / 'frames.json').write_text(json.dumps(content))
    return str(folder / 'frames.json'), str(folder / 'frames')


@pytest.fixture
def tool(monkeypatch, capsys):
    """Runs the tool's main in this process: ``(status, stdout, stderr)``."""
    spec = importlib.util.spec_from_file_location('tile_dataset_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def call(*arguments):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            console.run(module.main)
        return end.value.code, *capsys.readouterr()
    return call


def everything(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob('*')) if file.is_file()}


def ends(group, seconds=10):
    """Whether all processes of a group end by themselves; those that do not are ended."""
    for _ in range(seconds * 20):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(.05)
    os.killpg(group, signal.SIGKILL)
    return False


def test_killed_half_way_and_started_again_it_ends_with_the_same_files(tmp_path):
    frames = make_frames(tmp_path, count=24, side=600)
    command = [sys.executable, str(TOOL), *frames, '--size', '60', '--keep', 'all', '--workers', '2', '--out']
    straight, killed = tmp_path / 'straight', tmp_path / 'killed'
    run = subprocess.run([*command, str(straight)], capture_output=True, text=True, timeout=100, check=True)
    assert 'tiles: 2400, 24 of them with objects' in run.stdout and '2400/2400' in run.stderr

    process = subprocess.Popen([*command, str(killed)], start_new_session=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    for _ in range(10000):
        if len(list(killed.glob('images/*.png'))) > 50:
            break
        time.sleep(.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert ends(process.pid), 'a worker outlived the tool'
    assert 50 < len(list(killed.glob('images/*.png'))) < 2400 and not (killed / 'tiles.json').exists()
    subprocess.run([*command, str(killed)], capture_output=True, timeout=100, check=True)
    assert everything(killed) == everything(straight)


def test_what_is_wrong_is_one_line_and_nothing_is_written(tool, tmp_path):
    frames = make_frames(tmp_path, count=1, side=100)
    out = tmp_path / 'out'
    for arguments, message in (
            ([*frames, '--out', out, '--size', '64', '--overlap', '64'], 'overlap of 64'),
            ([*frames, '--out', out, '--size', 'big'], "--size 'big'"), ([*frames, '--out', out, '--grid', '4'], "--grid '4'"),
            ([*frames, '--out', out, '--grid', '4by4'], '4by4'), ([*frames, '--out', out, '--grid', '0x4'], '0 x 4'),
            ([*frames, '--out', out, '--grid', '4x4', '--size', '64'], '--size exclude'),
            ([tmp_path / 'no.json', frames[1], '--out', out], 'no.json'),
            ([frames[0], tmp_path / 'no', '--out', out], 'no such folder'), ([*frames], '--out DIR'),
            ([frames[0], '--out', out], '--out DIR'), ([*frames, '--out', frames[0]], 'cannot be written')):
        status, _, error = tool(*arguments)
        assert status == 2 and message in error and error.startswith('error: ') and error.count('\n') == 1, (arguments, error)
    assert not out.exists()


def test_what_was_skipped_is_listed_or_with_strict_an_error(tool, tmp_path):
    frames = make_frames(tmp_path, count=2, side=100)
    (tmp_path / 'frames' / '2.tif').unlink()
    arguments = [*frames, '--out', tmp_path / 'out', '--size', '64', '--workers', '1']
    status, _, error = tool(*arguments, '--strict')
    assert status == 2 and '2.tif: no such image' in error and not (tmp_path / 'out').exists()
    status, out, error = tool(*arguments)
    assert status == 0 and 'frames: 1 with tiles' in out and 'skipped 1:' in error and '2.tif: no such image' in error


def test_count_only_needs_no_images(tool, tmp_path):
    frames = make_frames(tmp_path, count=2, side=100)
    before = everything(tmp_path)
    status, out, _ = tool(frames[0], '--count-only', '--grid', '4x2', '--keep', 'all', '--out', tmp_path / 'out')
    assert status == 0 and 'tiles: 16, 2 of them' in out and everything(tmp_path) == before


def test_midog_2021_gives_the_papers_number(tool, shared_data, tmp_path):
    """MIDOG Cascade R-CNN paper: 18,960 patches of 512 px."""
    source = shared_data / 'midog' / 'MIDOG.json'
    if not source.is_file():
        pytest.skip(f'no {source}')
    content = json.loads(source.read_text())
    content['images'] = [image for image in content['images'] if image['id'] <= 150]
    content['annotations'] = []  # their boxes are not COCO's, and no tile hangs on them
    file = tmp_path / 'midog.json'
    file.write_text(json.dumps(content))
    status, out, _ = tool(file, '--count-only', '--size', '512', '--overlap', '0', '--remainder', 'drop', '--keep', 'all')
    assert status == 0 and 'frames: 150 with tiles, of 150' in out and 'tiles: 18960,' in out


def test_real_frames_come_back_pixel_for_pixel(tool, shared_data, tmp_path):
    root = shared_data / 'mitos_atypia14'
    files = sorted(root.glob('H05/frames/x40/*.jpg'))[:2]
    if not files:
        pytest.skip(f'no frames in {root}')
    images, pixels = [], {}
    for number, file in enumerate(files, start=1):
        name = str(file.relative_to(root))
        pixels[name] = np.array(Image.open(file).convert('RGB'))
        height, width = pixels[name].shape[:2]
        images.append(dict(id=number, file_name=name, width=width, height=height, labelled=True))
    (tmp_path / 'frames.json').write_text(json.dumps(dict(images=images, annotations=[], categories=categories())))
    status, _, _ = tool(tmp_path / 'frames.json', root, '--out', tmp_path / 'out', '--overlap', '64', '--keep', 'all',
                        '--workers', '1')
    tiles = json.loads((tmp_path / 'out' / 'tiles.json').read_text())['images']
    assert status == 0 and len(tiles) == 2 * 4 * 4
    for tile in tiles:
        x, y = tile['offset']
        found = np.array(Image.open(tmp_path / 'out' / 'images' / tile['file_name']))
        assert np.array_equal(found, pixels[tile['frame']][y:y + 512, x:x + 512])
