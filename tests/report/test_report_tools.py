"""``--report`` of tools/evaluate.py, as a user runs it; that of tools/test.py is in tests/tools/test_train.py."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from mitos_mmdet.core.console import run

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def found(sample, tmp_path_factory):
    """Detections for the sample's test frames, as tools/test.py writes them: three quarters of what is labelled, shifted."""
    content = json.loads((sample / 'annotations_test.json').read_text())
    frames = [dict(file_name=image['file_name'], width=image['width'], height=image['height'], um_per_px=image['um_per_px'],
                   points=[dict(x=each['centroid'][0] + 2, y=each['centroid'][1], label='mitotic figure', score=0.9 - each['id'] % 8 / 10)
                           for each in content['annotations'] if each['image_id'] == image['id'] and each['id'] % 4])
              for image in content['images']]
    path = tmp_path_factory.mktemp('found') / 'found.json'
    path.write_text(json.dumps(dict(format='mitos_mmdet detections', version=1, classes=['mitotic figure'], frames=frames, skipped=[])))
    return path


@pytest.fixture
def evaluate(capsys):
    """``evaluate('--truth ...')`` gives the exit status, stdout and stderr of tools/evaluate.py."""
    spec = importlib.util.spec_from_file_location('evaluate', ROOT / 'tools/evaluate.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def call(flags):
        with pytest.raises(SystemExit) as end:
            run(lambda: tool.main(flags.split()))
        return end.value.code, *capsys.readouterr()
    return call


def test_evaluate_writes_a_report(sample, found, evaluate, tmp_path):
    report = tmp_path / 'new/report.html'
    status, out, err = evaluate(f'--truth {sample}/annotations_test.json --detections {found} --threshold 0.5 --bootstrap 20 '
                                f'--report {report} --compare {found}')
    assert status == 0, err
    text = report.read_text()
    printed = re.search(r'^F1 +(\d\.\d{4}) ', out, re.M)[1]
    assert re.search(r'<td>F1</td>\s*<td class="number value">([\d.]+)', text)[1] == f'{float(printed):.3f}'
    # The frames lie in images/ beside the truth.
    assert 'data:image/jpeg' in text and 'Compared with other detections' in text and str(found) in text
    assert (tmp_path / 'new/report_figures/precision_recall.svg').is_file()


@pytest.mark.parametrize(('flags', 'message'), [
    ('--report {tmp}/report.pdf', 'not a .html or .htm file'),
    ('--report {tmp}/file/report.html', 'cannot be written there'),
    ('--images {tmp}', 'Give --report'),
    ('--report {tmp}/report.html --images {tmp}/absent', 'no such folder'),
])
def test_evaluate_refuses_before_it_reads(flags, message, evaluate, tmp_path):
    (tmp_path / 'file').write_text('')
    status, _, err = evaluate(f'--truth absent.json --detections absent.json {flags.format(tmp=tmp_path)}')
    assert status == 2 and message in err and err.count('\n') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['file']
