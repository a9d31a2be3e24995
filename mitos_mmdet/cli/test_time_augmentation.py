"""``--tta``: each frame and its mirror images, united."""

from typing import TYPE_CHECKING

from mitos_mmdet.compat.config_edits import datasets_in

if TYPE_CHECKING:
    from mmengine.config import Config


def set_test_time_augmentation(cfg: 'Config') -> None:
    """Tests on each frame and its mirror images, united, unless the config brings a ``tta_model`` and ``tta_pipeline``.

    Every dataset of the test changes, those joined by a ``ConcatDataset`` too: each keeps its own steps.
    """
    from mmengine.config import ConfigDict

    own = cfg.get('tta_pipeline')
    for dataset in datasets_in(cfg.test_dataloader):
        dataset.pipeline = own or _mirrored(dataset.pipeline)
    cfg.setdefault('tta_model', dict(type='FrameTTAModel'))
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)


def _mirrored(pipeline):
    """A test pipeline whose packed frame comes in four mirror images."""
    flips = [dict(type='RandomFlip', prob=1.0, direction=direction) for direction in ('horizontal', 'vertical', 'diagonal')]
    pack = dict(pipeline[-1])
    if 'meta_keys' in pack:  # those of PackFrameInputs hold both already
        pack['meta_keys'] = tuple(dict.fromkeys((*pack['meta_keys'], 'flip', 'flip_direction')))
    return [*pipeline[:-1], dict(type='TestTimeAug', transforms=[[*flips, dict(type='RandomFlip', prob=0.0)], [pack]])]
