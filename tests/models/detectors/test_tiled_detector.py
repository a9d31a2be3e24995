"""``TiledDetector`` on frames, with a stand-in for the detector."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.models.detectors import BaseDetector
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from scipy import ndimage

from mitos_mmdet.models.detectors.tiled_detector import TiledDetector

pytestmark = pytest.mark.usefixtures('mmdet_scope')
WIDTH, HEIGHT = 700, 600
# xyxy of figures in a frame of WIDTH x HEIGHT, their score in percent and their class. No two centres are nearer than 26 px.
FIGURES = [
    [100, 100, 140, 130, 90, 0], [240, 90, 272, 122, 80, 0], [180, 236, 206, 276, 70, 1], [235, 235, 275, 275, 60, 0],  # at seams
    [0, 0, 30, 20, 50, 1], [670, 570, 700, 600, 55, 0], [500, 0, 520, 30, 65, 0],  # at the frame's border
    [330, 330, 350, 350, 40, 0], [352, 330, 372, 350, 45, 1], [330, 360, 370, 400, 35, 1],  # neighbours
    [400, 500, 405, 504, 30, 0], [600, 300, 660, 350, 99, 0], [127, 380, 129, 420, 25, 0],  # tiny, large, thin
]


class BoxFinder(BaseDetector):
    """Stands in for a model that depends on nothing but the pixels: dark boxes on white, whole or cut at the tile's border.

    The first channel says where, the second the score in percent, the third the class.
    """

    def __init__(self, with_masks=False, dtype=torch.float32):
        super().__init__(data_preprocessor=DetDataPreprocessor(mean=[0] * 3, std=[1] * 3, pad_size_divisor=32, pad_value=255))
        self.with_masks = with_masks
        self.dtype = dtype
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.shapes = []

    def predict(self, batch_inputs, batch_data_samples, rescale=True):
        self.shapes.append(tuple(batch_inputs.shape))
        for image, sample in zip(batch_inputs, batch_data_samples, strict=True):
            assert sample.img_shape == sample.ori_shape
            marks, _ = ndimage.label(image[0] == 0)
            places = ndimage.find_objects(marks)
            values = torch.tensor([image[1:, rows.start, columns.start].tolist() for rows, columns in places]).reshape(-1, 2)
            boxes = [[columns.start, rows.start, columns.stop, rows.stop] for rows, columns in places]
            sample.pred_instances = InstanceData(bboxes=torch.tensor(boxes, dtype=self.dtype).reshape(-1, 4),
                                                 scores=(values[:, 0] / 100 * self.weight.detach()).to(self.dtype),
                                                 labels=values[:, 1].long())
            if self.with_masks:
                height, width = sample.ori_shape  # the image is padded
                numbers = np.arange(1, len(boxes) + 1)[:, None, None]
                sample.pred_instances.masks = torch.from_numpy(marks[None, :height, :width] == numbers)
        return batch_data_samples

    def loss(self, batch_inputs, batch_data_samples):
        return dict(loss_stand_in=(batch_inputs * self.weight).mean())

    def extract_feat(self, batch_inputs):
        return (batch_inputs, )

    def _forward(self, batch_inputs, batch_data_samples=None):
        return (self.weight, )


def draw(figures=FIGURES, width=WIDTH, height=HEIGHT):
    """A uint8 ``(3, H, W)`` frame."""
    frame = torch.full((3, height, width), 255, dtype=torch.uint8)
    for x1, y1, x2, y2, score, label in figures:
        frame[:, y1:y2, x1:x2] = torch.tensor([0, score, label], dtype=torch.uint8)[:, None, None]
    return frame


def detect(model, *frames, **metainfo):
    """One row a detection, ``x1 y1 x2 y2 percent class``, in the order given; a list of them a frame."""
    samples = [DetDataSample(metainfo=dict(img_shape=frame.shape[1:], ori_shape=frame.shape[1:], **metainfo)) for frame in frames]
    found = model.test_step(dict(inputs=list(frames), data_samples=samples))
    rows = []
    for sample in found:
        instances = sample.pred_instances
        rows.append([[*box.tolist(), round(100 * score.item()), label.item()]
                     for box, score, label in zip(instances.bboxes, instances.scores, instances.labels, strict=True)])
    return rows


BY_SCORE = sorted(FIGURES, key=lambda figure: -figure[4])


@pytest.mark.parametrize('tile_size, overlap', [
    (1024, 128),  # one tile, the frame being smaller
    (700, 128),  # as wide as the frame
    (512, 128), (256, 64), (200, 80), (256, 100), (333, 111),  # the figures are at most 60 px
    (128, 64), (97, 63),  # tiles of little more than a figure
])
def test_every_grid_gives_the_same_figures(tile_size, overlap):
    assert detect(TiledDetector(BoxFinder(), tile_size=tile_size, overlap=overlap), draw()) == [BY_SCORE]


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_places_in_the_frame_are_exact_in_mixed_precision(dtype):
    frame = torch.full((3, 80, 9000), 255, dtype=torch.uint8)
    frame[:, 20:53, 8901:8931] = torch.tensor([0, 90, 0], dtype=torch.uint8)[:, None, None]
    found = detect(TiledDetector(BoxFinder(dtype=dtype), tile_size=128, overlap=64, batch_size=32), frame)
    assert found == [[[8901, 20, 8931, 53, 90, 0]]]


@pytest.mark.parametrize('tile_size', [512, 256, 200, 137])
def test_without_overlap_a_cut_figure_is_still_one(tile_size):
    # No tile sees it whole: its best part stands for it.
    found, = detect(TiledDetector(BoxFinder(), tile_size=tile_size, overlap=0), draw())
    assert [row[4:] for row in found] == [figure[4:] for figure in BY_SCORE]
    for (x1, y1, x2, y2, *_), (left, top, right, bottom, *_) in zip(found, BY_SCORE, strict=True):
        assert left <= x1 < x2 <= right and top <= y1 < y2 <= bottom


@pytest.mark.parametrize('seed', range(4))
def test_random_figures_on_random_grids(seed):
    rng = np.random.default_rng(seed)
    cells = [(x, y) for x in range(0, 660, 70) for y in range(0, 560, 70)]
    figures = []
    for percent, index in enumerate(rng.permutation(len(cells))[:40], start=20):
        (width, height), (x, y) = rng.integers(4, 51, 2), cells[index]
        x1, y1 = x + rng.integers(0, 66 - width), y + rng.integers(0, 66 - height)
        figures.append([x1, y1, min(x1 + width, WIDTH), min(y1 + height, HEIGHT), percent, rng.integers(2)])
    wanted = sorted(([int(value) for value in figure] for figure in figures), key=lambda figure: -figure[4])
    for _ in range(2):
        tile_size = int(rng.integers(150, 400))
        model = TiledDetector(BoxFinder(), tile_size=tile_size, overlap=int(rng.integers(53, 75)), batch_size=7)
        assert detect(model, draw(figures)) == [wanted]


@pytest.mark.parametrize('width, height', [(40, 30), (600, 50), (50, 600), (1, 1)])
def test_frames_smaller_than_a_tile(width, height):
    figures = [[5, 5, 25, 20, 80, 1]] if width > 1 else []
    model = TiledDetector(BoxFinder(), tile_size=256, overlap=64)
    assert detect(model, draw(figures, width, height)) == [figures]


def test_an_empty_frame_gives_an_empty_result():
    model = TiledDetector(BoxFinder(), tile_size=256, overlap=64)
    sample, = model.predict([draw([])], [DetDataSample()])
    assert sample.pred_instances.bboxes.shape == (0, 4) and sample.pred_instances.bboxes.dtype == torch.float32
    assert sample.pred_instances.scores.shape == sample.pred_instances.labels.shape == (0, )


def test_frames_of_several_sizes_in_one_batch():
    frames = draw(), draw(FIGURES[:1], 300, 200), draw([], 80, 90)
    model = TiledDetector(BoxFinder(), tile_size=256, overlap=64)
    assert detect(model, *frames) == [BY_SCORE, FIGURES[:1], []]


@pytest.mark.parametrize('batch_size', [1, 3, 100])
def test_tiles_go_in_batches(batch_size):
    model = TiledDetector(BoxFinder(), tile_size=256, overlap=64, batch_size=batch_size)
    assert detect(model, draw()) == [BY_SCORE]
    assert {shape[1:] for shape in model.detector.shapes} == {(3, 256, 256)}
    sizes = [shape[0] for shape in model.detector.shapes]
    assert sum(sizes) == 4 * 3 and max(sizes) == min(batch_size, 12)


def test_boxes_are_in_the_original_frames_pixels():
    # The test pipeline halved the width and quartered the height.
    model = TiledDetector(BoxFinder(), tile_size=256, overlap=64)
    found, = detect(model, draw(), scale_factor=(0.5, 0.25))
    assert found == [[2 * x1, 4 * y1, 2 * x2, 4 * y2, score, label] for x1, y1, x2, y2, score, label in BY_SCORE]


def test_scores_below_the_threshold_go_before_merging():
    found, = detect(TiledDetector(BoxFinder(), tile_size=256, overlap=64, score_thr=0.5), draw())
    assert found == [figure for figure in BY_SCORE if figure[4] >= 50]


def masks_of(model, frame, **metainfo):
    """The detections of a frame, their masks as boxes ``(N, 4)`` xyxy, each checked to be full."""
    sample = DetDataSample(metainfo=dict(img_shape=frame.shape[1:], **metainfo))
    found = model.test_step(dict(inputs=[frame], data_samples=[sample]))[0].pred_instances
    boxes = []
    for mask in found.masks.numpy():
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        boxes.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
        assert mask.sum() == len(rows) * len(columns)
    return found, np.array(boxes, dtype=np.float32)


@pytest.mark.parametrize('tile_size, overlap', [(1024, 128), (256, 64), (200, 80), (333, 111)])
def test_a_whole_figure_has_its_whole_mask_whatever_the_grid(tile_size, overlap):
    found, boxes = masks_of(TiledDetector(BoxFinder(with_masks=True), tile_size=tile_size, overlap=overlap), draw())
    np.testing.assert_array_equal(boxes, found.bboxes.numpy())
    np.testing.assert_array_equal(boxes, [figure[:4] for figure in BY_SCORE])
    assert (found.masks.height, found.masks.width) == (HEIGHT, WIDTH)


def test_without_overlap_the_mask_is_that_of_the_part_that_stays():
    found, boxes = masks_of(TiledDetector(BoxFinder(with_masks=True), tile_size=137, overlap=0), draw())
    assert len(found) == len(FIGURES)
    np.testing.assert_array_equal(boxes, found.bboxes.numpy())


@pytest.mark.parametrize('metainfo', [
    dict(scale_factor=(0.5, 0.25), ori_shape=(4 * HEIGHT, 2 * WIDTH)),
    dict(scale_factor=(0.5, 0.25)),  # the size of the original follows
    dict(scale_factor=(2.0, 2.0), ori_shape=(HEIGHT // 2, WIDTH // 2)),
])
def test_masks_are_in_the_original_frames_pixels(metainfo):
    figures = [figure for figure in FIGURES if not any(side % 2 for side in figure[:4])]  # that halve
    found, boxes = masks_of(TiledDetector(BoxFinder(with_masks=True), tile_size=256, overlap=64), draw(figures), **metainfo)
    np.testing.assert_array_equal(boxes, found.bboxes.numpy())
    assert len(found) == len(figures) > 5
    assert found.masks[0]['size'] == list(metainfo.get('ori_shape', (4 * HEIGHT, 2 * WIDTH)))


def test_a_frame_without_detections_has_no_masks_and_a_detector_of_boxes_has_none_at_all():
    found, _ = masks_of(TiledDetector(BoxFinder(with_masks=True)), draw([]))
    assert len(found.masks) == 0
    sample, = TiledDetector(BoxFinder()).predict([draw()], [DetDataSample()])
    assert set(sample.pred_instances.keys()) == {'bboxes', 'scores', 'labels'}


@pytest.mark.parametrize('step', ['val_step', 'test_step'])
def test_the_input_stays_as_it_is(step):
    frames = [draw(), draw(FIGURES[:2])]
    truth = InstanceData(bboxes=torch.tensor([[1., 2, 3, 4]]), labels=torch.tensor([0]))
    samples = [DetDataSample(metainfo=dict(img_id=number), gt_instances=deepcopy(truth)) for number in range(2)]
    data = dict(inputs=list(frames), data_samples=samples)
    found = getattr(TiledDetector(BoxFinder(), tile_size=256, overlap=64), step)(data)
    assert list(data) == ['inputs', 'data_samples'] and all(a is b for a, b in zip(data['inputs'], frames, strict=True))
    assert torch.equal(frames[0], draw()) and frames[0].dtype == torch.uint8
    for number, sample in enumerate(found):
        assert sample.metainfo == dict(img_id=number)
        assert torch.equal(sample.gt_instances.bboxes, truth.bboxes)


@pytest.mark.parametrize('overlap, tile_size', [(256, 256), (300, 256), (-1, 256)])
def test_an_overlap_that_fits_no_tile_is_refused(overlap, tile_size):
    with pytest.raises(ValueError, match=f'overlap={overlap} must be .* less than tile_size={tile_size}'):
        TiledDetector(BoxFinder(), tile_size=tile_size, overlap=overlap)
