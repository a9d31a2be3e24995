"""The table that a conversion prints."""

from collections.abc import Mapping, Sequence

from mitos_mmdet.contests.reading import LabelledFrame
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS

_HEAD = ('split', 'scanner', 'domain', 'um/px', 'frames', 'unlabelled', 'cases', 'mitotic figures', 'hard negatives')


def summary_table(splits: Mapping[str, Sequence[LabelledFrame]]) -> str:
    """Frames, cases and labels per split, scanner and domain.

    Args:
        splits: ``{split: [LabelledFrame, ...]}``, measured.

    Returns:
        str: Aligned columns, one line per group and a total for each split. ``unlabelled`` are among ``frames``.
    """
    rows = [_HEAD]
    for split, frames in splits.items():
        groups: dict[tuple, list] = {}
        for frame in frames:
            groups.setdefault((frame.scanner, frame.domain), []).append(frame)
        rows += [(split or 'all', *group, *_counts(groups[group])) for group in sorted(groups)]
        if len(groups) > 1:
            rows.append((split or 'all', 'total', '', *_counts(frames)))
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(_HEAD))]
    return '\n'.join('  '.join(str(cell).ljust(width) if column < 4 else str(cell).rjust(width)
                               for column, (cell, width) in enumerate(zip(row, widths, strict=True))) for row in rows)


def _counts(frames):
    categories = [label.category for frame in frames for label in frame.labels]
    unlabelled, cases = sum(not frame.labelled for frame in frames), {frame.case_id for frame in frames}
    return (_pixel_size(frames), len(frames), unlabelled, len(cases), categories.count(MITOSIS), categories.count(HARD_NEGATIVE))


def _pixel_size(frames):
    ranges = []
    for axis in (0, 1):
        sizes = [frame.um_per_px[axis] for frame in frames if frame.um_per_px is not None]
        if not sizes:
            return 'unknown'
        low, high = f'{min(sizes):.4f}', f'{max(sizes):.4f}'
        ranges.append(low if low == high else f'{low}-{high}')
    return ranges[0] if ranges[0] == ranges[1] else ' x '.join(ranges)
