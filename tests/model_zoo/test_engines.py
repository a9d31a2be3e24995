"""OpenVINO gives what torch gives: boxes within 0.01 px, scores within 1e-5 (float32, another order of sums)."""

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from mitos_mmdet.model_zoo import load_model

openvino = pytest.importorskip('openvino')


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    return tmp_path / 'mitos_mmdet'


@pytest.fixture(scope='module')
def tiles():
    """Three coloured noise tiles of two sizes, one that is no multiple of the network's stride."""
    random = np.random.default_rng(0)
    return [np.kron(random.integers(40, 256, (*cells, 3)), np.ones((8, 8, 1))).astype(np.uint8) for cells in ((24, 32), (24, 32), (17, 21))]


def close(first, second):
    """Whether both hold the same detections; those whose scores are equal but for the order of sums may stand in any order."""
    if len(first) != len(second):
        return False
    apart = np.abs(first.boxes[:, None] - second.boxes).max(axis=2) + 1000 * (first.labels[:, None] != second.labels)
    rows, columns = linear_sum_assignment(apart)
    return bool((apart[rows, columns] < 0.01).all()) and np.allclose(first.scores[rows], second.scores[columns], atol=1e-5)


def test_openvino_equals_torch(tiny_model, cache, tiles, monkeypatch):
    from mitos_mmdet.model_zoo.networks.openvino_core import shared_core

    # The vendor's converter reports its use over the network.
    monkeypatch.setattr(openvino, 'convert_model', None)
    wanted = load_model(*map(str, tiny_model), engine='torch', device='cpu').predict(tiles)
    model = load_model(*map(str, tiny_model), device='cpu')
    assert model.engine == 'openvino' and model.notes == []
    found = model.predict(tiles)
    assert all(len(one) > 10 for one in found)
    assert all(map(close, found[:2], wanted[:2]))
    # mmdet pads after scaling, this engine before, with whole grey levels: the third tile's border differs by less than one of them.
    assert abs(found[2].scores[0] - wanted[2].scores[0]) < 1e-3
    # The comparison would notice channels in the wrong order.
    assert not any(map(close, model.predict([tile[..., ::-1].copy() for tile in tiles]), wanted))

    # From the cache, with other threads: the same again; and a damaged cache is replaced.
    assert len(list(cache.glob('*/network.xml'))) == 1
    again = load_model(*map(str, tiny_model), device='cpu', threads=2)
    assert again.network.in_flight == 2 and all(map(close, again.predict(tiles), found))
    next(cache.glob('*/network.xml')).write_text('<net')
    assert all(map(close, load_model(*map(str, tiny_model), device='cpu').predict(tiles[:1]), found))
    assert shared_core().read_model(str(next(cache.glob('*/network.xml')))) is not None


def test_a_head_on_fewer_maps_than_the_neck_has(changed_tiny_model, cache, tiles):
    model = changed_tiny_model('model = dict(detector=dict(bbox_head=dict(anchor_generator=dict(strides=[8]))))')
    found, wanted = (load_model(*map(str, model), engine=engine, device='cpu').predict(tiles[:2]) for engine in ('openvino', 'torch'))
    assert all(map(close, found, wanted)) and len(found[0])


def test_a_stream_that_is_left_early_disturbs_nothing(tiny_model, cache, tiles):
    model = load_model(*map(str, tiny_model), device='cpu', threads=2)
    wanted = model.predict(tiles)

    def frail():
        yield from tiles[:2]
        raise OSError('the slide is gone')

    stream = model.stream(tiles * 3)
    assert close(next(stream), wanted[0])
    stream.close()
    with pytest.raises(OSError, match='the slide is gone'):
        list(model.stream(frail()))
    assert all(map(close, model.predict(tiles), wanted))


def test_streams_of_several_threads_at_once(tiny_model, cache, tiles):
    """Of two sizes of tile; the long ones end, and would release memory, while the short ones are at work."""
    model = load_model(*map(str, tiny_model), device='cpu', threads=2)
    wanted = model.predict(tiles)
    assert not close(wanted[0], wanted[1])
    with ThreadPoolExecutor(3) as pool:
        streams = [pool.submit(model.predict, [tiles[which]] * count) for count in (17, 2, 3) for which in (0, 1, 2)]
        for number, stream in enumerate(streams):
            assert all(close(found, wanted[number % 3]) for found in stream.result())


def test_only_a_long_stream_gives_the_memory_back(tiny_model, cache, tiles, monkeypatch):
    released, release = [], openvino.CompiledModel.release_memory
    monkeypatch.setattr(openvino.CompiledModel, 'release_memory', lambda network: released.append(network) or release(network))
    model = load_model(*map(str, tiny_model), device='cpu', threads=2)
    wanted = model.predict(tiles)
    short = model.stream(tiles[:1] * 3)
    assert close(next(short), wanted[0])
    model.predict(tiles[:1] * 17)  # its memory is the short one's, too
    assert all(close(found, wanted[0]) for found in short)
    model.predict(tiles[:1] * 16)
    assert not released
    model.predict(tiles[:1] * 17)
    assert len(released) == len({tile.shape for tile in tiles})
    assert all(map(close, model.predict(tiles), wanted))


def test_bfloat16_changes_scores_a_little_where_the_cpu_has_it(tiny_model, cache, tiles):
    from mitos_mmdet.model_zoo.networks.openvino_core import shared_core

    exact, rounded = (load_model(*map(str, tiny_model), device='cpu', precision=each) for each in ('float32', 'bfloat16'))
    assert (exact.precision, exact.notes) == ('float32', [])
    if 'BF16' in shared_core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
        assert (rounded.precision, rounded.notes) == ('bfloat16', [])
        best, other = exact.predict(tiles[:1])[0].scores[0], rounded.predict(tiles[:1])[0].scores[0]
        assert best != other and abs(best - other) < 0.05
    else:
        assert (rounded.precision, rounded.notes) == ('float32', ['float32 is used: this CPU has no bfloat16'])
    on_torch = load_model(*map(str, tiny_model), device='cpu', engine='torch', precision='bfloat16')
    assert (on_torch.precision, on_torch.notes) == ('float32', ['float32 is used: bfloat16 is for OpenVINO on a CPU'])
    with pytest.raises(ValueError, match="precision 'half': one of float32, bfloat16"):
        load_model(*map(str, tiny_model), precision='half')


def test_a_signal_does_no_harm_after_networks_have_gone():
    script = textwrap.dedent("""
        import faulthandler, gc, os, signal
        from mitos_mmdet.model_zoo.networks.openvino_core import shared_core
        faulthandler.enable()
        for _ in range(2):
            cores = [shared_core(), shared_core()]
            assert all(core.get_property('CPU', 'FULL_DEVICE_NAME') for core in cores)
            while cores:
                cores.pop(0)
                gc.collect()
        signal.signal(signal.SIGUSR1, lambda *_: print('handled'))
        os.kill(os.getpid(), signal.SIGUSR1)
    """)
    paths = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, env={**os.environ, 'PYTHONPATH': paths})
    assert done.returncode == 0 and done.stdout.endswith('handled\n'), done.stderr


def test_detectors_that_openvino_cannot_run_go_on_in_torch(tmp_path, cache):
    import torch
    from mmdet.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import DefaultScope

    from mitos_mmdet.model_zoo.bundled import find_config

    config = find_config('mitos/small/faster_rcnn_vgg16_small_atypia14.py')
    with DefaultScope.overwrite_default_scope('mmdet'):
        torch.manual_seed(0)
        detector = MODELS.build(Config.fromfile(config).model)
    path = tmp_path / 'two_stage.pth'
    torch.save(detector.state_dict(), path)
    model = load_model(str(config), str(path), device='cpu')
    assert model.engine == 'torch' and 'FasterRCNN is not a one-stage detector' in model.notes[0]
    assert len(model.predict(np.full((1, 128, 128, 3), 200, np.uint8))) == 1
    with pytest.raises(ValueError, match="engine 'openvino' cannot run this model: FasterRCNN is not a one-stage detector"):
        load_model(str(config), str(path), device='cpu', engine='openvino')
