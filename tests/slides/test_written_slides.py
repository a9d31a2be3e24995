"""The same scene written by several formats at several um/px: the same detections in um, within one px of the slide."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from mitos_mmdet.slides.detect import detect
from mitos_mmdet.slides.open_slide import open_slide

sys.path.insert(0, str(Path(__file__).parent))
from disc_model import disc_model, disc_slide  # noqa: E402

SIZE_UM = (240, 180)
# Two alone, and those that tiles of 256 px at 0.25 um/px with an overlap of 64 cut: on a seam, on a corner of four tiles.
PLANTED = np.array([[20.0, 22.0], [150.3, 31.7], [48.0, 100.0], [56.2, 55.8], [104.0, 104.0], [200.4, 152.2], [152.0, 96.0]])


def write(path, kind, um_per_px, made):
    pixels = disc_slide(PLANTED, SIZE_UM, (um_per_px, ) * 2).pixels
    if kind == 'png':
        Image.fromarray(pixels).save(path)
    elif kind == 'strips':
        density = (1e4 / um_per_px, ) * 2
        tifffile.imwrite(path, pixels, photometric='rgb', compression='lzw', rowsperstrip=17, resolution=density,
                         resolutionunit='CENTIMETER')
    else:
        getattr(made, kind)(path, pixels, um_per_px)


@pytest.mark.parametrize('kind', ['pyramid', 'ome', 'strips', 'png'])
@pytest.mark.parametrize('um_per_px', [0.23, 0.25, 0.46])
def test_every_figure_once_at_its_place(tmp_path, made, kind, um_per_px):
    path = tmp_path / ('a.png' if kind == 'png' else 'a.tif')
    write(path, kind, um_per_px, made)
    with open_slide(path, um_per_px if kind == 'png' else None) as slide:
        for own, tile_size in ((0.25, 256), (0.25, 1024), (0.5, 256)):
            found = detect(slide, disc_model(own, tile_size)).where(0.5)
            distances = np.hypot(*(found.points_um[:, None] - PLANTED[None]).transpose(2, 0, 1))
            assert len(found) == len(PLANTED)
            assert sorted(distances.argmin(axis=1)) == list(range(len(PLANTED)))
            # One px of the slide, or what boxes of whole px at the model's um/px allow.
            assert distances.min(axis=1).max() <= max(um_per_px, 0.75 * own), (own, tile_size)
