"""``CropDataset``: training crops drawn anew from whole frames, balanced between mitoses, hard negatives and plain tissue."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from mmdet.registry import DATASETS
from mmengine.logging import print_log

from mitos_mmdet.core.images import BrokenImageError, read_rgb
from mitos_mmdet.core.lengths import Length
from mitos_mmdet.core.workers import worker_count
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.datasets.crops import LabelledImage, affine_to_crop, crop_results, cut, inside, to_crop
from mitos_mmdet.datasets.frame_stain import stain_record
from mitos_mmdet.datasets.mitosis_dataset import MitosisDataset

KINDS = (MITOSIS, HARD_NEGATIVE, 'tissue')


@DATASETS.register_module()
class CropDataset(MitosisDataset):
    """Crops of a ``MitosisDataset``'s frames: an index draws a new crop at random each time.

    All frames are decoded once and stay in memory (7.4 MB each at x40 of MITOS-ATYPIA-14; data-loader workers that were forked share
    them). Each frame's stain rides along under ``stain``: the annotation file's, else Macenko's, measured then.
    A crop is centred near a mitotic figure, near a hard negative, or anywhere in any frame; it is turned, mirrored and scaled by one
    affine map. Half of the crops keep their pixels (quarter turns, no scaling), so that the network sees images as sharp as those of
    inference, too.

    Args:
        length: Crops in an epoch; with others in a ``ConcatDataset``, its share.
        crop_size: Side of a crop in px (ours: 256).
        shares: Of crops near a mitotic figure, near a hard negative, and anywhere (ours). A kind without labels goes to the last.
        box_size: Side of the boxes around centroids, with its unit (MIDOG's labels: 50 px at about 0.23 um/px).
        scales: Range of the scaling (ours: 0.8 to 1.25, as cells and scanners differ).
        jitter: Distance of a label from the crop's middle, as a share of the crop's side, at most (ours: 0.4).
        background: Classes whose labels only place crops and get no box: hard negatives for a detector of one class (ours: none). They
            come last in ``metainfo['classes']`` of the arguments and are not among those of the dataset.

    Raises:
        ValueError: As ``MitosisDataset``, here before training; no frame can be read; shares that are not three numbers from 0, or all 0.
    """

    def __init__(self, *args: Any, length: int, crop_size: int = 256, shares: Sequence[float] = (0.4, 0.2, 0.4), box_size: str = '50px',
                 scales: Sequence[float] = (0.8, 1.25), jitter: float = 0.4, background: Sequence[str] = (), **kwargs: Any):
        if len(shares) != 3 or min(shares) < 0 or not sum(shares):
            raise ValueError(f'shares={tuple(shares)} of CropDataset: give three numbers from 0, for {", ".join(KINDS)}')
        self.length = length
        self.crop_size = crop_size
        self.shares = np.array(shares, float) / sum(shares)
        self.box_size = Length.parse(box_size)
        self.scales = scales
        self.jitter = jitter
        self.background = tuple(background)
        super().__init__(*args, **kwargs)

    @property
    def metainfo(self) -> dict:
        """A copy, whose classes are those with boxes: what a network is trained for, and its checkpoints name."""
        metainfo = super().metainfo
        return dict(metainfo, classes=tuple(name for name in metainfo['classes'] if name not in self.background))

    def full_init(self) -> None:
        """Reads annotations and pixels, measures stains."""
        if self._fully_initialized:
            return
        super().full_init()
        infos = [self.get_data_info(index) for index in range(len(self.data_address) if self.serialize_data else len(self.data_list))]
        with ThreadPoolExecutor(worker_count(None)) as pool:
            self._frames = [frame for frame in pool.map(self._read, infos) if frame is not None]
        if not self._frames:
            raise ValueError(f'{self.ann_file}: none of its {len(infos)} images can be read. Fetch them again, or set data_root')
        self._unboxed = [number for number, name in enumerate(self._metainfo['classes']) if name in self.background]
        if self._unboxed and self._unboxed[0] < len(self.metainfo['classes']):
            raise ValueError(f"{self.ann_file}: classes {self._metainfo['classes']} with background={self.background}: the background's "
                             f'come last, as the labels of the others count from 0')
        self._places = {kind: [(number, point) for number, frame in enumerate(self._frames)
                               for point, label, ignored in zip(frame.points, frame.labels, frame.ignored, strict=True)
                               if self._metainfo['classes'][label] == kind and not ignored] for kind in KINDS[:2]}

    def __len__(self):
        return self.length

    def prepare_data(self, idx: int) -> dict | None:
        """The pipeline's result for a new crop; ``idx`` only counts."""
        kind = np.random.choice(3, p=self.shares)
        places = self._places[KINDS[kind]] if kind < 2 else ()
        if places:
            number, center = places[np.random.randint(len(places))]
            center = center + np.random.uniform(-self.jitter, self.jitter, 2) * self.crop_size
        else:
            number = np.random.randint(len(self._frames))
            center = None
        return self.pipeline(self._crop(self._frames[number], center))

    def _crop(self, frame, center):
        size, bounds, info = self.crop_size, np.array(frame.pixels.shape[1::-1]), frame.info
        free = np.random.rand() < 0.5
        angle = np.random.uniform(0, 360) if free else 90 * np.random.randint(4)
        scale = np.exp(np.random.uniform(*np.log(self.scales))) if free else 1.0
        margin = np.minimum(size / 2 / scale, bounds / 2)
        center = np.random.uniform(margin, bounds - margin) if center is None else np.clip(center, margin, bounds - margin)
        if not free:
            center = np.floor(center) + size % 2 / 2  # whole pixels
        matrix = affine_to_crop(center, size, angle, scale, flip=np.random.rand() < 0.5)
        moved = to_crop(frame.points, matrix)
        keep = inside(moved, 0, size) & ~np.isin(frame.labels, self._unboxed)
        box_px = self.box_size.to_px(info.get('um_per_px'), info['img_path'])
        if info.get('um_per_px'):
            info = dict(info, um_per_px=[side / scale for side in info['um_per_px']])  # the crop's
        return crop_results(cut(frame.pixels, matrix, size), moved[keep], frame.labels[keep], frame.ignored[keep],
                            float(np.mean(box_px)) * scale, **info)

    def _read(self, raw):
        """A frame's ``LabelledImage``; None where it is unreadable and that is no error."""
        try:
            pixels = read_rgb(raw['img_path'])
        except BrokenImageError as error:
            if self.strict:
                raise
            print_log(f'skipped: {error}', logger='current', level=logging.WARNING)
            return None
        points = np.array([label['centroid'] for label in raw['instances']], float).reshape(-1, 2)
        labels = np.array([label['bbox_label'] for label in raw['instances']], int)
        ignored = np.array([label['ignore_flag'] for label in raw['instances']], bool)
        info = {key: raw[key] for key in ('img_path', 'img_id', 'um_per_px', 'scanner', 'case_id') if key in raw}
        info['frame'] = raw.get('frame', raw['img_path'])  # a crop is a tile: no transform is to measure its stain by itself
        known = raw.get('stain')
        return LabelledImage(pixels, points, labels, ignored, dict(info, **(dict(stain=known) if known else self._stain(pixels))))

    def _stain(self, pixels):
        return dict(stain=stain_record(pixels, 'macenko'))
