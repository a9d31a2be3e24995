"""``detect`` finds every mitotic figure once, whatever the grid, the scanner and the threads."""

import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mitos_mmdet.slides.detect import detect
from mitos_mmdet.slides.slide import SlideError

sys.path.insert(0, str(Path(__file__).parent))
from disc_model import ArraySlide, disc_model, disc_slide, mask_of  # noqa: E402


def found_um(detections):
    return detections.points_um[np.lexsort(detections.points_um.T)]


def same_places(first, second, within_um):
    """Whether two sets of points ``(n, 2)`` are one to one, within a distance."""
    if len(first) != len(second):
        return False
    distances = np.hypot(*(first[:, None] - second[None]).transpose(2, 0, 1))
    return len(first) == 0 or (distances.min(axis=0).max() <= within_um and distances.min(axis=1).max() <= within_um
                               and len(set(distances.argmin(axis=1))) == len(first))


# Tiles of 256 px with an overlap of 64 begin every 192 px: 48 um. What lies around the strip of 48 to 64 um is seen by two tiles.
SEAMS = [48.0, 52.0, 56.0, 60.0, 64.0, 66.0, 44.0]
SCATTER = np.random.default_rng(3).uniform(8, 192, (400, 2))


def apart(points, least_um):
    """The points that keep a distance from all those before them."""
    kept = []
    for point in points:
        if all(np.hypot(*(point - other)) >= least_um for other in kept):
            kept.append(point)
    return np.array(kept)


@pytest.mark.parametrize('overlap', [0, 32, 64])
@pytest.mark.parametrize('x', SEAMS)
def test_once_on_every_seam_and_corner(x, overlap):
    planted = np.array([[x, x], [x, 24.0], [24.0, x], [120.0, x], [x + 96, x + 96]])
    slide = disc_slide(planted, (200, 180))
    found = detect(slide, disc_model(overlap=overlap), tile_size=256 if overlap else 192)
    # With an overlap of less than a disc (36 px) no tile may see it whole: one part of it stays.
    assert same_places(found_um(found), planted, 0.5 if overlap > 36 else 4.6)


@pytest.mark.parametrize(('tile_size', 'overlap', 'batch_size', 'workers'),
                         [(128, 64, 1, 1), (160, 64, 3, 2), (256, 96, 2, 3), (512, 64, 8, 1), (2048, 64, 1, 1)])
def test_grid_batch_and_workers_do_not_show(tile_size, overlap, batch_size, workers):
    planted = apart(SCATTER, 14)
    slide = disc_slide(planted, (200, 200))
    wanted = detect(slide, disc_model(tile_size=1024))
    assert same_places(found_um(wanted), planted, 0.5) and len(planted) > 50
    found = detect(slide, disc_model(), tile_size=tile_size, overlap=overlap, batch_size=batch_size, workers=workers)
    assert np.array_equal(found.boxes, wanted.boxes) and np.array_equal(found.scores, wanted.scores)


@pytest.mark.parametrize('um_per_px', [(0.092, 0.092), (0.16, 0.16), (0.2273, 0.2275), (0.263, 0.263), (0.46, 0.46), (0.5, 0.5)])
def test_every_scanner_gives_the_same_places(um_per_px):
    planted = apart(SCATTER, 20)
    found = detect(disc_slide(planted, (200, 200), um_per_px), disc_model()).where(0.5)
    assert same_places(found_um(found), planted, 0.25)  # the model's px
    sizes = (found.boxes[:, 2:] - found.boxes[:, :2]) * um_per_px
    assert np.allclose(sizes, 9.0, atol=1.5)


def test_bounds_and_borders():
    # Half of a disc lies beyond the slide: it counts, as its centre is on it; what lies outside the scanned area is not read.
    planted = np.array([[1.0, 60.0], [150.0, 149.0], [30.0, 100.0]])
    slide = disc_slide(planted, (200, 150))
    assert same_places(found_um(detect(slide, disc_model())), planted, 2.5)
    slide = disc_slide(planted, (200, 150), bounds_um=(100, 80, 90, 70))
    assert same_places(found_um(detect(slide, disc_model())), planted[1:2], 2.5)


@pytest.mark.parametrize('um_per_px', [(0.25, 0.25), (0.46, 0.46), (0.18, 0.3)])
def test_the_network_never_sees_the_white_beyond_the_border(um_per_px, monkeypatch):
    # A white column at the border of a frame made false positives with the bundled model.
    model, seen = disc_model(), []
    monkeypatch.setattr(model, 'prepare', lambda tile, stain: seen.append(tile) or tile)
    detect(ArraySlide(np.full((700, 331, 3), 120, np.uint8), um_per_px), model)
    assert len(seen) > 1 and all((tile == 120).all() for tile in seen)


def test_a_stain_that_is_only_a_word_is_refused():
    with pytest.raises(ValueError, match="stain='none': give 'slide', a StainEstimate, or None"):
        detect(disc_slide(np.array([[40.0, 40.0]]), (200, 150)), disc_model(), stain='none')


def test_only_in_tissue_and_region():
    planted = np.array([[40.0, 40.0], [160.0, 40.0], [40.0, 400.0], [160.0, 400.0]])
    slide = disc_slide(planted, (200, 500))
    tissue = mask_of(slide, 8.0, lambda x, y: y < 200)
    model = disc_model()
    assert same_places(found_um(detect(slide, model, tissue=tissue)), planted[:2], 0.5)
    everywhere = disc_model()
    detect(slide, everywhere)
    assert model.network.tiles < 0.6 * everywhere.network.tiles
    left = SimpleNamespace(covers=lambda box: float(box[0] < 400), contains=lambda points: points[:, 0] < 400)
    assert same_places(found_um(detect(slide, disc_model(), roi=left)), planted[[0, 2]], 0.5)
    assert same_places(found_um(detect(slide, disc_model(), roi=left, tissue=tissue)), planted[:1], 0.5)
    nothing = mask_of(slide, 8.0, lambda x, y: x < 0)
    model = disc_model()
    assert len(detect(slide, model, tissue=nothing)) == 0 and model.network.tiles == 0


def test_progress_and_result():
    planted = np.array([[30.0, 30.0], [90.0, 45.0]])
    seen = []
    slide = disc_slide(planted, (120, 60))
    found = detect(slide, disc_model(), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(index + 1, len(seen)) for index in range(len(seen))] and len(seen) > 1
    assert found.size == slide.size and found.um_per_px == (0.25, 0.25) and found.classes[0] == 'mitotic figure'
    assert (np.diff(found.scores) <= 0).all()
    assert np.allclose(found.points, (found.boxes[:, :2] + found.boxes[:, 2:]) / 2)


def test_a_slide_smaller_than_a_tile():
    found = detect(disc_slide([[4.0, 5.0]], (9, 10)), disc_model())
    assert same_places(found_um(found), np.array([[4.0, 5.0]]), 0.5)
    assert len(detect(ArraySlide(np.full((1, 1, 3), 255, np.uint8), (0.25, 0.25)), disc_model())) == 0


def test_what_cannot_be():
    slide = disc_slide([[30.0, 30.0]], (60, 60))
    with pytest.raises(ValueError, match='the tile must be at least 32 px larger'):
        detect(slide, disc_model(), tile_size=64, overlap=64)
    slide.um_per_px = None
    with pytest.raises(SlideError, match='memory.tif: the file does not say its um/px. Give it by --um-per-px'):
        detect(slide, disc_model())


def test_a_damaged_tile_ends_it_and_no_thread_stays():
    class Damaged(ArraySlide):
        def _read_level(self, level, x, y, width, height):
            if y > 200:
                raise SlideError('memory.tif: damaged')
            return super()._read_level(level, x, y, width, height)

    before = threading.active_count()
    with pytest.raises(SlideError, match='damaged'):
        detect(Damaged(np.full((600, 600, 3), 230, np.uint8), (0.25, 0.25)), disc_model(), workers=3)
    assert threading.active_count() == before


def test_memory_does_not_grow_with_the_slide():
    import tracemalloc

    class Painted(ArraySlide):
        """Any size, without the pixels: only what is read exists."""

        def __init__(self, size):
            super(ArraySlide, self).__init__('painted.tif', [size], (0.25, 0.25))

        def _read_level(self, level, x, y, width, height):
            return np.full((height, width, 3), 230, np.uint8)

    def peak(size):
        tracemalloc.start()
        detect(Painted(size), disc_model(tile_size=512))
        value = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return value

    small = peak((2000, 2000))
    assert peak((2000, 32000)) < small + 2_000_000


def test_the_api_of_a_notebook(tmp_path):
    from PIL import Image

    from mitos_mmdet.slides import detect, find_hotspot, open_slide, tissue_mask

    planted = np.array([[30.0, 30.0], [90.0, 45.0]])
    Image.fromarray(disc_slide(planted, (120, 60)).pixels).save(tmp_path / 'frame.png')
    model = disc_model()
    with open_slide(tmp_path / 'frame.png', um_per_px=0.25) as slide:
        assert tissue_mask(slide).area_mm2 is not None
        found = detect(slide, model).of('mitotic figure').where(model.threshold)
    assert find_hotspot(found.points_um, area_mm2=0.001).count == 1 and find_hotspot(found.points_um, area_mm2=2.0).count == 2
