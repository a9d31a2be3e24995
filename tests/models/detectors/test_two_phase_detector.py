from copy import deepcopy

import pytest
import torch
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.models.detectors import BaseDetector
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.runner import save_checkpoint
from mmengine.structures import InstanceData

from mitos_mmdet.compat.checkpoints import refuse_code

pytestmark = pytest.mark.usefixtures('mmdet_scope')
PREPROCESSOR = dict(type='DetDataPreprocessor', mean=[127.0] * 3, std=[50.0] * 3, pad_size_divisor=32)
FCN = dict(
    type='TiledDetector',
    tile_size=64,
    overlap=16,
    detector=dict(
        type='SingleStageDetector',
        data_preprocessor=PREPROCESSOR,
        backbone=dict(type='VGG16', channels=(2, 2, 4, 4, 4), out_layers=('conv3_3', 'conv4_3', 'conv5_3')),
        neck=dict(type='FullyConvNeck', in_channels=4, channels=4, kernel_size=3),
        bbox_head=dict(type='CandidateHead', in_channels=(4, 4, 4)),
        test_cfg=dict(threshold=0.5)))
CLASSIFIER = dict(
    type='SingleStageDetector',
    data_preprocessor=PREPROCESSOR,
    backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8, norm_eval=False),
    bbox_head=dict(type='PatchHead', in_channels=64))


class StandIn(BaseDetector):
    """A detector without weights to speak of that takes pixels as they are."""

    def __init__(self):
        super().__init__(data_preprocessor=DetDataPreprocessor(mean=[0] * 3, std=[1] * 3))
        self.weight = torch.nn.Parameter(torch.ones(1))

    def loss(self, batch_inputs, batch_data_samples):
        raise NotImplementedError

    extract_feat = _forward = loss


@MODELS.register_module(force=True)
class MarkedPixels(StandIn):
    """Phase one: a box of 10 px around each pixel of value 1 in the first channel, in the order found, score 0.9."""

    def predict(self, batch_inputs, batch_data_samples, rescale=True):
        for image, sample in zip(batch_inputs, batch_data_samples, strict=True):
            centres = (image[0] == 1).nonzero().flip(1).float() + 0.5
            scale = centres.new_tensor(sample.scale_factor).repeat(2)
            sample.pred_instances = InstanceData(bboxes=torch.cat([centres - 5, centres + 5], dim=1) / scale,
                                                 scores=centres.new_full((len(centres), ), 0.9),
                                                 labels=torch.zeros(len(centres), dtype=torch.long))
        return batch_data_samples


@MODELS.register_module(force=True)
class CentralPixel(StandIn):
    """Phase two: the score in percent is the second channel of the patch's central pixel. Remembers the batches it saw."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def predict(self, batch_inputs, batch_data_samples, rescale=True):
        self.batches.append(batch_inputs.clone())
        side = batch_inputs.shape[-1]
        for patch, sample in zip(batch_inputs, batch_data_samples, strict=True):
            assert sample.img_shape == (side, side)
            scores = patch[1, side // 2 - 1, side // 2 - 1][None] / 100  # the pixel left of the middle, above it
            sample.pred_instances = InstanceData(bboxes=patch.new_tensor([[0, 0, side, side]]), scores=scores,
                                                 labels=torch.zeros(1, dtype=torch.long))
        return batch_data_samples


def frame(*marks, width=120, height=90):
    """White, with marked pixels ``(x, y, percent)``."""
    frame = torch.full((3, height, width), 255, dtype=torch.uint8)
    for x, y, percent in marks:
        frame[:, y, x] = torch.tensor([1, percent, 0], dtype=torch.uint8)
    return frame


def detect(model, *frames, **metainfo):
    samples = [DetDataSample(metainfo=dict(dict(img_shape=one.shape[1:], ori_shape=one.shape[1:], scale_factor=(1.0, 1.0)), **metainfo))
               for one in frames]
    return [sample.pred_instances for sample in model.eval().test_step(dict(inputs=list(frames), data_samples=samples))]


def stand_ins(**settings):
    phases = dict(phase_one=dict(type='MarkedPixels'), phase_two=dict(type='CentralPixel'))
    return MODELS.build(dict(type='TwoPhaseDetector', **phases, patch_size=16, **settings))


def test_phase_two_gives_the_scores_and_their_order():
    found, = detect(stand_ins(), frame((30, 20, 40), (80, 60, 90), (50, 50, 70)))
    assert found.scores.tolist() == pytest.approx([0.9, 0.7, 0.4])
    assert ((found.bboxes[:, :2] + found.bboxes[:, 2:]) / 2).tolist() == [[80.5, 60.5], [50.5, 50.5], [30.5, 20.5]]
    assert found.labels.tolist() == [0, 0, 0] and found.labels.dtype == torch.long


def test_patches_are_of_the_whole_frame_and_white_beyond_it():
    model = stand_ins()
    one = frame((0, 0, 10), (119, 89, 20), (60, 45, 30))
    found, = detect(model, one)
    assert found.scores.tolist() == pytest.approx([0.3, 0.2, 0.1])
    patches, = model.phase_two.batches
    assert torch.equal(patches[1], one[:, 45 - 7:45 + 9, 60 - 7:60 + 9].float())  # the order is phase one's: from top to bottom
    assert (patches[0][:, :7] == 255).all() and (patches[0][:, :, :7] == 255).all()


def test_a_frame_without_candidates():
    model = stand_ins()
    nothing, something = detect(model, frame(), frame((30, 20, 40)))
    assert nothing.bboxes.shape == (0, 4) and nothing.scores.shape == nothing.labels.shape == (0, )
    assert len(something) == 1 and len(model.phase_two.batches) == 1


def test_thousands_of_candidates_go_in_batches():
    marks = [(x, y, (x + y) % 100) for x in range(0, 120, 2) for y in range(0, 90, 2)]
    model = stand_ins(batch_size=500)
    found, = detect(model, frame(*marks))
    assert [len(batch) for batch in model.phase_two.batches] == [500] * 5 + [200]
    assert len(found) == len(marks) == 2700
    where = {(int(x), int(y)): percent for x, y, percent in marks}
    centres = ((found.bboxes[:, :2] + found.bboxes[:, 2:]) / 2).int().tolist()
    assert found.scores.tolist() == pytest.approx([where[x, y] / 100 for x, y in centres], abs=1e-6)


def test_a_resized_frame():
    # The test pipeline doubled the width: boxes are in the original's pixels, patches in the frame's.
    found, = detect(stand_ins(), frame((80, 60, 90)), scale_factor=(2.0, 1.0))
    assert found.bboxes.tolist() == [[37.75, 55.5, 42.75, 65.5]] and found.scores.tolist() == pytest.approx([0.9])


def test_what_rides_along_stays():
    sample = DetDataSample(metainfo=dict(img_id=7, img_shape=(90, 120), scale_factor=(1.0, 1.0)))
    found, = stand_ins().test_step(dict(inputs=[frame((30, 20, 40))], data_samples=[sample]))
    assert found is sample and found.img_id == 7


def networks(**settings):
    return MODELS.build(deepcopy(dict(type='TwoPhaseDetector', phase_one=FCN, phase_two=CLASSIFIER, patch_size=32, **settings)))


def spread(model, factor=5.0):
    """A model whose weights are its own."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=factor * 0.01)
    return model


@pytest.fixture(scope='module')
def trained(mmdet_scope, tmp_path_factory):
    """Checkpoints of both phases, as their trainings write them: phase one a .pth, phase two a work dir."""
    folder = tmp_path_factory.mktemp('phases')
    torch.manual_seed(0)
    one, two = spread(MODELS.build(deepcopy(FCN))), spread(MODELS.build(deepcopy(CLASSIFIER)))
    (folder / 'two').mkdir()
    save_checkpoint(dict(meta=dict(epoch=1), state_dict=one.state_dict()), str(folder / 'one.pth'))
    save_checkpoint(dict(meta=dict(epoch=1), state_dict=two.state_dict()), str(folder / 'two' / 'epoch_1.pth'))
    (folder / 'two' / 'last_checkpoint').write_text(str(folder / 'two' / 'epoch_1.pth'))
    return folder, one, two


def test_it_joins_two_checkpoints(trained):
    folder, one, two = trained
    model = networks(phase_one_checkpoint=str(folder / 'one.pth'), phase_two_checkpoint=str(folder / 'two'))
    for phase, name in ((one, 'phase_one'), (two, 'phase_two')):
        for key, value in phase.state_dict().items():
            assert torch.equal(model.state_dict()[f'{name}.{key}'], value), key
    assert len(model.state_dict()) == len(one.state_dict()) + len(two.state_dict())


def test_its_own_checkpoint_brings_both(trained, tmp_path):
    folder, *_ = trained
    model = networks(phase_one_checkpoint=str(folder / 'one.pth'), phase_two_checkpoint=str(folder / 'two'))
    save_checkpoint(dict(state_dict=model.state_dict()), str(tmp_path / 'both.pth'))
    other = networks()
    other.load_state_dict(torch.load(tmp_path / 'both.pth')['state_dict'], strict=True)
    noise = torch.randint(0, 256, (3, 90, 120), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for phases in (model, other):
        phases.phase_one.detector.bbox_head.test_cfg = dict(threshold=0.0)  # each tile one candidate
    (first, ), (second, ) = detect(model, noise), detect(other, noise)
    assert len(first) > 0 and torch.equal(first.bboxes, second.bboxes) and torch.equal(first.scores, second.scores)


@pytest.mark.parametrize(('one', 'two', 'says'), [
    ('nothing.pth', 'two', 'no such checkpoint'),  # not there
    ('one.pth', 'one.pth', 'another model'),  # phase one's in both places
    ('two', 'two', 'another model'),  # phase two's in both places
])
def test_checkpoints_that_do_not_fit(trained, one, two, says):
    folder, *_ = trained
    with pytest.raises(ValueError, match=says):
        networks(phase_one_checkpoint=str(folder / one), phase_two_checkpoint=str(folder / two))


@pytest.mark.parametrize('trust', [False, True])
def test_its_checkpoints_may_hold_code_only_where_trusted(trained, tmp_path, monkeypatch, trust):
    # --trust-checkpoint never reached the files that the config itself names.
    folder, one, _ = trained
    for name in ('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'):
        monkeypatch.setenv(name, '')  # restored afterwards
    refuse_code(trust)
    torch.save(dict(meta=ConfigDict(epoch=1), state_dict=one.state_dict()), tmp_path / 'code.pth')
    phases = dict(phase_one_checkpoint=str(tmp_path / 'code.pth'), phase_two_checkpoint=str(folder / 'two'))
    if trust:
        key, value = next(iter(one.state_dict().items()))
        assert torch.equal(networks(**phases).phase_one.state_dict()[key], value)
    else:
        with pytest.raises(ValueError, match=r'code\.pth: holds code.*--trust-checkpoint'):
            networks(**phases)


def test_it_is_not_trained_as_a_whole():
    with pytest.raises(ValueError, match='by their own configs'):
        networks()(torch.zeros(1, 3, 64, 64), [DetDataSample()], mode='loss')


def test_tile_seams_do_not_show():
    # Dark discs, some of them cut by every tile; phase one thresholds the pixels themselves.
    model = networks(batch_size=2)
    model.phase_one.detector = Discs()
    discs = torch.full((3, 200, 260), 255, dtype=torch.uint8)
    ys, xs = torch.meshgrid(torch.arange(200), torch.arange(260), indexing='ij')
    centres = [(50, 40), (64, 100), (128, 128), (200, 64), (8, 190)]
    for x, y in centres:
        discs[:, (xs - x) ** 2 + (ys - y) ** 2 < 60] = 0
    rows = []
    for tile_size in (512, 128, 64, 50):
        model.phase_one.tile_size, model.phase_one.overlap = tile_size, 24
        found, = detect(model, discs)
        assert len(found) == len(centres)
        rows.append(torch.cat([found.bboxes, found.scores[:, None]], dim=1))
    for row in rows[1:]:
        torch.testing.assert_close(row, rows[0])


class Discs(StandIn):
    """Phase one for dark discs on white: the components of dark pixels."""

    def predict(self, batch_inputs, batch_data_samples, rescale=True):
        from mitos_mmdet.core.candidates import find_candidates

        for image, sample in zip(batch_inputs, batch_data_samples, strict=True):
            boxes, scores = find_candidates((image[0] < 128).float().numpy())
            sample.pred_instances = InstanceData(bboxes=torch.from_numpy(boxes), scores=torch.from_numpy(scores),
                                                 labels=torch.zeros(len(boxes), dtype=torch.long))
        return batch_data_samples
