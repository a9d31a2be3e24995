"""``OpenVinoModule``: a network of plain tensor arithmetic on a CPU, three times as fast as torch."""

import threading

import numpy as np
import torch
from torch import nn

from mitos_mmdet.model_zoo.networks.openvino_core import cores, precision_hint, shared_core
from mitos_mmdet.model_zoo.networks.openvino_file import exported


class OpenVinoModule:
    """A torch module by OpenVINO, for a few images at a time. Threads may share it; they take turns.

    The first call compiles it and lets the torch module go.

    Args:
        module: In evaluation mode on the CPU, with its weights; ``module.example(height, width)`` gives ``(images, outputs)``.
        key: What identifies its weights and structure, for the cache of exported networks.
        threads: Cores to use; None: those this process may use.
        precision: ``'float32'``, or ``'bfloat16'`` where the CPU has it.
    """

    def __init__(self, module: nn.Module, key: str, threads: int | None = None, precision: str = 'float32'):
        self._module, self._key = module, f'{type(module).__name__} {key}'
        self._network, self._lock = None, threading.Lock()
        self._settings = {'INFERENCE_NUM_THREADS': threads or cores(), 'PERFORMANCE_HINT': 'LATENCY',
                          'INFERENCE_PRECISION_HINT': precision_hint(precision)}

    def __call__(self, images: np.ndarray) -> tuple:
        """The outputs for a batch of at least one image, as tensors.

        Raises:
            RuntimeError: OpenVINO does not compute what torch does.
        """
        with self._lock:  # the network has one infer request, which serves one thread at a time
            found = self._compiled()(np.ascontiguousarray(images))
            return tuple(torch.from_numpy(found[index]) for index in range(len(found)))

    def _compiled(self):
        if self._network is None:
            core = shared_core()
            self._network = core.compile_model(exported(core, self._module, self._key), 'CPU', self._settings)
            self._module = None
        return self._network
