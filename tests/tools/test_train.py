"""tools/train.py and tools/test.py on the sample, a few iterations each, as a user runs them."""

import json
import sys

import pytest
import torch

from mitos_mmdet.compat.checkpoints import read_checkpoint

CONFIG = 'configs/mitos/small/cascade_rcnn_r18_small_sample.py'
# Two iterations an epoch; tiles of 256 px, so that the sample's 400 x 320 px frames need several.
SHORT = ('--cfg-options train_cfg.max_epochs={epochs} train_dataloader.batch_size=4 train_dataloader.num_workers=0 '
         'train_dataloader.persistent_workers=False train_dataloader.dataset.indices=8 train_cfg.val_interval=1 '
         'val_dataloader.num_workers=0 val_dataloader.persistent_workers=False test_dataloader.num_workers=0 '
         'test_dataloader.persistent_workers=False model.tile_size=256 model.overlap=64 default_hooks.logger.interval=1')


@pytest.fixture(scope='module')
def trained(sample, run_tool, tmp_path_factory):
    """A work dir after one epoch."""
    work = tmp_path_factory.mktemp('work')
    done = run_tool(f'train.py {CONFIG} --work-dir {work} --data-root {sample}/ {SHORT.format(epochs=1)}')
    assert 'centroid/f1' in done.stdout + done.stderr
    return work


def test_train_writes_checkpoints(trained):
    assert (trained / 'epoch_1.pth').is_file() and (trained / 'last_checkpoint').is_file()


def test_train_resumes_with_mixed_precision_too(trained, sample, run_tool):
    done = run_tool(f'train.py {CONFIG} --work-dir {trained} --data-root {sample}/ --resume --amp {SHORT.format(epochs=2)}')
    text = done.stdout + done.stderr
    assert "type='CpuAmpOptimWrapper'" in text
    assert 'resumed epoch: 1' in text and 'Epoch(train) [2]' in text.replace('Epoch(train)  [2]', 'Epoch(train) [2]')
    assert (trained / 'epoch_2.pth').is_file()


def test_test_writes_detections_and_pictures(trained, sample, run_tool, tmp_path):
    run_tool(f'test.py {CONFIG} {trained}/epoch_1.pth --work-dir {tmp_path} --data-root {sample}/ --out {tmp_path}/found.json '
             f'--show-dir {tmp_path}/pictures --score-thr 0.0 {SHORT.format(epochs=1)}')
    found = json.loads((tmp_path / 'found.json').read_text())
    assert len(found['frames']) == 4
    assert len(list((tmp_path / 'pictures').glob('**/*.jpg'))) == 4 and list((tmp_path / 'pictures').glob('**/precision_recall.png'))


def test_test_takes_a_work_dir_and_flips(trained, sample, run_tool, tmp_path):
    done = run_tool(f'test.py {CONFIG} {trained} --work-dir {tmp_path} --data-root {sample}/ --tta --radius 30px {SHORT.format(epochs=1)}')
    assert '1000 resamples' in done.stdout + done.stderr  # a test figure has its interval
    assert 'within 30px' in done.stdout + done.stderr and '4 frames scored' in done.stdout + done.stderr


def scores(folder):
    """The metric file that mmengine leaves in a work dir."""
    return json.loads(next(folder.glob('*/*.json')).read_text())


def test_two_processes_score_and_report_as_one(trained, sample, run_tool, tmp_path):
    command = f'test.py {CONFIG} {trained}/epoch_1.pth --data-root {sample}/ --threshold 0.3'
    torchrun = (sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2', '--master_port', '29611')
    # The report of both names one work dir: two pages of equal runs are equal to the last byte.
    run_tool(f'{command} --work-dir {tmp_path}/one --report {tmp_path}/one.html {SHORT.format(epochs=1)}')
    run_tool(f'{command} --work-dir {tmp_path}/two --report {tmp_path}/two.html --launcher pytorch {SHORT.format(epochs=1)}',
             program=torchrun)
    one, two = scores(tmp_path / 'one'), scores(tmp_path / 'two')
    assert one['centroid/frames'] == two['centroid/frames'] == 4
    # JSON writes nan (a score of 0/0), which equals itself only as text.
    assert {key: str(value) for key, value in one.items() if key.startswith('centroid')} == {
        key: str(value) for key, value in two.items() if key.startswith('centroid')}
    one, two = ((tmp_path / name).read_text() for name in ('one.html', 'two.html'))
    assert 'data:image/jpeg' in one and '4 frames' in one and 'epoch_1.pth' in one
    assert one == two


def test_two_processes_train(sample, run_tool, tmp_path):
    torchrun = (sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2', '--master_port', '29612')
    done = run_tool(f'train.py {CONFIG} --work-dir {tmp_path} --data-root {sample}/ --launcher pytorch {SHORT.format(epochs=1)}',
                    program=torchrun)
    # Eight tiles in batches of four over two processes: one iteration, each tile seen once.
    assert '[1/1]' in done.stdout + done.stderr and '4 frames scored' in done.stdout + done.stderr
    # The checkpoint of the main process keeps the random state of both.
    saved = read_checkpoint(tmp_path / 'epoch_1.pth')['mitos_resume_state']['random']
    assert len(saved) == 2 and not torch.equal(saved[0]['torch'], saved[1]['torch'])


@pytest.mark.parametrize(('command', 'says'), [
    # a config that is not there
    ('train.py configs/mitos/nothing.py', 'nothing.py: no such config'),
    # images that are not there
    (f'train.py {CONFIG} --data-root {{tmp}}/nowhere/', 'docs/data.md'),
    # a GPU asked for and absent
    (f'train.py {CONFIG} --device cuda', 'torch sees no GPU'),
    # Slurm without a GPU
    (f'train.py {CONFIG} --launcher slurm', 'torchrun'),
    # the pytorch launcher without torchrun
    (f'train.py {CONFIG} --launcher pytorch', 'torchrun'),
    # a work dir that is a file
    (f'train.py {CONFIG} --work-dir {{tmp}}/file', 'cannot be written'),
    # weights without the rest that a resume needs
    (f'train.py {CONFIG} --data-root {{sample}}/ --resume {{tmp}}/weights.pth', 'nothing to resume'),
    # a checkpoint of another model to resume from
    ('train.py configs/mitos/small/rtmdet_tiny_small_atypia14.py --data-root {sample}/ --resume {trained}/epoch_1.pth --cfg-options '
     'val_dataloader.dataset.ann_file=annotations_test.json test_dataloader.dataset.ann_file=annotations_test.json '
     'val_dataloader.dataset.data_prefix.img=images/ test_dataloader.dataset.data_prefix.img=images/', 'another model'),
    # an output that cannot be written, found before the frames are predicted
    (f'test.py {CONFIG} {{trained}} --data-root {{sample}}/ --out {{tmp}}/file/found.json', '--out'),
    (f'test.py {CONFIG} {{trained}} --data-root {{sample}}/ --show-dir {{tmp}}/file', '--show-dir'),
    # validation by um on images without a pixel size, found before training
    (f'train.py {CONFIG} --data-root {{sample}}/ --cfg-options val_dataloader.dataset.ann_file=no_size.json', 'no usable pixel size'),
    # nothing to resume from
    (f'train.py {CONFIG} --data-root {{sample}}/ --resume {{tmp}}/none.pth', 'no such checkpoint'),
    # weights to start from that are not there
    (f'train.py {CONFIG} --data-root {{sample}}/ --cfg-options load_from={{tmp}}/none.pth', 'Train it first'),
    # the same, and damaged ones, with nothing to resume
    (f'train.py {CONFIG} --data-root {{sample}}/ --resume --cfg-options load_from={{tmp}}/none.pth', 'Train it first'),
    (f'train.py {CONFIG} --data-root {{sample}}/ --resume --cfg-options load_from={{tmp}}/file', 'not a checkpoint'),
    # a checkpoint that is none
    (f'test.py {CONFIG} {{tmp}}/file', 'not a checkpoint'),
    # a folder without checkpoints
    (f'test.py {CONFIG} {{tmp}}', 'last_checkpoint'),
    # a radius without unit
    (f'test.py {CONFIG} {{trained}}/epoch_1.pth --data-root {{sample}}/ --radius 8', "'30px'"),
    # a checkpoint of another model
    ('test.py configs/mitos/small/rtmdet_tiny_small_atypia14.py {trained}/epoch_1.pth --data-root {sample}/ --cfg-options '
     'test_dataloader.dataset.ann_file=annotations_test.json test_dataloader.dataset.data_prefix.img=images/', 'another model'),
    # a class that the file does not have
    (f'test.py {CONFIG} {{trained}}/epoch_1.pth --data-root {{sample}}/ --cfg-options '
     "test_dataloader.dataset.metainfo.classes=('mitosis',)", "has no class 'mitosis'"),
    # pretrained weights that cannot be fetched
    ('train.py configs/mitos/rtmdet_s_midog.py --data-root {sample}/ --cfg-options '
     'model.detector.backbone.init_cfg.checkpoint=http://127.0.0.1:9/weights.pth val_dataloader.dataset.ann_file=annotations_test.json '
     'test_dataloader.dataset.ann_file=annotations_test.json', '--from-scratch'),
])
def test_bad_input_is_one_line(command, says, sample, trained, run_tool, tmp_path):
    (tmp_path / 'file').write_text('x')
    torch.save({'backbone.conv1.weight': torch.zeros(1)}, tmp_path / 'weights.pth')
    content = json.loads((sample / 'annotations_test.json').read_text())
    (sample / 'no_size.json').write_text(json.dumps({**content, 'images': [{**image, 'um_per_px': None} for image in content['images']]}))
    command = command.format(tmp=tmp_path, sample=sample, trained=trained)
    if '--work-dir' not in command:
        command = command.replace('.py ', f'.py --work-dir {tmp_path}/work ', 1)
    error = run_tool(command, expect=2).stderr
    lines = [line for line in error.splitlines() if line.startswith('error: ')]
    assert len(lines) == 1 and says in lines[0] and 'Traceback' not in error
    assert says not in ('Train it first', 'not a checkpoint') or not (tmp_path / 'work').exists()


def test_one_bad_frame_is_skipped_and_listed(trained, sample, run_tool, tmp_path):
    import shutil

    data = shutil.copytree(sample, tmp_path / 'data')
    victim = sorted((data / 'images').glob('*.tiff'))[-1]  # the sample's last frames are its test frames
    victim.write_bytes(victim.read_bytes()[:4000])
    command = f'test.py {CONFIG} {trained}/epoch_1.pth --work-dir {tmp_path}/work --data-root {data}/'
    done = run_tool(f'{command} {SHORT.format(epochs=1)}')
    assert '3 frames scored' in done.stdout + done.stderr and victim.name in done.stdout + done.stderr
    # With a worker, as the configs have it: torch hands a worker's whole traceback on as the message.
    worker = SHORT.format(epochs=1).replace('test_dataloader.num_workers=0', 'test_dataloader.num_workers=1')
    errors = run_tool(f'{command} --strict {worker}', expect=2).stderr.splitlines()
    error = next(line for line in errors if line.startswith('error: '))
    assert victim.name in error and 'Traceback' not in error
