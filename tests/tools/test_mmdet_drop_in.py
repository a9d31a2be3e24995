"""What mmdet ships takes our configs as they are, and our metric goes into mmdet's: its own tools, run in this process.

That they also run by themselves, without ``mitos_mmdet`` imported first, is in ``test_mmdet_tools.py``.
"""

import importlib.util
import json
import re
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
MMDET = Path(importlib.util.find_spec('mmdet').origin).parent / '.mim'
CONFIG = ROOT / 'configs/mitos/small/cascade_rcnn_r18_small_sample.py'
PLAIN = MMDET / 'configs/rtmdet/rtmdet_tiny_8xb32-300e_coco.py'
TOOLS, ANALYSIS = MMDET / 'tools', MMDET / 'tools/analysis_tools'


@pytest.fixture(scope='module', autouse=True)
def registered():
    """As in a process whose config names ``mitos_mmdet.register``."""
    import mitos_mmdet.register  # noqa: F401


@pytest.fixture(scope='module')
def plain_checkpoint(tmp_path_factory):
    """Random weights of mmdet's own RTMDet-tiny for two classes."""
    from mmdet.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import DefaultScope

    cfg = Config.fromfile(PLAIN)
    cfg.model.bbox_head.num_classes = 2
    path = tmp_path_factory.mktemp('plain') / 'plain.pth'
    with DefaultScope.overwrite_default_scope('mmdet'):
        torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta={}), path)
    return path


@pytest.fixture(scope='module')
def trained(run_tool, sample, tmp_path_factory):
    """``(work dir, flags)`` of one epoch by mmdet's ``train.py``."""
    data = [f'{loader}_dataloader.{key}' for loader in ('train', 'val', 'test')
            for key in (f'dataset.data_root={sample}/', 'num_workers=0', 'persistent_workers=False')]
    options = ['--cfg-options', *data, 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1', 'train_dataloader.batch_size=2',
               'train_dataloader.dataset.indices=4', 'default_hooks.logger.interval=1', 'model.tile_size=256', 'model.overlap=64']
    work_dir = tmp_path_factory.mktemp('trained')
    run_tool([str(TOOLS / 'train.py'), str(CONFIG), '--work-dir', str(work_dir), *options])
    return work_dir, options


def test_test(run_tool, trained, tmp_path):
    work_dir, options = trained
    run_tool([str(TOOLS / 'test.py'), str(CONFIG), str(work_dir / 'epoch_1.pth'), '--work-dir', str(tmp_path), *options])
    assert json.loads(next(tmp_path.glob('*/*.json')).read_text())['centroid/frames'] == 4


def test_analyze_logs(run_tool, trained, tmp_path):
    tool, log = ANALYSIS / 'analyze_logs.py', next(trained[0].glob('*/vis_data/scalars.json'))
    seaborn = 'import seaborn' in tool.read_text()  # mmdet 3.3's; the maintained line plots without, and does not know seaborn's styles
    if seaborn:
        pytest.importorskip('seaborn')
    assert 'average iter time' in run_tool([str(tool), 'cal_train_time', str(log), '--include-outliers']).stdout
    picture = tmp_path / 'loss.png'
    run_tool([str(tool), 'plot_curve', str(log), '--keys', 'loss', '--out', str(picture), '--backend', 'agg',
              '--style', 'dark' if seaborn else 'default'])
    assert picture.stat().st_size > 1000


@pytest.mark.parametrize('config', [CONFIG, ROOT / 'configs/mitos/small/mask_rcnn_r18_small_atypia14.py'], ids=['boxes', 'masks'])
def test_browse_dataset(run_tool, sample, tmp_path, config):
    run_tool([str(ANALYSIS / 'browse_dataset.py'), str(config), '--not-show', '--output-dir', str(tmp_path), '--cfg-options',
              f'train_dataloader.dataset.data_root={sample}/', 'train_dataloader.dataset.indices=3'])
    assert len(list(tmp_path.iterdir())) == 3


def test_five_lines_score_an_mmdet_config(run_tool, sample, tmp_path, plain_checkpoint):
    page = (ROOT / 'docs/mmdet_pipelines.md').read_text(encoding='utf-8')
    text = next(text for text in re.findall(r'```python\n(.*?)```', page, re.S) if 'rtmdet/rtmdet_tiny' in text)
    assert len(text.splitlines()) == 7  # the base, its classes, and five
    # A path instead of mmdet::, which needs pkg_resources on one of the two lines.
    (tmp_path / 'plain.py').write_text(text.replace('mmdet::', f'{MMDET}/configs/').replace('data/midog/', f'{sample}/').replace(
        'annotations_val.json', 'annotations_test.json'))
    run_tool([str(TOOLS / 'test.py'), str(tmp_path / 'plain.py'), str(plain_checkpoint), '--work-dir', str(tmp_path), '--cfg-options',
              'test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False'])
    scores = json.loads(next(tmp_path.glob('*/*.json')).read_text())
    assert scores['centroid/frames'] == 4 and scores['centroid/tp'] + scores['centroid/fn'] > 0


def test_cfg_options_score_an_untouched_mmdet_config(run_tool, sample, tmp_path, plain_checkpoint):
    dataset = 'test_dataloader.dataset'
    run_tool(['test.py', str(PLAIN), str(plain_checkpoint), '--work-dir', str(tmp_path), '--data-root', f'{sample}/',
              '--classes', 'mitotic figure', 'hard negative', '--cfg-options', 'test_dataloader.num_workers=0',
              f'{dataset}.type=MitosisDataset', f'{dataset}.ann_file=annotations_test.json', f'{dataset}.data_prefix.img=images/',
              f'{dataset}.pipeline.4.meta_keys=img_id,img_path,ori_shape,img_shape,scale_factor,um_per_px,instances,case_id,scanner,domain',
              'test_evaluator._delete_=True', 'test_evaluator.type=CentroidMetric'])
    assert json.loads(next(tmp_path.glob('*/*.json')).read_text())['centroid/frames'] == 4
