"""Seeds that numpy refuses, and pictures without a size, are told by the flag before anything is done."""

import pytest

from mitos_mmdet.cli import browse, calibrate, candidates, make_sample


@pytest.mark.parametrize('main, arguments', [
    (make_sample.main, ['OUT']), (browse.main, ['c.py', '--out', 'OUT']),
    (candidates.main, ['c.py', 'c.pth', '--frames', 'f', '--out', 'OUT'])])
@pytest.mark.parametrize('seed', ['-1', str(2**32)])
def test_a_seed_that_cannot_be(tmp_path, main, arguments, seed):
    with pytest.raises(ValueError, match=f'--seed {seed}: give a whole number from 0'):
        main([str(tmp_path / 'out') if word == 'OUT' else word for word in arguments] + ['--seed', seed])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('flag', ['--samples', '--columns', '--side'])
def test_a_sheet_without_samples_columns_or_px(tmp_path, flag):
    with pytest.raises(ValueError, match=f'{flag} 0: must be at least 1'):
        browse.main(['c.py', '--out', str(tmp_path / 'a.png'), flag, '0'])


@pytest.mark.parametrize('more, words', [(['--radius', '7,5um'], "not a length: '7,5um'"), (['--seed', '-1'], '--seed -1'),
                                         (['--bootstrap', '-1'], '--bootstrap -1')])
def test_calibrate_checks_its_numbers_before_the_model_is_loaded(tmp_path, monkeypatch, more, words):
    monkeypatch.setattr(calibrate, 'load_chosen', None)
    with pytest.raises(ValueError, match=words):
        calibrate.main([str(tmp_path / 'a.json'), str(tmp_path), '--out', str(tmp_path / 'c.json'), *more])
