"""``TiledDetector`` around a real detector: predictions, training, checkpoints."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.model import ExponentialMovingAverage, MMDistributedDataParallel
from mmengine.runner import load_checkpoint, save_checkpoint
from mmengine.structures import InstanceData

pytestmark = pytest.mark.usefixtures('mmdet_scope')
CONFIG = Path(__file__).resolve().parents[3] / 'configs' / 'mitos' / 'small' / 'cascade_rcnn_r18_small_atypia14.py'


@pytest.fixture(scope='module')
def cascade(mmdet_scope):
    """The small Cascade R-CNN of the configs, wrapped, with random weights."""
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(CONFIG).model)
    model.init_weights()
    return model


def noise(width, height):
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_a_real_detector_predicts_inside_the_frame(cascade):
    cascade.eval()
    sample, = cascade.test_step(dict(inputs=[noise(700, 600)], data_samples=[DetDataSample()]))
    found = sample.pred_instances
    assert len(found) > 0 and (found.scores >= cascade.score_thr).all() and (found.scores.diff() <= 0).all()
    boxes = found.bboxes
    assert (boxes[:, :2] >= 0).all() and (boxes[:, 2:] <= torch.tensor([700, 600])).all() and (boxes[:, 2:] > boxes[:, :2]).all()
    assert set(found.labels.tolist()) <= {0, 1}


def crop_sample(boxes):
    truth = InstanceData(bboxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4), labels=torch.arange(len(boxes)))
    return DetDataSample(metainfo=dict(img_shape=(128, 128), ori_shape=(128, 128), scale_factor=(1.0, 1.0)), gt_instances=truth)


def test_a_real_detector_trains_as_if_unwrapped(cascade):
    def losses(model, boxes):
        torch.manual_seed(1)
        np.random.seed(1)
        samples = [crop_sample(boxes), crop_sample(boxes)]
        data = model.data_preprocessor(dict(inputs=[noise(128, 128)] * 2, data_samples=samples), training=True)
        return model.train()(data['inputs'], data['data_samples'], mode='loss')

    for boxes in ([[20, 20, 70, 70], [60, 50, 110, 100]], []):  # a batch with and one without objects
        wrapped, alone = losses(cascade, boxes), losses(cascade.detector, boxes)
        total, _ = cascade.parse_losses(wrapped)
        assert torch.isfinite(total)
        total.backward()
        assert wrapped.keys() == alone.keys()
        torch.testing.assert_close(total, cascade.parse_losses(alone)[0])
    assert sum(parameter.grad is None for parameter in cascade.parameters()) == 0  # or distributed training hangs


def test_train_step_of_a_runner(cascade):
    from mmengine.optim import OptimWrapper

    model = deepcopy(cascade)
    optim = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.01))
    before = deepcopy(model.state_dict())
    logged = model.train().train_step(dict(inputs=[noise(128, 128)], data_samples=[crop_sample([[20, 20, 70, 70]])]), optim)
    assert torch.isfinite(logged['loss'])
    assert any(not torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_two_builds_from_one_config_have_the_same_parts():
    cfg = Config.fromfile(CONFIG)
    first, second = MODELS.build(cfg.model), MODELS.build(cfg.model)
    assert list(first.state_dict()) == list(second.state_dict())
    assert str(first) == str(second)


def spread(model):
    """``model`` with every weight set by its place, so that two models differ until one is loaded into the other."""
    with torch.no_grad():
        for number, value in enumerate(model.state_dict().values()):
            value.copy_(torch.full_like(value, number + 1))
    return model


def same(first, second):
    torch.testing.assert_close(dict(first), dict(second), rtol=0, atol=0)


def test_keys_are_the_wrapped_detectors(cascade):
    weights = cascade.state_dict()
    assert list(weights) == list(cascade.detector.state_dict())
    same(weights, cascade.detector.state_dict())


@pytest.mark.parametrize('from_wrapped', [True, False])
@pytest.mark.parametrize('to_wrapped', [True, False])
@pytest.mark.parametrize('prefix', ['', 'module.'])  # as distributed training saves it
def test_checkpoints_load_with_and_without_the_wrapper(cascade, tmp_path, from_wrapped, to_wrapped, prefix):
    trained, fresh = spread(deepcopy(cascade)), deepcopy(cascade)
    source, target = (model if wrapped else model.detector for model, wrapped in ((trained, from_wrapped), (fresh, to_wrapped)))
    weights = source.state_dict()
    target.load_state_dict(weights, strict=True)
    same(target.state_dict(), trained.state_dict())

    fresh = deepcopy(cascade)
    target = fresh if to_wrapped else fresh.detector
    save_checkpoint(dict(state_dict={prefix + key: value for key, value in weights.items()}), str(tmp_path / 'a.pth'))
    load_checkpoint(target, str(tmp_path / 'a.pth'), map_location='cpu', strict=True)
    same(fresh.state_dict(), trained.state_dict())
    assert list(weights) == list(source.state_dict())  # loading left the checkpoint's keys alone


@pytest.mark.parametrize('change', ['missing', 'extra'])
def test_a_strict_load_still_tells_what_does_not_fit(cascade, change):
    weights = cascade.state_dict()
    if change == 'missing':
        del weights['backbone.conv1.weight']
    else:
        weights['backbone.conv9.weight'] = torch.zeros(1)
    with pytest.raises(RuntimeError, match=r'backbone\.conv[19]\.weight'):
        deepcopy(cascade).load_state_dict(weights, strict=True)


def test_under_distributed_data_parallel(cascade, tmp_path):
    import torch.distributed as dist

    dist.init_process_group('gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    try:
        parallel = MMDistributedDataParallel(deepcopy(cascade))
        assert list(parallel.state_dict()) == [f'module.{key}' for key in cascade.detector.state_dict()]
        trained = spread(deepcopy(cascade))
        parallel.load_state_dict({f'module.{key}': value for key, value in trained.state_dict().items()}, strict=True)
        same(parallel.module.state_dict(), trained.state_dict())
        frame = noise(300, 200)
        found = parallel.eval().test_step(dict(inputs=[frame], data_samples=[DetDataSample()]))
        assert found[0].pred_instances.bboxes.shape[1] == 4
    finally:
        dist.destroy_process_group()


@pytest.mark.parametrize('update_buffers', [False, True])
def test_an_exponential_moving_average_of_it(cascade, update_buffers):
    model = spread(deepcopy(cascade))
    average = ExponentialMovingAverage(model, momentum=0.5, update_buffers=update_buffers)
    average.update_parameters(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 4
    average.update_parameters(model)
    name = 'backbone.conv1.weight'
    torch.testing.assert_close(average.module.state_dict()[name], model.state_dict()[name] - 2)
    other = ExponentialMovingAverage(deepcopy(cascade), momentum=0.5, update_buffers=update_buffers)
    other.load_state_dict(average.state_dict(), strict=True)
    same(other.module.state_dict(), average.module.state_dict())


def test_beside_other_modules_it_touches_only_its_own_keys(cascade, tmp_path):
    def pair():
        parts = dict(model=deepcopy(cascade), aside=torch.nn.Linear(2, 2), model2=torch.nn.Linear(2, 2))
        return torch.nn.ModuleDict(parts)

    trained, fresh = spread(pair()), pair()
    own = {f'model.{key}' for key in cascade.detector.state_dict()}
    assert set(trained.state_dict()) == own | {'aside.weight', 'aside.bias', 'model2.weight', 'model2.bias'}
    save_checkpoint(dict(state_dict=trained.state_dict()), str(tmp_path / 'a.pth'))
    load_checkpoint(fresh, str(tmp_path / 'a.pth'), map_location='cpu', strict=True)
    same(fresh.state_dict(), trained.state_dict())
