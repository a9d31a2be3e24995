
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitos_mmdet.tiling.grid import equal_grid, tile_grid

grids = st.tuples(st.integers(1, 400), st.integers(1, 400), st.integers(1, 90), st.integers(1, 90), st.integers(0, 89))


def covered(tiles, width, height):
    """How many tiles lie on each pixel of the frame."""
    counts = np.zeros((height, width), int)
    for x1, y1, x2, y2 in tiles:
        counts[y1:y2, x1:x2] += 1
    return counts


@settings(max_examples=150, deadline=None)
@given(grids, st.sampled_from(['pad', 'shift']))
def test_pad_and_shift_cover_the_frame_without_redundant_tiles(grid, remainder):
    width, height, tile_width, tile_height, overlap = grid
    overlap = overlap % min(tile_width, tile_height)
    tiles = tile_grid(width, height, (tile_width, tile_height), overlap, remainder)
    assert tiles.dtype == np.int64 and covered(tiles, width, height).min() == 1
    assert tiles.tolist() == sorted(tiles.tolist(), key=lambda tile: (tile[1], tile[0]))
    for low, length, side in ((0, width, tile_width), (1, height, tile_height)):
        starts, ends = np.unique(tiles[:, low]), np.unique(tiles[:, low + 2])
        assert (ends[:-1] - starts[1:] >= overlap).all(), 'neighbours share too little'
        assert (ends[:-1] < length).all(), 'a tile beyond one that reached the border'
        if remainder == 'shift':
            assert ends[-1] == length and set(tiles[:, low + 2] - tiles[:, low]) == {min(side, length)}
        else:
            assert set(tiles[:, low + 2] - tiles[:, low]) == {side} and (np.diff(starts) == side - overlap).all()


@settings(max_examples=100, deadline=None)
@given(grids)
def test_drop_keeps_exactly_the_tiles_that_fit(grid):
    width, height, tile_width, tile_height, overlap = grid
    overlap = overlap % min(tile_width, tile_height)
    tiles = tile_grid(width, height, (tile_width, tile_height), overlap, 'drop')
    xs = [x for x in range(0, width, tile_width - overlap) if x + tile_width <= width]
    ys = [y for y in range(0, height, tile_height - overlap) if y + tile_height <= height]
    assert tiles.tolist() == [[x, y, x + tile_width, y + tile_height] for y in ys for x in xs]


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 12), st.integers(1, 12))
def test_equal_grid_covers_each_pixel_once(width, height, columns, rows):
    if columns > width or rows > height:
        with pytest.raises(ValueError, match='cannot be cut'):
            equal_grid(width, height, columns, rows)
        return
    tiles = equal_grid(width, height, columns, rows)
    assert len(tiles) == columns * rows and (covered(tiles, width, height) == 1).all()
    assert all(np.ptp(tiles[:, axis + 2] - tiles[:, axis]) <= 1 for axis in (0, 1))


def test_a_frame_smaller_than_the_tile():
    assert tile_grid(300, 200, 512).tolist() == [[0, 0, 300, 200]]
    assert tile_grid(300, 200, 512, 64, 'pad').tolist() == [[0, 0, 512, 512]]
    assert tile_grid(300, 200, 512, 0, 'drop').shape == (0, 4)
    assert tile_grid(512, 512, 512, 64, 'pad').tolist() == [[0, 0, 512, 512]]


@pytest.mark.parametrize(('arguments', 'message'), [
    ((100, 100, 0), 'at least 1 px'), ((100, 100, 64, 64), 'overlap of 64'), ((100, 100, 64, -1), 'overlap of -1'),
    ((100, 100, (64, 32), 40), 'overlap of 40'), ((100, 100, 64, 0, 'crop'), "remainder 'crop'"), ((0, 100, 64), 'has no tiles')])
def test_grids_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        tile_grid(*arguments)


def test_the_papers_number_of_tiles(shared_data):
    """MIDOG Cascade R-CNN paper: 18,960 patches of 512 px side by side from the 150 labelled images of MIDOG 2021."""
    import json
    file = shared_data / 'midog' / 'MIDOG.json'
    if not file.is_file():
        pytest.skip(f'no {file}')
    images = [image for image in json.loads(file.read_text())['images'] if image['id'] <= 150]
    assert len(images) == 150
    assert sum(len(tile_grid(image['width'], image['height'], 512, 0, 'drop')) for image in images) == 18_960
