"""Whether points can lie where they do: units and axes that were mistaken show in places that no frame has."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from mitos_mmdet.interchange.points import FramePoints, PointFile

# A point this far beyond the border is no mitotic figure cut by it: half a box of MIDOG's (ours).
_BORDER_PX = 25
# No slide is longer; coordinates beyond are not mm.
_SLIDE_MM = 100
# So small are all coordinates where mm were written as px, in frames of that side (a region of 2 mm2 is 1.6 mm wide).
_MM_AS_PX, _LARGE_FRAME_PX = 50, 500
# From so many points on, all of them in the corner that um would fill is no chance: at 0.25 um/px the odds are 1 in 16 a point (ours).
_MANY = 20


def check_places(places: 'Sequence[tuple[np.ndarray, FramePoints]]', point_file: 'PointFile', in_um: bool = False) -> list[str]:
    """Looks at all points of a file at once.

    Args:
        places: ``[(xy, frame), ...]``: ``(N, 2)`` px (um where ``in_um``) and a ``FramePoints`` with what is known of the frame.
        point_file: Where they come from.
        in_um: No frame has a pixel size, so none has a size either.

    Returns:
        list[str]: Notes.

    Raises:
        ValueError: Swapped axes, mm or um as px, px as mm, or most of the points outside.
    """
    path, was_mm = point_file.path, point_file.frames[0].unit == 'mm'
    xy = np.concatenate([np.zeros((0, 2)), *(its for its, _ in places)])
    if in_um:
        far = (xy > _SLIDE_MM * 1000).any(axis=1)
        if 2 * far.sum() > len(far):
            raise ValueError(f'{path}: {far.sum()} of {len(far)} points lie over {_SLIDE_MM} mm from the corner, for example '
                             f'x={xy[far][0][0] / 1000:g}: these are no mm, px perhaps. Write mm: px * um/px / 1000')
        return [f'{path.name}: {far.sum()} points lie over {_SLIDE_MM} mm from the corner'] if far.any() else []
    sized = [(its, frame) for its, frame in places if frame.size_px and len(its)]
    if not sized:
        return []
    xy = np.concatenate([its for its, _ in sized])
    sizes = np.concatenate([np.tile(np.asarray(frame.size_px), (len(its), 1)) for its, frame in sized])
    names = np.repeat([frame.name for _, frame in sized], [len(its) for its, _ in sized])
    outside, swapped = _outside(xy, sizes), _outside(xy[:, ::-1], sizes)
    if not outside.any():
        if not was_mm:
            _check_scale(xy, sizes, sized, path)
        return []
    first = np.flatnonzero(outside)[0]
    shown = f'{outside.sum()} of {len(xy)} points lie outside their frames, for example x={xy[first][0]:g}, y={xy[first][1]:g} px in ' \
            f'{names[first]}, {sizes[first][0]} x {sizes[first][1]} px'
    most = 2 * outside.sum() > len(xy)
    if not swapped.any() and (outside.sum() > 1 or most):
        order = {'csv': ' (csv is x,y)', 'tupac16': ' (tupac16 is row,col)'}.get(point_file.format, '')
        raise ValueError(f'{path}: {shown}; with x and y swapped all lie inside. Swap the two in the file{order}')
    if most:
        hint = 'its coordinates are px perhaps, this format has mm: write px * um/px / 1000' if was_mm else \
            'check that it belongs to these images, at their scale'
        raise ValueError(f'{path}: {shown}; {hint}')
    return [f'{path.name}: {shown}']


def _outside(xy, sizes):
    return ((xy < -_BORDER_PX) | (xy > sizes + _BORDER_PX)).any(axis=1)


def check_not_in_corner(xy: np.ndarray, sizes: np.ndarray, path: 'Path | str') -> None:
    """Refuses points that all lie in the corner of large frames: fractions or mm, read as px.

    Args:
        xy: ``(N, 2)`` px, all points of a file.
        sizes: ``(N, 2)`` px, width and height of the frame of each.
        path: Where they come from.

    Raises:
        ValueError: They all lie there, and there are more than two.
    """
    if len(xy) > 2 and xy.max() <= 1 and sizes.min() > _LARGE_FRAME_PX:
        raise ValueError(f'{path}: all {len(xy)} points lie within 1 px of the corner, in frames of {sizes[0][0]:g} x {sizes[0][1]:g} px: '
                         f'these are fractions of the width and height, or mm, read as px. Write px: fraction * width and height, or '
                         f'mm * 1000 / (um/px)')
    if len(xy) > 2 and xy.max() < _MM_AS_PX and sizes.min() > _LARGE_FRAME_PX:
        raise ValueError(f'{path}: all {len(xy)} points lie within {xy.max():.3g} px of the corner, in frames of '
                         f'{sizes[0][0]:g} x {sizes[0][1]:g} px: these are mm, read as px. Write px: mm * 1000 / (um/px)')


def _check_scale(xy, sizes, sized, path):
    check_not_in_corner(xy, sizes, path)
    if len(xy) < _MANY or any(frame.um_per_px is None for _, frame in sized):
        return
    um_per_px = np.concatenate([np.tile(frame.um_per_px, (len(its), 1)) for its, frame in sized])
    if (um_per_px < 0.9).all() and (xy <= sizes * um_per_px).all():
        raise ValueError(f'{path}: all {len(xy)} points lie in the upper left {100 * um_per_px.max():.0f} % of their frames: these are um, '
                         f'read as px. Write px: um / (um/px)')
