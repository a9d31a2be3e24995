"""Which of phase one's candidates phase two learns from, and as what (Mask R-CNN on TUPAC16, section 3.4). numpy and scipy alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from mitos_mmdet.core.centroids import boxes_to_centroids
from mitos_mmdet.core.lengths import Length
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import match, pairs_within

FIGURE, NEGATIVE, NEITHER = 1, 0, -1
_KEPT = ('um_per_px', 'scanner', 'case_id', 'domain')  # what a patch keeps of its frame's entry


@dataclass(frozen=True)
class CandidateSettings:
    """What becomes of candidates.

    Attributes:
        radius: How far from its candidate a mitotic figure may lie, with unit (paper, section 3.7: ``'30px'``; contests: ``'7.5um'``,
            ``'8um'``).
        patch_size: Side of a patch in px of the frame as the test pipeline gives it (ours: 96).
        negatives: Most negatives for each mitotic figure (paper: 16); None keeps all.
        hits_only: Leave out mitotic figures that phase one misses. Else each is a patch around its label (ours: there are few of them).
        seed: Of the draw among negatives (ours).

    Raises:
        ValueError: A radius without unit, a patch or a ratio too small.
    """

    radius: str
    patch_size: int = 96
    negatives: int | None = 16
    hits_only: bool = False
    seed: int = 0

    def __post_init__(self):
        Length.parse(self.radius)
        if self.patch_size < 8:
            raise ValueError(f'a patch of {self.patch_size} px shows nothing: give 8 or more')
        if self.negatives is not None and self.negatives < 1:
            raise ValueError(f'{self.negatives} negatives for each mitotic figure: give 1 or more')


@dataclass(frozen=True)
class Patch:
    """A patch to cut.

    Attributes:
        index: Of its frame in the dataset.
        centre: ``(x, y)`` px of the original frame.
        figure: Whether it is a mitotic figure.
        score: Phase one's; None for a mitotic figure that it missed.
        name: File name.
    """

    index: int
    centre: tuple
    figure: bool
    score: float | None = None
    name: str = ''


def judge_candidates(centres: np.ndarray, truth: np.ndarray, radius: Length, um_per_px: tuple | None = None,
                     name: str = 'a frame') -> tuple:
    """What each candidate of a frame is, by the contests' rule.

    Of the candidates within the radius of a mitotic figure one is its hit (rule ``midog`` of ``matching``). The others are
    neither: a second look at it, or a neighbour.

    Args:
        centres: ``(N, 2)`` px.
        truth: ``(G, 2)`` px, the mitotic figures.
        radius: A ``Length``, inclusive.
        um_per_px: ``(x, y)``; for a radius in um.
        name: What an error names.

    Returns:
        tuple: ``(N,)`` int of ``FIGURE``, ``NEGATIVE``, ``NEITHER``; ``(G,)`` bool, which mitotic figures have no hit.

    Raises:
        ValueError: A radius in um without pixel size.
    """
    truth, centres = Frame(truth, centres, np.zeros(len(centres)), um_per_px, name).scaled(radius)
    found = match(truth, centres, radius.value).truth_to_pred
    kinds = np.full(len(centres), NEGATIVE)
    kinds[pairs_within(truth, centres, radius.value)[1]] = NEITHER
    kinds[found[found >= 0]] = FIGURE
    return kinds, found < 0


def plan_patches(frames: Sequence[tuple], settings: CandidateSettings) -> tuple:
    """The patches to cut of all frames.

    Args:
        frames: ``[(index, info, boxes, scores), ...]``: a frame's place in the dataset, its data info, its candidates' ``(N, 4)`` xyxy
            px of the original frame and scores ``(N,)``. Mitotic figures are the instances of ``bbox_label`` 0.
        settings: A ``CandidateSettings``.

    Returns:
        tuple: List of ``Patch``, frame by frame, mitotic figures first; a ``Counter`` of what there was.

    Raises:
        ValueError: No mitotic figure to learn from.
    """
    figures, negatives, counts = [], [], Counter(frames=len(frames))
    for index, info, boxes, scores in frames:
        truth = np.array([instance['centroid'] for instance in info['instances'] if instance['bbox_label'] == 0]).reshape(-1, 2)
        centres = boxes_to_centroids(boxes)
        kinds, missed = judge_candidates(centres, truth, Length.parse(settings.radius), info.get('um_per_px'), info['img_path'])
        patches = [Patch(index, tuple(centre), kind == FIGURE, score)
                   for centre, kind, score in zip(centres.tolist(), kinds.tolist(), scores, strict=True)]
        figures += [patches[place] for place in np.flatnonzero(kinds == FIGURE)]
        negatives += [patches[place] for place in np.flatnonzero(kinds == NEGATIVE)]
        if not settings.hits_only:
            figures += [Patch(index, tuple(centre), True) for centre in truth[missed].tolist()]
        counts.update(candidates=len(kinds), figures=len(truth), missed=int(missed.sum()), neither=int((kinds == NEITHER).sum()))
    if not figures:
        raise ValueError(f"none of phase one's {counts['candidates']} candidates hits one of the {counts['figures']} mitotic figures. "
                         'Train it for longer, or lower its threshold (--cfg-options model.detector.test_cfg.threshold=0.3) with another '
                         '--out')
    kept = negatives if settings.negatives is None else _draw(negatives, settings.negatives * len(figures), settings.seed)
    counts.update(figure_patches=len(figures), negatives=len(negatives), kept=len(kept))
    return _named(figures + kept), counts


def candidates_json(patches: Sequence, infos: Sequence[dict], classes: Sequence[str], settings: CandidateSettings) -> dict:
    """The annotation file: one image per patch, with one annotation over all of it that says what it is.

    Args:
        patches: As ``plan_patches`` gives them.
        infos: Data info of each frame by index.
        classes: Names of the classes of the frames; the first is that of the mitotic figures.
        settings: A ``CandidateSettings``.

    Returns:
        dict: COCO json, see ``coco_format``; images also tell ``frame``, ``centre`` (px of it) and phase one's ``score``.
    """
    size, images, annotations = settings.patch_size, [], []
    for number, patch in enumerate(patches, start=1):
        info = infos[patch.index]
        images.append(dict(id=number, file_name=patch.name, width=size, height=size, labelled=True, frame=Path(info['img_path']).name,
                           centre=list(patch.centre), score=patch.score) | {key: info[key] for key in _KEPT if key in info})
        annotations.append(dict(id=number, image_id=number, category_id=1 if patch.figure else 2, bbox=[0, 0, size, size],
                                area=size * size, iscrowd=0, centroid=[size / 2, size / 2]))
    return dict(info=dict(description='candidates of phase one, by mitos_mmdet', **asdict(settings)), licenses=[], images=images,
                annotations=annotations, categories=[dict(id=1, name=classes[0]), dict(id=2, name=HARD_NEGATIVE)])


def summarise(counts: Mapping[str, int], settings: CandidateSettings) -> list:
    """What there was, for people: a list of lines."""
    hits, missed = counts['figures'] - counts['missed'], 'left out' if settings.hits_only else 'added'
    lines = [f"{counts['frames']} frames, {counts['candidates']} candidates: {hits} of {counts['figures']} mitotic figures hit "
             f"within {settings.radius}, {counts['missed']} missed ({missed}), {counts['neither']} more candidates beside them (left out)",
             f"{counts['figure_patches'] + counts['kept']} patches of {settings.patch_size} px: {counts['figure_patches']} of mitotic "
             f"figures, {counts['kept']} of {counts['negatives']} negatives"]
    if not counts['kept']:
        lines.append('without negatives phase two learns to call everything a mitotic figure: train phase one for longer, or lower its '
                     'threshold (--cfg-options model.detector.test_cfg.threshold=0.3) with another --out')
    return lines


def _draw(negatives, most, seed):
    """At most so many of them, in their order."""
    if len(negatives) <= most:
        return negatives
    drawn = np.random.default_rng(seed).choice(len(negatives), most, replace=False)
    return [negatives[place] for place in sorted(drawn)]


def _named(patches):
    """The patches frame by frame, mitotic figures first, each with its file's name."""
    ordered = sorted(patches, key=lambda patch: (patch.index, not patch.figure))
    return [replace(patch, name=f'{index:05d}_{number:04d}.png')
            for index, group in groupby(ordered, key=lambda patch: patch.index) for number, patch in enumerate(group)]
