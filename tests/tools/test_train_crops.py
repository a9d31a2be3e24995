"""The config of the bundled weights, from its own kinds of datasets to a model that detects: one iteration on made-up frames."""

import importlib.util
from pathlib import Path

from mitos_mmdet.model_zoo.load_model import load_model

CONFIG = 'configs/mitos/rtmdet_efficientnet-lite0_atypia14.py'


def _write_images():
    path = Path(__file__).parents[1] / 'datasets' / 'test_crop_datasets.py'
    spec = importlib.util.spec_from_file_location('crop_datasets_for_training', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.write_images


def test_a_network_of_crops_trains_and_detects(run_tool, tmp_path):
    for name, size, points in (('atypia14', 300, [(100, 120, 1), (220, 200, 2)]), ('ami_br', 128, [(64, 64, 1)])):
        (tmp_path / name).mkdir()
        _write_images()(tmp_path / name, [(size, size)] * 2, points, 0.25)
    frames, patches = (f'{tmp_path}/{name}/stains.json' for name in ('atypia14', 'ami_br'))
    part = 'train_dataloader.dataset.datasets'
    run_tool(f'train.py {CONFIG} --work-dir {tmp_path}/work --from-scratch --data-root {tmp_path}/ --cfg-options train_cfg.max_iters=1 '
             f'train_cfg.val_interval=1 train_dataloader.batch_size=2 train_dataloader.num_workers=0 '
             f'train_dataloader.persistent_workers=False val_dataloader.num_workers=0 val_dataloader.persistent_workers=False '
             f'val_dataloader.dataset.ann_file=atypia14/stains.json {part}.0.ann_file={frames} {part}.1.ann_file={patches} '
             f'{part}.0.pipeline.0.bank={frames},{patches} {part}.1.pipeline.0.bank={frames},{patches} model.tile_size=256 '
             f'model.overlap=64')
    assert load_model(CONFIG, tmp_path / 'work' / 'iter_1.pth').classes == ('mitotic figure', )
