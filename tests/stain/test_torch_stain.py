import numpy as np
import pytest
import torch

from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.stain import METHODS, StainNormalizer
from mitos_mmdet.stain.torch_stain import TorchStainNormalizer

COLOURS = np.random.default_rng(0).integers(0, 256, (2, 120, 100, 3), np.uint8)
COLOURS[0, 0, :2] = [[0, 0, 0], [255, 255, 255]]


def batch(images):
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


def estimates(sources):
    maxima = None if sources[0].maxima is None else torch.tensor([source.maxima for source in sources])
    return torch.tensor([source.matrix for source in sources]), maxima


def both(method, images, sources):
    """By the module, and by the CPU path, ``(B, 3, H, W)`` each."""
    normalizer = StainNormalizer.default(method)
    found = TorchStainNormalizer(normalizer.target)(batch(images), *estimates(sources))
    return found, batch([normalizer.apply(image, source) for image, source in zip(images, sources, strict=True)])


@pytest.fixture(scope='module')
def tissue(shared_data):
    """Two crops of two scanners."""
    return [read_rgb(shared_data / name)[100:250, 100:250] for name in ('stain/source.png', 'icpr2012/A00_01.jpg')]


@pytest.mark.parametrize('method', METHODS)
def test_real_tissue_comes_out_as_on_the_cpu_path(method, tissue):
    found, expected = both(method, tissue, [StainNormalizer.default(method).estimate(image) for image in tissue])
    assert found.dtype == torch.uint8 and (found.int() - expected.int()).abs().max() <= 1
    assert (found != expected).float().mean() < 0.01


@pytest.mark.parametrize('method', METHODS)
def test_any_colour_comes_out_as_on_the_cpu_path(method, tissue):
    found, expected = both(method, COLOURS, [StainNormalizer.default(method).estimate(image) for image in tissue])
    assert (found.int() - expected.int()).abs().max() <= 1


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('dtype', [torch.uint8, torch.float32, torch.float16])
def test_images_without_an_estimate_pass(method, dtype, tissue):
    """Beside one that has one, in any dtype, and though their rows hold rubbish; under AMP nothing else comes out."""
    module = TorchStainNormalizer(StainNormalizer.default(method).target)
    images = batch(tissue).to(dtype)
    before = images.clone()
    matrices, maxima = estimates([StainNormalizer.default(method).estimate(tissue[0])] * 2)
    alone = module(images[:1], matrices[:1], None if maxima is None else maxima[:1])
    matrices[1] = float('nan')
    if maxima is not None:
        maxima[1] = 0
    valid = torch.tensor([True, False])
    found = module(images, matrices, maxima, valid)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert torch.equal(module(images, matrices, maxima, valid), found)
    assert found.dtype == dtype and torch.equal(found[1], images[1]) and torch.equal(found[:1], alone) and torch.equal(images, before)
    assert not torch.equal(found[0], images[0])
    none = module(images, matrices, maxima, torch.tensor([False, False]))
    assert torch.equal(none, images)


def test_the_target_is_no_weight():
    module = TorchStainNormalizer(StainNormalizer.default().target)
    assert not module.state_dict() and not list(module.parameters()) and module.to(torch.device('meta')).target_matrix.is_meta
