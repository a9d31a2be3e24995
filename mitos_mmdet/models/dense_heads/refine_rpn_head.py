"""``RefineRPNHead``: the second RPN of a proposal cascade."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from mmdet.models.dense_heads import RPNHead
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.structures.bbox import bbox2roi
from mmengine.structures import InstanceData
from torch import nn

if TYPE_CHECKING:
    from mmdet.utils import InstanceList, OptInstanceList
    from mmengine.config import ConfigDict


@MODELS.register_module()
class RefineRPNHead(RPNHead):
    """RPN_2 of MITOS-RCNN (2018, section IV.B.2): scores and regresses an earlier RPN's boxes beside a sliding window of its own.

    Windows are an RPN's anchors. A box is pooled from the same feature map to a patch of 3 x 3, on which the RPN's 3 x 3
    convolution without padding does what it does for a window. Above it each of the two has its own score and deltas, as the
    anchors of one location have in Faster R-CNN: a window of 64 px must shrink to the object, a box hardly moves (ours).

    Shapes: B images, L levels with windows, K windows per location, N_b boxes of image b. Boxes are xyxy in px of the network's input.

    Args:
        in_channels: Channels of each feature map.
        roi_extractor: Config of what pools the boxes, e.g. SingleRoIExtractor with RoIAlign of ``output_size=3`` (ours; of larger
            patches the convolution's outputs are averaged).
        train_cfg: ``windows``: as an RPN's. ``boxes``: ``assigner`` and ``sampler``. They are apart because the boxes of an RPN
            would take every best match from the windows. Samplers keep ``add_gt_as_proposals=False``: only what has a score learns.
        kwargs: As in RPNHead, whose anchors are the windows. There is one convolution, and deltas are learnt, not decoded boxes.

    Raises:
        ValueError: ``num_convs`` or ``reg_decoded_bbox`` asks for more; a sampler has ``add_gt_as_proposals`` (mmdet's default).
    """

    def __init__(self, in_channels: int, roi_extractor: dict, train_cfg: dict | None = None, **kwargs: Any):
        for name, only in (('num_convs', 1), ('reg_decoded_bbox', False)):
            if kwargs.get(name, only) != only:
                raise ValueError(f'{name}={kwargs[name]} of RefineRPNHead: only {only} is possible')
        for part, rules in (train_cfg or {}).items():
            if rules['sampler'].get('add_gt_as_proposals', True) and rules['sampler']['type'] != 'PseudoSampler':
                raise ValueError(f'train_cfg.{part}.sampler of RefineRPNHead adds objects as proposals, which have no score to learn. Set '
                                 f'add_gt_as_proposals=False')
        super().__init__(in_channels, train_cfg=train_cfg and train_cfg['windows'], **kwargs)
        self.roi_extractor = MODELS.build(roi_extractor)
        if train_cfg:
            self.box_assigner = TASK_UTILS.build(train_cfg['boxes']['assigner'])
            self.box_sampler = TASK_UTILS.build(train_cfg['boxes']['sampler'], default_args=dict(context=self))

    def _init_layers(self):
        super()._init_layers()
        self.box_cls = nn.Conv2d(self.feat_channels, self.cls_out_channels, 1)
        self.box_reg = nn.Conv2d(self.feat_channels, self.bbox_coder.encode_size, 1)

    def forward(self, maps: Sequence[torch.Tensor], boxes: Sequence[torch.Tensor]) -> tuple:
        """Scores and deltas of windows and boxes, all float32: in bfloat16 a coordinate of 299 px is off by a pixel.

        Args:
            maps: Feature maps ``(B, C, H, W)``; windows and pooling each take the first ones, as many as they have strides.
            boxes: One tensor ``(N_b, 4)`` an image; may be empty.

        Returns:
            tuple: Windows, as RPNHead gives them (scores: L maps ``(B, K, H, W)``, deltas: L maps ``(B, 4 K, H, W)``), and boxes (scores: B
            tensors ``(N_b, 1)``, deltas: B tensors ``(N_b, 4)``). Scores are before the sigmoid.
        """
        windows = super().forward(maps[:self.prior_generator.num_levels])
        patches = self.roi_extractor([level.float() for level in maps[:self.roi_extractor.num_inputs]], bbox2roi(boxes))
        hidden = F.relu(F.conv2d(patches, self.rpn_conv.weight, self.rpn_conv.bias)).mean((2, 3), keepdim=True)
        counts = [len(own) for own in boxes]
        refined = (layer(hidden).flatten(1).float().split(counts) for layer in (self.box_cls, self.box_reg))
        return tuple([level.float() for level in levels] for levels in windows), tuple(refined)

    def loss_by_feat(self, windows: Any, refined: Any, boxes: Sequence[torch.Tensor], batch_gt_instances: 'InstanceList',
                     batch_img_metas: Sequence[dict], batch_gt_instances_ignore: 'OptInstanceList') -> dict:
        """Losses of what :meth:`forward` gave; windows and boxes are assigned to objects, sampled and averaged apart.

        Returns:
            dict: ``loss_rpn2_window_cls`` and ``loss_rpn2_window_bbox`` (of each level), ``loss_rpn2_box_cls`` and
            ``loss_rpn2_box_bbox``. All have a gradient, be there objects and boxes or not.
        """
        losses = super().loss_by_feat(*windows, batch_gt_instances, batch_img_metas, batch_gt_instances_ignore)
        box_cls, box_bbox = self._box_losses(*refined, boxes, batch_gt_instances, batch_gt_instances_ignore)
        return dict(loss_rpn2_window_cls=losses['loss_rpn_cls'], loss_rpn2_window_bbox=losses['loss_rpn_bbox'],
                    loss_rpn2_box_cls=box_cls, loss_rpn2_box_bbox=box_bbox)

    def _box_losses(self, box_scores, box_deltas, boxes, batch_gt_instances, batch_gt_instances_ignore):
        scores, labels, deltas, targets = [], [], [], []
        for own_scores, own_deltas, own, truth, ignored in zip(box_scores, box_deltas, boxes, batch_gt_instances,
                                                               batch_gt_instances_ignore, strict=True):
            priors = InstanceData(priors=own)
            sampled = self.box_sampler.sample(self.box_assigner.assign(priors, truth, ignored), priors, truth)
            scores += [own_scores[sampled.pos_inds], own_scores[sampled.neg_inds]]
            labels += [sampled.pos_gt_labels, sampled.pos_gt_labels.new_full((len(sampled.neg_inds), ), self.num_classes)]
            deltas.append(own_deltas[sampled.pos_inds])
            targets.append(self.bbox_coder.encode(sampled.pos_priors, sampled.pos_gt_bboxes))
        labels = torch.cat(labels)
        # As mmdet's RPN: both losses by the number of sampled boxes.
        return (self.loss_cls(torch.cat(scores), labels, avg_factor=len(labels)),
                self.loss_bbox(torch.cat(deltas), torch.cat(targets), avg_factor=len(labels)))

    def predict_by_feat(self, windows: Any, refined: Any, boxes: Sequence[torch.Tensor], batch_img_metas: Sequence[dict],
                        cfg: 'ConfigDict | None' = None, rescale: bool = False) -> list:
        """The final proposals: windows and refined boxes, clipped to the image, best ``nms_pre`` of each, then one NMS over both.

        Returns:
            list[InstanceData]: ``bboxes`` ``(M, 4)``, ``scores`` and ``labels`` ``(M,)`` of each image, by falling score.
        """
        priors = self.prior_generator.grid_priors([level.shape[-2:] for level in windows[0]], device=windows[0][0].device)
        results = []
        for image, img_meta in enumerate(batch_img_metas):
            sources = [(level_priors, scores[image].permute(1, 2, 0), deltas[image].permute(1, 2, 0))
                       for level_priors, scores, deltas in zip(priors, *windows, strict=True)]
            sources.append((boxes[image], refined[0][image], refined[1][image]))
            results.append(self._unite(sources, img_meta, self.test_cfg if cfg is None else cfg, rescale))
        return results

    def _unite(self, sources, img_meta, cfg, rescale):
        nms_pre = cfg.get('nms_pre', -1)
        parts = []
        for priors, scores, deltas in sources:
            scores = scores.detach().reshape(-1, self.cls_out_channels)
            scores = scores.sigmoid()[:, 0] if self.use_sigmoid_cls else scores.softmax(-1)[:, 0]
            scores, best = scores.sort(descending=True, stable=True)
            best = best[:nms_pre] if nms_pre > 0 else best
            deltas = deltas.detach().reshape(-1, self.bbox_coder.encode_size)[best]
            parts.append(InstanceData(bboxes=self.bbox_coder.decode(priors[best], deltas, max_shape=img_meta['img_shape']),
                                      scores=scores[:len(best)],
                                      level_ids=torch.zeros_like(best)))  # one level: NMS compares all with all
        return self._bbox_post_process(InstanceData.cat(parts), cfg, rescale=rescale, img_meta=img_meta)
