import json

import numpy as np
import pytest

from mitos_mmdet.stain import DEFAULT_TARGETS, METHODS, NoStainError, StainEstimate

GOOD = dict(method='macenko', matrix=[[0.6, 0.8, 0.0], [0.0, 0.8, 0.6]], maxima=[1.5, 1.0])


def test_it_goes_through_json_unchanged():
    for estimate in [*DEFAULT_TARGETS.values(), StainEstimate('vahadane', np.float32(GOOD['matrix']), np.float32([1 / 3, .7]))]:
        content = json.loads(json.dumps(estimate.to_dict()))
        assert content == estimate.to_dict() and StainEstimate.from_dict(content) == estimate
        assert hash(estimate) == hash(StainEstimate.from_dict(estimate.to_dict()))


def test_there_is_a_default_target_for_each_method():
    assert set(DEFAULT_TARGETS) == set(METHODS) and all(name == target.method for name, target in DEFAULT_TARGETS.items())


@pytest.mark.parametrize(('change', 'message'), [
    (dict(method='hed'), "unknown method 'hed'"),
    (dict(matrix=[[1, 0, 0]]), 'not 2 x 3 finite numbers'),
    (dict(matrix=[[1, 0, 0], [0, 'a', 0]]), 'not 2 x 3 finite numbers'),
    (dict(matrix=[[1, 0, 0], [0, float('nan'), 0]]), 'not 2 x 3 finite numbers'),
    (dict(matrix=[[1, 0, 0], [0]]), 'not 2 x 3 finite numbers'),
    (dict(maxima=None), 'maxima is None, not 2 finite numbers'),
    (dict(maxima=[1]), 'not 2 finite numbers'),
    (dict(matrix=[[6, 8, 0], [0, 8, 6]]), 'not of length 1'),
    (dict(matrix=[[0.6, 0.8, 0], [0.6, 0.8, 0]]), 'a single stain'),
    (dict(matrix=[[-0.6, 0.8, 0], [0, 0.8, 0.6]]), 'not those of two stains'),
    (dict(maxima=[1, 0.01]), 'one of the two stains is missing'),
    (dict(method='reinhard', matrix=[[50, 0, 0], [10, 0, 0]]), 'a single colour')])
def test_what_is_no_estimate_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=f'frame 7: not a stain estimate .*{message}'):
        StainEstimate.from_dict(GOOD | change, 'frame 7')


@pytest.mark.parametrize('content', [None, 3, [], {}, 'macenko', dict(method='macenko'), dict(method=[], matrix=1)])
def test_what_is_no_object_is_refused(content):
    with pytest.raises(ValueError, match='frame 7: not a stain estimate'):
        StainEstimate.from_dict(content, 'frame 7')


def test_numbers_that_cannot_restain_are_no_stain():
    with pytest.raises(NoStainError):
        StainEstimate('macenko', [[0.6, 0.8, 0], [0.6, 0.8, 0]], [1, 1])
