import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitos_mmdet.tiling.grid import equal_grid, tile_grid
from mitos_mmdet.tiling.merging import merge_tiles

FRAME = (1300, 1000)
LEFT, RIGHT = (0, 0, 512, 512), (448, 0, 960, 512)  # two tiles that share 64 px
ABUTTING = (512, 0, 1024, 512)


def merge(*rows, frame=FRAME, **options):
    """``merge_tiles`` of rows ``(box, score, label, tile)``; the kept row numbers."""
    boxes, scores, labels, tiles = zip(*rows, strict=True) if rows else ((), (), (), ())
    return merge_tiles(boxes, scores, labels, tiles, frame, **options).tolist()


def square(x, y, side=50):
    return (x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def cut(box, tile):
    return (max(box[0], tile[0]), max(box[1], tile[1]), min(box[2], tile[2]), min(box[3], tile[3]))


def test_nothing_to_merge():
    assert merge() == []


def test_one_tile_is_plain_suppression():
    whole = (0, 0, *FRAME)
    rows = [(square(100, 100), .5, 0, whole), (square(110, 100), .9, 0, whole), (square(100, 124), .3, 0, whole),
            (square(140, 100), .4, 0, whole), (square(110, 100), .6, 1, whole)]
    # 0 overlaps 1 by IoU; 2 is 26 px from 1 and stays; 3 is 30 px away; 4 is of another class.
    assert merge(*rows) == [1, 4, 3, 2]
    assert merge(*rows, merge_distance_px=28) == [1, 4, 3]


def test_iou_suppresses_where_the_distance_does_not():
    whole = (0, 0, *FRAME)
    rows = [((100, 100, 300, 300), .9, 0, whole), ((100, 140, 300, 340), .8, 0, whole), ((100, 180, 300, 380), .7, 0, whole)]
    assert merge(*rows) == [0, 2]  # IoU 0.67 and 0.43
    assert merge(*rows, iou_threshold=.4) == [0]
    assert merge(*rows, iou_threshold=.7) == [0, 1, 2]


def test_a_low_threshold_reaches_a_large_box_around_a_small_one():
    rows = [((0, 0, 10, 10), .9, 0, LEFT), ((0, 0, 30, 30), .8, 0, LEFT)]  # IoU 0.11
    assert merge(*rows, iou_threshold=.1, merge_distance_px=0) == [0]
    assert merge(*rows, iou_threshold=.12, merge_distance_px=0) == [0, 1]


def test_the_last_bit_of_a_float_decides_nothing():
    noise = np.float32(2e-5)
    for shift in (noise, -noise):
        apart = [(square(100, 100), .5, 0, LEFT), (square(125 - shift, 100, 30), .4, 0, LEFT)]
        assert merge(*apart) == [0, 1]  # 25 px apart is not nearer than 25
        halves = [((0, 0, 30, 30), .5, 0, LEFT), ((0, 10 - shift, 30, 40 - shift), .4, 0, LEFT)]
        assert merge(*halves, merge_distance_px=0) == [0, 1]  # an IoU of 0.5 is not above 0.5
        row = [(square(x, 100 + shift * n), .5, 0, LEFT) for n, x in enumerate((300, 200, 100))]
        assert merge(*row) == [2, 1, 0]  # one height: from left to right


@pytest.mark.parametrize('visible', [48, 32, 20, 8, 3])  # px of a 50 px figure
def test_a_cut_box_yields_to_the_whole_one_whatever_the_scores(visible):
    figure = square(512 - visible + 25, 200)
    assert merge((cut(figure, LEFT), .99, 0, LEFT), (figure, .06, 0, RIGHT)) == [1]


@pytest.mark.parametrize('shift', [0, 10, 20])
def test_a_cut_box_squeezed_into_its_tile_yields_by_distance(shift):
    figure = square(490, 200, side=30)
    squeezed = (482, 185 + shift, 512, 215 + shift)
    assert merge((squeezed, .99, 0, LEFT), (figure, .06, 0, RIGHT)) == [1]


def test_a_cut_box_does_not_yield_to_another_class():
    figure = square(500, 200)
    assert sorted(merge((cut(figure, LEFT), .99, 0, LEFT), (figure, .06, 1, RIGHT))) == [0, 1]


def test_a_cut_box_alone_stays():
    figure = square(505, 200)
    assert merge((cut(figure, LEFT), .3, 0, LEFT)) == [0]
    assert sorted(merge((cut(figure, LEFT), .3, 0, LEFT), (square(600, 200), .9, 0, RIGHT))) == [0, 1]


def test_the_frames_own_border_cuts_nothing():
    tile = (948, 0, 1300, 512)
    assert merge((cut(square(1290, 10), tile), .9, 0, tile), (square(1270, 60), .95, 0, tile)) == [1, 0]
    # Padding: the tile goes on beyond the frame.
    padded = (1024, 0, 1536, 512)
    assert merge((square(1290, 100), .9, 0, padded), (square(1270, 100), .2, 0, tile)) == [0]


def test_against_a_whole_box_that_cannot_see_the_figure_the_score_decides():
    figure = square(500, 200)
    stray = square(518, 200, side=8)
    assert merge((cut(figure, LEFT), .95, 0, LEFT), (stray, .06, 0, ABUTTING)) == [0]  # a tile that begins at the seam
    assert merge((cut(figure, LEFT), .95, 0, LEFT), (square(480, 200, side=10), .06, 0, LEFT)) == [0]  # its own tile
    assert merge((cut(figure, LEFT), .05, 0, LEFT), (stray, .06, 0, ABUTTING)) == [1]


def test_a_cut_box_yields_to_a_whole_one_that_another_beats():
    faint, sure = square(500, 200), square(500, 223, side=60)  # 23 px apart: one figure
    scraps = (478, 175, 512, 185)  # within the faint box, 43 px from the sure one
    rows = [(scraps, .7, 0, LEFT), (faint, .5, 0, RIGHT), (sure, .9, 0, RIGHT)]
    assert merge(*rows) == [2]


@pytest.mark.parametrize(('jitter', 'side'), list(itertools.product([-2, -.5, 0, .5, 2], [30, 50])))
@pytest.mark.parametrize('x', [470, 480, 497, 512 - 25, 448 + 25, 512 - 15, 448 + 15])
def test_jittered_copies_are_never_both_lost_nor_both_kept(x, jitter, side):
    rows = [(cut(square(x, 200, side), LEFT), .8, 0, LEFT), (cut(square(x + jitter, 200 - jitter, side), RIGHT), .7, 0, RIGHT)]
    assert len(merge(*rows)) == 1


@pytest.mark.parametrize('offset', [-20, -8, 0, 8, 20])
@pytest.mark.parametrize('side', [30, 50, 90])
def test_halves_at_a_seam_without_overlap_are_one(side, offset):
    figure = square(512 + offset * side / 50, 200, side)
    for scores, best in (((.4, .6), 1), ((.6, .4), 0)):
        halves = [(cut(figure, tile), score, 0, tile) for tile, score in zip((LEFT, ABUTTING), scores, strict=True)]
        assert merge(*halves) == [best]


def test_quarters_at_a_corner_are_one_and_neighbours_across_a_seam_two():
    tiles = [(0, 0, 512, 512), (512, 0, 1024, 512), (0, 512, 512, 1000), (512, 512, 1024, 1000)]
    for side, (x, y) in itertools.product((30, 50, 90), ((512, 512), (505, 520), (520, 505), (515, 515))):
        figure = square(x, y, side)
        assert len(merge(*[(cut(figure, tile), .5 + n / 10, 0, tile) for n, tile in enumerate(tiles)])) == 1, (side, x, y)
    assert len(merge((cut(square(500, 100), tiles[0]), .9, 0, tiles[0]), (cut(square(524, 160), tiles[1]), .8, 0, tiles[1]))) == 2


def test_two_figures_cut_at_either_end_of_the_shared_strip_are_two():
    assert merge(((490, 175, 512, 225), .9, 0, LEFT), ((448, 175, 470, 225), .8, 0, RIGHT)) == [0, 1]


def test_a_scrap_does_not_stand_for_the_figure_that_another_tile_sees_most_of():
    rows = [((505, 150, 512, 160), .9, 0, LEFT), ((505, 150, 539, 220), .5, 0, (504, 0, 1016, 512)),
            ((520, 150, 539, 220), .4, 0, (520, 0, 1032, 512))]
    assert merge(*rows) == [1]


def test_a_figure_wider_than_the_overlap_is_one():
    figure = (430, 150, 530, 250)  # spans the strip from 448 to 512
    assert len(merge((cut(figure, LEFT), .8, 0, LEFT), (cut(figure, RIGHT), .7, 0, RIGHT))) == 1


def stand_in(figures, scores, labels, tiles):
    """A detector whose result moves exactly with the frame: every figure it sees enough of, cut at the tile's border."""
    rows = [(cut(figure, tile), score, label, tile) for tile in tiles.tolist()
            for figure, score, label in zip(figures, scores, labels, strict=True)
            if min(cut(figure, tile)[2] - cut(figure, tile)[0], cut(figure, tile)[3] - cut(figure, tile)[1]) > 2]
    boxes, *others = zip(*rows, strict=True)
    # As detectors do: float32 in the tile, then the offset is added.
    offsets = np.array(others[2], np.float32)[:, [0, 1, 0, 1]]
    return (np.array(boxes, np.float32) - offsets) + offsets, *map(np.array, others)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_any_grid_with_enough_overlap_gives_the_same_figures_in_the_same_order(seed):
    rng = np.random.default_rng(seed)
    count = 120  # close enough that figures overlap, so that suppression has chains to get wrong
    centres, sides = rng.uniform(0, FRAME, (count, 2)), rng.uniform(16, 60, (count, 2))
    figures = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
    figures = np.clip(np.round(figures * 8) / 8, 0, [*FRAME, *FRAME])
    figures = figures[(figures[:, 2:] - figures[:, :2]).min(axis=1) > 4]
    scores, labels = rng.integers(1, 10, len(figures)) / 10, rng.integers(0, 2, len(figures))  # with ties
    results = []
    for grid in (tile_grid(*FRAME, 2000), tile_grid(*FRAME, 512, 64), tile_grid(*FRAME, 512, 64, 'pad'),
                 tile_grid(*FRAME, (400, 300), 100), tile_grid(*FRAME, 700, 200), tile_grid(*FRAME, 130, 64)):
        boxes, *others = stand_in(figures, scores, labels, grid)
        kept = merge_tiles(boxes, *others, FRAME)
        results.append([(*np.round(boxes[k], 2).tolist(), others[0][k], others[1][k]) for k in kept])
    assert all(result == results[0] for result in results[1:])


@pytest.mark.parametrize('grid', [tile_grid(*FRAME, 512, 0), tile_grid(*FRAME, 512, 20, 'pad'), tile_grid(*FRAME, 300, 10),
                                  equal_grid(*FRAME, 4, 4)])
def test_figures_too_large_for_the_overlap_are_still_found_once_each(grid):
    spots = [(x, y) for x in range(40, 1280, 61) for y in range(40, 980, 61)]
    figures = np.array([square(x, y, 40) for x, y in spots])
    boxes, *others = stand_in(figures, np.full(len(figures), .5), np.zeros(len(figures), int), grid)
    kept = merge_tiles(boxes, *others, FRAME)
    centres = (boxes[kept, :2] + boxes[kept, 2:]) / 2
    apart = np.abs(centres[:, None] - np.array(spots)).max(axis=2) <= 20
    assert (apart.sum(axis=0) == 1).all() and (apart.sum(axis=1) == 1).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_input_and_of_tiles_does_not_show(seed):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, FRAME, (300, 2))
    figures = np.concatenate([centres - 20, centres + 20], axis=1)
    boxes, *others = stand_in(figures, rng.integers(1, 6, 300) / 5, rng.integers(0, 2, 300), tile_grid(*FRAME, 256, 24))
    order = rng.permutation(len(boxes))
    plain = merge_tiles(boxes, *others, FRAME)
    shuffled = order[merge_tiles(boxes[order], *(values[order] for values in others), FRAME)]
    for values in (boxes, *others):
        assert np.array_equal(values[plain], values[shuffled])
    assert (np.diff(others[0][plain]) <= 0).all()


def test_each_box_left_out_has_one_of_its_class_near_that_stands_for_it():
    rng = np.random.default_rng(5)
    centres = rng.uniform(0, FRAME, (400, 2)) + rng.normal(0, 2, (400, 2))
    boxes, scores, labels, tiles = stand_in(np.concatenate([centres - 25, centres + 25], axis=1), rng.uniform(size=400),
                                            rng.integers(0, 2, 400), tile_grid(*FRAME, 256, 32))
    kept = merge_tiles(boxes, scores, labels, tiles, FRAME)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    for index in set(range(len(boxes))) - set(kept.tolist()):
        gap = np.hypot(*(centres[kept[labels[kept] == labels[index]]] - centres[index]).T)
        assert gap.min() < 75


def test_many_boxes_and_many_on_one_heap():
    rng = np.random.default_rng(0)
    centres = rng.uniform(0, 7000, (50_000, 2))
    boxes = np.concatenate([centres - 25, centres + 25], axis=1)
    corner = (centres // 448 * 448).astype(int)
    tiles = np.concatenate([corner, corner + 512], axis=1)
    boxes = np.clip(boxes, tiles[:, [0, 1, 0, 1]], tiles[:, [2, 3, 2, 3]])
    kept = merge_tiles(boxes, rng.uniform(size=50_000), np.zeros(50_000, int), tiles, (7100, 7100))
    found = (boxes[kept, :2] + boxes[kept, 2:]) / 2
    gaps = np.sort(np.hypot(*(found[:500, None] - found[None]).transpose(2, 0, 1)), axis=1)[:, 1]
    assert len(kept) > 10_000 and gaps.min() >= 24.9
    heap = np.broadcast_to(square(100, 100), (20_000, 4))
    assert len(merge_tiles(heap, np.ones(20_000), np.zeros(20_000, int), np.tile(LEFT, (20_000, 1)), FRAME)) == 1


def test_a_huge_box_among_small_ones_changes_nothing_for_them():
    rows = [(square(100 + 60 * n, 100, 30), .5 + n / 100, 0, LEFT) for n in range(6)]
    assert sorted(merge(*rows, ((0, 0, 500, 500), .9, 0, LEFT))) == list(range(7))


def test_boxes_without_area_have_a_place():
    assert merge(((512, 180, 512, 220), .9, 0, LEFT), (square(500, 200), .1, 0, RIGHT)) == [1]
    assert merge(((512, 180, 512, 220), .9, 0, LEFT)) == [0]


@pytest.mark.parametrize('change', [dict(scores=[.5, .5]), dict(scores=[np.nan]), dict(boxes=[(0, 0, np.inf, 1)]),
                                    dict(iou_threshold=0), dict(iou_threshold=1.5), dict(merge_distance_px=-1)])
def test_input_that_cannot_be_merged(change):
    with pytest.raises(ValueError):
        merge_tiles(**dict(boxes=[square(9, 9)], scores=[.5], labels=[0], tiles=[LEFT], frame_size=FRAME) | change)
