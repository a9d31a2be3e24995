"""What the page says in words about an evaluation."""

from typing import TYPE_CHECKING

from mitos_mmdet.evaluation.bootstrap import Bootstrap
from mitos_mmdet.evaluation.thresholds import Threshold
from mitos_mmdet.report.marks import ALARM, HIT, MISS
from mitos_mmdet.report.texts import RULES, length, number, several, with_interval

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.hard_negatives import HardNegatives
    from mitos_mmdet.evaluation.result import Evaluation
    from mitos_mmdet.report.pictures import Gallery

CHOOSE = ('It was tuned on the evaluated frames, so F1, precision and recall are better than on new ones. For a score to '
          'publish choose it on validation data and freeze it.')
TITLES = {MISS: 'Misses', ALARM: 'False positives', HIT: 'Hits'}
_ORDER = {MISS: 'by the best score under the threshold, those that were not detected at all last', ALARM: 'the surest first',
          HIT: 'the least sure first'}


def facts(evaluation: 'Evaluation') -> list:
    """How much was looked at, and by which rule."""
    cases = {frame.case_id for frame in evaluation.frames} - {None}
    area = _area(evaluation)
    return [several(len(evaluation.frames), 'frame'), *([several(len(cases), 'case')] if cases else []),
            *([f'{area:.1f} mm²'] if area else []), f'radius {length(evaluation.radius)}', f'matching {evaluation.matching}',
            *([f'{several(evaluation.frames_unlabelled, "frame")} without labels left out'] if evaluation.frames_unlabelled else [])]


def lead(evaluation: 'Evaluation') -> str:
    """The result in one or two sentences."""
    overall = evaluation.overall
    density = f', {number(overall.fp / overall.frames, 2)} per frame'
    area = _area(evaluation)
    density += f' and {number(overall.fp / area, 2)} per mm²' if area else ''
    found = f'Of {overall.truths:,} labelled, {overall.tp:,} were found and {overall.fn:,} missed' if overall.truths else 'None is labelled'
    return f'{found}; {several(overall.fp, "false positive")}{density if overall.fp else ""}.'


def threshold(chosen: Threshold) -> dict:
    """``dict(flatters, words)``."""
    words = f'Detections with score ≥ {chosen.text()} count.'
    if chosen.flatters:
        words += f' {CHOOSE}' if chosen.origin == 'best_on_this_set' else ' So F1, precision and recall are better than on new frames.'
    elif chosen.f1_there is not None:
        words += f' F1 there: {number(chosen.f1_there)}.'
    return dict(flatters=chosen.flatters, words=words)


def intervals(bootstrap: Bootstrap) -> str:
    """The bootstrap as a sentence."""
    text = bootstrap.text()
    return f'{text[0].upper()}{text[1:]}.'


def hard_negatives(found: 'HardNegatives | None') -> str | None:
    """Where false positives sit; None where nobody labelled hard negatives, or there are no false positives."""
    if found is None or not found.false_alarms:
        return None
    share = found.share_on_hard_negative
    return (f'Of {several(found.false_alarms, "false positive")} in frames with labelled hard negatives, '
            f'{found.on_hard_negative} sit on a hard negative (share {with_interval(share, 2)}), {found.on_mitosis} beside a mitosis '
            f'that is counted already, and {found.on_nothing} on nothing labelled.')


def gallery(found: 'Gallery') -> tuple:
    """Title, and how many of how many in which order."""
    shown = len(found.pictures)
    if not found.total:
        return TITLES[found.kind], 'none'
    rest = f'{shown} of {found.total:,}' if shown < found.total else f'{found.total:,}'
    return TITLES[found.kind], f'{rest}, {_ORDER[found.kind]}'


def methods(evaluation: 'Evaluation') -> list:
    """Terms and their explanation."""
    return [
        ('Hit', f'A detection within {length(evaluation.radius)} of a label, centre to centre, inclusive.'),
        ('Matching', f'{evaluation.matching}: {RULES[evaluation.matching]}.'),
        ('Threshold', evaluation.threshold.text()),
        ('F1, precision, recall', 'Counts pooled over all frames; a frame without labels counts its false positives, one without '
                                  'detections its misses. What is 0/0 is –.'),
        ('AP, centroids', 'By falling score each detection takes its nearest free label; area under the precision envelope at all points.'),
        ("AP, MIDOG's boxes", 'Boxes of 1.5 times the radius to each side, IoU 0.5, 101 recall points.'),
        ('FROC area', f"Exact, every score is a threshold. At MIDOG 2025's 40 thresholds, to compare with its tables: "
                      f'{with_interval(evaluation.overall.froc_area_midog25, 4)}.'),
        ('Intervals', intervals(evaluation.bootstrap))]


def _area(evaluation):
    areas = [frame.area_mm2 for frame in evaluation.frames]
    return None if None in areas else sum(areas)
