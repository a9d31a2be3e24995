"""``CascadeProposalRPNHead``: two chained RPNs in the place of one."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS
from mmengine.model import BaseModule

if TYPE_CHECKING:
    import torch
    from mmdet.structures import SampleList
    from mmengine.config import ConfigDict


@MODELS.register_module()
class CascadeProposalRPNHead(BaseModule):
    """Proposals in two stages (MITOS-RCNN, 2018, section IV.B.2), for any mmdet two-stage detector.

    RPN_1 proposes; RPN_2 scores and regresses these boxes again, on another feature map, beside a sliding window of its own; one
    NMS over both gives the proposals. Trained jointly (ours; the paper alternates, as Faster R-CNN did).

    The detector's settings keep their meaning: RPN_1 learns by ``train_cfg.rpn`` as the RPN it replaces, and what
    ``train_cfg.rpn_proposal`` and ``test_cfg.rpn`` say (``nms_pre``, ``nms``, ``max_per_img``) holds for what each of the two lets
    pass: the paper has NMS 0.7 after both.

    Args:
        rpn1: Config of RPN_1, mmdet's RPNHead.
        rpn2: Config of RPN_2, a RefineRPNHead, with its own ``train_cfg``.
        rpn1_maps: Which of the neck's maps RPN_1 sees, by index.
        rpn2_maps: Which of them RPN_2 sees.
        num_classes, train_cfg, test_cfg: Given by the detector.
    """

    def __init__(self, rpn1: dict, rpn2: dict, rpn1_maps: Sequence[int], rpn2_maps: Sequence[int], num_classes: int = 1,
                 train_cfg: dict | None = None, test_cfg: dict | None = None, init_cfg: dict | None = None):
        super().__init__(init_cfg)
        # Copies: building changes configs, and one config is built more than once.
        self.rpn1 = MODELS.build(dict(copy.deepcopy(rpn1), num_classes=num_classes, train_cfg=train_cfg, test_cfg=test_cfg))
        self.rpn2 = MODELS.build(dict(copy.deepcopy(rpn2), num_classes=num_classes, test_cfg=test_cfg))
        self.rpn1_maps = rpn1_maps
        self.rpn2_maps = rpn2_maps
        self.test_cfg = test_cfg

    def forward(self, x: 'Sequence[torch.Tensor]', batch_img_metas: Sequence[dict], cfg: 'ConfigDict | None' = None) -> tuple:
        """What both RPNs say of a batch, before the last NMS: the cascade, from top to bottom.

        Args:
            x: The neck's feature maps, each ``(B, C, H, W)``.
            batch_img_metas: ``img_shape`` of each image, to which boxes are clipped.
            cfg: ``nms_pre``, ``nms`` and ``max_per_img`` for RPN_1's boxes; None: those of ``test_cfg``.

        Returns:
            tuple: RPN_1's scores and deltas, its boxes (one ``(N_b, 4)`` per image, xyxy px, best first), RPN_2's windows and its refined
            boxes (see RefineRPNHead).
        """
        first = self.rpn1([x[index] for index in self.rpn1_maps])
        first = tuple([level.float() for level in levels] for levels in first)  # boxes in bfloat16 are off by a pixel
        # predict_by_feat detaches: to RPN_2 the boxes are places to look at, and RPN_1 learns from its own losses.
        boxes = [found.bboxes for found in self.rpn1.predict_by_feat(*first, batch_img_metas=batch_img_metas, cfg=cfg)]
        windows, refined = self.rpn2([x[index] for index in self.rpn2_maps], boxes)
        return first, boxes, windows, refined

    def loss_and_predict(self, x: 'Sequence[torch.Tensor]', batch_data_samples: 'SampleList',
                         proposal_cfg: 'ConfigDict | None' = None) -> tuple:
        """Losses of both RPNs and the proposals for the RoI head.

        Returns:
            tuple: dict of losses (``loss_rpn1_*``, ``loss_rpn2_window_*``, ``loss_rpn2_box_*``) and the proposals as :meth:`predict`
            gives them.
        """
        truths, ignored, metas = unpack_gt_instances(batch_data_samples)
        first, boxes, windows, refined = self(x, metas, proposal_cfg)
        losses = {key.replace('rpn', 'rpn1'): value for key, value in self.rpn1.loss_by_feat(*first, truths, metas, ignored).items()}
        losses.update(self.rpn2.loss_by_feat(windows, refined, boxes, truths, metas, ignored))
        return losses, self.rpn2.predict_by_feat(windows, refined, boxes, metas, proposal_cfg)

    def loss(self, x: 'Sequence[torch.Tensor]', batch_data_samples: 'SampleList') -> dict:
        """The losses alone."""
        return self.loss_and_predict(x, batch_data_samples)[0]

    def predict(self, x: 'Sequence[torch.Tensor]', batch_data_samples: 'SampleList', rescale: bool = False) -> list:
        """Proposals, no two of which overlap by more than the NMS threshold.

        Args:
            x: The neck's feature maps, each ``(B, C, H, W)``.
            batch_data_samples: One per image, with ``img_shape``, and ``scale_factor`` where boxes are rescaled.
            rescale: Boxes in px of the original image, not of the network's input.

        Returns:
            list[InstanceData]: ``bboxes`` ``(M, 4)`` xyxy px, ``scores`` and ``labels`` ``(M,)`` of each image, by falling score; M may
            be 0.
        """
        metas = [sample.metainfo for sample in batch_data_samples]
        _, boxes, windows, refined = self(x, metas)
        return self.rpn2.predict_by_feat(windows, refined, boxes, metas, rescale=rescale)
