"""Matching against plain references: evalutils' algorithm written out, brute force, and cases worked by hand."""

from itertools import permutations

import numpy as np
import pytest

from mitos_mmdet.evaluation.matching import RULES, match, match_by_score, pairs_within

EMPTY = np.zeros((0, 2))


def midog_reference(truths, preds, radius):
    """evalutils' rule, one target at a time: its hits by distance, the first unused one; of equals the lower index."""
    used, got = set(), []
    for truth in truths:
        squares = [(truth[0] - pred[0]) ** 2 + (truth[1] - pred[1]) ** 2 for pred in preds]
        hits = [index for square, index in sorted(zip(squares, range(len(preds)), strict=True)) if square <= radius**2]
        got.append(next((index for index in hits if index not in used), -1))
        used.add(got[-1])
    return got


def optimal_reference(truths, preds, radius):
    """All one-to-one assignments tried: (most hits, least total distance)."""
    best = (0, 0.0)
    slots = list(range(len(preds))) + [-1] * len(truths)
    for choice in set(permutations(slots, len(truths))):
        distances = [np.hypot(*(truths[row] - preds[column])) for row, column in enumerate(choice) if column >= 0]
        if all(distance <= radius for distance in distances):
            best = max(best, (len(distances), -sum(distances)))
    return best


def random_case(rng):
    """Truths and predictions: on a coarse grid (ties and points exactly at the radius), in clusters, or anywhere; some empty."""
    sizes = rng.integers(0, 7, 2)
    kind = rng.integers(3)
    if kind == 0:
        return [rng.integers(0, 5, (size, 2)).astype(float) for size in sizes]
    if kind == 1:
        return [rng.choice([0.0, 4.0], (size, 1)) + rng.normal(0, 1, (size, 2)) for size in sizes]
    return [rng.uniform(0, 6, (size, 2)) for size in sizes]


def test_midog_equals_evalutils_rule_on_10000_cases():
    rng = np.random.default_rng(0)
    ties, not_most = 0, 0
    for _ in range(10_000):
        truths, preds = random_case(rng)
        expected = midog_reference(truths, preds, 2.0)
        found = match(truths, preds, 2.0)
        assert found.truth_to_pred.tolist() == expected
        assert found.false_positive.tolist() == [index not in expected for index in range(len(preds))]
        hit = found.truth_to_pred >= 0
        np.testing.assert_allclose(found.distances[hit], np.linalg.norm(truths[hit] - preds[found.truth_to_pred[hit]], axis=1))
        assert np.isnan(found.distances[~hit]).all()
        ties += len(np.unique(preds, axis=0)) < len(preds)
        not_most += hit.sum() < (match(truths, preds, 2.0, 'optimal').truth_to_pred >= 0).sum()
    assert ties > 500 and not_most > 100, 'the cases must hold what makes the rules differ'


def test_optimal_equals_brute_force():
    rng = np.random.default_rng(1)
    for _ in range(300):
        truths, preds = (points[:3] for points in random_case(rng))
        found = match(truths, preds, 2.0, 'optimal')
        hit = found.truth_to_pred >= 0
        assert (hit.sum(), -np.nansum(found.distances)) == pytest.approx(optimal_reference(truths, preds, 2.0))
        assert len(set(found.truth_to_pred[hit])) == hit.sum() == (~found.false_positive).sum()


def test_list_order_may_cost_midog_a_hit_that_optimal_finds():
    truths, preds = [[0, 0], [4, 0]], [[1.5, 0], [-1.6, 0]]
    assert match(truths, preds, 3).truth_to_pred.tolist() == [0, -1]
    assert match(truths[::-1], preds, 3).truth_to_pred.tolist() == [0, 1]
    assert match(truths, preds, 3, 'optimal').truth_to_pred.tolist() == [1, 0]


def test_amida_by_hand():
    # two predictions on the first truth, one that lies near the second and third, one near nothing, the fourth truth missed
    found = match([[0, 0], [10, 0], [12, 0], [50, 50]], [[2, 0], [1, 0], [11, 0], [30, 30]], 3, 'amida')
    assert found.truth_to_pred.tolist() == [1, 2, 2, -1]
    assert found.false_positive.tolist() == [False, False, False, True]
    np.testing.assert_array_equal(found.distances, [1, 1, 1, np.nan])


@pytest.mark.parametrize('rule', RULES)
def test_radius_is_inclusive(rule):
    assert match([[0, 0]], [[4.5, 6]], 7.5, rule).truth_to_pred.tolist() == [0]
    assert match([[0, 0]], [[4.5, 6.0001]], 7.5, rule).truth_to_pred.tolist() == [-1]


@pytest.mark.parametrize('rule', RULES)
@pytest.mark.parametrize(('truths', 'preds', 'false_positives'), [
    (EMPTY, EMPTY, []),  # nothing at all
    (EMPTY, [[1, 1], [2, 2]], [True, True]),  # a background frame
    ([[1, 1]], EMPTY, []),  # no prediction
    ([[1, 1]], [[500, 1]], [True]),  # no pair
    ([[-3, -3]], [[-3, -3]], [False]),  # negative coordinates, distance 0
])
def test_empty_and_odd(rule, truths, preds, false_positives):
    found = match(truths, preds, 7.5, rule)
    assert found.false_positive.tolist() == false_positives
    assert found.truth_to_pred.shape == found.distances.shape == (len(truths),)
    assert len(match_by_score(pairs_within(truths, preds, 7.5), np.ones(len(preds)))) <= min(len(truths), len(preds))


def test_by_score_each_takes_its_nearest_free_truth():
    truths = [[0, 0], [4, 0]]
    preds = [[1, 0], [1.5, 0], [2, 0], [0, 0]]
    pairs = pairs_within(truths, preds, 3)
    assert match_by_score(pairs, np.array([0.2, 0.9, 0.8, 0.1])).tolist() == [1, 2]
    assert match_by_score(pairs, np.full(4, 0.5)).tolist() == [0, 1]  # equal scores: by index


def test_unknown_rule_is_named():
    with pytest.raises(ValueError, match="'hungarian'.*midog, optimal, amida"):
        match(EMPTY, EMPTY, 1, 'hungarian')
