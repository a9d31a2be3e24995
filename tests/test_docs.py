"""Every command and every snippet of README and docs is run, in their order, in a folder laid out as they say.

The data are small stand-ins in the contests' layouts; flags that make a training short are added to the printed command.
"""

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.model_zoo import bundled_names

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]
SHORT = ['train_cfg.max_epochs=1', 'train_cfg.val_interval=1', 'train_dataloader.batch_size=2', 'train_dataloader.dataset.indices=2',
         'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False']
WITHOUT_WORKERS = [f'{loader}_dataloader.{key}' for loader in ('val', 'test')
                   for key in ('num_workers=0', 'persistent_workers=False')]
# The published network is far too large for a test. In the desk's copy of the configs, the small one stands in its place.
LARGE, SMALL = 'models/cascade_rcnn_x101_64x4d_fpn.py', 'models/cascade_rcnn_r18_small.py'
# mmdet's own compat file is written by tests/test_compat.py, into a copy of mmcv.
ELSEWHERE = ('git clone', 'pip install', 'python3 -m venv', 'make ', 'python -m mitos_mmdet.compat')


def blocks(language):
    """``(page, text)`` of every fenced block of a language."""
    return [(page.name, text) for page in PAGES for text in re.findall(rf'```{language}\n(.*?)```', page.read_text(encoding='utf-8'), re.S)]


def commands():
    """Each printed command once, in order."""
    return list(dict.fromkeys(line.strip() for _, text in blocks('bash') for line in text.splitlines() if line.strip()))


def is_run(words, name):
    """Whether a command line runs ``tools/NAME.py`` or ``mitos NAME``, under torchrun too."""
    return f'tools/{name}.py' in words or words[:2] == ['mitos', name]


def shortening(words):
    """The settings that make a printed training or test short; the config that joins both phases has nothing to train."""
    joins = any('two_phase_small' in word for word in words)
    return (SHORT if is_run(words, 'train') else []) + WITHOUT_WORKERS if not joins else []


@pytest.fixture(scope='module')
def desk(tmp_path_factory, sample):
    """A folder with configs/, tools/ and stand-ins for the contests' data and for data of one's own."""
    desk = tmp_path_factory.mktemp('desk')
    (desk / 'tools').symlink_to(ROOT / 'tools')
    base = shutil.copytree(ROOT / 'configs', desk / 'configs') / '_base_'
    small = (base / SMALL).read_text().replace(Path(LARGE).name, 'published.py')
    (base / LARGE).rename(base / 'models/published.py')
    (base / SMALL).write_text(small)
    (base / LARGE).write_text(f"_base_ = './{Path(SMALL).name}'\n")
    shutil.copytree(sample, desk / 'data/midog', ignore=shutil.ignore_patterns('tiles*', 'annotations*'))
    shutil.copytree(sample, desk / 'data/sample', ignore=shutil.ignore_patterns('tiles*'))
    truth = json.loads((sample / 'annotations_test.json').read_text())
    frames = [dict(file_name=image['file_name'], width=image['width'], height=image['height'], um_per_px=image['um_per_px'],
                   points=[dict(x=each['centroid'][0], y=each['centroid'][1], label='mitotic figure', score=0.9)
                           for each in truth['annotations'] if each['image_id'] == image['id']]) for image in truth['images']]
    (desk / 'work_dirs/demo').mkdir(parents=True)
    (desk / 'work_dirs/demo/detections.json').write_text(json.dumps(dict(
        format='mitos_mmdet detections', version=1, classes=['mitotic figure'], frames=frames, skipped=[])))
    noise = np.random.default_rng(0)

    def image(path, shape=(300, 320, 3)):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise.integers(0, 255, shape, dtype=np.uint8)).save(path)

    for slide in ('H03', 'H04', 'H15', 'H18', 'H05', 'H11'):
        image(desk / f'data/atypia14/{slide}/frames/x40/{slide}_00Aa.jpg')
        for kind in ('mitosis', 'not_mitosis'):
            label = desk / f'data/atypia14/{slide}/mitosis/{slide}_00Aa_{kind}.csv'
            label.parent.mkdir(exist_ok=True)
            label.write_text('100,120,1.0\n')
    image(desk / 'data/icpr2012/A00_01.jpg')
    (desk / 'data/icpr2012/A00_01.csv').write_text(','.join(f'{x},{y}' for x in range(50, 60) for y in range(70, 80)) + '\n')
    for case in ('01', '04', '27'):
        label = desk / f'data/tupac16/mitoses_ground_truth/{case}/01.csv'
        label.parent.mkdir(parents=True)
        label.write_text('100,120\n')
    (desk / 'data/ami_br').mkdir()
    rows = [f'{number},00{number}.tiff,MIDOG21,{number},400,200,NMF metaphase,NMF metaphase,False,False,False,False' for number in (1, 2)]
    head = ',slide,dataset,uid,x,y,expert1_label,expert2_label,expert1_atypical,expert2_atypical,expert3_atypical,majority_atypical'
    (desk / 'data/ami_br/AMI-BR.csv').write_text('\n'.join((head, *rows, '')))
    for number in (1, 2):
        image(desk / f'data/ami_br/normal/MIDOG21_{number}.jpg', (128, 128, 3))
    own = desk / 'data/own'
    for name in ('case1_a', 'case2_a', 'case3_a'):
        image(own / f'images/{name}.png')
    page = (ROOT / 'docs/own_labels.md').read_text(encoding='utf-8')
    (own / 'labels.csv').write_text(re.search(r'```text\n(image,x,y.*?)```', page, re.S)[1])
    (own / 'qupath').mkdir(exist_ok=True)
    for name in ('case1_a', 'case2_a'):
        mark = dict(type='Feature', geometry=dict(type='Point', coordinates=[100, 120]), properties=dict(
            objectType='annotation', classification=dict(name='mitotic figure')))
        (own / f'qupath/{name}.geojson').write_text(json.dumps(dict(type='FeatureCollection', features=[mark])))
    return desk


@pytest.fixture(scope='module')
def after_commands(desk, run_tool):
    """The folder after every command was run."""
    for command in commands():
        if command.startswith(ELSEWHERE):
            continue
        words = shlex.split(command)
        if words[:2] in (['mitos', 'detect'], ['mitos', 'calibrate']) and not bundled_names():
            continue
        if is_run(words, 'train'):
            words += ['--from-scratch']
        if (is_run(words, 'train') or is_run(words, 'test')) and shortening(words):
            words += ['--cfg-options', *shortening(words)]
        if is_run(words, 'mine-negatives'):
            words += ['--threshold', '0.001']  # of a network that has learnt nothing
        if is_run(words, 'make_sample') or is_run(words, 'make-sample'):
            words += ['--frames', '8', '--size', '400x320']
        if words[0] == 'torchrun':  # here in this process; two of them train and test in tests/tools/test_train.py
            assert words[1:3] == ['--nproc_per_node', '2'] and '--launcher pytorch' in command, command
            words = ['python', *words[3:]]
            at = words.index('--launcher')
            del words[at:at + 2]
        if words[0] == 'mitos':
            run_tool(words, cwd=desk)
        else:
            assert words[0] == 'python' and words[1].startswith('tools/'), f'who runs {command!r}?'
            run_tool([words[1].removeprefix('tools/'), *words[2:]], cwd=desk)
    return desk


def test_there_are_commands():
    assert sum('tools/' in command for command in commands()) >= 12


@pytest.mark.slow
def test_every_command_runs(after_commands):
    for made in ('work_dirs/cascade_rcnn_midog/epoch_1.pth', 'work_dirs/found.json',
                 'work_dirs/pictures/precision_recall.png', 'data/atypia14/tiles_train/tiles.json', 'data/tupac16/annotations_val.json',
                 'data/sample/tiles_train/tiles.json'):
        assert (after_commands / made).is_file(), made


def test_make_targets_and_extras_exist():
    makefile, setup = (ROOT / 'Makefile').read_text(), (ROOT / 'setup.py').read_text()
    for command in commands():
        if command.startswith('make '):
            assert f'\n{command.split()[1]}:' in makefile
        if command.startswith('pip install') and '[' in command:
            for extra in command.split('[')[1].split(']')[0].split(','):
                assert f"'{extra}'" in setup


@pytest.mark.skipif(not bundled_names(), reason='no bundled model')
def test_python_snippet_detects(desk, monkeypatch, capsys):
    monkeypatch.chdir(desk)
    exec(next(text for page, text in blocks('python') if page == 'README.md' and 'load_model' in text), {})
    assert 'Hotspot' in capsys.readouterr().out


def test_neck_snippet_trains(tmp_path):
    import mmdet
    import torch
    from mmdet.registry import MODELS
    from mmdet.structures import DetDataSample
    from mmengine.config import Config
    from mmengine.registry import DefaultScope
    from mmengine.structures import InstanceData

    import mitos_mmdet.register  # noqa: F401
    from mitos_mmdet.compat.config_edits import set_from_scratch

    text = next(text for _, text in blocks('python') if 'Conv34Neck' in text)
    (tmp_path / 'config.py').write_text(text.replace('mmdet::', f'{Path(mmdet.__file__).parent}/.mim/configs/'))
    cfg = Config.fromfile(tmp_path / 'config.py')
    set_from_scratch(cfg)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(cfg.model)
        sample = DetDataSample(gt_instances=InstanceData(bboxes=torch.tensor([[8.0, 8, 40, 40]]), labels=torch.tensor([0])),
                               metainfo=dict(img_shape=(64, 64), pad_shape=(64, 64), scale_factor=(1.0, 1.0), ori_shape=(64, 64)))
        losses = model.loss(torch.rand(1, 3, 64, 64), [sample])
    assert torch.isfinite(losses['loss_bbox'])


def test_pipeline_snippet_builds(tmp_path, sample):
    from mmdet.registry import DATASETS, METRICS, MODELS
    from mmengine.config import Config
    from mmengine.registry import DefaultScope

    import mitos_mmdet.register  # noqa: F401
    from mitos_mmdet.compat.config_edits import set_from_scratch

    text = next(text for _, text in blocks('python') if "_base_ = ['mmdet::" in text)
    # A path instead of mmdet::, which needs pkg_resources on one of the two lines.
    import mmdet
    text = text.replace('mmdet::', f'{Path(mmdet.__file__).parent}/.mim/configs/')
    (tmp_path / 'config.py').write_text(text)
    cfg = Config.fromfile(tmp_path / 'config.py')
    set_from_scratch(cfg)
    train, val = cfg.train_dataloader.dataset, cfg.val_dataloader.dataset
    train.data_root = val.data_root = f'{sample}/'
    val.ann_file = 'annotations_test.json'
    with DefaultScope.overwrite_default_scope('mmdet'):
        model, metric = MODELS.build(cfg.model), METRICS.build(cfg.val_evaluator)
        assert len(DATASETS.build(train)[0]['data_samples'].gt_instances) > 0
        frame = DATASETS.build(val)[0]
        frame = dict(inputs=[frame['inputs']], data_samples=[frame['data_samples']])
        metric.dataset_meta = dict(classes=('mitotic figure', 'hard negative'))
        model.tile_size = 256
        metric.process(frame, [found.to_dict() for found in model.eval().test_step(frame)])
        assert metric.evaluate(1)['centroid/frames'] == 1
    assert model.detector.roi_head.bbox_head.num_classes == 2 and str(metric.radius) == '7.5um'
    assert cfg.val_evaluator == dict(type='CentroidMetric', radius='7.5um')


def test_nothing_is_left_to_fill_in():
    for page in PAGES:
        assert not re.search(r'@[A-Z_]+@', page.read_text(encoding='utf-8')), page.name


def test_site_shows_every_notebook():
    page = (ROOT / 'docs/examples.md').read_text(encoding='utf-8')
    assert sorted(re.findall(r'<!-- notebook: (\w+) -->', page)) == sorted(path.stem for path in (ROOT / 'examples').glob('*.ipynb'))


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r'```.*?```', '', page.read_text(encoding='utf-8'), flags=re.S)
    return {re.sub(r'[^\w\- ]', '', heading.lower()).strip().replace(' ', '-') for heading in re.findall(r'^#+ (.*)', text, re.M)}


def test_every_link_leads_somewhere():
    for page in PAGES:
        for link, anchor in re.findall(r'\]\(([^)#:]*)(?:#([^)]*))?\)', page.read_text(encoding='utf-8')):
            target = page.parent / link if link else page
            assert target.exists(), f'{page.name}: {link}'
            assert not anchor or target.suffix != '.md' or anchor in anchors(target), f'{page.name}: {link}#{anchor}'
