import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from mitos_mmdet.cli.printed import evaluation_text, read_per
from mitos_mmdet.datasets.coco_format import HARD_NEGATIVE, MITOSIS
from mitos_mmdet.evaluation.scoring import compare_scored, score
from mitos_mmdet.evaluation.thresholds import Threshold
from mitos_mmdet.interchange.points import PointFile, points_of

NAMES = [f'{case}/{number}' for case in 'abc' for number in range(2)]


def truth(label=MITOSIS):
    return PointFile(Path('t'), 'coco', [points_of(name, [(50, 50, label, None), (90, 90, HARD_NEGATIVE, None)], name, um_per_px=(.25, .25),
                                                   size_px=(100, 100), case_id=name[0], scanner='S' + name[0]) for name in NAMES])


def found(score=True, label=MITOSIS, kept=None):
    made = [points_of(name, [(51, 50, label, .8 if score else None), (90, 91, label, .4 if score else None)], name) for name in NAMES]
    for frame in made:
        frame.kept = None if kept is None else np.array(kept)
    return PointFile(Path('d'), 'csv', made)


def test_without_a_threshold_the_best_on_the_set_and_it_says_so():
    scored = score(truth(), found(), resamples=20)
    evaluation = scored.evaluations[MITOSIS]
    assert (evaluation.threshold.value, evaluation.threshold.origin) == (.8, 'best_on_this_set') and evaluation.overall.f1.value == 1
    text = evaluation_text(evaluation, read_per('case,scanner'))
    assert 'tuned on the evaluated set' in text and 'optimistic: choose it on validation data' in text
    assert '6 frames of 3 cases; 95% intervals: bootstrap over 6 frames (only 3 cases' in text
    assert 'case  frames  TP  FP  FN  F1' in text and 'Sa' in text and 'region' not in text


def test_detections_on_negatives_alone_need_a_threshold():
    none = truth()
    none.frames = [points_of(frame.name, [], frame.name, um_per_px=(.25, .25)) for frame in none.frames]
    with pytest.raises(ValueError, match='t: has no mitotic figure by which a threshold could be chosen.*--threshold'):
        score(none, found(), resamples=0)
    assert score(none, found(), threshold=.5, resamples=0).evaluations[MITOSIS].overall.fp == len(NAMES)


def test_a_given_threshold():
    evaluation = score(truth(), found(), threshold=.4, resamples=0).evaluations[MITOSIS]
    assert (evaluation.overall.tp, evaluation.overall.fp, evaluation.hard_negatives.on_hard_negative) == (6, 6, 6)
    assert 'optimistic' not in evaluation_text(evaluation, read_per(None))


def test_a_file_s_threshold_is_for_its_class():
    file = Threshold(.4, 'file', 'val.json', name=MITOSIS)
    made = score(truth(), found(label=MITOSIS), threshold=file, classes=(MITOSIS, HARD_NEGATIVE), resamples=0).evaluations
    assert made[MITOSIS].threshold.value == .4 and made[HARD_NEGATIVE].threshold.origin == 'best_on_this_set'


def test_a_submission_is_scored_at_its_own_threshold_unless_another_is_given_or_chosen():
    submission = found(kept=[True, True])
    scored = score(truth(), submission, resamples=0)
    assert scored.evaluations[MITOSIS].threshold.value == .4 and "its own, the least score named" in scored.notes[-1]
    assert score(truth(), submission, threshold=.6, resamples=0).evaluations[MITOSIS].threshold.value == .6
    assert score(truth(), submission, choose=True, resamples=0).evaluations[MITOSIS].threshold.value == .8


def test_without_scores_only_counts():
    scored = score(truth(), found(score=False), resamples=20)
    evaluation = scored.evaluations[MITOSIS]
    overall = evaluation.overall
    assert (overall.tp, overall.fp, overall.fn, overall.f1.value) == (6, 6, 0, 2 / 3) and overall.f1.has_interval
    assert all(math.isnan(getattr(overall, key).value) for key in ('ap', 'box_ap', 'froc_area', 'froc_area_per_mm2'))
    assert evaluation.calibration is None and math.isnan(evaluation.groups['scanner']['Sa'].ap.value)
    assert evaluation.to_dict()['overall']['ap']['value'] is None
    assert 'no scores' in scored.notes[-1] and 'AP (centroids)' in evaluation_text(evaluation, read_per(None))
    for more in (dict(threshold=.5), dict(choose=True)):
        with pytest.raises(ValueError, match='has no scores, so only its own operating point'):
            score(truth(), found(score=False), **more)


@pytest.mark.parametrize('files, classes, words', [
    ((truth(), found(label='Positive')), (MITOSIS, ), "d: has no 'mitotic figure', only 'Positive'"),
    ((truth(), found()), ('Tumor', ), "t: has no 'Tumor', only 'hard negative', 'mitotic figure'"),
    ((truth(), found()), (MITOSIS, 'Tumor'), "t: has no 'Tumor', only .* Leave it out of --classes"),
])
def test_classes_that_are_not_there(files, classes, words):
    with pytest.raises(ValueError, match=words):
        score(*files, classes=classes)


def test_two_models_of_which_one_has_no_scores():
    ranked, unranked = score(truth(), found(), threshold=.4, resamples=0), score(truth(), found(score=False), resamples=0)
    of_both = compare_scored(ranked, unranked, resamples=20)[MITOSIS].scores
    assert of_both['f1'].difference.value == 0 and not {'ap', 'froc_area', 'ece'} & of_both.keys()
    assert {'ap', 'froc_area', 'ece'} <= compare_scored(ranked, ranked, resamples=20)[MITOSIS].scores.keys()


def test_a_model_that_finds_only_hard_negatives():
    evaluation = score(truth(), found(label=HARD_NEGATIVE), threshold=.1, resamples=0).evaluations[MITOSIS]
    assert (evaluation.overall.tp, evaluation.overall.fp, evaluation.overall.fn, evaluation.overall.f1.value) == (0, 0, 6, 0)


def test_other_classes_are_named():
    their = found()
    their.frames[0].labels[1] = 'Tumor'
    assert score(truth(), their, resamples=0).notes == ["not scored: points of the classes 'Tumor'"]


def test_a_radius_in_px_means_nothing_in_mm():
    point = [(Decimal('.1'), Decimal('.1'), MITOSIS, .5)]
    files = [PointFile(Path(name), 'x', [points_of('a', point, 'a', unit='mm')]) for name in 'td']
    with pytest.raises(ValueError, match='a radius of 30px, but t and d are in mm'):
        score(*files, radius='30px')
    assert score(*files, radius='30px', um_per_px=(.25, .25), resamples=0).evaluations[MITOSIS].overall.tp == 1


def test_swapped_axes_in_square_frames_are_noticed_by_what_they_would_find():
    places = np.random.default_rng(2).uniform(0, 2000, (30, 2)).tolist()
    made = [PointFile(Path(name), 'x', [points_of('a', [(*place[::step], MITOSIS, .5) for place in places], 'a', um_per_px=(.25, .25),
                                                  size_px=(2000, 2000))]) for name, step in (('t', 1), ('d', -1))]
    assert 'with x and y swapped 30 mitotic figures would be found, now 1 are' in score(*made, resamples=0).notes[-1]
    assert not score(made[0], made[0], resamples=0).notes  # not of detections in place


def test_groups_to_print():
    assert read_per(None) == ['scanner', 'domain', 'region_type'] and read_per('case, region') == ['case', 'region_type']
    with pytest.raises(ValueError, match="--per slide: 'slide' is none of scanner, domain, case, region"):
        read_per('slide')
