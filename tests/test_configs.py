"""Every config: it builds, its losses are finite, it predicts on a frame that needs tiles, and its pipelines run on the sample."""

import copy
import functools
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

import mitos_mmdet.register  # noqa: F401
from mitos_mmdet.compat.config_edits import set_from_scratch

CONFIGS = sorted(Path(__file__).parents[1].glob('configs/mitos/**/*.py'))
# Same layers, other numbers: of these the small twin is built, which is as good and ten times faster. All are read.
_NUMBERS_ONLY = ('network_px_boxes', 'rpn_weight_1', 'anchors128', 'anchors16', 'one_class', 'ohem', 'iou_balanced', 'focal')
# Of configs that differ in their data alone, the second is built.
SAME_MODEL = {
    **{f'{system}_{data}': f'{system}_atypia14' for system in ('mitos_rcnn_vgg16', 'faster_rcnn_vgg16', 'faster_rcnn_vgg16_conv4')
       for data in ('icpr2012', 'mitos_boxes')},
    **{f'mask_rcnn_r101_fpn_{data}': 'mask_rcnn_r101_fpn_atypia14' for data in ('icpr2012', 'tupac16')},
    **{f'cascade_rcnn_midog_{data}': 'cascade_rcnn_midog' for data in ('colour', 'visible_crop')},
    'cascade_rcnn_r18_small_sample': 'cascade_rcnn_r18_small_atypia14',
    'rtmdet_efficientnet-lite0_averaged_atypia14': 'rtmdet_efficientnet-lite0_atypia14',
    'own_data': 'rtmdet_efficientnet-lite0_atypia14'}


def small_twin(path):
    """The name that a config of published size has in small."""
    return path.stem.replace('vgg16_conv4', 'lite0_conv4_small').replace('vgg16', 'lite0_small') if 'vgg16' in path.stem else \
        f"{path.stem.replace('midog', 'lite0_small')}_atypia14"


def is_built(path):
    """Whether no other config builds the same layers for it."""
    twin = any(kind in path.stem for kind in _NUMBERS_ONLY) and small_twin(path) in {other.stem for other in CONFIGS}
    return path.stem not in SAME_MODEL and not (twin and path.parent.name == 'ablations')


BUILT = list(filter(is_built, CONFIGS))


@functools.cache
def parsed(path):
    return Config.fromfile(path)


def config(path):
    """The config as it stands, the caller's to change."""
    return copy.deepcopy(parsed(path))


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmdet')


def read(path):
    """The config without pretrained weights, tiles cut down so that a small frame needs several, heads narrow for the time."""
    cfg = config(path)
    set_from_scratch(cfg)
    for part in dicts(cfg.model):
        if 'fc_out_channels' in part:
            part.fc_out_channels = 64
    for part in (cfg.model, cfg.model.get('phase_one', {})):
        if part.get('type') == 'TiledDetector':
            part.update(tile_size=128, overlap=0)
    return cfg


def dicts(part):
    """Every dict in a nest of dicts and lists."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        for item in part:
            yield from dicts(item)


def is_trained(cfg):
    """Whether a config trains: one that only joins trained parts has no train_dataloader."""
    return cfg.get('train_dataloader') is not None


def batch(with_objects, with_masks=False):
    """Two training crops as the dataloader gives them; the second holds no object."""
    from mmdet.structures import DetDataSample
    from mmdet.structures.mask import PolygonMasks
    from mmengine.structures import InstanceData

    generator = torch.Generator().manual_seed(0)
    boxes = torch.tensor([[20., 20., 70., 70.], [40., 44., 90., 94.]]) if with_objects else torch.zeros(0, 4)
    samples = []
    for own in (boxes, boxes[:0]):
        sample = DetDataSample(metainfo=dict(img_shape=(96, 96), ori_shape=(96, 96), scale_factor=(1.0, 1.0)))
        sample.gt_instances = InstanceData(bboxes=own, labels=torch.zeros(len(own), dtype=torch.long))  # a class that all configs have
        if with_masks:
            sample.gt_instances.masks = PolygonMasks([[box[[0, 1, 2, 1, 2, 3, 0, 3]].double().numpy()] for box in own], 96, 96)
        samples.append(sample)
    return dict(inputs=[torch.randint(0, 256, (3, 96, 96), dtype=torch.uint8, generator=generator) for _ in samples],
                data_samples=samples)


def datasets_of(dataset):
    """The datasets that a ConcatDataset joins, or the one."""
    return dataset.get('datasets', [dataset])


def test_there_are_configs():
    assert len(CONFIGS) >= 9


@pytest.mark.parametrize(('name', 'built'), SAME_MODEL.items())
def test_what_is_built_for_several_data_sets_is_one_model(name, built):
    models = {path.stem: config(path).model for path in CONFIGS if path.stem in (name, built)}
    assert models[name] == models[built] and built in {path.stem for path in BUILT}


@pytest.mark.parametrize('path', BUILT, ids=lambda path: path.stem)
def test_builds_and_runs(path):
    from mmdet.registry import MODELS

    cfg = read(path)
    model = MODELS.build(cfg.model)
    for with_objects in (True, False) if is_trained(cfg) else ():
        with_masks = 'mask_head' in cfg.model.get('detector', {}).get('roi_head', {})
        data = model.data_preprocessor(batch(with_objects, with_masks), training=True)
        total, _ = model.parse_losses(model(**data, mode='loss'))
        assert torch.isfinite(total) and total.requires_grad
    # A frame of several tiles, none of them a multiple of the stride.
    frame = dict(inputs=[torch.randint(0, 256, (3, 150, 201), dtype=torch.uint8)], data_samples=batch(True)['data_samples'][:1])
    found = model.eval().test_step(frame)[0].pred_instances
    assert found.bboxes.shape == (len(found), 4)
    assert (found.bboxes[:, 2:] <= torch.tensor([201., 150.])).all() and (found.bboxes >= 0).all()


@pytest.mark.parametrize('path', BUILT, ids=lambda path: path.stem)
def test_two_builds_are_alike(path):
    from mmdet.registry import MODELS

    cfg = read(path)
    with torch.device('meta'):  # names and shapes alone
        first, second = ({name: value.shape for name, value in MODELS.build(cfg.model).state_dict().items()} for _ in range(2))
    assert first == second


@pytest.mark.parametrize('path', [path for path in BUILT if 'rtmdet' in path.stem], ids=lambda path: path.stem)
def test_norms_are_the_configs_own_on_several_gpus(path, monkeypatch):
    from mmdet.models.detectors import rtmdet
    from mmdet.registry import MODELS

    monkeypatch.setattr(rtmdet, 'get_world_size', lambda: 2)
    with torch.device('meta'):
        model = MODELS.build(read(path).model)
    assert not any(isinstance(layer, torch.nn.SyncBatchNorm) for layer in model.modules())


@pytest.mark.parametrize('name', ['cascade_rcnn_midog', 'mitos_rcnn_vgg16_mitos_boxes', 'mask_rcnn_r101_fpn_tupac16',
                                  'two_phase_fcn_vgg16_tupac16', 'rtmdet_efficientnet-lite0_atypia14'])
def test_metafile_knows_the_number_of_parameters(name):
    import yaml
    from mmdet.registry import MODELS

    files = (Path(__file__).parents[1] / 'configs/mitos/metafiles').glob('*.yml')
    model = next(model for file in files for model in yaml.safe_load(file.read_text())['Models'] if model['Name'] == name)
    with torch.device('meta'):
        built = MODELS.build(Config.fromfile(Path(__file__).parents[1] / model['Config']).model)
    assert model['Metadata']['Parameters'] == sum(weights.numel() for weights in built.parameters())


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_pipelines_run_on_the_sample(path, sample):
    from mmdet.registry import DATASETS

    cfg = read(path)
    if is_trained(cfg):
        train = cfg.train_dataloader.dataset
        for dataset in datasets_of(train):
            dataset.update(data_root=f'{sample}/', ann_file='tiles_train/tiles.json', data_prefix=dict(img='tiles_train/images/'))
            for step in dataset.pipeline:
                if 'bank' in step:
                    step.bank = None  # stains of the real data
        train = DATASETS.build(train)
        assert train[0]['inputs'].shape[0] == 3
        # The first tile may hold nothing but a class that the config leaves out.
        assert any(len(train[index]['data_samples'].gt_instances.bboxes) > 0 for index in range(len(train)))
    val = cfg.val_dataloader.dataset
    val.update(data_root=f'{sample}/', ann_file='annotations_test.json', data_prefix=dict(img='images/'))
    item = DATASETS.build(val)[0]
    assert item['data_samples'].ori_shape == (320, 400) and item['inputs'].shape[1:] == item['data_samples'].img_shape
    assert {'instances', 'um_per_px', 'scanner', 'domain', 'case_id'} <= set(item['data_samples'].metainfo_keys())


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_one_variable_moves_the_data(path):
    # Every dataset of a config sits under its data_root, so that --data-root or one line moves them all.
    cfg = config(path)
    loaders = (cfg.val_dataloader, cfg.test_dataloader, *([cfg.train_dataloader] if is_trained(cfg) else []))
    assert {dataset.data_root for loader in loaders for dataset in datasets_of(loader.dataset)} == {cfg.data_root}


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_learning_rates_scale_from_the_configs_own_batch(path):
    # --auto-scale-lr multiplies by the real batch over this one.
    cfg = config(path)
    if is_trained(cfg) and 'auto_scale_lr' in cfg:
        assert cfg.auto_scale_lr.base_batch_size == cfg.train_dataloader.batch_size
