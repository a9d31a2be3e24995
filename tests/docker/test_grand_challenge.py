"""The entry of the grand-challenge container, without Docker."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'slides'))
from disc_model import disc_model  # noqa: E402


@pytest.fixture
def entry(tmp_path, monkeypatch):
    """The script as a module, the disc model, and /input and /output of its own."""
    import mitos_mmdet.model_zoo

    spec = importlib.util.spec_from_file_location('grand_challenge_entry', ROOT / 'docker' / 'grand_challenge.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(mitos_mmdet.model_zoo, 'load_model', lambda *_: disc_model(um_per_px=0.5, tile_size=256))
    monkeypatch.delenv('MITOS_UM_PER_PX', raising=False)
    folder = tmp_path / 'input' / 'images' / 'histopathology-roi-cropout'
    folder.mkdir(parents=True)
    (tmp_path / 'output').mkdir()
    module.folder, module.target = folder, tmp_path / 'output'
    module.start = lambda: module.main(tmp_path / 'input', tmp_path / 'output')
    return module


def image(path, **more):
    picture = Image.new('RGB', (300, 200), (225, 150, 190))
    for x, y in ((100, 80), (200, 120)):
        ImageDraw.Draw(picture).ellipse([x - 9, y - 9, x + 9, y + 9], fill=(60, 20, 90))
    picture.save(path, **more)


def test_points_in_millimetres(entry):
    image(entry.folder / 'a1b2.tif', dpi=(50800, 50800))  # 0.5 um/px
    assert entry.start() == 0
    assert [path.name for path in entry.target.iterdir()] == ['mitotic-figures.json']
    content = json.loads((entry.target / 'mitotic-figures.json').read_text(encoding='utf-8'))
    assert (content['type'], content['version']) == ('Multiple points', {'major': 1, 'minor': 0})
    places = sorted(point['point'] for point in content['points'] if point['name'] == 'mitotic figure')
    assert places == [pytest.approx([0.05, 0.04, 0], abs=5e-4), pytest.approx([0.1, 0.06, 0], abs=5e-4)]
    assert all(0 <= point['probability'] <= 1 for point in content['points'])


def test_an_image_without_pixel_size(entry, monkeypatch, capsys):
    image(entry.folder / 'a1b2.png')
    with pytest.raises(ValueError, match='um/px'):
        entry.start()
    assert not list(entry.target.iterdir())
    monkeypatch.setenv('MITOS_UM_PER_PX', '0.5')
    assert entry.start() == 0
    assert '0.5 is assumed' in capsys.readouterr().err
    # The image's own pixel size goes first.
    image(entry.folder / 'a1b2.png', dpi=(50800, 50800))
    monkeypatch.setenv('MITOS_UM_PER_PX', '0.1')
    assert entry.start() == 0
    assert len(json.loads((entry.target / 'mitotic-figures.json').read_text(encoding='utf-8'))['points']) == 2
    monkeypatch.setenv('MITOS_UM_PER_PX', 'fine')
    with pytest.raises(ValueError, match="MITOS_UM_PER_PX is 'fine'"):
        entry.start()


def test_no_image_and_several_are_refused(entry):
    with pytest.raises(ValueError, match='holds no slide and no image'):
        entry.start()
    for name in 'ab':
        image(entry.folder / f'{name}.tif', dpi=(50800, 50800))
    with pytest.raises(ValueError, match='holds 2 images'):
        entry.start()
    assert not list(entry.target.iterdir())


def test_the_dockerfile_copies_what_there_is():
    text = (ROOT / 'Dockerfile').read_text(encoding='utf-8')
    copied = [name for line in re.findall(r'^COPY (.*)$', text, re.M) for name in line.split()[:-1]]
    assert 'docker/grand_challenge.py' in copied
    assert not [name for name in copied if not (ROOT / name).exists()]
    extras = re.search(r'pip install --no-cache-dir "\.\[(.*)\]"', text)[1].split(',')
    setup = (ROOT / 'setup.py').read_text(encoding='utf-8')
    assert not [extra for extra in extras if f"'{extra}': [" not in setup]
