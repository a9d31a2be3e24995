"""A config's text is formatted once, and stays what yapf makes of it."""

import pytest
from mmengine.config import Config

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.compat import config_text
from mitos_mmdet.compat.config_text import formatter_module


def test_the_same_text_is_formatted_once_and_as_before(monkeypatch):
    cfg = Config(dict(model=dict(type='A', sizes=[(1, 2), (3, 4)], name='of this test alone')))
    first = cfg.pretty_text
    before = formatter_module().FormatCode.cache_info()
    assert cfg.pretty_text == Config(cfg.to_dict()).pretty_text == first
    after = formatter_module().FormatCode.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (0, 2)
    monkeypatch.setattr(formatter_module(), 'FormatCode', formatter_module().FormatCode.__wrapped__)
    assert Config.pretty_text.fget.of_mmengine(cfg) == first


def test_installing_twice_changes_nothing():
    ours = Config.pretty_text
    config_text.install()
    assert Config.pretty_text is ours


@pytest.mark.parametrize('style', [None, 'pep8'])
def test_other_callers_of_yapf_see_no_difference(style):
    assert Config(dict(a=1)).pretty_text
    ours = formatter_module().FormatCode
    assert ours('a=1\n', style_config=style) == ours.__wrapped__('a=1\n', style_config=style)
