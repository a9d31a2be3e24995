"""The notebooks run from their first cell to their last."""

import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / 'examples').glob('*.ipynb'))


@pytest.mark.parametrize('notebook', NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('MPLBACKEND', 'Agg')
    cells = json.loads(notebook.read_text(encoding='utf-8'))['cells']
    assert not any(cell.get('outputs') for cell in cells), 'commit notebooks without outputs'
    names = {}
    for cell in cells:
        if cell['cell_type'] == 'code':
            exec(''.join(cell['source']), names)
    made = {'slide_to_count': 'work_dirs/one_slide/summary.json', 'frames_to_report': 'work_dirs/report.html'}[notebook.stem]
    assert (tmp_path / made).stat().st_size > 1000
