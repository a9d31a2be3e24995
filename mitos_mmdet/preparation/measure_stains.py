"""Measures the stain of every image of an annotation file, or of every case over all its images, and writes it into the file."""

from pathlib import Path

import numpy as np

from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.datasets.coco_format import read_annotations
from mitos_mmdet.datasets.frame_stain import stain_record


def measure_stains(frames_file, image_folder, by='image', method='macenko'):
    """The annotation file's content with ``stain`` in each image's entry, as ``RandomStainTransfer`` and ``NormalizeStain`` read it.

    Args:
        frames_file: COCO json of ``coco_format``.
        image_folder: What its ``file_name`` s are relative to.
        by: ``'image'``, or ``'case'``: one estimate over all images of a ``case_id``, for patches too small to measure.
        method: ``'macenko'`` or ``'vahadane'``.

    Returns:
        tuple: ``(content, skipped)``: ``[(what, reason), ...]`` of images or cases without a stain; their ``stain`` holds the reason.

    Raises:
        ValueError: ``by`` or the file unusable, or an image unreadable.
    """
    if by not in ('image', 'case'):
        raise ValueError(f"by={by!r}: one of 'image', 'case'")
    content, groups, skipped = read_annotations(frames_file), {}, []
    for image in content['images']:
        groups.setdefault(image['file_name'] if by == 'image' else image.get('case_id'), []).append(image)
    for name, images in groups.items():
        pixels = np.concatenate([read_rgb(Path(image_folder) / image['file_name']).reshape(1, -1, 3) for image in images], axis=1)
        record = stain_record(pixels, method)
        if 'reason' in record:
            skipped.append((name, record['reason']))
        for image in images:
            image['stain'] = record
    return content, skipped
