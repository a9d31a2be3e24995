"""Truth and detections of the same frames, put together: one name, one unit, one ``Frame`` each."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mitos_mmdet.core.lengths import check_um_per_px
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.places import check_places
from mitos_mmdet.interchange.frame_names import key_of, pair_names
from mitos_mmdet.interchange.points import PointFile, points_of

# Two statements of one frame's width, height or pixel size that differ by more are of two images (ours: the scanners of one tissue differ
# by 8 %, MIDOG's nominal pixel size from its TIFF tags by up to 2 %).
_SAME = 0.05


@dataclass
class Pairing:
    """What ``pair`` gives.

    Attributes:
        pairs: ``[(truth, detections), ...]``, two ``FramePoints`` per frame, with ``xy`` in one unit and all that either knew of it in
            the first; frames that nobody labelled are among them.
        unit: ``'px'``, or ``'um'`` where truth and detections are in mm and nothing says how large a pixel is.
        notes: Lines that the user should read.
    """

    pairs: list
    unit: str
    notes: list

    @property
    def classes(self) -> tuple:
        """Class names in the truth and in the detections, two sets."""
        return tuple({label for pair in self.pairs for label in pair[side].labels} for side in (0, 1))

    def frames(self, label: str = MITOSIS) -> list:
        """One ``Frame`` per pair, of one class; with ``MITOSIS`` also what is known of hard negatives."""
        knows = [label == MITOSIS and HARD_NEGATIVE in its for its in self.classes]
        return [_frame(truth, found, label, *knows) for truth, found in self.pairs]


def pair(truth: PointFile, detections: PointFile, um_per_px: Sequence[float] | None = None, ignore_unknown: bool = False) -> Pairing:
    """Puts them together by frame name.

    Args:
        truth, detections: Two ``PointFile``.
        um_per_px: ``(x, y)`` of every frame, in place of what the files say.
        ignore_unknown: Leave out detections on frames that the truth has not.

    Returns:
        Pairing: A frame of the truth for which there are no detections has none: its mitotic figures are missed.

    Raises:
        ValueError: Unknown or ambiguous frames, no pixel size where one is needed, or places that cannot be meant so.
    """
    if not detections.frames:  # as of a table with a header alone: nothing was found anywhere
        detections = dataclasses.replace(detections, frames=[points_of(frame.name, [], '', unit=frame.unit) for frame in truth.frames])
    found, notes = _by_name(truth, detections, ignore_unknown)
    pairs = [(frame, found[frame.name] if frame.name in found else points_of(frame.name, [], frame.name, unit=_unit(detections)))
             for frame in truth.frames]
    missing = [frame for frame in truth.frames if frame.labelled and frame.name not in found]
    if missing:
        missed = sum(int((frame.labels == MITOSIS).sum()) for frame in missing)
        notes.append(f'{len(missing)} of {len(truth.frames)} frames, for example {missing[0].name}, have no detections: their {missed} '
                     f'mitotic figures are missed')
    in_um = _unit(truth) == _unit(detections) == 'mm' and um_per_px is None
    known = [_know(*both, um_per_px, detections.path) for both in pairs]
    pairs = [_convert(right, found, in_um, (truth.path, detections.path)) for right, found in known]
    for side, point_file in enumerate((truth, detections)):
        notes += check_places([(both[side].xy, both[0]) for both in pairs], point_file, in_um)
    if um_per_px is not None:
        other = sum(frame.um_per_px not in (None, um_per_px) for frame in truth.frames)
        notes += [f'the pixel size given replaces that of {other} frames'] if other else []
    return Pairing(pairs, 'um' if in_um else 'px', notes)


def _by_name(truth, detections, ignore_unknown):
    """``({name of the truth: FramePoints of the detections}, notes)``."""
    names, others = [frame.name for frame in truth.frames], [frame.name for frame in detections.frames]
    # A frame that is only called after its file says nothing of its image.
    if len(names) == len(others) == 1 and not pair_names(names, others) and key_of(others[0])[-1] in ('', key_of(detections.path.name)[-1]):
        return {names[0]: detections.frames[0]}, [f'{detections.path.name} does not say of which image it is: taken as that of {names[0]}']
    if '' in others:
        raise ValueError(f'{detections.path}: does not say of which of {len(names)} images it is. Name the file after its image')
    paired = pair_names(names, others)
    found = {}
    for frame in detections.frames:
        name = paired.get(frame.name)
        if name in found and name is not None:
            raise ValueError(f'{detections.path}: {found[name].name!r} and {frame.name!r} are both {name!r} of the truth. Take one out')
        if name is not None:
            found[name] = frame
    unknown = [name for name in others if name not in paired]
    if not found:
        raise ValueError(f'{detections.path}: none of its {len(others)} frames, for example {others[0]!r}, is in the truth, which has, for '
                         f'example, {names[0]!r}. Give the truth of these frames')
    if unknown and not ignore_unknown:
        raise ValueError(f'{detections.path}: {len(unknown)} of its {len(others)} frames, for example {unknown[0]!r}, are not in '
                         'the truth. Give the truth of all, or leave them out by --ignore-unknown')
    left_out = f'{len(unknown)} frames of the detections, for example {unknown and unknown[0]}, are not in the truth and left out'
    return found, [left_out] if unknown else []


def _know(truth, found, um_per_px, path):
    """The two with all that either knows of the frame in the first."""
    for what in ('size_px', 'um_per_px'):
        ours, theirs = getattr(truth, what), getattr(found, what)
        if ours and theirs and not np.allclose(ours, theirs, rtol=_SAME) and (what == 'size_px' or um_per_px is None):
            raise ValueError(f'{path}: {found.name} has {what} {_shown(theirs)}, in the truth {_shown(ours)}: two images. Give the truth '
                             f'of those that were searched')
    known = {key: getattr(truth, key) or getattr(found, key) for key in (
        'size_px', 'um_per_px', 'scanner', 'domain', 'case_id', 'region_type')}
    known['um_per_px'] = um_per_px or known['um_per_px']
    return dataclasses.replace(truth, **known), found


def _convert(truth, found, in_um, paths):
    if in_um:
        um = [dataclasses.replace(frame, xy=frame.in_px((1, 1)), unit='px') for frame in (truth, found)]
        return dataclasses.replace(um[0], um_per_px=(1.0, 1.0), size_px=None), um[1]
    if 'mm' in (truth.unit, found.unit):
        in_mm, other = paths if truth.unit == 'mm' else paths[::-1]
        if truth.um_per_px is None:
            raise ValueError(f'{in_mm}: is in mm and {other} in px, and neither says how large a pixel of {truth.name} is. '
                             f'Give --um-per-px')
        check_um_per_px(truth.um_per_px, truth.name, needed_for='a place in mm')
    return tuple(dataclasses.replace(frame, xy=frame.in_px(truth.um_per_px), unit='px') for frame in (truth, found))


def _frame(truth, found, label, labels_hard_negatives, finds_hard_negatives):
    ours, theirs = truth.labels == label, found.labels == label
    scores = np.ones(len(found)) if found.scores is None else found.scores
    hard = found.labels == HARD_NEGATIVE
    return Frame(
        truth.xy[ours], found.xy[theirs], scores[theirs], truth.um_per_px, truth.name, truth.scanner, truth.domain, truth.case_id,
        truth.region_type, truth.size_px, truth.labelled,
        hard_negative_xy=truth.xy[truth.labels == HARD_NEGATIVE] if labels_hard_negatives else None,
        hard_negative_pred_xy=found.xy[hard] if finds_hard_negatives else None,
        hard_negative_pred_scores=scores[hard] if finds_hard_negatives else None)


def _unit(point_file):
    return point_file.frames[0].unit


def _shown(pair):
    return ' x '.join(f'{value:g}' for value in pair)
