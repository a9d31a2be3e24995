"""The table of all models, from the files that mmengine leaves in work dirs."""

import json

import pytest

from mitos_mmdet.cli.results import main
from mitos_mmdet.report.results_table import read_run


def write_run(folder, time, **scores):
    (folder / time).mkdir(parents=True)
    (folder / time / f'{time}.json').write_text(json.dumps({**{f'centroid/{key}': value for key, value in scores.items()}, 'time': 0.5}))


def test_the_newest_run_counts_and_empty_rows_stay(tmp_path, capsys):
    folder = tmp_path / 'cascade_rcnn_midog'
    write_run(folder, '20260101_000000', f1=0.1, ap=0.1)
    write_run(folder, '20260102_000000', f1=0.71, precision=0.7, recall=0.72, ap=0.66, frames=80, threshold_fixed=0.4, fp=5,
              f1_low=0.6, f1_high=0.8, area_mm2=10.0)
    (folder / 'epoch_3.pth').write_bytes(b'')
    (folder / 'best_centroid_f1_epoch_2.pth').write_bytes(b'')
    main([str(tmp_path)])
    rows = {row.split(' | ')[0].strip('| `'): row for row in capsys.readouterr().out.splitlines()}
    assert rows['cascade_rcnn_midog'].strip('| ').split(' | ') == [
        '`cascade_rcnn_midog`', '0.7492', '0.710 (0.600 to 0.800)', '0.700', '0.720', '0.660', '0.5', '80', 'fixed beforehand', '4.0',
        '127.1 M', '`best_centroid_f1_epoch_2.pth`']
    assert rows['mask_rcnn_r101_fpn_tupac16'].startswith('| `mask_rcnn_r101_fpn_tupac16` | 0.86 |  |')
    assert rows['mask_rcnn_r101_fpn_tupac16'].strip('| ').endswith('| 63.0 M | train it')
    main([str(tmp_path), '--tested', '--out', str(tmp_path / 'table.md')])
    assert len((tmp_path / 'table.md').read_text().splitlines()) == 3


def test_other_json_files_are_no_runs(tmp_path):
    (tmp_path / 'x').mkdir()
    (tmp_path / 'x' / 'found.json').write_text('{"centroid/f1": 1}')
    assert read_run(tmp_path) is None


def test_best_validation_of_a_training_that_was_not_tested(tmp_path):
    log = tmp_path / '20260101_000000/vis_data/scalars.json'
    log.parent.mkdir(parents=True)
    lines = [{'loss': 1.0}, {'centroid/f1': 0.5}, {'centroid/f1': 0.6, 'centroid/ap': 0.3}, {'centroid/f1': float('nan')}]
    log.write_text('\n'.join(map(json.dumps, lines)) + '\n{"centroid/f1": 0.')
    assert read_run(tmp_path).scores == {'f1': 0.6, 'ap': 0.3}
    write_run(tmp_path, '20250101_000000', f1=0.1)
    assert read_run(tmp_path).scores == {'f1': 0.1}  # a test wins, however old
    log.write_text('{"loss": 1.0}\n')
    assert read_run(tmp_path / '20260101_000000') is None


def test_nothing_to_show_is_one_line(tmp_path):
    with pytest.raises(ValueError, match='holds no scores'):
        main([str(tmp_path)])
    with pytest.raises(ValueError, match='no such folder'):
        main([str(tmp_path / 'absent')])
