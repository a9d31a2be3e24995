"""``StainNormalizingDetDataPreprocessor``: stain normalisation where the model is, for a whole batch at once."""

from typing import Any

import torch
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.registry import MODELS

from mitos_mmdet.datasets.frame_stain import stain_of, stain_record
from mitos_mmdet.stain import NoStainError, StainNormalizer
from mitos_mmdet.stain.torch_stain import TorchStainNormalizer


@MODELS.register_module()
class StainNormalizingDetDataPreprocessor(DetDataPreprocessor):
    """mmdet's preprocessor on stain-normalised images: the same result as ``NormalizeStain`` in the pipeline, within one grey level.

    Each image is normalised by the ``stain`` in its metainfo (``PackDetInputs(meta_keys=(..., 'stain', 'frame'))``; ``TiledDetector`` puts
    the whole frame's there). An image that carries none and is no tile is measured itself. Images without a stain to measure pass
    unchanged. Nothing is kept between calls, and nothing is added to checkpoints.

    Args:
        stain_method: ``'macenko'`` (paper), ``'vahadane'`` or ``'reinhard'``.
        stain_target: As in ``NormalizeStain``.
        per_tile: As in ``NormalizeStain``.
        channel_order: Of the images that come in (``'bgr'`` as mmdet loads them, or ``'rgb'``).
        *args, **kwargs: ``DetDataPreprocessor``'s.
    """

    def __init__(self, *args: Any, stain_method: str = 'macenko', stain_target: str = 'default', per_tile: bool = False,
                 channel_order: str = 'bgr', **kwargs: Any):
        super().__init__(*args, **kwargs)
        if channel_order not in ('bgr', 'rgb'):
            raise ValueError(f"channel_order={channel_order!r} is not 'bgr' or 'rgb'")
        self.stain_method = stain_method
        self.per_tile = per_tile
        self.channel_order = channel_order
        self.stain_normalizer = TorchStainNormalizer(StainNormalizer.to_look_like(stain_target, stain_method).target)

    def frame_metainfo(self, frame: torch.Tensor, metainfo: dict) -> dict:
        """What ``TiledDetector`` must tell of a frame with each of its tiles.

        Args:
            frame: uint8 ``(3, H, W)``.
            metainfo: The frame's.

        Returns:
            dict: ``stain``, measured once unless ``metainfo`` brings it; empty if each tile is to be measured by itself.
        """
        if self.per_tile:
            return {}
        record = metainfo.get('stain')
        known = isinstance(record, dict) and record.get('method') == self.stain_method
        return dict(stain=record if known else stain_record(self._pixels(frame), self.stain_method))

    def forward(self, data: dict, training: bool = False) -> dict:
        """``data`` with normalised ``inputs``, as ``DetDataPreprocessor`` gives them.

        Args:
            data: ``inputs``: images of 0 to 255, a list of ``(3, H, W)`` or one ``(B, 3, H, W)`` tensor; ``data_samples``.
            training: As in ``DetDataPreprocessor``.
        """
        data = self.cast_data(data)
        samples = data.get('data_samples') or [None] * len(data['inputs'])
        data = dict(data, inputs=self._normalised(data['inputs'], [sample.metainfo if sample else {} for sample in samples]))
        return super().forward(data, training)

    def _normalised(self, images, infos):
        sources = [self._source(image, info) for image, info in zip(images, infos, strict=True)]
        if isinstance(images, torch.Tensor):
            return self._restain(images, sources)
        if len({image.shape for image in images}) == 1:
            return list(self._restain(torch.stack(list(images)), sources))
        return [self._restain(image[None], [source])[0] for image, source in zip(images, sources, strict=True)]

    def _source(self, image, info):
        try:
            return stain_of(info, lambda: self._pixels(image), self.stain_method, self.per_tile)
        except NoStainError:
            return None

    def _restain(self, images, sources):
        rgb = images if self.channel_order == 'rgb' else images.flip(1)
        rgb = self.stain_normalizer.apply_estimates(rgb, sources)
        return rgb if self.channel_order == 'rgb' else rgb.flip(1)

    def _pixels(self, image):
        rgb = image if self.channel_order == 'rgb' else image.flip(0)
        return rgb.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy() if rgb.is_floating_point() \
            else rgb.permute(1, 2, 0).cpu().numpy()
