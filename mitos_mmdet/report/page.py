"""An evaluation, its plots and its pictures as one HTML page."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mitos_mmdet.report import page_tables, sentences
from mitos_mmdet.report.marks import ALARM, HIT, MISS, Mark, shapes
from mitos_mmdet.report.pictures import CROP_RADII, Pictures
from mitos_mmdet.report.texts import number, several, short_names

if TYPE_CHECKING:
    from mitos_mmdet.evaluation.compare import Comparison
    from mitos_mmdet.evaluation.result import Evaluation

_ASSETS = Path(__file__).parent / 'assets'
# One mark of each kind, of a radius of 8 px in the middle of 26 x 26 px.
LEGEND = [(shapes([mark], (8, 8), (0, 0, 1, 1)), words) for mark, words in (
    (Mark(MISS, 0, 13, 13, None, ''), 'missed: dashed circle of the radius'),
    (Mark(ALARM, 0, 13, 13, None, ''), 'false positive: square as wide'),
    (Mark(HIT, 0, 13, 13, None, '', (15, 12)), 'hit: circle of the radius, a dot where the detection lies'))]


def page(evaluation: 'Evaluation', drawings: Mapping[str, list], pictures: Pictures | None, provenance: Mapping[str, str] | None = None,
         comparisons: 'Mapping[str, Comparison] | None' = None) -> str:
    """The page.

    Args:
        evaluation: ``Evaluation``.
        drawings: As ``figures.draw`` gives them.
        pictures: ``Pictures``, or None where there are no images.
        provenance: ``{what: text}``, shown as it is.
        comparisons: ``{name of the other detections: Comparison}``, this evaluation being the first.

    Returns:
        str: HTML.
    """
    names = short_names([frame.name for frame in evaluation.frames])
    environment = Environment(loader=FileSystemLoader(_ASSETS), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True)
    environment.tests['estimate'] = lambda cell: isinstance(cell, tuple)
    environment.filters.update(percent=lambda share: f'{100 * share:.2f}%', attributes=_attributes)
    per_frame = page_tables.frame_table(evaluation, names)
    cases = evaluation.groups.get('case')
    groups = {attribute: found for attribute, found in evaluation.groups.items() if attribute != 'case'}
    style, script = ((_ASSETS / name).read_text(encoding='utf-8') for name in ('page.css', 'page.js'))
    return environment.get_template('page.html.j2').render(
        style=style, script=script, legend=LEGEND, drawings=drawings,
        title=f'{evaluation.name[0].upper()}{evaluation.name[1:]}' if evaluation.name else 'Detections',
        facts=sentences.facts(evaluation), lead=sentences.lead(evaluation), headline=page_tables.headline(evaluation.overall),
        threshold=sentences.threshold(evaluation.threshold), intervals=sentences.intervals(evaluation.bootstrap),
        group_names=[attribute.replace('_', ' ') for attribute in groups],
        group_tables=[page_tables.group_table(attribute.replace('_', ' '), found) for attribute, found in groups.items()],
        hard_negatives=sentences.hard_negatives(evaluation.hard_negatives),
        agreement=page_tables.agreement_table(evaluation.count_agreement),
        cases=cases and page_tables.group_table('case', cases), per_frame=per_frame, per_frame_words=per_frame[0].index('labelled'),
        comparisons=[(name, sentences.intervals(each.bootstrap), page_tables.comparison_table(each))
                     for name, each in (comparisons or {}).items()],
        methods=sentences.methods(evaluation), provenance=list((provenance or {}).items()), **_pictures(evaluation, pictures, names))


def _pictures(evaluation, pictures, names):
    """What the page shows of the frames."""
    wanted = 0 if pictures is None else len(pictures.missing) + len({it.frame for it in _all(pictures)})
    missing = [] if pictures is None else pictures.missing
    if pictures is None or len(missing) == wanted:
        why = 'no images were given' if pictures is None else f'the images of the frames were not found, for example {missing[0]}'
        return dict(no_pictures=f'No pictures: {why}. All scores above stand.', frames=[])
    ranked = len(evaluation.curve.thresholds) > 1  # detections without scores all have the same
    shown = len(pictures.frames.pictures)
    without = f' Without {several(len(missing), "frame")} whose image was not found, for example {missing[0]}.' if missing else ''
    return dict(
        no_pictures=None, missing=without,
        crop_side=_crop_side(evaluation), galleries=[_gallery(found, names, evaluation, ranked) for found in pictures.galleries],
        frames=[(it, names[evaluation.frames[it.frame].name], _frame_words(evaluation, it.frame)) for it in pictures.frames.pictures],
        frames_words='Those with the most misses and false positives first.' if shown == pictures.frames.total else
        f'{shown} of {pictures.frames.total}: those with the most misses and false positives.')


def _gallery(found, names, evaluation, ranked):
    title, words = sentences.gallery(found)
    shown = []
    for it in found.pictures:
        frame = names[evaluation.frames[it.frame].name]
        score = number(it.mark.score, 2) if it.mark.score is not None and ranked else ''
        label = ' '.join(filter(None, (found.kind, score and f'of score {score}', 'in', frame)))
        shown.append((it, label, score, it.mark.note, frame))
    return dict(title=title, words=words, pictures=shown)


def _frame_words(evaluation, index):
    found, truths = evaluation.matches[index], len(evaluation.frames[index].truth_xy)
    hits, alarms = int((found.truth_to_pred >= 0).sum()), int(found.false_positive.sum())
    return f'{hits} of {truths} found, {several(alarms, "false positive")}'


def _crop_side(evaluation):
    return f"{CROP_RADII * evaluation.radius.value:g} {evaluation.radius.unit.replace('um', 'µm')}"


def _all(pictures):
    return [*pictures.frames.pictures, *(it for found in pictures.galleries for it in found.pictures)]


def _attributes(values):
    """SVG attributes of numbers."""
    return Markup(''.join(f' {name}="{value:.1f}"' for name, value in values.items()))
