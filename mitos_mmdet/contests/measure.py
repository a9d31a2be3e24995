"""Gives frames the sizes of their images, and drops what cannot be used."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from mitos_mmdet.contests.reading import LabelledFrame
from mitos_mmdet.core.centroids import centroids_inside
from mitos_mmdet.core.files import is_regular
from mitos_mmdet.core.images import read_header
from mitos_mmdet.core.names import name_fault, printable

# From about this many images on, reading their headers takes long enough for a progress bar (ours).
_MANY = 100


def measure_frames(frames: Sequence[LabelledFrame], image_root: Path, allow_missing: bool = False) -> tuple:
    """Takes width, height and pixel size from the images.

    Args:
        frames: List of ``LabelledFrame``.
        image_root: For the message when no image is there.
        allow_missing: Take ``frame.size`` where the image is not there.

    Returns:
        tuple: ``(frames, skipped, missing)``: new frames with ``size`` set, the bad ones as ``[(file, reason), ...]``, and how
        many were taken without their image.

    Raises:
        ValueError: Images are needed and not one is there.
    """
    unfit = [(printable(frame.file_name), f'its name {fault}') for frame in frames if (fault := name_fault(frame.file_name))]
    frames = [frame for frame in frames if name_fault(frame.file_name) is None]
    there = [is_regular(frame.image) for frame in frames]
    if frames and not allow_missing and not any(there):
        raise ValueError(f'{image_root}: none of the {len(frames)} images is here, for example {frames[0].file_name}. Give their folder '
                         f'with --images, or convert without them by --allow-missing-images')
    measured, skipped, missing = [], unfit, 0
    bar = tqdm(zip(frames, there, strict=True), total=len(frames), desc='reading image headers', leave=False,
               disable=None if len(frames) >= _MANY else True)
    for frame, is_there in bar:
        try:
            measured.append(_measure(frame) if is_there else _take_nominal(frame, allow_missing))
            missing += not is_there
        except ValueError as error:
            reason = str(error)
            skipped.append((str(frame.image), reason.removeprefix(f'{frame.image}: ')))
    return measured, skipped, missing


def _measure(frame):
    width, height, tags = read_header(frame.image)
    # Labels in px of one image are wrong on another; without labels the image itself is right.
    if frame.exact_size and frame.labels and (width, height) != tuple(frame.size):
        raise ValueError(f'the image is {width} x {height} px, its labels are for {frame.size[0]} x {frame.size[1]} px. '
                         f'Fetch the contest\'s own image')
    um_per_px = tags if tags and frame.tags_win else frame.um_per_px
    return dataclasses.replace(frame, size=(width, height), um_per_px=um_per_px)


def _take_nominal(frame, allow_missing):
    if not allow_missing:
        raise ValueError('no such image. Fetch it, or take its nominal size by --allow-missing-images')
    if frame.size is None:
        raise ValueError('no such image, and the contest states no size for it. Fetch it')
    return frame


def drop_outside(frames: Sequence[LabelledFrame]) -> tuple:
    """Leaves out labels whose centroid is not in its image, and frames where that is so for most of several.

    Returns:
        tuple: ``(frames, skipped, notes)``: new frames, what was left out as ``[(what, reason), ...]``, and a hint where x
        and y look swapped.

    Raises:
        ValueError: More than half of all labels lie outside: the coordinates cannot be what they are taken for.
    """
    kept, skipped, total, outside, fewer_swapped, first = [], [], 0, 0, 0, None
    for frame in frames:
        size = frame.size or (0, 0)  # measured by now
        inside = centroids_inside([label.centroid for label in frame.labels], *size)
        swapped = centroids_inside([label.centroid[::-1] for label in frame.labels], *size)
        bad = [(label.where, _outside(label, frame)) for label, ok in zip(frame.labels, inside, strict=True) if not ok]
        total, outside = total + len(frame.labels), outside + len(bad)
        if len(bad) > 1 and 2 * len(bad) > len(frame.labels):
            # Kept without them it would teach that its mitoses are none.
            skipped.append((f'frame {frame.file_name}', f'{len(bad)} of {len(frame.labels)} labels lie outside, for example {bad[0][0]}'))
        else:
            kept.append(dataclasses.replace(frame, labels=[label for label, ok in zip(frame.labels, inside, strict=True) if ok]))
            skipped += bad
        first = first or (bad and bad[0])
        fewer_swapped += int(swapped.sum()) - int(inside.sum())
    hint = f'With x and y swapped {fewer_swapped} more would lie inside: row and column are probably swapped in the label files' \
        if fewer_swapped > 0 else ''
    if first and 2 * outside > total:
        raise ValueError(f'{first[0]}: {first[1]}; so do {outside} of {total} labels. '
                         + (hint or 'Check that labels and images belong together, at the same scale'))
    return kept, skipped, [hint] if hint else []


def _outside(label, frame):
    x, y = label.centroid
    return f'the centroid x={x:g}, y={y:g} lies outside its image {frame.file_name}, {frame.size[0]} x {frame.size[1]} px'
