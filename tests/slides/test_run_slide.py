"""``run_slide``: what is refused or told before anything is written."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from mitos_mmdet.model_zoo.second_reader import SecondReader
from mitos_mmdet.slides import write_outputs
from mitos_mmdet.slides.run_slide import run_slide
from mitos_mmdet.slides.settings import SlideSettings
from mitos_mmdet.slides.slide import SlideError

sys.path.insert(0, str(Path(__file__).parent))
from disc_model import disc_model, disc_slide  # noqa: E402


def pixels(um_per_px=0.25):
    return disc_slide([[30.0, 30.0], [90.0, 45.0]], (120, 60), (um_per_px, um_per_px)).pixels


@pytest.mark.parametrize(('um_per_px', 'told'), [(0.25, False), (0.35, False), (0.5, True)])
def test_a_slide_coarser_than_the_model_is_told(tmp_path, um_per_px, told):
    Image.fromarray(pixels(um_per_px)).save(tmp_path / 'a.png')
    summary = run_slide(tmp_path / 'a.png', disc_model(), tmp_path / 'out', SlideSettings(um_per_px=um_per_px, outputs=('csv', )))
    assert summary['mitotic_figures'] == 2
    assert any(f'has {um_per_px} µm/px and was enlarged to the 0.25 of the model' in note for note in summary['notes']) == told


def test_results_of_another_slide_are_kept(tmp_path):
    settings = SlideSettings(um_per_px=0.25, outputs=('csv', ))
    for case in ('01', '02'):
        (tmp_path / case).mkdir()
        Image.fromarray(pixels()).save(tmp_path / case / 'a.png')
    run_slide(tmp_path / '01' / 'a.png', disc_model(), tmp_path / 'out', settings)
    Image.fromarray(pixels()).save(tmp_path / '01' / 'a.png')  # the same slide, exported again
    first = run_slide(tmp_path / '01' / 'a.png', disc_model(), tmp_path / 'out', settings)
    with pytest.raises(ValueError, match='out: holds the results of another slide, .*01/a.png. Choose another output folder'):
        run_slide(tmp_path / '02' / 'a.png', disc_model(), tmp_path / 'out', settings)
    assert json.loads((tmp_path / 'out' / 'summary.json').read_text()) == first
    shutil.copytree(tmp_path / '01', tmp_path / 'copy')
    assert run_slide(tmp_path / 'copy' / 'a.png', disc_model(), tmp_path / 'out', settings.but(threshold=0.1))['mitotic_figures'] == 2
    (tmp_path / '01').rename(tmp_path / '03')  # slides that moved are no others
    assert run_slide(tmp_path / '03' / 'a.png', disc_model(), tmp_path / 'out', settings)['mitotic_figures'] == 2


def test_a_slide_too_coarse_is_refused_before_anything_is_done(tmp_path):
    Image.fromarray(pixels()).save(tmp_path / 'a.png')
    model = disc_model()
    with pytest.raises(SlideError, match='a.png: has 4 um/px, too coarse for mitotic figures.*more than 1 cannot be enlarged'):
        run_slide(tmp_path / 'a.png', model, tmp_path / 'out', SlideSettings(um_per_px=4))
    assert model.network.tiles == 0 and not (tmp_path / 'out').exists()


def test_twelve_bits_in_sixteen_are_refused_and_not_read_as_black(tmp_path):
    wide = pixels().astype(np.uint16)
    tifffile.imwrite(tmp_path / 'a.tif', wide * 16, photometric='rgb')
    Image.fromarray(wide[..., 0] * 16).save(tmp_path / 'grey.png')
    for name in ('a.tif', 'grey.png'):
        with pytest.raises(SlideError, match=f'{name}: its 16-bit values use a sixteenth of their range'):
            run_slide(tmp_path / name, disc_model(), tmp_path / 'out', SlideSettings(um_per_px=0.25))
    assert not (tmp_path / 'out').exists()
    tifffile.imwrite(tmp_path / 'b.tif', wide * 257, photometric='rgb')
    summary = run_slide(tmp_path / 'b.tif', disc_model(), tmp_path / 'out', SlideSettings(um_per_px=0.25, outputs=('csv', )))
    assert summary['mitotic_figures'] == 2


@pytest.mark.parametrize('when', ['while it detects', 'while it writes'])
def test_ctrl_c_leaves_nothing_behind(tmp_path, monkeypatch, when):
    Image.fromarray(pixels()).save(tmp_path / 'a.png')

    def interrupt(*_):
        raise KeyboardInterrupt

    if when == 'while it writes':
        monkeypatch.setattr(write_outputs, 'write_geojson', interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_slide(tmp_path / 'a.png', disc_model(tile_size=128, overlap=32), tmp_path / 'out', SlideSettings(um_per_px=0.25),
                  progress=interrupt if when == 'while it detects' else None)
    assert [path.name for path in tmp_path.iterdir()] == ['a.png']


class NormalisingReader:
    """Networks of a second reader that notes which stain its crops were prepared with."""

    name, sha256, um_per_px, crop_size, weight, normalizer = 'agrees', 'a' * 64, 0.25, 16, 0.5, 'some'

    def __init__(self):
        self.stains = []

    def estimate_stain(self, image):
        return 'its stain', None

    def prepare(self, crop, stain):
        self.stains.append(stain)
        return crop

    def predict(self, crops):
        return np.ones(len(crops))


@pytest.mark.parametrize(('normalize', 'expected'), [(True, 'its stain'), (False, None)])
def test_no_stain_holds_for_the_second_reader_too(tmp_path, normalize, expected):
    Image.fromarray(pixels()).save(tmp_path / 'a.png')
    model = disc_model()
    model.second_reader = SecondReader([NormalisingReader()])
    run_slide(tmp_path / 'a.png', model, tmp_path / 'out', SlideSettings(um_per_px=0.25, normalize_stain=normalize, outputs=('csv', )))
    assert model.second_reader.groups[0].stains == [expected] * 2
