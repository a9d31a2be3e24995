"""Checks of a config before a run, of what mmdet would notice hours later or tell in a traceback."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mitos_mmdet.compat.config_edits import PHASES, checkpoints_in, datasets_in, dicts_in, metrics_in
from mitos_mmdet.core.lengths import Length, check_um_per_px
from mitos_mmdet.datasets.coco_format import read_annotations
from mitos_mmdet.datasets.how_to_get import how_to_get

if TYPE_CHECKING:
    from mmengine.config import Config

_PARTS = ('bbox_head', 'mask_head', 'bbox_roi_extractor', 'mask_roi_extractor', 'rpn_head', 'backbone', 'neck')
_STEPS_THAT_PACK = {'PackFrameInputs': None, 'PackDetInputs': ()}  # None: packs all that the metric reads


def check_model(cfg: 'Config', config: str) -> None:
    """Every part in a list of parts says what it is.

    Raises:
        ValueError: One does not: a list in a config replaces the whole list of its base.
    """
    for part in dicts_in(cfg.model):
        for key in _PARTS:
            for place, item in enumerate(part[key] if isinstance(part.get(key), (list, tuple)) else ()):
                if isinstance(item, dict) and 'type' not in item:
                    raise ValueError(f"{config}: {key} is a list whose part {place} has no type ({dict(item)}): a list replaces the whole "
                                     f"list of the base config. Change single values by --cfg-options ...{key}.{place}.KEY=VALUE, or "
                                     f"the classes by --classes")


def check_length(cfg: 'Config', config: str) -> None:
    """The length of a training is given in what its loop counts.

    Raises:
        ValueError: It is not, as when the other unit is set on the command line.
    """
    loop = cfg.get('train_cfg') or {}
    by_iteration = loop.get('type') == 'IterBasedTrainLoop' or (loop.get('type') is None and loop.get('by_epoch') is False)
    if not by_iteration and loop.get('type') not in (None, 'EpochBasedTrainLoop'):
        return  # a loop of the user's own
    unit, other = ('iters', 'epochs') if by_iteration else ('epochs', 'iters')
    if f'max_{other}' in loop or f'max_{unit}' not in loop:
        raise ValueError(f'{config}: this training counts {dict(iters="iterations", epochs="epochs")[unit]}. Give its length as '
                         f'train_cfg.max_{unit}, not max_{other}')


def check_metric(cfg: 'Config', config: str, evaluator: str = 'val_evaluator', loader: str = 'val_dataloader') -> None:
    """What ``CentroidMetric`` reads is among what the frames to score carry, before a training runs up to its first validation.

    Raises:
        ValueError: The pipeline packs no ground truth, or no pixel size for a radius in um.
    """
    metrics = metrics_in(cfg.get(evaluator))
    units = {Length.parse(metric.get('radius', '7.5um')).unit for metric in metrics}
    for dataset in datasets_in(cfg.get(loader)) if metrics else ():
        packed = _packed(dataset.get('pipeline') or ())
        if packed is not None and 'instances' not in packed:
            raise ValueError(f"{config}: CentroidMetric reads 'instances', which the last step of the {loader} does not pack. Use "
                             f"dict(type='PackFrameInputs') there")
        if 'um' in units and (dataset['type'] == 'CocoDataset' or (packed is not None and 'um_per_px' not in packed)):
            raise ValueError(f"{config}: the radius of CentroidMetric is in um, and the frames of the {loader} carry no um_per_px. Use "
                             f"MitosisDataset with dict(type='PackFrameInputs'), or a radius in px")


def check_data(cfg: 'Config', *loaders: str) -> None:
    """The annotation files that a run reads are there, before its work dir is.

    Raises:
        ValueError: One is not; the message says what makes it.
    """
    for loader in loaders:
        for dataset in datasets_in(cfg.get(loader)):
            path = Path(dataset.get('data_root') or '', dataset['ann_file'])
            if not path.is_file():
                raise ValueError(f'{path}: no such file. {how_to_get(path)}')


def check_phases(cfg: 'Config') -> None:
    """The checkpoints that a ``TwoPhaseDetector`` names are there, before the work dir of its test is.

    Raises:
        ValueError: One is not.
    """
    from mitos_mmdet.compat.checkpoints import find_checkpoint

    for path in filter(None, (cfg.model.get(key) for key in PHASES)):
        find_checkpoint(path)


def check_pixel_sizes(cfg: 'Config') -> None:
    """A radius in um wants the pixel size of every labelled image that a training validates on.

    Raises:
        ValueError: One has none; the message names it.
    """
    for radius in (Length.parse(metric.get('radius', '7.5um')) for metric in metrics_in(cfg.get('val_evaluator'))):
        for dataset in datasets_in(cfg.get('val_dataloader')) if radius.unit == 'um' else ():
            for image in read_annotations(Path(dataset.get('data_root') or '', dataset['ann_file']))['images']:
                if image.get('labelled', True):
                    check_um_per_px(image.get('um_per_px'), image.get('file_name'), needed_for=f'a radius of {radius}')


def _packed(pipeline):
    """The meta keys that a pipeline packs; None where it cannot be told, or it is all."""
    step = pipeline[-1] if pipeline else {}
    if step.get('type') not in _STEPS_THAT_PACK:
        return None
    return step.get('meta_keys', _STEPS_THAT_PACK[step['type']])


def files_read(cfg: 'Config', *loaders: str) -> list[Path]:
    """Files and folders that a run of a config reads: its checkpoints, annotation files and image folders.

    Args:
        cfg: The config.
        loaders: Names of its dataloaders.

    Returns:
        list[Path]
    """
    found = [Path(path) for path in checkpoints_in(cfg)]
    for dataset in (dataset for loader in loaders for dataset in datasets_in(cfg.get(loader))):
        root = Path(dataset.get('data_root') or '')
        found += [root / dataset['ann_file'], *(root / place for place in (dataset.get('data_prefix') or {'img': ''}).values())]
    return found


def protected(read: Iterable[str | Path | None]) -> list:
    """Of what a run reads, all but the current folder, which holds everything of somebody who works in it."""
    return [path for path in read if path and not (Path(path).is_dir() and Path(path).resolve() == Path.cwd())]
