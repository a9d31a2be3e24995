"""The bundled classifier of atypical mitotic figures."""

import hashlib
import importlib.util
import json

import numpy as np
import pytest
import torch

from mitos_mmdet.model_zoo import bundled
from mitos_mmdet.model_zoo.load_atypical import load_atypical

network = pytest.importorskip('mitos_mmdet.models.classifiers.patch_classifier')


def test_it_is_loaded_by_its_card_and_gives_probabilities(tmp_path, monkeypatch):
    monkeypatch.setattr(bundled, 'WEIGHTS', tmp_path)
    assert load_atypical() is None
    torch.manual_seed(0)
    made = network.PatchClassifier().eval()
    torch.save({key: value.half() if value.is_floating_point() else value for key, value in made.state_dict().items()}, tmp_path / 'a.pth')
    digest = hashlib.sha256((tmp_path / 'a.pth').read_bytes()).hexdigest()
    card = dict(kind='atypical', sha256=digest, um_per_px=0.25, threshold=0.5, classes=['normal', 'atypical'])
    (tmp_path / 'a.json').write_text(json.dumps(card))
    classifier = load_atypical()
    crops = np.random.default_rng(0).integers(0, 256, (3, classifier.crop_size, classifier.crop_size, 3), dtype=np.uint8)
    found = classifier.predict(crops)
    patches = torch.from_numpy(crops).permute(0, 3, 1, 2)
    wanted = [network.probabilities(made, torch.rot90(patches, turn, (2, 3))) for turn in (0, 1)]
    assert np.allclose(wanted[0], wanted[1], atol=1e-5)  # a quarter turn changes nothing
    wanted = wanted[0]
    assert np.allclose(found, wanted, atol=2e-3) and len(classifier.predict(crops[:0])) == 0
    if importlib.util.find_spec('openvino'):
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
        assert np.allclose(load_atypical(engine='openvino').predict(crops), found, atol=1e-5)
    (tmp_path / 'a.json').write_text(json.dumps(dict(card, sha256='0' * 64)))
    with pytest.raises(ValueError, match='a.pth: damaged or exchanged'):
        load_atypical()
