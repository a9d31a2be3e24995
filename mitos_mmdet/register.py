"""Registers everything with mmdet: the only target of ``custom_imports = dict(imports=['mitos_mmdet.register'])``."""

import importlib

from mitos_mmdet import compat
from mitos_mmdet.compat.checkpoints import allow_mmengine_types

_INSTALL = 'install it with: pip install "mitos_mmdet[onedl]" (or [openmmlab] for mmdet 3.3)'
_MODULES = (
    'mitos_mmdet.datasets.crop_dataset',
    'mitos_mmdet.datasets.mitosis_dataset',
    'mitos_mmdet.datasets.patch_mosaic_dataset',
    'mitos_mmdet.datasets.transforms.centroids_to_boxes',
    'mitos_mmdet.datasets.transforms.centroids_to_masks',
    'mitos_mmdet.datasets.transforms.colour_jitter',
    'mitos_mmdet.datasets.transforms.load_frame',
    'mitos_mmdet.datasets.transforms.normalize_stain',
    'mitos_mmdet.datasets.transforms.pack_frame_inputs',
    'mitos_mmdet.datasets.transforms.paste_mitotic_figures',
    'mitos_mmdet.datasets.transforms.random_rotate90',
    'mitos_mmdet.datasets.transforms.random_scanner',
    'mitos_mmdet.datasets.transforms.random_stain',
    'mitos_mmdet.datasets.transforms.random_stain_transfer',
    'mitos_mmdet.compat.cpu_amp_optim_wrapper',
    'mitos_mmdet.datasets.transforms.resize_to_pixel_size',
    'mitos_mmdet.datasets.transforms.visible_box_crop',
    'mitos_mmdet.evaluation.centroid_metric',
    'mitos_mmdet.model_zoo.checkpoint_scheme',
    'mitos_mmdet.training.check_training_hook',
    'mitos_mmdet.training.freeze_norm_hook',
    'mitos_mmdet.training.main_logger_hook',
    'mitos_mmdet.training.resume_state_hook',
    'mitos_mmdet.training.whole_checkpoint_hook',
    'mitos_mmdet.models.backbones.efficientnet_lite',
    'mitos_mmdet.models.backbones.vgg16',
    'mitos_mmdet.models.data_preprocessors.stain_normalizing_det_data_preprocessor',
    'mitos_mmdet.models.dense_heads.batched_rtmdet_head',
    'mitos_mmdet.models.dense_heads.candidate_head',
    'mitos_mmdet.models.dense_heads.cascade_proposal_rpn_head',
    'mitos_mmdet.models.dense_heads.patch_head',
    'mitos_mmdet.models.dense_heads.refine_rpn_head',
    'mitos_mmdet.models.detectors.frame_tta_model',
    'mitos_mmdet.models.detectors.tiled_detector',
    'mitos_mmdet.models.detectors.two_phase_detector',
    'mitos_mmdet.models.necks.conv34_neck',
    'mitos_mmdet.models.necks.fully_conv_neck',
)


def check_mmdet() -> None:
    """Says in one line what to install where mmdet is absent or unsuited.

    Raises:
        ImportError: With that line.
    """
    try:
        import mmdet
        import mmengine  # noqa: F401
    except ImportError as error:
        raise ImportError(f'mitos_mmdet needs mmdet 3.x with mmcv and mmengine ({error}): {_INSTALL}') from None
    except AssertionError as error:  # how mmdet 3.3 refuses an mmcv or mmengine that it does not suit
        raise ImportError(f'mmdet refuses its companions ({error}): {_INSTALL}') from None
    version = getattr(mmdet, '__version__', 'a folder of that name')
    if not version.startswith('3.'):
        raise ImportError(f'mitos_mmdet needs mmdet 3.x, found {version}: {_INSTALL}')


check_mmdet()
compat.install()
allow_mmengine_types()
for _name in ('safe_loading', 'inferencer', 'config_text'):
    importlib.import_module(f'mitos_mmdet.compat.{_name}').install()
for _module in _MODULES:
    importlib.import_module(_module)
