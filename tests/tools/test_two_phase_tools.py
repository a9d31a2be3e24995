"""The two-phase detector on the sample as a user runs it: train, collect candidates, train, test both phases joined."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
FCN, RESNET, JOINED = (f'configs/mitos/small/two_phase_{name}_atypia14.py' for name in ('fcn_vgg16_small', 'resnet18_small', 'small'))
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# The sample's files in place of ATYPIA-14's; its frames of 400 x 320 px need several tiles.
FRAMES = ' '.join(f'{loader}.dataset.ann_file=annotations_test.json {loader}.dataset.data_prefix.img=images/' for loader in LOADERS[1:])
SHORT = ('train_cfg.max_epochs=1 train_cfg.val_interval=1 train_dataloader.batch_size=4 train_dataloader.dataset.indices=8 '
         + ' '.join(f'{loader}.num_workers=0 {loader}.persistent_workers=False' for loader in LOADERS))
TEST_SHORT = ' '.join(f'{loader}.num_workers=0 {loader}.persistent_workers=False' for loader in LOADERS[1:])
# Whatever a network of two iterations marks: components at the middle of its probabilities.
MARKS = 'model.tile_size=256 model.overlap=64 model.detector.test_cfg.threshold=0.5 model.detector.test_cfg.min_area_px=1'


def patches_of(folder):
    """The annotation file of candidates, and how many patches there are of each category."""
    content = json.loads((folder / 'candidates.json').read_text())
    return content, Counter(annotation['category_id'] for annotation in content['annotations'])


@pytest.fixture(scope='module')
def in_process(run_tool):
    """``in_process('tool.py ...')`` gives the exit status, stdout and stderr."""
    def run(command):
        done = run_tool(command, expect=None)
        return done.returncode, done.stdout, done.stderr
    return run


@pytest.fixture(scope='module')
def phase_one(sample, run_tool, tmp_path_factory):
    """A work dir of phase one after one epoch of two iterations."""
    work = tmp_path_factory.mktemp('phase_one')
    done = run_tool(f'train.py {FCN} --work-dir {work} --data-root {sample}/ --cfg-options {SHORT} {FRAMES}')
    assert 'centroid/f1' in done.stdout + done.stderr
    # A wider spread of scores than two iterations give, so that a threshold of 0.5 cuts components out of noise.
    checkpoint = torch.load(work / 'epoch_1.pth', weights_only=False)
    for key, value in checkpoint['state_dict'].items():
        if key.startswith('bbox_head.scores'):
            value *= 300 if key.endswith('weight') else 0
    torch.save(checkpoint, work / 'epoch_1.pth')
    for best in work.glob('best_*.pth'):  # a work dir means its best checkpoint, and this one was not changed
        best.unlink()
    return work


@pytest.fixture(scope='module')
def collect(sample, phase_one, in_process):
    """``collect(out, flags)`` runs the tool on the sample's training frames."""
    def run(out, flags='', frames='annotations_train.json', checkpoint=phase_one, options='', root=sample):
        return in_process(f'collect_candidates.py {FCN} {checkpoint} --data-root {root}/ --frames {frames} --out {out} --radius 30px '
                          f'{flags} --cfg-options {FRAMES} {MARKS} {options}')
    return run


@pytest.fixture(scope='module')
def candidates(collect, tmp_path_factory):
    """A data_root with candidates of the sample's training and test frames, and what the tool said of the former."""
    root = tmp_path_factory.mktemp('data')
    status, said, _ = collect(root / 'candidates_train')
    assert status == 0
    assert collect(root / 'candidates_val', '--negatives 0', frames='annotations_test.json')[0] == 0
    return root, said


def test_patches_and_their_annotation_file(candidates, sample):
    root, said = candidates
    content, kinds = patches_of(root / 'candidates_train')
    truth = json.loads((sample / 'annotations_train.json').read_text())
    figures = sum(annotation['category_id'] == 1 for annotation in truth['annotations'])
    assert kinds[1] == figures and 0 < kinds[2] <= 16 * kinds[1]
    assert f"{len(truth['images'])} frames" in said and f'of {figures} mitotic figures hit within 30px' in said
    assert f'{kinds[1]} of mitotic figures, {kinds[2]} of' in said
    files = {image['file_name'] for image in content['images']}
    assert files == {file.name for file in (root / 'candidates_train/images').iterdir()} and len(files) == sum(kinds.values())


def test_a_killed_run_goes_on(candidates, collect, tmp_path):
    root, said = candidates
    copy = shutil.copytree(root / 'candidates_train', tmp_path / 'copy')
    (copy / 'candidates.json').unlink()
    sorted((copy / 'found').iterdir())[-1].unlink()
    for file in sorted((copy / 'images').iterdir())[20:]:
        file.unlink()
    status, again, _ = collect(copy)
    assert status == 0 and again.splitlines()[-2:] == said.splitlines()[-2:]
    assert {file.relative_to(copy): file.read_bytes() for file in copy.rglob('*.*')} == {
        file.relative_to(root / 'candidates_train'): file.read_bytes() for file in (root / 'candidates_train').rglob('*.*')}


def test_two_phases_from_training_to_score(candidates, phase_one, sample, run_tool, tmp_path):
    root, _ = candidates
    done = run_tool(f'train.py {RESNET} --work-dir {tmp_path}/two --data-root {root}/ --cfg-options {SHORT}')
    assert 'accuracy' in done.stdout + done.stderr and 'centroid/ap' in done.stdout + done.stderr
    phases = f'model.phase_one_checkpoint={phase_one} model.phase_two_checkpoint={tmp_path}/two'
    marks = MARKS.replace('model.', 'model.phase_one.')
    done = run_tool(f'test.py {JOINED} --work-dir {tmp_path}/joined --data-root {sample}/ --out {tmp_path}/found.json '
                    f'--cfg-options {FRAMES} {TEST_SHORT} {phases} {marks}')
    assert '4 frames scored' in done.stdout + done.stderr
    frames = json.loads((tmp_path / 'found.json').read_text())['frames']
    scores = [point['score'] for frame in frames for point in frame['points']]
    assert len(scores) > 20 and len(set(scores)) > len(scores) / 2 and max(scores) < 1
    # Phase two was trained on as many; phase one alone finds the same places.
    content, kinds = patches_of(root / 'candidates_val')
    collected = sorted(image['centre'] for image in content['images'] if image['score'] is not None)
    beside = len(scores) - len(collected)
    assert 0 <= beside < len(scores) / 4  # second looks at a figure are left out of the patches
    assert all(any(abs(x - point['x']) < 0.01 and abs(y - point['y']) < 0.01 for frame in frames for point in frame['points'])
               for x, y in collected)


@pytest.mark.parametrize(('flags', 'says'), [
    (dict(frames='nothing.json'), 'nothing.json: cannot be read'),  # an annotation file that is not there
    (dict(checkpoint='/nowhere/epoch_1.pth'), 'no such checkpoint'),
    (dict(options='model.detector.test_cfg.threshold=1.5', flags='--hits-only'), 'lower its threshold'),  # nothing marked
    (dict(flags='--radius 8'), "'30px'"),  # a radius without unit
    (dict(flags='--patch-size 2'), 'give 8 or more'),
    (dict(flags='--negatives -1'), 'give 1 or more'),
    (dict(flags='--seed 1', out='candidates_train'), 'seed 0 there, 1 now'),  # a folder of other candidates
    (dict(out='full'), 'no collection.json'),  # a folder of something else
    (dict(out='file'), '--out'),  # a file
])
def test_bad_input_is_one_line(candidates, collect, tmp_path, flags, says):
    root, _ = candidates
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full' / 'thesis.txt').write_text('x')
    (tmp_path / 'file').write_text('x')
    name = flags.get('out', 'new')
    flags = {key: value for key, value in flags.items() if key != 'out'}
    status, _, error = collect(root / name if name == 'candidates_train' else tmp_path / name, **flags)
    lines = [line for line in error.splitlines() if line.startswith('error: ')]
    assert status == 2 and len(lines) == 1 and says in lines[0] and 'Traceback' not in error
    assert not (tmp_path / 'new' / 'candidates.json').exists() and [*(tmp_path / 'full').iterdir()] == [tmp_path / 'full' / 'thesis.txt']


def test_one_bad_frame_is_skipped_and_listed(collect, sample, tmp_path):
    data = shutil.copytree(sample, tmp_path / 'data', ignore=shutil.ignore_patterns('tiles*'))
    frames = json.loads((data / 'annotations_train.json').read_text())
    victim = data / 'images' / frames['images'][0]['file_name']
    victim.write_bytes(victim.read_bytes()[:4000])
    status, said, complained = collect(tmp_path / 'out', root=data)
    assert status == 0 and f'{len(frames["images"]) - 1} frames' in said and f'{victim.name}: ' in complained
    assert victim.name not in {image['frame'] for image in patches_of(tmp_path / 'out')[0]['images']}
    status, _, complained = collect(tmp_path / 'strict', '--strict', root=data)
    assert status == 2 and victim.name in next(line for line in complained.splitlines() if line.startswith('error: '))


@pytest.mark.parametrize(('command', 'says'), [
    (f'train.py {JOINED}', 'has no train_dataloader'),  # the joined config is not trained
    (f'test.py {FCN}', 'names no checkpoints of its own'),  # a config that needs a checkpoint, and none given
    (f'test.py {JOINED} --cfg-options model.phase_two_checkpoint=None', 'names no checkpoints of its own'),  # one of two
    (f'test.py {JOINED} --cfg-options model.phase_one_checkpoint=/nowhere', '/nowhere: no such checkpoint'),
    (f'test.py {JOINED} {{phase_one}}', 'another model'),  # phase one's alone as the checkpoint of both
])
def test_tools_on_configs_and_checkpoints_that_do_not_fit(command, says, phase_one, sample, in_process, tmp_path):
    command = command.format(phase_one=phase_one).replace('.py ', f'.py --work-dir {tmp_path} --data-root {sample}/ ', 1)
    status, _, error = in_process(f"{command} {'' if '--cfg-options' in command else '--cfg-options'} {FRAMES}")
    lines = [line for line in error.splitlines() if line.startswith('error: ')]
    assert status == 2 and len(lines) == 1 and says in lines[0] and 'Traceback' not in error
