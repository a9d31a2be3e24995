"""load_model: which model, and what is refused."""

import hashlib
import json

import numpy as np
import pytest
import torch

from mitos_mmdet.model_zoo import bundled, bundled_names, load_model

CONFIG = 'mitos/small/rtmdet_tiny_small_atypia14.py'


@pytest.fixture
def shelf(tiny_model, tmp_path, monkeypatch):
    """A folder of bundled models that holds one, ``tiny``: its card as a dict, and a function that writes the card."""
    weights = tmp_path / 'weights'
    weights.mkdir()
    data = tiny_model[1].read_bytes()
    (weights / 'tiny.pth').write_bytes(data)
    card = dict(config=CONFIG, sha256=hashlib.sha256(data).hexdigest(), um_per_px=0.25, threshold=0.4,
                classes=['mitotic figure', 'hard negative'], tile_size=1024, overlap=96)
    monkeypatch.setattr(bundled, 'WEIGHTS', weights)

    def write(name='tiny', **changes):
        (weights / f'{name}.json').write_text(json.dumps({**card, **changes}))
    write()
    return write


def altered(tiny_model, tmp_path, change):
    """A copy of the checkpoint after ``change(content)``."""
    content = torch.load(tiny_model[1], weights_only=True)
    change(content)
    path = tmp_path / 'altered.pth'
    torch.save(content, path)
    return str(path)


def test_a_bundled_model_says_what_its_card_says(shelf):
    model = load_model(engine='torch', device='cpu')
    assert (model.name, model.um_per_px, model.threshold, model.tile_size, model.overlap) == ('tiny', 0.25, 0.4, 1024, 96)
    assert model.classes == ('mitotic figure', 'hard negative') and model.engine == 'torch'
    assert {value.dtype for value in model.network.detector.state_dict().values() if value.is_floating_point()} == {torch.float32}
    assert not model.network.detector.training


def test_the_default_comes_first(shelf):
    shelf('another')
    assert bundled_names() == ['another', 'tiny']
    shelf('tiny', default=True)
    shelf('classifier', kind='atypical')
    assert bundled_names() == ['tiny', 'another'] and bundled_names('atypical') == ['classifier']


def test_a_config_with_its_checkpoint(tiny_model):
    model = load_model(*map(str, tiny_model), engine='torch', device='cpu')
    assert (model.name, model.um_per_px, model.tile_size, model.overlap) == ('rtmdet_tiny_small_atypia14', 0.2274, 512, 128)
    assert model.normalizer.method == 'macenko'  # as its test pipeline


STAIN_IN_MODEL = """
steps = [step for step in _base_.test_pipeline if step['type'] != 'NormalizeStain']
test_dataloader = dict(dataset=dict(pipeline=steps))
detector = dict(_base_.model.detector)
detector['data_preprocessor'] = dict(detector['data_preprocessor'], type='StainNormalizingDetDataPreprocessor', stain_method='macenko')
model = dict(_delete_=True, **dict(_base_.model, detector=detector))
"""


def test_stain_is_normalized_once_wherever_the_config_does_it(tiny_model, changed_tiny_model):
    rng = np.random.default_rng(0)
    tile = np.array([[235, 200, 220], [150, 70, 160]], np.uint8)[rng.integers(0, 2, (64, 64))].repeat(4, 0).repeat(4, 1)
    tile -= rng.integers(0, 20, tile.shape, dtype=np.uint8)
    in_pipeline = load_model(*map(str, tiny_model), engine='torch', device='cpu')
    in_model = load_model(*map(str, changed_tiny_model(STAIN_IN_MODEL)), engine='torch', device='cpu')
    stain, _ = in_model.estimate_stain(tile)
    assert in_model.normalizer.method == 'macenko' and stain is not None
    wanted, found = (model.predict([tile], stain)[0] for model in (in_pipeline, in_model))
    assert len(wanted) and np.allclose(found.scores, wanted.scores, atol=1e-5)
    assert not np.allclose(in_model.predict([tile])[0].scores[:10], wanted.scores[:10], atol=1e-4)  # it does make a difference


@pytest.mark.parametrize(('arguments', 'message'), [
    (dict(model='huge'), "no bundled detector is called 'huge': there is tiny"),
    (dict(model='tiny', checkpoint='a.pth'), 'not a config file'),
    (dict(model='CONFIG'), 'a config needs its checkpoint'),
    (dict(model='CONFIG', checkpoint='none.pth'), 'none.pth: no such checkpoint'),
    (dict(model='absent.py', checkpoint='CHECKPOINT'), 'absent.py: no such config'),
    (dict(device='tpu'), "device 'tpu': one of"),
    (dict(engine='onnx'), "engine 'onnx': one of"),
])
def test_what_cannot_be_meant(shelf, tiny_model, arguments, message):
    places = dict(CONFIG=str(tiny_model[0]), CHECKPOINT=str(tiny_model[1]))
    with pytest.raises(ValueError, match=message):
        load_model(**{key: places.get(value, value) for key, value in arguments.items()})


def test_a_checksum_that_differs(shelf):
    path = bundled.WEIGHTS / 'tiny.pth'
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1  # still readable, one bit off
    path.write_bytes(data)
    with pytest.raises(ValueError, match='tiny.pth: damaged or exchanged'):
        load_model('tiny')


def test_a_card_that_lacks_something(shelf):
    (bundled.WEIGHTS / 'tiny.json').write_text(json.dumps(dict(config=CONFIG)))
    with pytest.raises(ValueError, match='tiny.json: lacks sha256'):
        load_model('tiny')


def test_without_any_bundled_model(tmp_path, monkeypatch):
    monkeypatch.setattr(bundled, 'WEIGHTS', tmp_path)
    with pytest.raises(ValueError, match='no detector comes with this installation'):
        load_model()


def set_nan(content):
    content['state_dict']['bbox_head.rtm_cls.0.bias'][0] = float('nan')


def drop_layer(content):
    del content['state_dict']['bbox_head.rtm_cls.0.bias']


def other_classes(content):
    content['meta']['dataset_meta']['classes'] = ('nucleus', 'hard negative')


def more_classes(content):
    content['meta']['dataset_meta']['classes'] = ('mitotic figure', 'hard negative', 'nucleus')


@pytest.mark.parametrize(('change', 'message'), [
    (set_nan, r"altered.pth: 1 of \d+ weights hold NaN or infinity, 'bbox_head.rtm_cls.0.bias'"),
    (drop_layer, "altered.pth: a checkpoint of another model, 1 of"),
    (other_classes, "altered.pth: its classes are 'nucleus', 'hard negative', without 'mitotic figure'"),
    (more_classes, 'the network tells 2 classes apart, and its data has 3'),
    (dict.clear, 'altered.pth: a checkpoint of another model'),
])
def test_weights_that_cannot_be_used(tiny_model, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        load_model(str(tiny_model[0]), altered(tiny_model, tmp_path, change))


def test_a_config_without_pixel_size(tiny_model, tmp_path):
    config = tmp_path / 'unsized.py'
    config.write_text(f"_base_ = '{tiny_model[0]}'\num_per_px = None\n")
    with pytest.raises(ValueError, match='unsized.py: does not say at which um/px'):
        load_model(str(config), str(tiny_model[1]))
    assert load_model(str(config), str(tiny_model[1]), engine='torch', um_per_px=0.5).um_per_px == 0.5


@pytest.mark.parametrize('tile', [np.zeros((32, 32, 3), float), np.zeros((32, 32), np.uint8), np.zeros((0, 32, 3), np.uint8), 'tile'])
def test_what_is_no_tile(tiny_model, tile):
    model = load_model(*map(str, tiny_model), engine='torch', device='cpu')
    with pytest.raises(ValueError, match='give RGB as uint8'):
        model.predict([tile])
    assert model.predict([]) == []
