"""``CentroidMetric``: detections scored by centroid distance, as the mitosis contests do."""

import logging
import math
import re
from collections.abc import Sequence
from numbers import Real

from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from terminaltables import AsciiTable

from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.lengths import Length, check_um_per_px
from mitos_mmdet.evaluation.evaluate import summarise
from mitos_mmdet.evaluation.matching import check_rule
from mitos_mmdet.evaluation.records import Record, detections, frames_of, read_sample, unique
from mitos_mmdet.evaluation.tables import class_tables, evaluation_tables


@METRICS.register_module()
class CentroidMetric(BaseMetric):
    """F1, precision, recall and AP over centroids, pooled over frames, in training and in test.

    Needs ``instances`` (and ``um_per_px`` for a radius in um) among the ``meta_keys`` of ``PackDetInputs``. Frames without labels
    are not scored, broken ones are left out and listed. Two hits and one false positive read::

        centroid/f1 0.8, centroid/precision 0.67, centroid/recall 1.0, centroid/tp 2, ... centroid/threshold_fixed 0.5

    Keys: ``f1 precision recall tp fp fn ap distance_mean_um distance_sd_um`` of the first class; the same of every other class,
    led by its name (``hard_negative_f1``); ``f1 precision recall tp fp fn`` per scanner and domain where there are several, of
    the first class and at its threshold (``scanner_aperio_cs2_f1``); ``frames``, ``frames_skipped``, ``frames_unlabelled``,
    ``area_mm2`` of the scored frames where every pixel size is known; with ``resamples`` also ``f1_low f1_high ap_low ap_high``. The
    threshold's key says where it comes from: ``threshold_best_on_this_set`` or ``threshold_fixed``. What is 0/0 is nan (see
    ``counts``). For the best checkpoint: ``CheckpointHook(save_best='centroid/f1', rule='greater')``.

    Args:
        radius: Inclusive, with its unit (contest: MIDOG, AMIDA13, TUPAC16 ``'7.5um'``; MITOS-ATYPIA-14, ICPR 2012 ``'8um'``).
        matching: ``'midog'`` (default, contest), ``'optimal'`` or ``'amida'``, see ``matching``.
        score_thr: Detections with score >= it count, the same for all classes; None takes, for each class, the best F1 on the
            set at hand: for choosing on validation data, never for a test (ours).
        classes: Names to report, headline first; None: all of the dataset (ours).
        out_json: Where all detections go, whatever their score, see ``records.detections``.
        show_dir: Where pictures go: hits, misses and false positives on each frame, and the precision-recall curve.
        show_most: Frames drawn at most, those with the most errors first (ours).
        resamples: Of the bootstrap behind the intervals that are printed for the first class; 0 (default, ours) for none: they
            belong to a test, not to each validation of a training. ``mitos test`` asks for 1000.
        collect_device, prefix, collect_dir: As in mmengine.

    Raises:
        ValueError: Here: no such rule, a radius without unit. Later: an unknown class, a data sample without what is needed.
    """

    default_prefix = 'centroid'

    def __init__(self, radius: str | Length = '7.5um', matching: str = 'midog', score_thr: float | None = None,
                 classes: Sequence[str] | None = None, out_json: str | None = None, show_dir: str | None = None, show_most: int = 50,
                 resamples: int = 0, collect_device: str = 'cpu', prefix: str | None = None, collect_dir: str | None = None):
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        self.radius = Length.parse(radius)
        self.matching = check_rule(matching)
        if score_thr is not None and not (isinstance(score_thr, Real) and math.isfinite(score_thr)):
            raise ValueError(f'score_thr={score_thr!r} is no score: give a number, or None for the best F1 on the set at hand')
        self.score_thr = score_thr
        if isinstance(classes, str):
            raise ValueError(f'classes={classes!r} is one string: write ({classes!r},), the comma makes it a list of names')
        self.classes = classes
        self.out_json = out_json
        self.show_dir = show_dir
        self.show_most = show_most
        self.resamples = resamples

    def process(self, data_batch: dict | None, data_samples: Sequence[dict]) -> None:
        """Keeps one record per image; what cannot be scored raises at once, in the process that saw it, not at the end."""
        names = self._dataset_classes()
        for sample in data_samples:
            record = read_sample(sample)
            if record.labels.max(initial=0) >= len(names):
                raise ValueError(f'{record.path}: the model predicts class number {record.labels.max()}, the dataset has only '
                                 f'{names!r}. Set num_classes={len(names)} in the model, or use a checkpoint of these classes')
            if self.radius.unit == 'um' and record.scored:
                check_um_per_px(record.um_per_px, record.path, needed_for=f'a radius of {self.radius}')
            self.results.append(record)

    def compute_metrics(self, results: Sequence[Record]) -> dict:
        """Scores all records, prints the tables, writes what was asked for.

        Returns:
            dict[str, float]: See the class.
        """
        names = self._dataset_classes()
        records = unique(results)
        scored = [record for record in records if record.scored]
        if not scored and self.out_json and any(not record.labelled for record in records):
            return self._predicted_only(records, names)
        evaluations = [summarise(frames_of(scored, names, name), self.radius, self.matching, self.score_thr, name,
                                 0 if place else self.resamples) for place, name in enumerate(self.classes or names)]
        self._print(records, evaluations)
        if self.out_json:
            write_json(detections(records, names), self.out_json)
        if self.show_dir:
            from mitos_mmdet.evaluation.result_pictures import write_pictures
            write_pictures(self.show_dir, evaluations, self.show_most)
        return self._flat(records, evaluations)

    def _predicted_only(self, records, names):
        """Frames without labels, and a file for the detections: that was the wish, and there is nothing to score."""
        write_json(detections(records, names), self.out_json)
        print_log(f'none of the {len(records)} frames is labelled, so nothing is scored: {self.out_json} holds the detections',
                  logger='current')
        return {key: float(value) for key, value in self._frame_counts(records).items()}

    @staticmethod
    def _frame_counts(records):
        return dict(frames=sum(record.scored for record in records),
                    frames_skipped=sum(record.broken is not None for record in records),
                    frames_unlabelled=sum(record.broken is None and not record.labelled for record in records))

    def _dataset_classes(self):
        names = tuple((self.dataset_meta or {}).get('classes') or ())
        unknown = [name for name in self.classes or () if name not in names]
        if unknown or not names:
            raise ValueError(f"CentroidMetric: the dataset has no class {', '.join(map(repr, unknown))}, its metainfo says "
                             f"classes={names!r}. Set classes of the metric, or metainfo of the dataset, so that they agree")
        return names

    def _flat(self, records, evaluations):
        flat = self._frame_counts(records)
        for each in evaluations:
            lead = '' if each is evaluations[0] else f'{_slug(each.name)}_'
            origin = 'fixed' if each.threshold.origin == 'fixed' else 'best_on_this_set'
            flat.update(_counts(each.overall, lead))
            flat.update({f'{lead}ap': each.overall.ap.value, f'{lead}threshold_{origin}': each.threshold.value,
                         f'{lead}distance_mean_um': each.localisation.mean_um.value,
                         f'{lead}distance_sd_um': each.localisation.sd_um.value})
        overall, areas = evaluations[0].overall, [frame.area_mm2 for frame in evaluations[0].frames]
        flat.update({f'{key}_{end}': getattr(getattr(overall, key), end) for key in ('f1', 'ap') for end in ('low', 'high')
                     if getattr(overall, key).has_interval})
        if areas and None not in areas:
            flat['area_mm2'] = sum(areas)
        for attribute in ('scanner', 'domain'):
            for name, summary in evaluations[0].groups.get(attribute, {}).items():
                flat.update(_counts(summary, f'{attribute}_{_slug(name)}_'))
        return {key: float(value) for key, value in flat.items()}

    def _print(self, records, evaluations):
        broken = [record for record in records if record.broken is not None]
        unlabelled = sum(not record.labelled for record in records if record.broken is None)
        shown = '\n'.join(AsciiTable(rows).table for rows in class_tables(evaluations))
        print_log(f'centroids within {self.radius} (inclusive), matching {self.matching!r}, {len(evaluations[0].frames)} frames '
                  f'scored, {unlabelled} without labels, {len(broken)} skipped\n{shown}', logger='current')
        if self.resamples and evaluations[0].frames:
            print_log(f'{AsciiTable(evaluation_tables(evaluations[0])[0]).table}\n{evaluations[0].bootstrap.text()}', logger='current')
        if broken:
            print_log(f'skipped {len(broken)} frames, which are in no score above:\n' + '\n'.join(
                f'  {record.path}: {record.broken}' for record in broken[:20]) + (
                f'\n  ... and {len(broken) - 20} more' if len(broken) > 20 else ''), logger='current', level=logging.WARNING)


def _slug(name):
    """A name as part of a metric's key: ``'Hamamatsu XR/S360'`` is ``'hamamatsu_xr_s360'``."""
    return re.sub(r'\W+', '_', str(name)).strip('_').lower()


def _counts(summary, prefix=''):
    return {**{prefix + key: getattr(summary, key).value for key in ('f1', 'precision', 'recall')},
            **{prefix + key: getattr(summary, key) for key in ('tp', 'fp', 'fn')}}
