"""``OpenVinoModule``: what it gives, to one thread and to several, and what it keeps."""

import gc
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

openvino_module = pytest.importorskip('mitos_mmdet.model_zoo.networks.openvino_module', reason='no OpenVINO')


class TwoMaps(nn.Module):
    """A network for tests: uint8 ``(B, H, W, 3)`` to two maps."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.fine, self.coarse = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 4, 3, stride=2)

    def forward(self, images):
        fine = self.fine(images.permute(0, 3, 1, 2).float() / 255)
        return fine, self.coarse(fine)

    @torch.no_grad()
    def example(self, height=32, width=32):
        images = torch.randint(0, 256, (1, height, width, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
        return images, self(images)


class OtherMaps(TwoMaps):
    """A network whose maps are not those of its export."""

    def example(self, height=32, width=32):
        images, maps = super().example(height, width)
        return images, tuple(each + 1 for each in maps)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))


def test_threads_that_share_it_each_get_their_own(monkeypatch):
    network, compiled = TwoMaps().eval(), []
    core = openvino_module.shared_core
    monkeypatch.setattr(openvino_module, 'shared_core', lambda: compiled.append(1) or core())
    shared = openvino_module.OpenVinoModule(network, 'two maps', threads=2)
    batches = np.random.default_rng(0).integers(0, 256, (64, 3, 48, 40, 3), dtype=np.uint8)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(shared, batches))
    with torch.no_grad():
        for batch, maps in zip(batches, found, strict=True):
            wanted = network(torch.from_numpy(batch))
            assert len(maps) == 2 and all(torch.allclose(*pair, atol=1e-4) for pair in zip(maps, wanted, strict=True))
    assert len(compiled) == 1


def test_it_lets_the_torch_module_go_once_it_is_compiled():
    network = TwoMaps().eval()
    alive = weakref.ref(network)
    module = openvino_module.OpenVinoModule(network, 'two maps')
    del network
    images = np.zeros((1, 32, 32, 3), np.uint8)
    assert alive() is not None and len(module(images)) == 2
    gc.collect()
    assert alive() is None and len(module(images)) == 2


def test_torch_goes_on_where_openvino_does_not_compute_alike():
    network = OtherMaps().eval()
    module = openvino_module.OpenVinoModule(network, 'other maps')
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    with pytest.warns(UserWarning, match='^torch runs OtherMaps, which is slower: map 0 .* differs from torch$'):
        found = module(images)
    with torch.no_grad():
        assert all(torch.equal(*pair) for pair in zip(found, network(torch.from_numpy(images)), strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert torch.equal(module(images)[0], found[0])
