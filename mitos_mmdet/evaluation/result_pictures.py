"""A folder of pictures of a result: one per frame, and the precision-recall curve."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from mmengine.logging import print_log
from PIL import ImageColor
from tqdm import tqdm

from mitos_mmdet.core.files import draft
from mitos_mmdet.core.image_writing import write_image
from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.core.names import fitted, printable
from mitos_mmdet.evaluation.mask_pictures import draw_masks
from mitos_mmdet.evaluation.plots import ALARM, HIT, draw_frame, precision_recall_curve

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.result import Evaluation


def write_pictures(folder: str | Path, evaluations: 'Sequence[Evaluation]', most: int = 50) -> None:
    """Writes ``FRAME.jpg`` for each frame, with the outlines of masks where there are any, and ``precision_recall.png``.

    Args:
        folder: Made where it is not there.
        evaluations: List of ``Evaluation``; the frames show the first.
        most: Frames drawn at most; of more, those with the most misses and false positives (ours).

    Raises:
        ValueError: The folder cannot be written.
    """
    folder, headline = Path(folder), evaluations[0]
    pairs = list(zip(headline.frames, headline.matches, strict=True))
    if len(pairs) > most:
        print_log(f'{folder}: the {most} of {len(pairs)} frames with the most errors are drawn', logger='current')
        pairs = sorted(pairs, key=lambda pair: -_errors(pair[1]))[:most]
    with draft(folder / 'precision_recall.png') as file:
        precision_recall_curve(file, evaluations)
    names = _file_names([Path(frame.name) for frame, _ in pairs])
    for (frame, match), name in tqdm(list(zip(pairs, names, strict=True)), desc='pictures', unit='frame', disable=None):
        _write_frame(folder / name, frame, match, headline)


def _write_frame(path, frame, match, headline):
    try:
        image = read_rgb(frame.name)
    except ValueError as error:  # the scores stand, only this picture is missing
        print_log(f'no picture: {error}', logger='current', level=logging.WARNING)
        return
    if frame.pred_masks is not None:
        for predictions, colour in ((match.truth_to_pred[match.truth_to_pred >= 0], HIT), (np.flatnonzero(match.false_positive), ALARM)):
            image = draw_masks(image, [frame.pred_masks[place] for place in predictions], ImageColor.getrgb(colour))
    title = f'{printable(Path(frame.name).name[-40:])}   {headline.name}, {headline.radius}, score >= {headline.threshold.text()}'
    drawn = draw_frame(image, frame, match, headline.radius.to_px(frame.um_per_px, frame.name), title)
    write_image(path, drawn)


def _errors(match):
    return int((match.truth_to_pred < 0).sum() + match.false_positive.sum())


def _file_names(paths):
    """``STEM.jpg``; where stems repeat (TUPAC16 calls every frame 01.tif) with the folder's name before it, then a number."""
    stems = [path.stem for path in paths]
    names = [f'{path.parent.name}_{path.stem}' if stems.count(path.stem) > 1 else path.stem for path in paths]
    return [fitted(printable(name), f'_{position}.jpg' if names.count(name) > 1 else '.jpg') for position, name in enumerate(names)]
