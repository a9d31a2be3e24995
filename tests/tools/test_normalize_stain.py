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
from PIL import Image, TiffImagePlugin

from mitos_mmdet.core import console
from mitos_mmdet.core.images import read_header, read_rgb
from mitos_mmdet.core.output_folder import locked
from mitos_mmdet.datasets.coco_format import categories
from mitos_mmdet.stain import DEFAULT_TARGETS, StainEstimate, StainNormalizer, estimate_stain

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'normalize_stain.py'
SLIDES = {'a': [[0.65, 0.7, 0.2958], [0.09, 0.95, 0.299]], 'b': [[0.55, 0.75, 0.3674], [0.2, 0.9, 0.3873]]}


@pytest.fixture
def tool(monkeypatch, capsys):
    """Runs the tool's main in this process: ``(status, stdout, stderr)``."""
    spec = importlib.util.spec_from_file_location('normalize_stain_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def call(*arguments):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            console.run(module.main)
        return end.value.code, *capsys.readouterr()
    return call


def tissue(slide, seed, side=80):
    concentrations = np.random.default_rng(seed).gamma(1.5, 0.5, (side, side, 2))
    return np.clip(255 * np.exp(-concentrations @ SLIDES[slide]), 0, 255).astype(np.uint8)


def save(pixels, file, **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file, **options)


@pytest.fixture
def folder(tmp_path):
    """Two images, one of them with its pixel size, glass, one that is broken, and what is no image."""
    save(tissue('a', 0), tmp_path / 'in' / 'a.png')
    save(tissue('b', 1), tmp_path / 'in' / 'deep' / 'b.tif', dpi=(101600, 101600))
    save(np.full((50, 60, 3), 245, np.uint8), tmp_path / 'in' / 'glass.jpg')
    (tmp_path / 'in' / 'broken.png').write_bytes((tmp_path / 'in' / 'a.png').read_bytes()[:2000])
    (tmp_path / 'in' / 'notes.txt').write_text('')
    return tmp_path / 'in'


@pytest.fixture
def tiles(tmp_path):
    """Four tiles of two frames, the second tile of frame a almost without tissue: ``(annotation file, image folder)``."""
    images, annotations = [], []
    for number, (frame, seed) in enumerate((('a', 0), ('a', 1), ('b', 2), ('b', 3)), start=1):
        pixels = tissue(frame, seed)
        if number == 2:
            pixels[:, 8:] = 250
        save(pixels, tmp_path / 'images' / f'{frame}_{seed}.png')
        images.append(dict(id=number, file_name=f'{frame}_{seed}.png', width=80, height=80, frame=f'{frame}.tif', offset=[80 * seed, 0]))
        annotations.append(dict(id=number, image_id=number, category_id=1, bbox=[10, 10, 20, 20], area=400, iscrowd=0))
    file = tmp_path / 'tiles.json'
    file.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories())))
    return file, tmp_path / 'images'


def everything(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob('*')) if file.is_file()}


def normalised(image, source):
    return StainNormalizer.default().apply(image, source)


def test_a_folder(tool, folder, tmp_path):
    before, out = everything(folder), tmp_path / 'out'
    status, printed, error = tool(folder, out)
    assert status == 0 and 'images: 2 normalised by macenko, 1 left as they are' in printed
    assert 'left as it is: glass.jpg: too little tissue (0 of 3000 px)' in error
    assert 'skipped 1:' in error and 'broken.png: the image is damaged' in error and str(folder) not in error.split('skipped')[1]
    assert set(everything(out / 'images')) == {'a.png', 'deep/b.tif', 'glass.jpg'} and everything(folder) == before
    for name in ('a.png', 'deep/b.tif'):
        image = read_rgb(folder / name)
        assert np.array_equal(read_rgb(out / 'images' / name), normalised(image, estimate_stain(image)))
    assert (out / 'images' / 'glass.jpg').read_bytes() == before['glass.jpg']
    assert read_header(out / 'images' / 'deep/b.tif')[2] == pytest.approx((0.25, 0.25))
    assert Image.open(out / 'contact_sheet.png').size[0] > 600


def test_one_image(tool, folder, tmp_path):
    status, printed, _ = tool(folder / 'a.png', tmp_path / 'out', '--method', 'reinhard')
    assert status == 0 and 'images: 1 normalised by reinhard' in printed and list(everything(tmp_path / 'out' / 'images')) == ['a.png']


def test_tiles_of_a_frame_share_one_estimate(tool, tiles, tmp_path):
    status, _, error = tool(tiles[0], tmp_path / 'out', '--images', tiles[1])
    assert status == 0 and 'left as' not in error
    for frame, seeds in (('a', (0, 1)), ('b', (2, 3))):
        pixels = [read_rgb(tiles[1] / f'{frame}_{seed}.png') for seed in seeds]
        source = estimate_stain(np.concatenate(pixels))
        for seed, image in zip(seeds, pixels, strict=True):
            assert np.array_equal(read_rgb(tmp_path / 'out/images' / f'{frame}_{seed}.png'), normalised(image, source))
    written, given = (json.loads(file.read_text()) for file in (tmp_path / 'out' / 'tiles.json', tiles[0]))
    assert written['annotations'] == given['annotations'] and written['categories'] == given['categories']
    assert written['images'] == [dict(image, stain=DEFAULT_TARGETS['macenko'].to_dict()) for image in given['images']]


def test_per_tile_each_has_its_own(tool, tiles, tmp_path):
    tool(tiles[0], tmp_path / 'out', '--images', tiles[1], '--per-tile')
    for name in ('a_0.png', 'a_1.png'):
        image = read_rgb(tiles[1] / name)
        assert np.array_equal(read_rgb(tmp_path / 'out/images' / name), normalised(image, estimate_stain(image)))


def test_the_frames_own_estimate_is_taken_where_it_is_recorded(tool, tiles, tmp_path):
    """One by the method asked for; a frame without a stain is left as it is, and says so in the annotation file."""
    source = StainEstimate('macenko', SLIDES['b'], (1.1, 0.9))
    content = json.loads(tiles[0].read_text())
    for image in content['images']:
        image['stain'] = source.to_dict() if image['frame'] == 'a.tif' else dict(method='macenko', reason='black')
    tiles[0].write_text(json.dumps(content))
    _, _, error = tool(tiles[0], tmp_path / 'out', '--images', tiles[1])
    image = read_rgb(tiles[1] / 'a_0.png')
    assert np.array_equal(read_rgb(tmp_path / 'out/images/a_0.png'), normalised(image, source))
    assert (tmp_path / 'out/images/b_2.png').read_bytes() == (tiles[1] / 'b_2.png').read_bytes() and 'b_2.png: black' in error
    stains = [image['stain'] for image in json.loads((tmp_path / 'out' / 'tiles.json').read_text())['images']]
    assert stains == [DEFAULT_TARGETS['macenko'].to_dict()] * 2 + [dict(method='macenko', reason='black')] * 2
    _, _, error = tool(tiles[0], tmp_path / 'vahadane', '--images', tiles[1], '--method', 'vahadane')
    assert 'left as' not in error


def test_a_broken_tile_takes_its_labels_with_it(tool, tiles, tmp_path):
    (tiles[1] / 'a_0.png').write_bytes(b'')
    (tiles[1] / 'b_3.png').write_bytes((tiles[1] / 'b_3.png').read_bytes()[:3000])
    status, _, error = tool(tiles[0], tmp_path / 'strict', '--images', tiles[1], '--strict')
    assert status == 2 and 'a_0.png: not a readable image' in error and not (tmp_path / 'strict').exists()
    status, _, error = tool(tiles[0], tmp_path / 'out', '--images', tiles[1])
    content = json.loads((tmp_path / 'out' / 'tiles.json').read_text())
    assert status == 0 and 'skipped 2:' in error
    assert [image['id'] for image in content['images']] == [annotation['image_id'] for annotation in content['annotations']] == [2, 3]


def test_targets(tool, folder, tmp_path):
    """An image, the file that was saved of it: the same result. A file by another method is refused."""
    for number, target in enumerate((folder / 'deep' / 'b.tif', tmp_path / 'target.json')):
        save_to = tmp_path / ('target.json', 'again.json')[number]
        status, _, error = tool(folder / 'a.png', tmp_path / f'{number}', '--target', target, '--save-target', save_to)
        assert status == 0, error
    assert (tmp_path / 'again.json').read_bytes() == (tmp_path / 'target.json').read_bytes()
    assert everything(tmp_path / '0' / 'images') == everything(tmp_path / '1' / 'images')
    assert StainNormalizer.load(tmp_path / 'target.json').target == estimate_stain(read_rgb(folder / 'deep' / 'b.tif'))
    status, _, error = tool(folder, tmp_path / '2', '--target', tmp_path / 'target.json', '--method', 'vahadane')
    assert status == 2 and 'fitted by macenko' in error and not (tmp_path / '2').exists()


def test_it_goes_on_where_it_was_killed(tool, tiles, tmp_path):
    out = tmp_path / 'out'
    tool(tiles[0], out, '--images', tiles[1], '--workers', '2')
    before, kept = everything(out), out / 'images' / 'b_2.png'
    for name in ('tiles.json', 'contact_sheet.png', 'images/a_0.png', 'stains/a.tif.json'):
        (out / name).unlink()
    (out / 'images' / '.a_0.png.0.part').write_bytes(b'half')
    (out / 'stains' / '.a.tif.json.0.part').write_text('{"me')
    os.utime(kept, (1, 1))
    tool(tiles[0], out, '--images', tiles[1], '--workers', '1')
    assert everything(out) == before and kept.stat().st_mtime == 1


def test_killed_half_way_and_started_again_it_ends_with_the_same_files(tmp_path):
    for number in range(24):
        save(tissue('a', number, side=250), tmp_path / 'in' / f'{number:02d}.png')
    command = [sys.executable, str(TOOL), str(tmp_path / 'in'), '--workers', '2']
    subprocess.run([*command, str(tmp_path / 'straight')], capture_output=True, timeout=100, check=True)
    process = subprocess.Popen([*command, str(tmp_path / 'killed')], start_new_session=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    for _ in range(3000):
        if len(list((tmp_path / 'killed').glob('images/[0-9]*.png'))) > 5:
            break
        time.sleep(.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 5 < len(list((tmp_path / 'killed').glob('images/[0-9]*.png'))) < 24 and not (tmp_path / 'killed/contact_sheet.png').exists()
    subprocess.run([*command, str(tmp_path / 'killed')], capture_output=True, timeout=100, check=True)
    assert everything(tmp_path / 'killed') == everything(tmp_path / 'straight')


def test_a_folder_of_other_results_is_refused(tool, folder, tmp_path):
    out = tmp_path / 'out'
    tool(folder, out)
    before = everything(out)
    for arguments, message in ((['--method', 'vahadane'], 'normalised images of other settings (target'),
                               (['--per-tile'], 'per_tile False there, True now')):
        status, _, error = tool(folder, out, *arguments)
        assert status == 2 and message in error and everything(out) == before
    (out / 'stain.json').unlink()
    status, _, error = tool(folder, out)
    assert status == 2 and 'not of this tool' in error


def test_what_is_wrong_is_one_line_and_nothing_is_written(tool, folder, tiles, tmp_path):
    out = tmp_path / 'out'
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'away.json').write_text(tiles[0].read_text().replace('a_0.png', '../a_0.png'))
    (tmp_path / 'odd.json').write_text(json.dumps(dict(json.loads(tiles[0].read_text()), images=[
        dict(id=1, file_name='a_0.png', width=80, height=80, stain=dict(method='macenko', matrix=[1]))])))
    (tmp_path / 'broken').mkdir()
    (tmp_path / 'broken' / 'x.png').write_bytes(b'x')
    for arguments, message in (
            ([tmp_path / 'none', out], 'no such file or folder'), ([tmp_path / 'empty', out], 'holds no image'),
            ([folder / 'notes.txt', out], 'not of a kind'), ([tiles[0], out], '--images'),
            ([folder, out, '--images', folder], 'no meaning'),
            ([tiles[0], out, '--images', tmp_path / 'none'], 'no such folder'), ([folder, folder / 'out'], 'lies in the folder'),
            ([tiles[0], tmp_path, '--images', tiles[1]], 'images folder holds'),
            ([tmp_path / 'none.json', out, '--images', folder], 'cannot be read'),
            ([tmp_path / 'away.json', out, '--images', tiles[1]], 'leads out of'), ([folder, out, '--workers', '0'], '--workers 0'),
            ([tmp_path / 'odd.json', out, '--images', tiles[1]], 'stain of a_0.png: not a stain estimate'),
            ([tmp_path / 'broken', out], 'none of the 1 images'), ([folder, out, '--target', folder / 'glass.jpg'], 'glass.jpg: no stain'),
            ([folder, out, '--target', tmp_path / 'no.json'], 'no.json: cannot be read'), ([folder, folder / 'a.png'], 'lies in')):
        status, _, error = tool(*arguments)
        assert status == 2 and message in error and error.startswith('error: ') and error.count('\n') == 1, (arguments, error)
    assert not out.exists() and not (folder / 'out').exists()


def test_all_images_broken_behind_good_headers_leaves_nothing(tool, folder, tmp_path):
    for name in ('a.png', 'deep/b.tif', 'glass.jpg'):
        (folder / name).unlink()
    status, _, error = tool(folder, tmp_path / 'out')
    assert status == 2 and 'none of the 1 images can be read. broken.png: the image is damaged' in error and not (tmp_path / 'out').exists()


def test_what_lies_in_the_folder_is_read_or_named(tool, folder, tmp_path):
    save(tissue('a', 5), folder / 'c.webp', lossless=True)
    save(tissue('a', 6), folder / 'd.jp2')
    (folder / 'old.gif').write_bytes(b'GIF89a')
    (folder / 'bad\x1b[31m.png').write_bytes((folder / 'a.png').read_bytes())
    (folder / os.fsdecode(b'latin\xff.png')).write_bytes((folder / 'a.png').read_bytes())
    os.mkfifo(folder / 'pipe.png')
    save(tissue('b', 7), tmp_path / 'elsewhere' / 'e.png')
    (folder / 'linked').symlink_to(tmp_path / 'elsewhere')
    (folder / 'linked' / 'loop').symlink_to(folder)
    (folder / 'dangling.png').symlink_to(tmp_path / 'nowhere.png')
    status, printed, _ = tool(folder, tmp_path / 'out', '--workers', '1')
    written = set(everything(tmp_path / 'out' / 'images'))
    assert status == 0 and written == {'a.png', 'deep/b.tif', 'glass.jpg', 'c.webp', 'd.jp2', 'linked/e.png'}
    line = next(line for line in printed.splitlines() if line.startswith('not read'))
    assert ': 7 (' in line and all(name in line for name in (
        'old.gif', 'notes.txt', 'pipe.png', 'dangling.png', 'linked/loop/', 'bad\\x1b[31m.png', 'latin\\udcff.png'))


def test_pixel_sizes_are_carried_on_or_left_out(tool, tmp_path):
    save(tissue('a', 0), tmp_path / 'in' / 'ok.jpg', quality=95)
    content = bytearray((tmp_path / 'in' / 'ok.jpg').read_bytes())
    content[13:18] = bytes([2, *(40000).to_bytes(2, 'big'), *(40000).to_bytes(2, 'big')])  # px/cm
    (tmp_path / 'in' / 'ok.jpg').write_bytes(content)
    for name, size in (('zero.tif', TiffImagePlugin.IFDRational(0, 0)), ('huge.tif', TiffImagePlugin.IFDRational(4294967295, 1))):
        save(tissue('a', 1), tmp_path / 'in' / name, tiffinfo={282: size, 283: size, 296: 2})
    status, printed, error = tool(tmp_path / 'in', tmp_path / 'out', '--workers', '1')
    assert status == 0 and 'images: 3 normalised' in printed, error
    assert read_header(tmp_path / 'out/images/ok.jpg')[2] == pytest.approx((0.25, 0.25))
    with Image.open(tmp_path / 'out/images/ok.jpg') as image:
        assert image.info['jfif_density'] == (40000, 40000) and image.info['jfif_unit'] == 2
    assert read_header(tmp_path / 'out/images/zero.tif')[2] is None and read_header(tmp_path / 'out/images/huge.tif')[2] is None


def test_inputs_and_marks_are_never_replaced(tool, folder, tiles, tmp_path):
    before = everything(tmp_path)
    for name in ('stain.json', 'contact_sheet.png'):
        (tmp_path / name).write_bytes(tiles[0].read_bytes())
    (tmp_path / 'target.json').write_text(json.dumps(dict(version=1, **DEFAULT_TARGETS['macenko'].to_dict())))
    out = tmp_path / 'out'
    for arguments, message in (
            ([tmp_path / 'stain.json', out, '--images', tiles[1]], 'has the name of a file that this command writes'),
            ([tiles[0], out, '--images', tiles[1], '--save-target', tiles[0]], 'is an input'),
            ([folder, out, '--target', tmp_path / 'target.json', '--save-target', tmp_path / 'target.json'], 'is an input'),
            ([folder, out, '--save-target', folder / 'a.png'], 'not a .json'),
            ([folder, out, '--save-target', out / 'stain.json'], 'the file of'),
            ([folder, out, '--save-target', folder / 'notes.txt' / 'x.json'], 'cannot be written there')):
        status, _, error = tool(*arguments)
        assert status == 2 and message in error and error.count('\n') == 1, (arguments, error)
    assert not out.exists() and {name: content for name, content in everything(tmp_path).items() if name in before} == before


def test_two_runs_on_one_folder(tool, folder, tmp_path):
    with locked(tmp_path / 'out'):
        status, _, error = tool(folder, tmp_path / 'out')
    assert status == 2 and 'another run is writing there' in error and not (tmp_path / 'out').exists()


def test_a_name_that_leads_out_reads_and_writes_nothing(tool, tiles, tmp_path):
    content = json.loads(tiles[0].read_text())
    for frame in ('../../evil', '/evil', 'a/../../evil', '', 7, 'x\x1by'):
        content['images'][0]['frame'] = frame
        (tmp_path / 'evil.json').write_text(json.dumps(content))
        status, _, error = tool(tmp_path / 'evil.json', tmp_path / 'deep' / 'out', '--images', tiles[1])
        assert status == 2 and 'the frame' in error and error.isascii() and not (tmp_path / 'deep').exists()


def test_staintools_as_the_backend(tool, folder, tmp_path):
    pytest.importorskip('staintools')
    code, out, _ = tool(folder, tmp_path / 'out', '--backend', 'staintools', '--workers', 1)
    assert code == 0 and 'normalised by macenko' in out
    normalizer = StainNormalizer.default('macenko', backend='staintools')
    image = read_rgb(folder / 'a.png')
    assert np.array_equal(read_rgb(tmp_path / 'out/images/a.png'), normalizer.apply(image, normalizer.estimate(image)))
    code, _, err = tool(folder, tmp_path / 'out', '--workers', 1)
    assert code == 2 and 'out' in err  # another backend does not go on in its folder
