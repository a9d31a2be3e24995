"""``TiledDetector``: any mmdet detector on frames and slides of any size."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from mmdet.models.detectors import BaseDetector
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmengine.structures import InstanceData

from mitos_mmdet.tiling.frame_masks import FrameMasks, encode
from mitos_mmdet.tiling.grid import tile_grid
from mitos_mmdet.tiling.merging import merge_tiles

if TYPE_CHECKING:
    from torch import nn


@MODELS.register_module()
class TiledDetector(BaseDetector):
    """Trains as the detector it wraps, predicts whole frames tile by tile.

    A frame in, detections in the frame's own coordinates out: the frame stays uint8 where it is, its tiles go to the model in batches,
    and ``mitos_mmdet.tiling.merging.merge_tiles`` makes one detection of its copies in neighbouring tiles. Checkpoints hold the wrapped
    detector's own keys, so they load with and without the wrapper. A mask is that of the tile its box comes from.

    Args:
        detector: Config of any mmdet detector, or a built one. Its ``data_preprocessor`` sees tiles.
        tile_size: Side of a tile in px (paper: MIDOG Cascade R-CNN trains and tests on 512; give the size that the detector learnt).
        overlap: px that neighbours share (ours: 128, so that an object of 50 px is whole and with surroundings in one of them).
        batch_size: Tiles in one forward pass (ours).
        nms_iou: Class-aware NMS over tiles (paper: 0.5).
        merge_distance: px; nearer centroids of one class are one object (ours: no two of MIDOG++'s 11,937 mitotic figures are nearer than
            26.5).
        score_thr: Detections below are dropped before merging (ours: 0.01 keeps the low end of the precision-recall curve).
    """

    needs_whole_checkpoint = True  # see compat/safe_loading.py

    def __init__(self, detector: 'dict | nn.Module', tile_size: int = 512, overlap: int = 128, batch_size: int = 4, nms_iou: float = 0.5,
                 merge_distance: float = 25.0, score_thr: float = 0.01, init_cfg: dict | None = None):
        if not 0 <= overlap < tile_size:
            raise ValueError(f'overlap={overlap} must be at least 0 and less than tile_size={tile_size}')
        detector = MODELS.build(detector) if isinstance(detector, dict) else detector
        super().__init__(data_preprocessor=detector.data_preprocessor, init_cfg=init_cfg)
        self.detector = detector
        self.tile_size = tile_size
        self.overlap = overlap
        self.batch_size = batch_size
        self.nms_iou = nms_iou
        self.merge_distance = merge_distance
        self.score_thr = score_thr
        self.register_state_dict_post_hook(_strip_prefix)
        self.register_load_state_dict_pre_hook(_add_prefix)

    def loss(self, batch_inputs: torch.Tensor, batch_data_samples: SampleList) -> dict:
        """The wrapped detector's losses on preprocessed training crops."""
        return self.detector.loss(batch_inputs, batch_data_samples)

    def extract_feat(self, batch_inputs: torch.Tensor) -> tuple:
        """The wrapped detector's feature maps."""
        return self.detector.extract_feat(batch_inputs)

    def _forward(self, batch_inputs, batch_data_samples=None):
        return self.detector._forward(batch_inputs, batch_data_samples)

    def val_step(self, data: dict) -> list:
        """Predicts on what the dataloader gives: ``inputs`` uint8 ``(3, H, W)`` frames, ``data_samples`` beside them."""
        return self.predict(data['inputs'], data['data_samples'])

    test_step = val_step

    @torch.no_grad()
    def predict(self, batch_inputs: Sequence[torch.Tensor], batch_data_samples: SampleList) -> list:
        """Whole-frame detections.

        Args:
            batch_inputs: Frames as they were read, uint8 ``(3, H, W)``: preprocessing happens tile by tile.
            batch_data_samples: One ``DetDataSample`` per frame.

        Returns:
            list[DetDataSample]: The same samples with ``pred_instances``: ``bboxes`` ``(N, 4)`` xyxy px of the original frame, ``scores``
            and ``labels`` ``(N,)``, by falling score, on the CPU; from a detector of masks also ``masks``, N ``FrameMasks`` of that frame.
        """
        for frame, sample in zip(batch_inputs, batch_data_samples, strict=True):
            sample.pred_instances = self._predict_frame(frame, sample)
        return batch_data_samples

    def _predict_frame(self, frame, sample):
        height, width = frame.shape[-2:]
        tiles = tile_grid(width, height, self.tile_size, self.overlap)
        # What the tiles must know of their frame, such as its stain, is measured once for all of them.
        shared = getattr(self.data_preprocessor, 'frame_metainfo', lambda *_: {})(frame, sample.metainfo)
        # The test pipeline may have resized the frame; boxes and masks are reported in the original's pixels.
        scale = sample.metainfo.get('scale_factor', (1.0, 1.0))
        original = sample.metainfo.get('ori_shape', (round(height / scale[1]), round(width / scale[0])))[:2]
        boxes, scores, labels, origins, masks = [], [], [], [], []
        for batch in (tiles[start:start + self.batch_size] for start in range(0, len(tiles), self.batch_size)):
            for tile, found in zip(batch, self._predict_tiles(frame, batch, shared), strict=True):
                found = found[found.scores >= self.score_thr].to('cpu')
                # In mixed precision they are halves, which at 5000 px are 4 px apart.
                boxes.append(found.bboxes.float() + torch.from_numpy(tile[[0, 1, 0, 1]]))
                scores.append(found.scores.float())
                labels.append(found.labels)
                origins.append(torch.from_numpy(tile).expand(len(found), 4))
                if 'masks' in found:
                    masks.append(FrameMasks([encode(mask, tile[:2], original[::-1], scale) for mask in found.masks.numpy()], *original))
        boxes, scores, labels, origins = (torch.cat(parts) for parts in (boxes, scores, labels, origins))
        keep = torch.from_numpy(merge_tiles(boxes.numpy(), scores.numpy(), labels.numpy(), origins.numpy(), (width, height),
                                            self.nms_iou, self.merge_distance))
        merged = InstanceData(bboxes=boxes[keep] / boxes.new_tensor(scale).repeat(2), scores=scores[keep], labels=labels[keep])
        if masks:
            merged.masks = FrameMasks.cat(masks)[keep.numpy()]
        return merged

    def _predict_tiles(self, frame, tiles, shared):
        crops = [frame[:, y1:y2, x1:x2] for x1, y1, x2, y2 in tiles.tolist()]
        samples = [DetDataSample(metainfo=dict(shared, img_shape=crop.shape[-2:], ori_shape=crop.shape[-2:], scale_factor=(1.0, 1.0)))
                   for crop in crops]
        return [sample.pred_instances for sample in self.detector.test_step(dict(inputs=crops, data_samples=samples))]


def _strip_prefix(module, state_dict, prefix, local_metadata):
    for key in [key for key in state_dict if key.startswith(f'{prefix}detector.')]:
        state_dict[prefix + key[len(f'{prefix}detector.'):]] = state_dict.pop(key)


def _add_prefix(module, state_dict, prefix, *args):
    for key in [key for key in state_dict if key.startswith(prefix) and not key.startswith(f'{prefix}detector.')]:
        state_dict[f'{prefix}detector.{key[len(prefix):]}'] = state_dict.pop(key)
