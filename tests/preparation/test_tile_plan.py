import numpy as np
import pytest

from mitos_mmdet.datasets.coco_format import categories, read_annotations
from mitos_mmdet.preparation.tile_plan import TileSettings, plan_tiles, summarise, tiles_json

SMALL = TileSettings(size=(100, 100), remainder='drop')


def frame(number=1, name='a.tif', width=300, height=200, **more):
    return dict(id=number, file_name=name, width=width, height=height, um_per_px=[.25, .26], scanner='S', case_id='c', domain='d',
                labelled=True) | more


def label(number, x, y, image=1, side=20, category=1, **more):
    return dict(id=number, image_id=image, category_id=category, bbox=[x - side / 2, y - side / 2, side, side], area=side * side,
                iscrowd=0, centroid=[x, y]) | more


def content(images, labels):
    return dict(images=images, annotations=labels, categories=categories())


def plan(images, labels, tile_settings=SMALL):
    frames, skipped = plan_tiles(content(images, labels), tile_settings)
    return tiles_json(content(images, labels), frames, tile_settings), skipped


@pytest.mark.parametrize(('x', 'tiles'), [(0, [0]), (99.999, [0]), (100, [100]), (199.9999, [200]), (299.9, [200])])
def test_an_object_belongs_to_the_tile_that_holds_its_centroid(x, tiles):
    # 199.9999 rounds to 200.0, and a centroid in the file still lies inside its tile.
    result, skipped = plan([frame()], [label(7, x, 50)])
    assert [image['offset'] for image in result['images']] == [[x, 0] for x in tiles] and not skipped
    [annotation] = result['annotations']
    assert 0 <= annotation['centroid'][0] < 100 and annotation['frame_annotation_id'] == 7


def test_where_tiles_overlap_an_object_is_in_each_and_moves_back_to_itself():
    overlapping = TileSettings(size=(100, 100), overlap=40)
    given_labels = [label(5, 70.25, 50.5, confidence=.65), label(9, 75, 75, category=2)]
    result, _ = plan([frame()], given_labels, overlapping)
    assert [image['offset'] for image in result['images']] == [[0, 0], [60, 0], [0, 60], [60, 60]]
    of_image = {image['id']: image for image in result['images']}
    assert sorted(annotation['frame_annotation_id'] for annotation in result['annotations']) == [5, 5, 9, 9, 9, 9]
    assert [annotation['id'] for annotation in result['annotations']] == list(range(1, 7))
    for annotation in result['annotations']:
        source = next(one for one in given_labels if one['id'] == annotation['frame_annotation_id'])
        offset = np.array(of_image[annotation['image_id']]['offset'])
        assert np.allclose(annotation['centroid'] + offset, source['centroid'], atol=1e-9)
        assert annotation.get('confidence') == source.get('confidence') and annotation['category_id'] == source['category_id']
        x, y, width, height = annotation['bbox']
        box = np.array(source['bbox'])
        low, high = np.maximum(box[:2], offset), np.minimum(box[:2] + box[2:], offset + 100)
        assert np.allclose([x, y, width, height], [*(low - offset), *(high - low)])
        assert annotation['area'] == pytest.approx(width * height)


def test_a_cut_box_and_its_outline_end_at_the_tile():
    outline = [[80, 40, 110, 40, 110, 60, 80, 60], [105, 42, 109, 42, 109, 44]]
    result, _ = plan([frame()], [label(1, 95, 50, bbox=[80, 40, 30, 20], segmentation=outline, area=333)])
    [annotation] = result['annotations']
    assert annotation['bbox'] == [80, 40, 20, 20] and annotation['area'] == 400
    [polygon] = annotation['segmentation']  # the second part lies in the next tile
    assert {tuple(point) for point in np.reshape(polygon, (-1, 2)).tolist()} == {(80, 40), (100, 40), (100, 60), (80, 60)}
    result, _ = plan([frame()], [label(1, 150, 50, segmentation=[[145, 45, 155, 45, 155, 55]], area=333)])
    assert result['annotations'][0]['segmentation'] == [[45, 45, 55, 45, 55, 55]] and result['annotations'][0]['area'] == 333


def test_tiles_carry_what_the_frame_has():
    result, _ = plan([frame(4, 'x/b.tif', tumor_type='glioma')], [label(1, 150, 150, image=4)])
    assert result['images'] == [dict(id=1, file_name='x/b_x100_y100.png', width=100, height=100, um_per_px=[.25, .26],
                                     scanner='S', case_id='c', domain='d', labelled=True, tumor_type='glioma', frame='x/b.tif',
                                     frame_id=4, offset=[100, 100])]
    assert result['categories'] == categories() and result['info']['tiles']['size'] == [100, 100]


@pytest.mark.parametrize(('keep', 'labelled', 'count'), [('labelled', True, 1), ('labelled', False, 0), ('all', True, 6),
                                                         ('all', False, 6)])
def test_what_is_kept(keep, labelled, count):
    result, _ = plan([frame(labelled=labelled)], [label(1, 50, 50)], TileSettings(size=(100, 100), keep=keep))
    assert len(result['images']) == count and len(result['annotations']) == min(count, 1)
    assert plan([frame(labelled=labelled)], [], TileSettings(size=(100, 100)))[0]['images'] == []


def test_padded_and_shifted_tiles_and_a_grid():
    images, labels = [frame(width=250, height=100)], [label(1, 240, 50)]
    for remainder, expected in (('pad', [200, 100, 40]), ('shift', [150, 100, 90]), ('drop', None)):
        result, _ = plan(images, labels, TileSettings(size=(100, 100), remainder=remainder))
        found = [[image['offset'][0], image['width'], annotation['centroid'][0]]
                 for image, annotation in zip(result['images'], result['annotations'], strict=True)]
        assert found == ([expected] if expected else [])
    result, _ = plan(images, labels, TileSettings(grid=(4, 3), keep='all'))
    assert len(result['images']) == 12 and sum(image['width'] * image['height'] for image in result['images']) == 250 * 100
    assert result['info']['tiles'] == dict(grid=[4, 3], keep='all', format='png', stain='macenko')


def test_names_of_tiles_never_collide():
    names = ['a.tif', 'a.png', 'x/a.tif', 'y/a.tif', 'x_a.tif', 'a_x0_y0.tif', 'b.c.tif', 'b.tif']
    result, _ = plan([frame(n, name, width=100, height=100) for n, name in enumerate(names)], [],
                     TileSettings(size=(100, 100), keep='all'))
    found = [image['file_name'] for image in result['images']]
    assert found == ['a.tif_x0_y0.png', 'a.png_x0_y0.png', 'x/a_x0_y0.png', 'y/a_x0_y0.png', 'x_a_x0_y0.png',
                     'a_x0_y0_x0_y0.png', 'b.c_x0_y0.png', 'b_x0_y0.png']
    with pytest.raises(ValueError, match='two frames'):
        plan([frame(1, 'a.tif'), frame(2, 'a.png'), frame(3, 'a.tif.jpg')], [])


@pytest.mark.parametrize(('change', 'reason'), [
    (dict(image_id=8), 'no image 8'), (dict(image_id=[1]), 'no image [1]'), (dict(image_id=None), 'no image None'),
    (dict(bbox=[290, 0, 20, 20], centroid=[300, 5]), 'outside the 300 x 200'),
    (dict(bbox=[-5, 0, 10, 10], centroid=[-1, 5]), 'outside')])
def test_a_label_of_no_place_in_the_frame_is_left_out_with_its_reason(change, reason):
    result, [(what, why)] = plan([frame()], [label(1, 50, 50) | change, label(2, 60, 60)])
    assert [annotation['frame_annotation_id'] for annotation in result['annotations']] == [2]
    assert 'annotation 1' in what and reason in why and why


@pytest.mark.parametrize(('change', 'reason'), [
    (dict(category_id=3), 'no category 3'), (dict(category_id=None), 'lacks category_id'),
    (dict(bbox=[90, 90, 5, 5]), 'does not hold its centroid'), (dict(bbox=None, centroid=None), 'no usable bbox, centroid or mask')])
def test_a_frame_with_an_object_that_cannot_be_used_is_left_out(change, reason):
    # Else its tile would be cut as one without the object.
    everything = TileSettings(size=(100, 100), keep='all')
    result, [(what, why), (frame_left_out, whole)] = plan(
        [frame(), frame(2, 'b.tif')], [label(1, 50, 50) | change, label(2, 60, 60), label(3, 60, 60, image=2)], everything)
    assert {image['frame_id'] for image in result['images']} == {2}
    assert 'annotation 1' in what and reason in why and frame_left_out == 'a.tif' and 'annotation 1' in whole


@pytest.mark.parametrize('bbox', [[1, 2, 3], None, ['a', 1, 2, 3], [40, 40, float('nan'), 4], [40, 40, 0, 20], [50, 50, 0, 0],
                                  [40, 40, 10 ** 400, 20]])
def test_50_px_around_the_centroid_stand_in_for_an_unusable_box(bbox):
    result, [(what, why)] = plan([frame()], [label(1, 50, 50, bbox=bbox)])
    [annotation] = result['annotations']
    assert annotation['bbox'] == [25, 25, 50, 50] and annotation['centroid'] == [50, 50] and annotation['area'] == 2500
    assert 'annotation 1' in what and '50 px around its centroid' in why


@pytest.mark.parametrize(('segmentation', 'area'), [
    ([40, 40, 60, 40, 60, 60, 40, 60], 400), ([[40, 40], [60, 40], [60, 60], [40, 60]], 400),
    (dict(size=[200, 300], counts=[40 * 200 + 40, 2, 198, 2, 51758]), 4)])
def test_other_spellings_of_a_mask_are_read(segmentation, area):
    place = 41 if area == 4 else 50
    result, skipped = plan([frame()], [label(1, place, place, area=area, segmentation=segmentation)])
    [annotation] = result['annotations']
    x, y = np.reshape(annotation['segmentation'][0], (-1, 2)).T
    assert not skipped and abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2 == pytest.approx(area, abs=.6)


def test_objects_that_all_vanish_are_an_error():
    with pytest.raises(ValueError, match='none of the 1 annotations can be used'):
        plan([frame()], [label(1, 50, 50, image='x')])


@pytest.mark.parametrize('segmentation', [
    [[None, 'a']], dict(counts='x', size=[1, 1]), [[10 ** 400, 1, 2, 3, 4, 5]], [[float('inf'), 1, 2, 3, 4, 5]], [[1, 2, 3]], 'text', 7,
    [[45, 45, 55, 45]], [[]]])
def test_an_unusable_outline_leaves_the_box(segmentation):
    result, [(what, why)] = plan([frame()], [label(1, 50, 50, segmentation=segmentation)])
    [annotation] = result['annotations']
    assert annotation['bbox'] == [40, 40, 20, 20] and 'segmentation' not in annotation and annotation['centroid'] == [50, 50]
    assert 'annotation 1' in what and 'its box is used' in why


@pytest.mark.parametrize('box', [[50, 50, 0, 0], None, [1, 2], [40, float('nan'), 3, 3]])
def test_an_outline_stands_in_for_an_unusable_box(box):
    result, skipped = plan([frame()], [label(1, 50, 50, bbox=box, segmentation=[[45, 44, 55, 44, 55, 56]])])
    assert result['annotations'][0]['bbox'] == [45, 44, 10, 12] and not skipped


@pytest.mark.parametrize('centroid', [[1], 'x', [float('nan'), 1], [10 ** 400, 1]])
def test_the_middle_of_the_box_stands_in_for_an_unusable_centroid(centroid):
    result, skipped = plan([frame()], [label(1, 50, 50, centroid=centroid)])
    assert result['annotations'][0]['centroid'] == [50, 50] and not skipped


def test_an_image_id_may_be_text():
    result, skipped = plan([frame(), frame('2', 'b.tif')], [label(1, 50, 50, image='1'), label(2, 50, 50, image=2)])
    assert [image['frame_id'] for image in result['images']] == [1, '2'] and not skipped
    result, skipped = plan([frame(), frame('1', 'b.tif')], [label(1, 50, 50, image='1')])
    assert [image['frame_id'] for image in result['images']] == ['1'] and not skipped


def test_a_concave_outline_cut_in_two_stays_two():
    outline = [[90, 10, 130, 10, 130, 50, 90, 50, 90, 40, 120, 40, 120, 20, 90, 20]]  # a U that opens to the left
    result, _ = plan([frame()], [label(1, 95, 15, bbox=[90, 10, 40, 40], segmentation=outline)])
    parts = sorted(result['annotations'][0]['segmentation'])
    assert [sorted({*part[1::2]}) for part in parts] == [[10, 20], [40, 50]] and result['annotations'][0]['area'] == 200


@pytest.mark.parametrize('info', ['text', 7, ['a']])
def test_an_info_that_is_no_object_is_refused_before_anything_is_cut(info):
    with pytest.raises(ValueError, match='its info is'):
        plan_tiles(dict(content([frame()], [label(1, 50, 50)]), info=info), SMALL)


def test_a_frame_of_too_many_tiles_and_long_names():
    result, [(_, why)] = plan([frame(width=10 ** 9, height=10 ** 8), frame(2, 'x' * 251 + '.tif'), frame(3, 'ä' * 120 + '.tif')],
                              [label(n, 50, 50, image=n) for n in (1, 2, 3)])
    assert 'more than 1000000 tiles' in why
    names = [image['file_name'] for image in result['images']]
    assert len(set(names)) == 2 and all(len(name.encode()) <= 255 and name.endswith('_x0_y0.png') for name in names)


@pytest.mark.parametrize(('change', 'reason'), [
    (dict(file_name=''), 'no file name'), (dict(width=None), 'lacks width'), (dict(height=0), 'has height 0'),
    (dict(file_name='../a.tif'), 'leads out'), (dict(file_name='/a.tif'), 'absolute'), (dict(file_name='a\x1b.tif'), 'control'),
    (dict(width=10 ** 30), 'has width 1000'), (dict(width='wide'), "has width 'wide'")])
def test_a_bad_frame_is_left_out_with_its_reason(change, reason):
    result, [(_, why)] = plan([frame() | change, frame(2, 'b.tif')], [label(1, 50, 50), label(2, 50, 50, image=2)])
    assert [image['frame_id'] for image in result['images']] == [2] and reason in why


def test_a_label_without_centroid_has_the_middle_of_its_box():
    bare = label(1, 50, 50)
    del bare['centroid']
    assert plan([frame()], [bare])[0]['annotations'][0]['centroid'] == [50, 50]


def test_files_that_are_not_coco_or_list_a_frame_twice():
    with pytest.raises(ValueError, match="file_name 'a.tif' twice"):
        plan([frame(1), frame(2)], [])
    with pytest.raises(ValueError, match='images list the id 1 twice'):
        plan([frame(1), frame(1, 'b.tif')], [])
    with pytest.raises(ValueError, match=r'images\[0\] lacks id'):
        plan([dict(file_name='a')], [])


@pytest.mark.parametrize(('values', 'message'), [
    (dict(size=(64, 64), overlap=64), 'overlap of 64'), (dict(size=(0, 9)), 'at least 1 px'), (dict(grid=(0, 2)), 'grid of 0'),
    (dict(keep='some'), "keep 'some'"), (dict(remainder='x'), "remainder 'x'"), (dict(format='gif'), "format 'gif'")])
def test_settings_that_make_no_sense(values, message):
    with pytest.raises(ValueError, match=message):
        TileSettings(**values)


def test_the_summary_counts():
    images = [frame(), frame(2, 'b.tif'), frame(3, 'c.tif', labelled=False)]
    labels = [label(1, 50, 50), label(2, 75, 75), label(3, 150, 150, category=2), label(4, 299, 199, image=2)]
    overlapping = TileSettings(size=(100, 100), overlap=50, remainder='drop')
    found = content(images, labels)
    frames, _ = plan_tiles(found, overlapping)
    lines = summarise(found, frames)
    # 50,50 lies in 4 tiles (0 and 50 each way), so does 75,75; 150,150 lies in those at x 100 and 150, y 100.
    assert lines == ['frames: 2 with tiles, of 3', 'tiles: 7, 7 of them with objects',
                     'mitotic figure: 3 in the frames, 9 in the tiles',
                     'hard negative: 1 in the frames, 2 in the tiles', 'objects in several tiles: 3 (up to 4 times); in none: 0']
    frames, _ = plan_tiles(found, TileSettings(size=(160, 160), remainder='drop'))
    assert summarise(found, frames)[-1] == 'objects in several tiles: 0 (up to 0 times); in none: 1'


@pytest.mark.parametrize('case', ['12/truth', '14/truth', '14/mixed', '15/truth', '15/mixed'])
def test_labels_of_bug_reports_are_all_in_tiles(shared_data, case):
    path = shared_data.parent / 'cases' / f'{case}.json'
    if not path.is_file():
        pytest.skip(f'no {path}')
    frames, _ = plan_tiles(read_annotations(path), TileSettings(size=(256, 256), keep='all'))
    held = {annotation['frame_annotation_id'] for frame in frames for tile in frame.tiles for annotation in tile.annotations}
    assert len(held) == 13 and sum(sum(frame.objects.values()) for frame in frames) == 13


def test_an_object_on_the_last_thousandth_of_the_frame_is_not_lost():
    result, skipped = plan([frame()], [label(1, 0, 0, bbox=[280, 180, 60, 60], centroid=[299.9996, 199.9996])],
                           TileSettings(size=(100, 100)))
    assert not skipped and [each['centroid'] for each in result['annotations']] == [[99.999, 99.999]]


def test_a_mask_beside_its_box_is_left_out_and_named():
    result, skipped = plan([frame()], [label(1, 55, 55, segmentation=[[240, 140, 270, 140, 270, 170]])])
    assert 'its mask lies beside its box' in skipped[0][1] and 'segmentation' not in result['annotations'][0]
