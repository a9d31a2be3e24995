"""``TwoPhaseDetector``: candidates from one detector, judged one by one by another."""

from collections.abc import Sequence
from typing import NoReturn

import torch
from mmdet.models.detectors import BaseDetector
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmengine.structures import InstanceData

from mitos_mmdet.compat.checkpoints import check_fits, find_checkpoint, is_trusted, read_checkpoint
from mitos_mmdet.core.candidates import cut_patches
from mitos_mmdet.core.centroids import boxes_to_centroids


@MODELS.register_module()
class TwoPhaseDetector(BaseDetector):
    """Two-phase detection (Mask R-CNN on TUPAC16, section 3.4, after Wahab et al.): phase one proposes, phase two disposes.

    Predicts only: each phase is trained by its own config. Patches are cut from the whole frame, so no tile's seam shows in them. A
    candidate keeps its box; phase two's probability becomes its score.

    Args:
        phase_one: Config of a detector of whole frames, usually a ``TiledDetector``.
        phase_two: Config of a detector of patches that predicts one instance per patch (``PatchHead``).
        patch_size: Side in px (ours; give the size that phase two learnt).
        batch_size: Patches in one forward pass (ours).
        phase_one_checkpoint, phase_two_checkpoint: A .pth file or a training's work dir (its best checkpoint) each; None where a
            checkpoint of both follows, with keys ``phase_one.*`` and ``phase_two.*``.

    Raises:
        ValueError: A checkpoint that is not there, damaged, or another model's.
    """

    needs_whole_checkpoint = True  # see compat/safe_loading.py

    def __init__(self, phase_one: dict, phase_two: dict, patch_size: int = 96, batch_size: int = 64,
                 phase_one_checkpoint: str | None = None, phase_two_checkpoint: str | None = None, init_cfg: dict | None = None):
        phase_one, phase_two = MODELS.build(phase_one), MODELS.build(phase_two)
        super().__init__(data_preprocessor=phase_one.data_preprocessor, init_cfg=init_cfg)
        self.phase_one = phase_one
        self.phase_two = phase_two
        self.patch_size = patch_size
        self.batch_size = batch_size
        for phase, path in ((phase_one, phase_one_checkpoint), (phase_two, phase_two_checkpoint)):
            if path is not None:
                _load(phase, path)

    def loss(self, batch_inputs: torch.Tensor, batch_data_samples: SampleList) -> NoReturn:
        """Raises: the phases are trained apart."""
        raise ValueError('TwoPhaseDetector is not trained as a whole: train phase_one and phase_two by their own configs')

    def extract_feat(self, batch_inputs: torch.Tensor) -> tuple:
        """Phase one's feature maps."""
        return self.phase_one.extract_feat(batch_inputs)

    def _forward(self, batch_inputs, batch_data_samples=None):
        return self.phase_one._forward(batch_inputs, batch_data_samples)

    def val_step(self, data: dict) -> list:
        """Predicts on what the dataloader gives: ``inputs`` uint8 ``(3, H, W)`` frames, ``data_samples`` beside them."""
        return self.predict(data['inputs'], data['data_samples'])

    test_step = val_step

    @torch.no_grad()
    def predict(self, batch_inputs: Sequence[torch.Tensor], batch_data_samples: SampleList) -> list:
        """Whole-frame detections.

        Args:
            batch_inputs: Frames as they were read, uint8 ``(3, H, W)``.
            batch_data_samples: One ``DetDataSample`` per frame.

        Returns:
            list[DetDataSample]: The same samples with ``pred_instances``: the candidates' ``bboxes`` ``(N, 4)`` xyxy px of the original
            frame, phase two's ``scores`` and ``labels`` ``(N,)``, by falling score, on the CPU.
        """
        for frame, sample in zip(batch_inputs, batch_data_samples, strict=True):
            # A preprocessor hands a copy of the sample on.
            found, = self.phase_one.test_step(dict(inputs=[frame], data_samples=[sample]))
            sample.pred_instances = self._judge(found.pred_instances.bboxes.cpu(), frame, sample.metainfo)
        return batch_data_samples

    def _judge(self, boxes, frame, metainfo):
        """Candidates ``(N, 4)`` of a frame with phase two's scores, best first."""
        # Boxes are in the original's pixels, the frame may have been resized.
        centres = boxes_to_centroids(boxes.numpy()) * metainfo.get('scale_factor', (1.0, 1.0))
        shared = getattr(self.phase_two.data_preprocessor, 'frame_metainfo', lambda *_: {})(frame, metainfo)
        pixels = frame.cpu().numpy()
        scores = [boxes.new_zeros(0)]
        for start in range(0, len(centres), self.batch_size):
            patches = cut_patches(pixels, centres[start:start + self.batch_size], self.patch_size)
            scores += [found.scores.cpu() for found in self._predict_patches(patches, shared)]
        scores, order = torch.cat(scores).sort(descending=True, stable=True)
        return InstanceData(bboxes=boxes[order], scores=scores, labels=torch.zeros(len(order), dtype=torch.long))

    def _predict_patches(self, patches, shared):
        shape = patches.shape[-2:]
        samples = [DetDataSample(metainfo=dict(shared, img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0))) for _ in patches]
        found = self.phase_two.test_step(dict(inputs=list(torch.from_numpy(patches)), data_samples=samples))
        return [sample.pred_instances for sample in found]


def _load(phase, path):
    path = find_checkpoint(path, best=True)
    phase.load_state_dict(check_fits(read_checkpoint(path, is_trusted()), phase, path))
