"""``evaluate`` as a whole: cases worked by hand under all rules, groups, what is left out, JSON."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.evaluation.counts import counts_at
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.evaluation.matching import RULES
from mitos_mmdet.evaluation.tables import evaluation_tables

EMPTY = np.zeros((0, 2))


def random_frames(rng, count, decimals=None):
    frames = []
    for number in range(count):
        truths = rng.uniform(0, 400, (rng.integers(0, 8), 2))
        preds = np.concatenate([truths + rng.normal(0, 12, truths.shape), rng.uniform(0, 400, (rng.integers(0, 8), 2))])
        scores = rng.random(len(preds))
        frames.append(Frame(truths, preds, scores if decimals is None else scores.round(decimals), (0.25, 0.25), f'{number:02d}.png',
                            scanner='AB'[number % 2], domain='xyz'[number % 3], case_id=f'case {number // 2}', size_px=(400, 400),
                            hard_negative_xy=rng.uniform(0, 400, (3, 2))))
    return frames


# Three truths in a row 4 px apart, radius 3 px. Detections: one between the first two, one that only the first can have, two on the third.
CROWD = Frame([[0, 0], [4, 0], [20, 0]], [[1.5, 0], [-1.6, 0], [20, 0], [20, 1]], [0.9, 0.8, 0.7, 0.6])


@pytest.mark.parametrize(('rule', 'tp', 'fp', 'fn'), [
    ('midog', 2, 2, 1),  # the first truth takes the detection that the second would need
    ('optimal', 3, 1, 0),  # the first two share; the second detection of the third is an alarm
    ('amida', 3, 0, 0),  # nor is that an alarm, for it lies near a mitosis
])
def test_rules_by_hand(rule, tp, fp, fn):
    found = evaluate([CROWD], '3px', rule, threshold=0.5, resamples=0)
    assert (found.overall.tp, found.overall.fp, found.overall.fn) == (tp, fp, fn)
    assert found.overall.f1.value == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert found.overall.detections == 4
    # 0.9: midog and optimal find one truth, amida both of the first two; 0.8: only optimal can pass the first on
    assert found.curve.tp.tolist() == dict(midog=[1, 1, 2, 2], optimal=[1, 2, 3, 3], amida=[2, 2, 3, 3])[rule]


def test_background_frames_and_frames_without_detections_count():
    frames = [Frame([[0, 0]], [[0, 0]], [0.9], name='1'), Frame(EMPTY, [[0, 0]], [0.9], name='2'), Frame([[0, 0]], EMPTY, [], name='3')]
    found = evaluate(frames, '5px', threshold=0.9, resamples=0)  # a score equal to the threshold counts
    assert (found.overall.tp, found.overall.fp, found.overall.fn, found.overall.frames) == (1, 1, 1, 3)
    assert found.overall.detections == 2 and found.count_agreement['frames'].predicted.tolist() == [1, 1, 0]
    assert found.froc.fp_per_image.tolist() == [1 / 3]


def test_unlabelled_frames_are_left_out_and_counted():
    seen = Frame([[0, 0]], [[0, 0]], [0.9])
    found = evaluate([seen, Frame(EMPTY, [[0, 0]], [0.9], labelled=False)], '5px', threshold=0.5, resamples=0)
    assert (found.overall.fp, found.overall.frames, found.frames_unlabelled) == (0, 1, 1)
    with pytest.raises(ValueError, match='no labelled frame among the 1'):
        evaluate([Frame(EMPTY, EMPTY, [], labelled=False)])


@pytest.mark.parametrize('rule', RULES)
def test_equals_a_count_from_scratch(rule, average_precision):
    frames = random_frames(np.random.default_rng(0), 12)
    found = evaluate(frames, matching=rule, resamples=0)
    radius = Length.parse('7.5um')
    known = counts_at(frames, radius, rule, found.threshold.value)
    assert (found.overall.tp, found.overall.fp, found.overall.fn) == (known.tp, known.fp, known.fn)
    assert found.overall.f1.value == known.f1
    assert found.overall.ap.value == pytest.approx(average_precision(frames, radius), abs=1e-12)
    distances = np.concatenate([its.distances[its.truth_to_pred >= 0] for its in known.matches])
    assert found.localisation.mean_um.value == pytest.approx(distances.mean())
    assert found.localisation.sd_um.value == pytest.approx(distances.std())


@pytest.mark.parametrize('decimals', [
    None,  # every score its own
    1,  # scores tie over frames
])
def test_the_order_of_frames_changes_nothing(decimals):
    frames = random_frames(np.random.default_rng(1), 24, decimals)
    first, second = evaluate(frames, resamples=50), evaluate(frames[::-1], resamples=50)
    assert first.bootstrap.unit == 'cases'
    assert first.to_dict() == second.to_dict()


def test_groups_at_the_one_threshold():
    frames = [Frame([[0, 0]], [[0, 0]], [0.9], name='1', scanner='A', case_id='c1', region_type='hotspot'),
              Frame([[0, 0]], [[50, 0]], [0.9], name='2', scanner='B', case_id='c2', region_type=None),
              Frame([[0, 0]], [[0, 0]], [0.9], name='3', scanner='B', case_id='c2', region_type='random')]
    groups = evaluate(frames, '5px', threshold=0.5, resamples=20).groups
    assert set(groups) == {'scanner', 'region_type', 'case'}, 'no frame has a domain'
    assert list(groups['region_type']) == ['hotspot', 'random', 'unknown']
    second = groups['scanner']['B']
    assert (second.frames, second.tp, second.fp, second.fn, second.f1.value, second.froc_area.value) == (2, 1, 1, 1, 0.5, 0.125 + 7.5 / 2)
    assert second.f1.has_interval and not groups['scanner']['A'].f1.has_interval, 'one frame alone has no interval'
    assert groups['case']['c2'].f1.value == 0.5 and groups['case']['c2'].ap is None
    one = evaluate([Frame([[0, 0]], [[0, 0]], [0.9], scanner='A')], '5px', resamples=0)
    assert one.groups == {}, 'one group is the whole'


def test_every_figure_has_an_interval_around_it():
    found = evaluate(random_frames(np.random.default_rng(2), 30), resamples=100)
    named = dict(
        {key: getattr(found.overall, key) for key in ('precision', 'recall', 'f1', 'ap', 'box_ap', 'froc_area', 'froc_area_per_mm2',
                                                      'froc_area_midog25')},
        f1_of_a_domain=found.groups['domain']['x'].f1, ap_of_a_scanner=found.groups['scanner']['A'].ap,
        count_error=found.count_agreement['cases'].mean_absolute_error, pearson=found.count_agreement['frames'].pearson,
        concordance=found.count_agreement['frames'].concordance, limit=found.count_agreement['frames'].limit_low,
        mean_um=found.localisation.mean_um, sd_um=found.localisation.sd_um, ece=found.calibration.ece,
        share=found.hard_negatives.share_on_hard_negative)
    for name, figure in named.items():
        assert figure.low <= figure.value <= figure.high and figure.low < figure.high, name


def test_few_cases_have_counts_but_no_intervals_of_them():
    frames = random_frames(np.random.default_rng(3), 8)
    found = evaluate(frames, resamples=20)
    assert found.bootstrap.unit == 'frames' and 'only 4 cases' in found.bootstrap.text()
    cases = found.count_agreement['cases']
    assert cases.names == [f'case {number}' for number in range(4)]
    assert cases.truth.tolist() == [len(frames[index].truth_xy) + len(frames[index + 1].truth_xy) for index in (0, 2, 4, 6)]
    assert not cases.bias.has_interval and found.count_agreement['frames'].bias.has_interval


def test_seed_and_resamples():
    frames = random_frames(np.random.default_rng(4), 20)
    intervals = [evaluate(frames, resamples=50, seed=seed).overall.f1 for seed in (0, 0, 1)]
    assert intervals[0] == intervals[1] != intervals[2]
    assert not evaluate(frames, resamples=0).overall.f1.has_interval


def test_json_holds_no_nan_and_few_points():
    rng = np.random.default_rng(5)
    frames = [Frame([[0, 0]], rng.uniform(0, 400, (900, 2)), rng.random(900)), Frame(EMPTY, EMPTY, [], name='b')]
    content = json.loads(json.dumps(evaluate(frames, '5px', resamples=10).to_dict(), allow_nan=False))
    assert len(content['curve']['recall']) == 500 and content['curve']['fp_per_mm2'] is None
    assert content['overall']['froc_area_per_mm2'] == dict(value=None, low=None, high=None)
    assert [frame['fn'] for frame in content['per_frame']] in ([0, 0], [1, 0])
    json.dumps(evaluate([Frame(EMPTY, EMPTY, [])], '5px', resamples=10).to_dict(), allow_nan=False)


def test_tables_show_value_and_interval():
    found = evaluate(random_frames(np.random.default_rng(6), 24), resamples=20)
    text = '\n'.join(' | '.join(row) for table in evaluation_tables(found) for row in table)
    f1 = found.overall.f1
    assert f'F1 | {f1.value:.4f} ({f1.low:.4f} to {f1.high:.4f})' in text
    assert 'tuned on the evaluated set' in text and 'scanner | frames' in text and "Lin's concordance" in text
    assert all(len(row) == len(table[0]) for table in evaluation_tables(found) for row in table)
    nothing = '\n'.join(' | '.join(row) for table in evaluation_tables(evaluate([Frame(EMPTY, EMPTY, [])], '5px')) for row in table)
    assert 'nan' not in nothing and 'F1 | -' in nothing and 'score >= none' in nothing


@pytest.mark.parametrize(('wrong', 'said'), [
    (dict(radius='7.5'), 'not a length'),
    (dict(matching='nearest'), 'nearest'),
    (dict(radius='7.5um'), '1.png has no usable pixel size'),
])
def test_what_is_wrong_is_named(wrong, said):
    with pytest.raises(ValueError, match=said):
        evaluate([Frame([[0, 0]], [[0, 0]], [0.5], name='1.png')], **dict(dict(radius='5px'), **wrong))


def test_numbers_that_are_not_finite_are_refused():
    for wrong in (dict(pred_scores=[np.nan]), dict(hard_negative_xy=[[0, np.inf]]),
                  dict(hard_negative_pred_xy=[[0, 0]], hard_negative_pred_scores=[np.nan])):
        with pytest.raises(ValueError, match=r'1\.png: .* no finite numbers'):
            Frame(**dict(dict(truth_xy=[[0, 0]], pred_xy=[[0, 0]], pred_scores=[0.5], name='1.png'), **wrong))


def test_the_snippet_of_the_documentation_runs(run_python):
    page = (Path(__file__).parents[2] / 'docs/evaluation.md').read_text(encoding='utf-8')
    done = run_python('-c', next(text for text in re.findall(r'```python\n(.*?)```', page, re.S) if 'evaluate(frames' in text))
    # a hit, a miss, and a false positive on the frame without mitoses
    assert f'value={1 / 2}' in done.stdout and 'bootstrap over 2 frames (only 2 cases' in done.stdout, done.stderr


def test_neither_torch_nor_mmdet_is_loaded(run_python):
    done = run_python('-c', 'import sys, mitos_mmdet.evaluation.compare, mitos_mmdet.evaluation.evaluate, mitos_mmdet.evaluation.tables;'
                            'print({name.split(".")[0] for name in sys.modules} & {"torch", "mmdet", "mmengine", "mmcv", "matplotlib"})')
    assert done.stdout.strip() == 'set()', done.stdout + done.stderr
