"""``--report`` of tools/evaluate.py and tools/test.py, as a user runs them."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

from mitos_mmdet.core.console import run

ROOT = Path(__file__).parents[2]
CONFIG = 'configs/mitos/small/cascade_rcnn_r18_small_sample.py'
SHORT = '--cfg-options test_dataloader.num_workers=0 test_dataloader.persistent_workers=False model.tile_size=256 model.overlap=64'


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
    ('--report {tmp}/report.pdf', 'not a .html file'),
    ('--report {tmp}/file/report.html', 'cannot be written there'),
    ('--images {tmp}', 'Give --report'),
    ('--report {tmp}/report.html --images {tmp}/absent', 'no such folder'),
])
def test_evaluate_refuses_before_it_reads(flags, message, evaluate, tmp_path):
    (tmp_path / 'file').write_text('')
    status, _, err = evaluate(f'--truth absent.json --detections absent.json {flags.format(tmp=tmp_path)}')
    assert status == 2 and message in err and err.count('\n') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['file']


@pytest.mark.slow
def test_test_writes_the_same_report_from_two_processes(sample, run_tool, tmp_path):
    import torch
    from mmdet.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import DefaultScope

    import mitos_mmdet.register  # noqa: F401
    from mitos_mmdet.compat.config_edits import set_from_scratch
    cfg = Config.fromfile(ROOT / CONFIG)
    set_from_scratch(cfg)
    with DefaultScope.overwrite_default_scope('mmdet'):
        torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'untrained.pth')
    torchrun = (sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2', '--master_port', '29641')
    command = f'test.py {CONFIG} {tmp_path}/untrained.pth --data-root {sample}/ --work-dir {tmp_path}/work --score-thr 0.3'
    run_tool(f'{command} --report {tmp_path}/one/report.html {SHORT}', OMP_NUM_THREADS='1')  # as torchrun: the last digits hang on it
    run_tool(f'{command} --report {tmp_path}/two/report.html --launcher pytorch {SHORT}', program=torchrun, OMP_NUM_THREADS='1')
    one, two = ((tmp_path / name / 'report.html').read_text() for name in ('one', 'two'))
    assert 'data:image/jpeg' in one and '4 frames' in one and 'untrained.pth' in one
    assert one == two
