import pytest
from PIL import Image

from mitos_mmdet.contests.measure import drop_outside, measure_frames
from mitos_mmdet.contests.reading import Label, LabelledFrame
from mitos_mmdet.datasets.coco_format import MITOSIS


def frame(path, *centroids, size=(100, 80), **more):
    labels = [Label(MITOSIS, centroid, f'labels.csv:{line}') for line, centroid in enumerate(centroids, start=1)]
    return LabelledFrame(path.name, path, 'scanner', 'case', 'domain', (0.25, 0.25), size, labels=labels, **more)


def write(path, size=(100, 80), **options):
    Image.new('RGB', size).save(path, **options)
    return path


def test_sizes_come_from_the_image(tmp_path):
    frames, skipped, missing = measure_frames([frame(write(tmp_path / 'a.png', (64, 48)))], tmp_path)
    assert (frames[0].size, frames[0].um_per_px, skipped, missing) == ((64, 48), (0.25, 0.25), [], 0)


@pytest.mark.parametrize('tags_win, expected', [(True, 0.5), (False, 0.25)])
def test_tiff_tags_beat_the_rule_where_they_may(tmp_path, tags_win, expected):
    path = write(tmp_path / 'a.tiff', tiffinfo={282: 20000.0, 283: 20000.0, 296: 3})
    frames, _, _ = measure_frames([frame(path, tags_win=tags_win)], tmp_path)
    assert frames[0].um_per_px == pytest.approx((expected, expected))


def test_a_missing_a_corrupt_and_an_empty_image_are_skipped(tmp_path):
    (tmp_path / 'text.png').write_text('no image')
    (tmp_path / 'empty.png').touch()
    good = write(tmp_path / 'a.png')
    paths = [good, tmp_path / 'gone.png', tmp_path / 'text.png', tmp_path / 'empty.png']
    frames, skipped, missing = measure_frames([frame(path) for path in paths], tmp_path)
    assert [kept.image for kept in frames] == [good] and missing == 0
    assert [what for what, _ in skipped] == [str(path) for path in paths[1:]]
    assert all(str(tmp_path) not in reason for _, reason in skipped)


def test_a_missing_image_takes_its_nominal_size_when_allowed(tmp_path):
    frames = [frame(tmp_path / 'gone.png'), frame(tmp_path / 'unknown.png', size=None), frame(write(tmp_path / 'a.png', (9, 9)))]
    frames, skipped, missing = measure_frames(frames, tmp_path, allow_missing=True)
    assert [kept.size for kept in frames] == [(100, 80), (9, 9)] and missing == 1
    assert skipped[0][0].endswith('unknown.png')


def test_no_image_at_all_is_an_error(tmp_path):
    with pytest.raises(ValueError, match='none of the 2 images is here.*--images.*--allow-missing-images'):
        measure_frames([frame(tmp_path / 'a.png'), frame(tmp_path / 'b.png')], tmp_path)


def test_an_image_of_another_size_than_its_labels_is_skipped(tmp_path):
    path = write(tmp_path / 'a.png', (50, 40))
    frames, skipped, _ = measure_frames([frame(path, (1, 1), exact_size=True)], tmp_path)
    assert not frames and '50 x 40 px, its labels are for 100 x 80 px' in skipped[0][1]
    frames, skipped, _ = measure_frames([frame(path, exact_size=True)], tmp_path)
    assert frames[0].size == (50, 40) and not skipped  # nothing to be displaced


def test_points_outside_are_left_out_and_listed(tmp_path):
    points = [(0, 0), (99.5, 79.5), (50, 40), (100, 10), (-1, 10)]  # two corners inside, the far edge, a negative coordinate
    frames, skipped, hints = drop_outside([frame(tmp_path / 'a.png', *points)])
    assert [label.centroid for label in frames[0].labels] == points[:3]
    assert [where for where, _ in skipped] == ['labels.csv:4', 'labels.csv:5'] and hints == []
    assert 'x=100, y=10 lies outside its image a.png, 100 x 80 px' in skipped[0][1]


def test_most_points_outside_is_an_error_that_suspects_swapped_columns(tmp_path):
    with pytest.raises(ValueError, match='labels.csv:1: .*2 of 3 labels.*row and column are probably swapped'):
        drop_outside([frame(tmp_path / 'a.png', (10, 90), (70, 95), (5, 5))])
    with pytest.raises(ValueError, match='2 of 2 labels. Check that labels and images belong together'):
        drop_outside([frame(tmp_path / 'a.png', (1000, 2000), (3000, 2000))])


def test_a_few_points_outside_that_swapping_would_mend_give_a_hint(tmp_path):
    _, skipped, hints = drop_outside([frame(tmp_path / 'a.png', (10, 90), (70, 20), (5, 5))])
    assert len(skipped) == 1 and 'probably swapped' in hints[0]


def test_a_frame_with_most_labels_outside_is_left_out_whole(tmp_path):
    good = frame(tmp_path / 'a.png', (1, 1), (2, 2), (3, 3), (4, 4))
    frames, skipped, _ = drop_outside([good, frame(tmp_path / 'b.png', (500, 500), (600, 500), (5, 5))])
    assert [kept.file_name for kept in frames] == ['a.png']
    assert skipped == [('frame b.png', '2 of 3 labels lie outside, for example labels.csv:1')]


def test_frames_without_labels_pass(tmp_path):
    assert drop_outside([frame(tmp_path / 'a.png')])[1:] == ([], [])
