"""A network exported to OpenVINO, kept in the user's cache folder: exporting takes seconds, reading it back milliseconds."""

import contextlib
import hashlib
import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import openvino
import torch

import mitos_mmdet

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.networks.raw_maps import RawMaps

_OUTPUTS = 2  # Of the exported networks, counted up when they change: those in the cache are then exported anew.
_MOST_BYTES = 512 * 2**20  # Ours: some 25 networks.
_TOLERANCE = 2e-3  # Ours: of the largest value of a map; 5e-5 is what float32 gives in another order of sums.


def exported(core: openvino.Core, maps: 'RawMaps', key: str) -> openvino.Model:
    """The network as an OpenVINO model of dynamic shape, from the cache, else exported and compared with torch.

    Args:
        core: ``openvino.Core``.
        maps: ``RawMaps``, or another module with ``example(height, width)``, which gives ``(images, outputs)``.
        key: What identifies weights and structure.

    Raises:
        RuntimeError: What OpenVINO computes is not what torch does.
    """
    folder = place_in_cache(key)
    with contextlib.suppress(OSError, RuntimeError):  # absent or damaged: exported again
        os.utime(folder)  # so that what is used stays longest
        return core.read_model(str(folder / 'network.xml'))
    network = _export(maps)
    _compare(core, network, maps)
    _keep(network, folder)
    return network


def place_in_cache(key: str) -> Path:
    """Where what ``key`` and the versions of this software identify is kept: in ``$XDG_CACHE_HOME/mitos_mmdet``, by default in
    ``~/.cache``.
    """
    base = os.environ.get('XDG_CACHE_HOME')
    key = '\n'.join([key, str(_OUTPUTS), mitos_mmdet.__version__, openvino.__version__, torch.__version__])
    return (Path(base) if base else Path('~/.cache').expanduser()) / 'mitos_mmdet' / hashlib.sha256(key.encode()).hexdigest()[:32]


def leave_room(folder: Path) -> None:
    """Removes what was used longest ago from a cache folder that holds more than 512 MiB."""
    left = _MOST_BYTES
    entries = [path for path in folder.iterdir() if not path.name.startswith('.')]  # those with a dot are being written
    for path in sorted(entries, key=lambda path: path.stat().st_mtime, reverse=True):
        left -= sum(file.stat().st_size for file in (path.iterdir() if path.is_dir() else (path, )))
        if left < 0:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _export(maps):
    """By the front end itself: ``openvino.convert_model`` would also report the conversion to its vendor over the network."""
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    tiles, _ = maps.example(256, 256)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')  # of torch's tracer, about shapes that _compare then tries
        front_end = FrontEndManager().load_by_framework('pytorch')
        decoder = TorchScriptPythonDecoder(maps, example_input=(tiles, ))  # must live as long as the conversion does
        network = front_end.convert(front_end.load(decoder))
    pixels = network.get_parameters()[0]
    pixels.set_element_type(openvino.Type(tiles.numpy().dtype))
    pixels.set_partial_shape(openvino.PartialShape([side if side == 3 else -1 for side in tiles.shape]))  # channels stay
    network.validate_nodes_and_infer_types()
    return network


def _compare(core, network, maps):
    """Both on an image of another size and shape than the one that was exported."""
    tiles, expected = maps.example(160, 224)
    found = core.compile_model(network, 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})(tiles.numpy())
    for index, wanted in enumerate(expected):
        wanted, got = wanted.numpy(), found[index]
        if wanted.shape != got.shape or not np.abs(wanted - got).max() <= _TOLERANCE * max(1.0, np.abs(wanted).max()):
            raise RuntimeError(f'map {index} of the exported network differs from torch')


def _keep(network, folder):
    """Into the cache, whole or not at all; a cache that cannot be written is none."""
    with contextlib.suppress(OSError, RuntimeError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = tempfile.mkdtemp(dir=folder.parent, prefix='.draft-')
        try:
            openvino.save_model(network, str(Path(draft) / 'network.xml'), compress_to_fp16=False)
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(draft, folder)
            leave_room(folder.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
