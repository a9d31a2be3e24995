"""Every config prepares its training and its test images alike, or its ``train_test_differences`` says why not."""

from pathlib import Path

import pytest
from mmengine.config import Config

CONFIGS = sorted(Path(__file__).parents[1].glob('configs/mitos/**/*.py'))
SIZES = ('CentroidsToBoxes', 'CentroidsToMasks')
RESIZES = ('Resize', 'ResizeToPixelSize')


def pipelines(cfg, loader):
    """The pipelines of all datasets of a loader, joined ones included."""
    dataset = (cfg.get(loader) or {}).get('dataset', {})
    return [part['pipeline'] for part in dataset.get('datasets', [dataset]) if 'pipeline' in part]


def steps(pipeline, kinds):
    """The steps of these kinds, as plain data that compares."""
    return [dict(step) for step in pipeline if step['type'] in kinds]


def differences(cfg):
    """The kinds of steps that training and test do not share."""
    train = pipelines(cfg, 'train_dataloader')
    test = pipelines(cfg, 'val_dataloader') + pipelines(cfg, 'test_dataloader')
    for name, kinds in (('NormalizeStain', ('NormalizeStain',)), ('Resize', RESIZES)):
        if train and any(steps(one, kinds) != steps(other, kinds) for one in train for other in test):
            yield name


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_training_and_test_prepare_images_alike(path):
    cfg = Config.fromfile(path)
    declared = cfg.get('train_test_differences', {})
    if not pipelines(cfg, 'train_dataloader'):
        return  # joins parts that other configs train
    assert set(differences(cfg)) == set(declared)
    assert all(len(reason.split()) >= 5 for reason in declared.values())


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_every_dataset_draws_objects_of_one_size(path):
    cfg = Config.fromfile(path)
    sizes = [steps(pipeline, SIZES) for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader')
             for pipeline in pipelines(cfg, loader)]
    # Outlines, of a contest that has them, have their own size; where one is missing it is drawn as the others are.
    drawn = [[{key: value for key, value in step.items() if key != 'source'} for step in each] for each in sizes if each]
    assert len(set(map(str, drawn))) <= 1


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_random_scales_lie_around_the_size_of_the_test(path):
    # A test frame is not resized, so the middle one of the scales is a tile's own size.
    cfg = Config.fromfile(path)
    for pipeline in pipelines(cfg, 'train_dataloader'):
        for step in steps(pipeline, ('RandomChoiceResize',)):
            sides = [side for side, _ in step['scales']]
            assert sides[len(sides) // 2] == cfg.train_tile_px
            assert sides[0] + sides[-1] == 2 * sides[len(sides) // 2]


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_frames_to_score_keep_their_metadata(path):
    cfg = Config.fromfile(path)
    for loader in ('val_dataloader', 'test_dataloader'):
        for pipeline in pipelines(cfg, loader):
            assert pipeline[-1]['type'] == 'PackFrameInputs'


def test_a_difference_is_seen():
    # The comparison itself: stain normalisation left out of training alone.
    cfg = Config.fromfile(next(path for path in CONFIGS if path.stem == 'cascade_rcnn_midog_colour'))
    pipeline = cfg.train_dataloader.dataset.pipeline
    cfg.train_dataloader.dataset.pipeline = [step for step in pipeline if step.type != 'NormalizeStain']
    assert list(differences(cfg)) == ['NormalizeStain']
