"""What the papers' ablation configs change, and that it is the only thing they change."""

import copy
import functools
import re
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mitos_mmdet.model_zoo.config_facts import pixel_size

CONFIGS = Path(__file__).parents[1] / 'configs' / 'mitos'
FAMILY = sorted(path.stem for kind in ('mitos_rcnn_*', 'faster_rcnn_vgg16*', 'faster_rcnn_lite0*') for path in CONFIGS.rglob(f'{kind}.py'))
SMALL_CASCADE = ('cascade_rcnn_lite0_small', 'cascade_rcnn_lite0_small_atypia14')


@functools.cache
def read(name):
    """A config by its name; shared, so copy what you change."""
    return Config.fromfile(next(CONFIGS.rglob(f'{name}.py')))


def flat(part, lead=''):
    """A nest of dicts and lists as ``{dotted path: value}``."""
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, (list, tuple)) else ()
    return {lead: part} if not items else {key: value for name, child in items for key, value in flat(child, f'{lead}.{name}').items()}


def changed(name, base):
    """Dotted paths in the model and the training data in which a config differs from its base."""
    one, other = (flat(dict(model=read(each).model, train=read(each).train_dataloader)) for each in (name, base))
    return {key for key in {*one, *other} if one.get(key) != other.get(key)}


def rpn_losses(cfg):
    head = cfg.model.detector.rpn_head
    return [head[part].loss_bbox for part in ('rpn1', 'rpn2')] if 'rpn1' in head else [head.loss_bbox]


@pytest.mark.parametrize('name', FAMILY)
def test_test_frames_are_normalised(name):
    # Section IV-A: "all image data was normalized".
    steps = [step for step in read(name).test_dataloader.dataset.pipeline if step.type == 'NormalizeStain']
    assert len(steps) == 1 and steps[0].get('prob', 1.0) == 1.0


@pytest.mark.parametrize('name', FAMILY)
def test_rpns_have_fast_rcnns_robust_loss(name):
    # Equation 2: R is the robust loss of Fast R-CNN, quadratic up to 1.
    assert [loss.beta for loss in rpn_losses(read(name))] == [1.0] * len(rpn_losses(read(name)))


@pytest.mark.parametrize('name, positions', [
    ('faster_rcnn_vgg16_atypia14', [18**2]), ('faster_rcnn_vgg16_conv4_atypia14', [37**2]), ('mitos_rcnn_vgg16_atypia14', [37**2, 74**2]),
    ('faster_rcnn_lite0_small_atypia14', [19**2]), ('faster_rcnn_lite0_conv4_small_atypia14', [38**2]),
    ('mitos_rcnn_lite0_small_atypia14', [38**2, 75**2])])
def test_lambda_10_over_the_real_positions(name, positions):
    from mmdet.registry import MODELS
    from mmengine.registry import DefaultScope

    import mitos_mmdet.register  # noqa: F401

    cfg = read(name)
    assert [loss.loss_weight for loss in rpn_losses(cfg)] == [10 * 256 / count for count in positions]
    backbone = dict(copy.deepcopy(cfg.model.detector.backbone), init_cfg=None)
    with DefaultScope.overwrite_default_scope('mmdet'), torch.no_grad():
        maps = MODELS.build(backbone)(torch.zeros(1, 3, 299, 299))
    assert [level.shape[-2] * level.shape[-1] for level in maps[::-1]] == positions


@pytest.mark.parametrize('net', ['vgg16', 'lite0_small'])
def test_single_changes_of_the_cascade(net):
    base = f'mitos_rcnn_{net}_atypia14'
    roi = '.model.detector.roi_head.bbox_'
    boxes = changed(f'mitos_rcnn_{net}_network_px_boxes_atypia14', base)
    assert boxes == {f'.train.dataset.pipeline.3.image_size.{side}' for side in (0, 1)}
    weights = changed(f'mitos_rcnn_{net}_rpn_weight_1_atypia14', base)
    assert weights == {f'.model.detector.rpn_head.{rpn}.loss_bbox.loss_weight' for rpn in ('rpn1', 'rpn2')}
    anchors = changed(f'mitos_rcnn_{net}_anchors128_atypia14', base)
    assert anchors and all('.rpn1.anchor_generator.scales' in key for key in anchors)
    both = changed(f'mitos_rcnn_{net}_roi_both_atypia14', base)
    assert both and all(key.startswith(roi) for key in both)
    conv4 = changed(f'mitos_rcnn_{net}_roi_conv4_atypia14', base)
    assert conv4 and all(key.startswith((roi, '.model.detector.neck.out_maps', '.model.detector.rpn_head.rpn')) for key in conv4)
    # The RPNs still see their own maps: RPN_1 the coarse one, RPN_2 the joint one.
    model = read(f'mitos_rcnn_{net}_roi_conv4_atypia14').model.detector
    seen = [model.neck.out_maps[model.rpn_head[maps][0]] for maps in ('rpn1_maps', 'rpn2_maps')]
    assert seen == ['coarse', 'joint'] and model.roi_head.bbox_roi_extractor.featmap_strides == [8]


@pytest.mark.parametrize('net', ['vgg16', 'vgg16_conv4', 'lite0_small', 'lite0_conv4_small'])
def test_single_changes_of_the_baselines(net):
    head, base = '.model.detector.rpn_head.', f'faster_rcnn_{net}'
    assert changed(f'{base}_rpn_weight_1_atypia14', f'{base}_atypia14') == {f'{head}loss_bbox.loss_weight'}
    anchors = changed(f'{base}_anchors16_atypia14', f'{base}_atypia14')
    assert anchors and all(key.startswith(f'{head}anchor_generator.scales') for key in anchors)


@pytest.mark.parametrize('net', ['vgg16', 'lite0_small', 'vgg16_conv4', 'lite0_conv4_small'])
def test_controls_for_lambda_weigh_every_rpn_by_1(net):
    names = [f'faster_rcnn_{net}_rpn_weight_1_atypia14'] + [f'mitos_rcnn_{net}_rpn_weight_1_atypia14'] * ('conv4' not in net)
    assert [loss.loss_weight for name in names for loss in rpn_losses(read(name))] == [1.0] * (1 if 'conv4' in net else 3)


def test_all_models_have_both_anchor_sets():
    def sides(name):
        head = read(name).model.detector.rpn_head
        generator = head.get('rpn1', head).anchor_generator
        return [scale * generator.strides[0] for scale in generator.scales]
    for net in ('vgg16', 'lite0_small'):
        conv4 = 'vgg16_conv4' if net == 'vgg16' else 'lite0_conv4_small'
        small = [sides(f'mitos_rcnn_{net}_atypia14'), *(sides(f'faster_rcnn_{one}_anchors16_atypia14') for one in (net, conv4))]
        standard = [sides(f'mitos_rcnn_{net}_anchors128_atypia14'), *(sides(f'faster_rcnn_{one}_atypia14') for one in (net, conv4))]
        assert small == [[16, 24, 32, 48]] * 3 and standard == [[128, 256, 512]] * 3
    scratch = ['faster_rcnn_vgg16_small_anchors16_atypia14', 'faster_rcnn_vgg16_conv4_small_anchors16_atypia14']
    assert [sides(name) for name in ('mitos_rcnn_vgg16_small_atypia14', *scratch)] == [[16, 24, 32, 48]] * 3


@pytest.mark.parametrize('name, base', [('cascade_rcnn_midog', 'cascade_rcnn_midog'), SMALL_CASCADE])
def test_one_class_differs_in_its_classes_alone(name, base):
    suffix = base.removeprefix(name)
    differs = changed(f'{name}_one_class{suffix}', base)
    assert differs == {f'.model.detector.roi_head.bbox_head.{stage}.num_classes' for stage in range(3)} | {'.train.dataset.hard_negatives'}
    cfg = read(f'{name}_one_class{suffix}')
    assert all(cfg[loader].dataset.hard_negatives == 'background' for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'))


@pytest.mark.parametrize('kind', ['ohem', 'iou_balanced'])
@pytest.mark.parametrize('name, base', [('cascade_rcnn_midog', 'cascade_rcnn_midog'), SMALL_CASCADE])
def test_sampling_ablations_differ_in_the_sampler_alone(name, base, kind):
    differs = changed(f'{name}_{kind}{base.removeprefix(name)}', base)
    assert differs and all('.train_cfg.rcnn.' in key and '.sampler.' in key and not key.endswith('.num') for key in differs)


@pytest.mark.parametrize('name, steps', [
    ('colour', ['ColourJitter', 'MinIoURandomCrop', 'RandomChoiceResize', 'RandomFlip']),
    ('visible_crop', ['VisibleBoxCrop', 'RandomChoiceResize', 'RandomFlip'])])
def test_augmentation_ablations_change_the_augmentation_alone(name, steps):
    base, cfg = read('cascade_rcnn_midog'), read(f'cascade_rcnn_midog_{name}')
    published, own = base.train_dataloader.dataset.pipeline, cfg.train_dataloader.dataset.pipeline
    assert published[:4] == own[:4] and published[1].type == 'NormalizeStain' and published[-1] == own[-1]
    assert [step.type for step in own[4:-1]] == steps and own[-3:] == published[-3:]
    assert all(key.startswith('.train.dataset.pipeline') for key in changed(f'cascade_rcnn_midog_{name}', 'cascade_rcnn_midog'))
    assert next((step.min_visible for step in own if step.type == 'VisibleBoxCrop'), 0.3) == 0.3


def test_focal_loss_starts_from_retinanets_prior(mmdet_scope):
    # Without it every anchor starts at 0.5, and the first loss is in the hundreds.
    from mmdet.registry import MODELS

    for name in ('cascade_rcnn_midog_focal', 'cascade_rcnn_lite0_small_focal_atypia14'):
        head = MODELS.build(dict(read(name).model.detector.rpn_head, num_classes=1))
        head.init_weights()
        assert torch.allclose(head.rpn_cls.bias.sigmoid(), torch.tensor(0.01))


@pytest.mark.parametrize('name', ['mitos_rcnn_vgg16', 'faster_rcnn_vgg16', 'faster_rcnn_vgg16_conv4'])
def test_mitos_boxes_holds_cases_of_every_contest_out(name):
    # Table III has a counterpart only if no contest is in training as a whole.
    files = [dataset.ann_file for dataset in read(f'{name}_mitos_boxes').train_dataloader.dataset.datasets]
    assert len(files) == 3 and all(file.split('/')[1].endswith('_train') for file in files)
    scored = [read(f'{name}_mitos_boxes')[f'{part}_dataloader'].dataset.ann_file for part in ('val', 'test')]
    assert scored == ['atypia14/both_val.json'] * 2


def test_the_splits_of_the_docs_hold_cases_out():
    page = (CONFIGS.parents[1] / 'docs/mitos_rcnn.md').read_text(encoding='utf-8')
    split = {contest: [set(cases.split('+')) for cases in parts]
             for contest, *parts in re.findall(r'`(\S+) \S+ --split train=([\d+]+),val=([\d+]+)`', page)}
    assert split['mitos-atypia-14'][1] == {'05', '11'} and split['icpr2012'][1] == {'02'}
    assert not any(train & val for train, val in split.values())
    # Cases 03 and 04 of ICPR 2012 are the tissue of ATYPIA-14's.
    assert not split['icpr2012'][0] & split['mitos-atypia-14'][1]


@pytest.mark.parametrize('name', ['mask_rcnn_r101_fpn_tupac16', 'two_phase_fcn_vgg16_tupac16'])
def test_icpr2012_trains_on_its_outlines_and_the_contests_training_frames(name):
    # Section 3.3: only MITOS14 and TUPAC16 are weakly labelled; table 1: "training dataset of MITOS12".
    datasets = read(name).train_dataloader.dataset.datasets
    for dataset in datasets:
        source = next(step for step in dataset.pipeline if step.type == 'CentroidsToMasks').get('source', 'drawn')
        assert source == ('outlines' if dataset.ann_file.startswith('icpr2012') else 'drawn')
    assert any(dataset.ann_file == 'icpr2012/tiles_512_contest_train/tiles.json' for dataset in datasets)


@pytest.mark.parametrize('path', sorted(CONFIGS.parent.rglob('*.py')), ids=lambda path: path.stem)
def test_comments_name_pages_and_files_that_are_there(path):
    # Comments named pages that listed no deviation.
    root, comments = CONFIGS.parents[1], ' '.join(re.findall('#.*', path.read_text(encoding='utf-8'))).replace(' # ', ' ')
    assert all((root / page).is_file() for page in re.findall(r'docs/[\w/]+\.md', comments))
    files = {file.name for folder in ('configs', 'tools') for file in (root / folder).rglob('*.py')}
    assert set(re.findall(r'[\w-]+\.py', comments)) <= files
    for page in re.findall(r'(docs/\w+\.md) lists what differs', comments):
        listed = re.findall(r'`(?:\w+/)?([\w*]+)(?:\.py)?`', (root / page).read_text(encoding='utf-8'))
        assert any(fnmatch(path.stem, f'{pattern}*') for pattern in listed if 'rcnn' in pattern or 'two_phase' in pattern)


def test_boxes_of_30_px_are_those_of_the_frame(shared_data):
    # "The average size of the mitotic figures in our MITOS-BOXES dataset was around 30px": so are the pathologists' outlines, in frame px.
    from mitos_mmdet.preparation.convert import convert

    content, = convert('icpr2012', shared_data / 'icpr2012').contents.values()
    sides = [(label['bbox'][2] * label['bbox'][3])**0.5 for label in content['annotations']]
    assert len(sides) == 37 and sum(sides) / len(sides) == pytest.approx(32.5, abs=0.1)
    assert all(next(step for step in read(name).train_pipeline if step.type == 'CentroidsToBoxes').get('image_size') is None
               for name in ('mitos_rcnn_vgg16_atypia14', 'mitos_rcnn_vgg16_icpr2012'))


@pytest.mark.parametrize(('data', 'frame_um'), [('atypia14', (1663 * 0.2273, 1485 * 0.2275)), ('icpr2012', (2084 * 0.2456, ) * 2)])
def test_the_pixel_size_is_that_of_the_resized_frame(data, frame_um):
    # What load_model brings slides to is what the network sees, not what the scanner gave.
    cfg = read(f'mitos_rcnn_vgg16_{data}')
    scale = next(step.scale for step in cfg.test_dataloader.dataset.pipeline if step.type == 'Resize')
    assert pixel_size(cfg, data) == pytest.approx(np.mean(np.divide(frame_um, scale)), abs=0.001)


def test_published_scores_are_the_papers_own(papers):
    # Each number of the table of published results stands in the paper that its row names.
    page = (CONFIGS.parents[1] / 'docs/results.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| (.*) \| (.*) \| .* \|$', page.split('## Published results and ours')[1].split('###')[0], re.M)[1:]
    files = {'Mask R-CNN': 'mask_rcnn_tupac16_2020', 'its two-phase': 'mask_rcnn_tupac16_2020',
             'Cascade R-CNN': 'cascade_rcnn_midog_2021', 'the same': 'cascade_rcnn_midog_2021'}
    for what, scores in rows:
        text = papers(next((file for start, file in files.items() if what.startswith(start)), 'mitos_rcnn_2018'))
        assert all(number in text for number in re.findall(r'0\.\d+', scores)), what
    assert len(rows) >= 12


def test_metafiles_quote_the_published_scores():
    import yaml

    page = (CONFIGS.parents[1] / 'docs/results.md').read_text(encoding='utf-8')
    quoted = {name: re.findall(r'0\.\d+', published) for name, published in re.findall(r'<br>`(\w+)` \| (0\.[^|]*) \|', page)}
    for file in (CONFIGS / 'metafiles').glob('*.yml'):
        for model in yaml.safe_load(file.read_text(encoding='utf-8'))['Models']:
            if 'Published F1' in model['Metadata']:
                assert f"{model['Metadata']['Published F1']:g}" == quoted.pop(model['Name'])[0]
    assert not quoted
