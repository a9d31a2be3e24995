"""``OpenVinoNetwork``: a one-stage detector on a CPU, three times as fast as torch, from the same checkpoint."""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import openvino
import torch

from mitos_mmdet.model_zoo.networks.box_branch import BoxBranch
from mitos_mmdet.model_zoo.networks.openvino_compiled import compiled
from mitos_mmdet.model_zoo.networks.openvino_core import cores, precision_here, precision_hint, shared_core
from mitos_mmdet.model_zoo.networks.openvino_file import exported
from mitos_mmdet.model_zoo.networks.raw_maps import RawMaps
from mitos_mmdet.model_zoo.networks.sparse_decoding import SparseDecoder

_MOST_STREAMS = 4  # Ours: each holds the maps of a whole tile.
_MOST_SHAPES = 4  # Ours: compiled networks kept, one per size of tile.
# Ours: a stream of more tiles gives OpenVINO's memory back, 50 MiB for each tile at work. To take it again costs as much as an eighth of a
# tile, so a frame, which has fewer, keeps it for the next one.
_LONG = 16


class OpenVinoNetwork:
    """A one-stage detector: network by OpenVINO, the head's post-processing by mmdet, where a score reaches the floor.

    Several tiles are in work at once, each on its own core; the post-processing of one overlaps with the network of the next.

    Args:
        detector: The detector in evaluation mode on the CPU, with its weights.
        key: What identifies its weights and structure, and those of ``int8``, for the cache.
        threads: Cores to use; None: those this process may use, at most ``OMP_NUM_THREADS`` where that is set.
        precision: ``'float32'``, ``'bfloat16'`` where the CPU has it, or ``'int8'`` where there is ``int8``; the post-processing stays in
            float32.
        int8: The detector's ``RawMaps`` as an 8-bit network of OpenVINO, with batches of one tile (``.xml``, its ``.bin`` beside it).

    Raises:
        TypeError, RuntimeError: Not such a detector, or OpenVINO does not compute what torch does.
    """

    engine = 'openvino'

    def __init__(self, detector: torch.nn.Module, key: str, threads: int | None = None, precision: str = 'float32',
                 int8: Path | None = None):
        self.maps = RawMaps(detector).eval()
        self._decode = SparseDecoder(detector.bbox_head, BoxBranch(detector.bbox_head) if self.maps.with_features else None)
        self.size_divisor = getattr(detector.data_preprocessor, 'pad_size_divisor', 1)
        self._core = shared_core()
        self.precision = precision_here(precision) if int8 is None else 'int8'
        threads = threads or cores()
        self.in_flight = min(threads, _MOST_STREAMS)
        self._settings = {'INFERENCE_NUM_THREADS': threads, 'NUM_STREAMS': self.in_flight, 'PERFORMANCE_HINT': 'THROUGHPUT',
                          'INFERENCE_PRECISION_HINT': precision_hint(precision)}
        self.maps.example()  # so that its nest knows the head's groups, also for a network from the cache
        self._network = exported(self._core, self.maps, key) if int8 is None else self._core.read_model(str(int8))
        self._key = key
        self._compiled, self._at_work = OrderedDict(), 0
        self._lock = threading.RLock()  # a stream may end in the midst of a compilation, when it is garbage

    def stream(self, tiles: Iterable[np.ndarray], in_flight: int | None = None, score_floor: float = 0.0) -> Iterator:
        """As of ``LoadedModel``. Several threads may each have a stream."""
        in_flight, count = in_flight or self.in_flight, 0
        waiting, free = deque(), {}
        self._begin()
        try:
            for tile in tiles:
                if len(waiting) > in_flight:  # one more is ready, so that no core waits for the post-processing
                    yield self._finish(*waiting.popleft(), free, score_floor)
                padded = self._padded(tile)
                requests = free.setdefault(padded.shape, [])
                request = requests.pop() if requests else self._compile(padded.shape).create_infer_request()
                request.start_async({0: openvino.Tensor(padded[None], shared_memory=True)})
                waiting.append((request, padded, tile.shape))
                count += 1
            while waiting:
                yield self._finish(*waiting.popleft(), free, score_floor)
        finally:
            for request, *_ in waiting:  # they read the tiles' own memory
                request.wait()
            self._end(count)

    def _begin(self):
        with self._lock:
            self._at_work += 1

    def _end(self, count):
        """Gives the memory of a long stream back for what comes next, such as the second readers, unless another stream is at work."""
        with self._lock:
            self._at_work -= 1
            if count > _LONG and not self._at_work:
                for compiled in self._compiled.values():
                    compiled.release_memory()

    def _finish(self, request, padded, tile_shape, free, score_floor):
        request.wait()
        maps = self.maps.nest([request.get_output_tensor(index).data for index in range(len(request.model_outputs))])
        found = self._decode(maps, tile_shape[:2], padded.shape[:2], score_floor)
        free[padded.shape].append(request)
        return found

    def _padded(self, tile):
        """The tile with sides that the network divides evenly, padded below and to the right as mmdet does."""
        height, width = (-(-side // self.size_divisor) * self.size_divisor for side in tile.shape[:2])
        if (height, width) == tile.shape[:2]:
            return np.ascontiguousarray(tile)
        padded = np.empty((height, width, 3), np.uint8)
        padded[:] = self._pad_colour()
        padded[:tile.shape[0], :tile.shape[1]] = tile
        return padded

    def _pad_colour(self):
        """mmdet pads after scaling, with ``pad_value`` (0): the mean's grey, to half a grey level."""
        preprocessor = self.maps.detector.data_preprocessor
        if not self.maps._scaled:
            return preprocessor.pad_value
        colour = (preprocessor.mean + preprocessor.pad_value * preprocessor.std).flatten()
        colour = colour.flip(0) if self.maps._flip else colour
        return colour.round().clamp(0, 255).to(torch.uint8).numpy()

    def _compile(self, shape):
        """The network for tiles of a shape."""
        with self._lock:
            if shape in self._compiled:
                self._compiled.move_to_end(shape)
            else:
                self._compiled[shape] = compiled(self._core, lambda: self._shaped(shape), f'{self._key} {shape}', self._settings)
                if len(self._compiled) > _MOST_SHAPES:
                    self._compiled.popitem(last=False)
            return self._compiled[shape]

    def _shaped(self, shape):
        self._network.reshape({0: openvino.PartialShape([1, *shape])})
        return self._network
