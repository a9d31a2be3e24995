"""``FrameTTAModel``: merges the detections in a frame and its mirror images."""

from typing import Any

import torch
from mmdet.models.test_time_augs import DetTTAModel
from mmdet.registry import MODELS
from mmengine.structures import InstanceData

from mitos_mmdet.tiling.merging import merge_tiles


@MODELS.register_module()
class FrameTTAModel(DetTTAModel):
    """Unites the detections of a frame's flipped copies as ``TiledDetector`` does those of its tiles.

    DetTTAModel merges by IoU alone, so that a mitotic figure whose copies lie 12 px apart comes twice, and keeps ``max_per_img`` of a whole
    frame. Here centroids merge as well and nothing is cut off. Scores are not averaged: of its copies the surest stays,
    as it is. Masks are not merged.

    Args:
        nms_iou: Copies that overlap by more are one object. None: as the wrapped detector, or 0.5 if that has none.
        merge_distance: px; nearer centroids of one class are one object. None: as the wrapped detector, or 25 if that has none.
        kwargs: As in DetTTAModel; ``tta_cfg`` is not used.
    """

    needs_whole_checkpoint = True  # see compat/safe_loading.py

    def __init__(self, nms_iou: float | None = None, merge_distance: float | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        # With other limits than its tiles', the detector would find objects that the flips then take away.
        self.nms_iou = getattr(self.module, 'nms_iou', 0.5) if nms_iou is None else nms_iou
        self.merge_distance = getattr(self.module, 'merge_distance', 25.0) if merge_distance is None else merge_distance

    def _merge_single_sample(self, data_samples):
        found = [sample.pred_instances for sample in data_samples]
        # Halves, which mixed precision gives, have no numpy type, or are off by some px.
        boxes, scores = self.merge_aug_bboxes([instances.bboxes.float() for instances in found],
                                              [instances.scores.float() for instances in found],
                                              [sample.metainfo for sample in data_samples])
        labels = torch.cat([instances.labels for instances in found])
        height, width = data_samples[0].ori_shape[:2]
        # One tile as large as the frame has no inner border: no box is a part of a mitotic figure.
        keep = torch.from_numpy(merge_tiles(boxes.cpu().numpy(), scores.cpu().numpy(), labels.cpu().numpy(),
                                            [[0, 0, width, height]] * len(boxes), (width, height), self.nms_iou,
                                            self.merge_distance)).to(boxes.device)
        # Ground truth that rides along is flipped with its copy, so the copy that is as the frame takes the detections.
        merged = next((sample for sample in data_samples if not sample.metainfo['flip']), data_samples[0])
        merged.pred_instances = InstanceData(bboxes=boxes[keep], scores=scores[keep], labels=labels[keep])
        return merged
