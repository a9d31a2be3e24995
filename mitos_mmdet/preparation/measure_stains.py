"""Measures the stain of every image of an annotation file, or of every case over all its images, and writes it into the file."""

from pathlib import Path

import numpy as np

from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.core.names import as_spelled_there, inside
from mitos_mmdet.datasets.coco_format import check_coco, read_annotations
from mitos_mmdet.datasets.frame_stain import stain_record
from mitos_mmdet.preparation.one_image import fault_of


def measure_stains(frames_file: str | Path, image_folder: str | Path, by: str = 'image', method: str = 'macenko') -> tuple:
    """The annotation file's content with ``stain`` in each image's entry, as ``RandomStainTransfer`` and ``NormalizeStain`` read it.

    Args:
        frames_file: COCO json of ``coco_format``.
        image_folder: What its ``file_name`` s are relative to.
        by: ``'image'``, or ``'case'``: one estimate over all images of a ``case_id``, for patches too small to measure. An image without
            one is a case of its own.
        method: ``'macenko'`` or ``'vahadane'``.

    Returns:
        tuple: ``(content, skipped)``: ``[(what, reason), ...]`` of images that cannot be read, and of images or cases without a stain,
        whose ``stain`` holds the reason.

    Raises:
        ValueError: ``by`` or the file unusable, or no image readable.
    """
    if by not in ('image', 'case'):
        raise ValueError(f"by={by!r}: one of 'image', 'case'")
    content, skipped = read_annotations(frames_file), []
    groups: dict = {}
    check_coco(content, frames_file)
    for image in content['images']:
        groups.setdefault(by == 'case' and image.get('case_id') or image['file_name'], []).append(image)
    for name, images in groups.items():
        pixels = []
        for image in images:
            path = as_spelled_there(inside(image_folder, image['file_name'], frames_file))
            rgb, fault = fault_of(path, read_rgb, path)
            if fault:
                skipped.append((image['file_name'], fault))
            else:
                pixels.append(rgb.reshape(1, -1, 3))
        if not pixels:
            continue
        record = stain_record(np.concatenate(pixels, axis=1), method)
        if 'reason' in record:
            skipped.append((name, record['reason']))
        for image in images:
            image['stain'] = record
    if not any('stain' in image for image in content['images']):
        raise ValueError(f'{frames_file}: none of its {len(content["images"])} images can be read. {skipped[0][0]}: {skipped[0][1]}'
                         if skipped else f'{frames_file}: lists no image. Convert the dataset again')
    info = content.pop('info', None)
    info = {key: value for key, value in info.items() if key != 'measured_stains'} if isinstance(info, dict) else {}
    return dict(info=dict(measured_stains=dict(by=by, method=method), **info), **content), skipped
