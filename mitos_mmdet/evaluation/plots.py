"""Pictures of a result: a frame with its hits, misses and false positives, and the precision-recall curve. matplotlib, no display.

Everything is drawn on figures of its own, not through pyplot, so that it works in any process and leaves nothing open.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse
from matplotlib.patheffects import withStroke
from PIL import Image

from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import Match

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.result import Evaluation

HIT, MISS, ALARM = '#00e676', '#ffd600', '#ff1744'
_CLASS_COLOURS = ('#1b6ca8', '#d1801f', '#5b8c3e', '#8a4f9e')
_HALO = '#00000090'
_DPI = 100


@matplotlib.rc_context({'text.parse_math': False})  # names may hold dollars
def draw_frame(image_rgb: np.ndarray, frame: Frame, match: Match, radius_px: Sequence[float], title: str = '',
               side_px: Sequence[int] = (1000, 2000)) -> np.ndarray:
    """A frame with circles of the match radius: hits green, misses dashed yellow, false positives red, with their scores.

    A hit's circle stands around the truth, and a dot marks the prediction that found it; a false positive's stands around the
    prediction.

    Args:
        image_rgb: uint8 ``(H, W, 3)``.
        frame: ``Frame``, px of this image.
        match: Its ``Match`` (from ``counts_at``).
        radius_px: ``(x, y)`` px, as ``Length.to_px`` gives it.
        title: For the strip above the frame.
        side_px: Frames whose longer side is smaller or larger are drawn at these sizes (ours).

    Returns:
        np.ndarray: uint8 ``(H', W', 3)`` RGB, the frame and a strip with title and legend above it.
    """
    height, width = image_rgb.shape[:2]
    least, most = side_px
    scale = np.clip(max(height, width), least, most) / max(height, width)
    shown_width, shown_height = max(1, round(width * scale)), max(1, round(height * scale))
    strip = max(1, round(0.035 * shown_width))
    figure = Figure(figsize=(shown_width / _DPI, (shown_height + strip) / _DPI), dpi=_DPI, facecolor='white')
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, shown_height / (shown_height + strip)))
    axes.imshow(np.asarray(Image.fromarray(image_rgb).resize((shown_width, shown_height), Image.Resampling.LANCZOS)),
                extent=(0, width, height, 0), interpolation='nearest', aspect='auto')
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis('off')

    points = 72 / _DPI * max(shown_width, shown_height) / 1600  # lines and letters look the same on any frame
    hit = match.truth_to_pred >= 0
    found, alarms = match.truth_to_pred[hit], np.flatnonzero(match.false_positive)
    for centres, scores, colour, style in ((frame.truth_xy[~hit], None, MISS, (0, (4, 2))),
                                           (frame.pred_xy[alarms], frame.pred_scores[alarms], ALARM, '-'),
                                           (frame.truth_xy[hit], frame.pred_scores[found], HIT, '-')):
        for position, (x, y) in enumerate(centres):
            axes.add_patch(Ellipse((x, y), 2 * radius_px[0], 2 * radius_px[1], fill=False, edgecolor=colour, linestyle=style,
                                   linewidth=3.4 * points, path_effects=[withStroke(linewidth=6 * points, foreground=_HALO)]))
            if scores is not None:
                _label(axes, f'{scores[position]:.2f}', x, y, radius_px[0], colour, points, on_right=x < 0.93 * width)
    axes.plot(*frame.pred_xy[found].T, 'o', color=HIT, markersize=8 * points, markeredgecolor='black',
              markeredgewidth=1.5 * points)
    _strip(figure, title, shown_width, strip / (shown_height + strip), [
        (f'hits {hit.sum()}', HIT, '-'), (f'misses {(~hit).sum()}', MISS, (0, (2, 1))),
        (f'false positives {len(alarms)}', ALARM, '-')])
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def _label(axes, text, x, y, radius, colour, points, on_right):
    side = 1 if on_right else -1
    axes.annotate(text, (x + side * radius, y), (6 * points * side, 0), textcoords='offset points', va='center',
                  ha='left' if on_right else 'right', color='white' if colour == ALARM else 'black', fontsize=17 * points,
                  fontweight='bold', annotation_clip=True,
                  bbox=dict(boxstyle='round,pad=0.15', facecolor=colour, edgecolor='none', alpha=0.9))


def _strip(figure, title, width, share, entries):
    points = 72 / _DPI * width / 1600
    figure.text(0.008, 1 - share / 2, title, va='center', ha='left', fontsize=18 * points, color='#222222')
    handles = [Line2D([], [], linestyle=style, color=colour, linewidth=5 * points, label=label,
                      path_effects=[withStroke(linewidth=7 * points, foreground=_HALO)]) for label, colour, style in entries]
    figure.legend(handles=handles, loc='center right', bbox_to_anchor=(1, 1 - share / 2), ncols=3, frameon=False,
                  fontsize=18 * points, borderaxespad=0.2, handlelength=2.2, columnspacing=1.6)


@matplotlib.rc_context({'text.parse_math': False})
def precision_recall_curve(path: str | Path, evaluations: 'Sequence[Evaluation]') -> None:
    """Draws precision over recall at every threshold, one line per class, with the operating point and lines of equal F1.

    Args:
        path: PNG or SVG to write; its folder exists.
        evaluations: List of ``Evaluation``; classes without truth are named, not drawn.
    """
    figure = Figure(figsize=(6.4, 6.0), dpi=150, facecolor='white', layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    recall = np.linspace(0.1, 1, 2000)
    for f1 in (0.2, 0.4, 0.6, 0.8):
        precision = f1 * recall / np.where(2 * recall > f1, 2 * recall - f1, np.nan)
        axes.plot(recall, np.where(precision <= 1, precision, np.nan), color='#cccccc', linewidth=0.8, zorder=1)
        axes.annotate(f'F1 {f1:g}', (1, f1 / (2 - f1)), (3, 0), textcoords='offset points', color='#888888', fontsize=8,
                      va='center', annotation_clip=False)
    for position, each in enumerate(evaluations):
        colour, curve, overall = _CLASS_COLOURS[position % len(_CLASS_COLOURS)], each.curve, each.overall
        if not overall.truths or not len(curve.thresholds):
            axes.plot([], [], color=colour, label=f'{each.name}: no truth or no predictions, no curve')
            continue
        assert overall.ap is not None  # only single cases have none
        axes.plot(curve.recall, curve.precision, color=colour, linewidth=2, zorder=2, label=f'{each.name}: AP {overall.ap.value:.3f}')
        axes.plot(overall.recall.value, overall.precision.value, 'o', color=colour, markersize=9, markeredgecolor='white', zorder=3,
                  label=f'F1 {overall.f1.value:.3f} at score ≥ {each.threshold.value:.3f} ({each.threshold.source()})')
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel='Recall', ylabel='Precision')
    axes.grid(color='#eeeeee', linewidth=0.8)
    axes.spines[['top', 'right']].set_visible(False)
    if evaluations:
        axes.set_title(f'Centroids within {evaluations[0].radius}, matching {evaluations[0].matching}, {len(evaluations[0].frames)} frames',
                       loc='left', fontsize=11)
        axes.legend(loc='upper center', bbox_to_anchor=(0.5, -0.12), fontsize=9, frameon=False)
    figure.savefig(Path(path), format=Path(path).suffix[1:] if Path(path).suffix in ('.svg', '.pdf') else 'png')
