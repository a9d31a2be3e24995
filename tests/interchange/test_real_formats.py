"""The contests' own files, where they are at hand: each as truth and as detections."""

import json

import numpy as np
import pytest

from mitos_mmdet.core.lengths import Length
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.evaluation.counts import counts_at
from mitos_mmdet.evaluation.negatives import add_negatives
from mitos_mmdet.evaluation.pairing import pair
from mitos_mmdet.evaluation.scoring import score
from mitos_mmdet.interchange.recognise import read_points


@pytest.mark.parametrize('path, format, frames, mitoses', [
    ('midog/MIDOG++.json', 'midog', 553, 11937), ('midog/MIDOG.json', 'midog', 200, 1721),
    ('tupac16/mitoses_ground_truth', 'tupac16', 587, 1552), ('tupac16/alternative_labels', 'tupac16', 656, 1999),
    ('mitos_atypia14', 'mitos-atypia-14', 292, 612), ('mitos_atypia14/H05', 'mitos-atypia-14', 68, 147),
    ('icpr2012', 'icpr2012', 6, 37), ('grand_challenge/midog2021_2022/ground-truth_2021_eval.json', 'grand-challenge-truth', 1, 2),
    ('grand_challenge/midog2025_t1_eval/ground_truth/ground_truth.json', 'grand-challenge-truth', 3, 7),
])
def test_a_truth_against_itself_is_perfect(shared_data, path, format, frames, mitoses):
    truth = read_points(shared_data / path, is_truth=True)
    found = truth if 'MIDOG++' in path else read_points(shared_data / path, truth=truth)  # once: it is the largest
    made = pair(add_negatives(truth, found)[0], found).frames()
    counts = counts_at(made, Length(7.5, 'um'))
    assert (truth.format, len(made), counts.tp, counts.fp, counts.fn, counts.f1) == (format, frames, mitoses, 0, 0, 1)


def test_midog_2025_s_own_evaluation(shared_data):
    folder = shared_data / 'grand_challenge' / 'midog2025_t1_eval'
    truth = read_points(folder / 'ground_truth' / 'ground_truth.json', is_truth=True)
    evaluation = score(truth, read_points(folder / 'test', truth=truth), resamples=0).evaluations[MITOSIS]
    theirs = json.loads((folder / 'test' / 'output' / 'metrics.json').read_text())
    of_all = theirs['aggregates']
    # Their figures carry an epsilon of 1e-6 in numerator and denominator.
    figures = {'precision': 'precision', 'recall': 'recall', 'f1_score': 'f1', 'AP': 'box_ap'}
    for key, name in figures.items():
        assert getattr(evaluation.overall, name).value == pytest.approx(of_all[key], abs=1e-6)
    for group, of, prefix in (('domain', 'tumor {}', 'tumor'), ('region_type', '{}', 'roi_type')):
        for name in (0, 1) if prefix == 'tumor' else ('hotspot', 'challenging', 'random'):
            its = evaluation.groups[group][of.format(name)]
            assert its.f1.value == pytest.approx(of_all[f'{prefix}_{name}_f1'], abs=1e-6)
            assert its.box_ap.value == pytest.approx(of_all[f'{prefix}_{name}_AP'], abs=1e-6)
    counts = {each['image']: (each['metrics']['true_positives'], each['metrics']['false_positives']) for each in theirs['results']}
    assert {each['name']: (each['tp'], each['fp']) for each in evaluation.to_dict()['per_frame']} == counts


def test_submissions_of_three_years(shared_data):
    folder = shared_data / 'grand_challenge'
    of_2021 = read_points(folder / 'midog2021_2022' / 'mitotic-figures_2021_format.json')
    assert of_2021.num_points == 2 and not of_2021.has_scores
    of_2022 = read_points(folder / 'midog2021_2022' / 'expected_output_2022_format.json').frames[0]
    assert of_2022.kept.tolist() == [True, True, False, False] and of_2022.scores[3] == 0.4250665307044983
    reference = read_points(folder / 'midog2025_t1_reference_mitotic-figures.json')
    assert reference.num_points == 33 and "has type 'Mulitple points'" in reference.notes[0]
    np.testing.assert_allclose(of_2022.in_px((.25, .25))[0], [585.8949102761559, 632.2934202514416], rtol=1e-15)


@pytest.mark.parametrize('path', ['ground_truth/ground_truth.json', 'test/input', 'test/input/predictions.json'])
def test_the_second_track_locates_nothing(shared_data, path):
    with pytest.raises(ValueError, match='second track'):
        read_points(shared_data / 'grand_challenge' / 'midog2025_t2_eval' / path, is_truth='ground' in path)


def test_two_sets_of_tupac_labels(shared_data):
    with pytest.raises(ValueError, match='holds two sets of labels'):
        read_points(shared_data / 'tupac16', is_truth=True)
