"""mmdet's inferencer finds steps by the last part of their names, on both lines."""

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.compat.inferencer import find_step, install

PIPELINE = [dict(type='mitos_mmdet.LoadImageFromFile'), dict(type='Resize'), dict(type=dict)]


def test_find_step():
    assert find_step(None, PIPELINE, ('LoadImageFromFile', list)) == 0
    assert find_step(None, PIPELINE, 'Resize') == 1
    assert find_step(None, PIPELINE, ('Step', dict)) == 2
    assert find_step(None, PIPELINE, ('Absent', )) == -1


def test_an_inferencer_that_ignores_scopes_stays(monkeypatch):
    from mmdet.apis.det_inferencer import DetInferencer

    monkeypatch.setattr(DetInferencer, '_get_transform_idx', lambda self, pipeline, name: -1)
    install()
    assert DetInferencer._get_transform_idx is find_step
    monkeypatch.setattr(DetInferencer, '_get_transform_idx', theirs := lambda self, pipeline, name: 0)
    install()
    assert DetInferencer._get_transform_idx is theirs
