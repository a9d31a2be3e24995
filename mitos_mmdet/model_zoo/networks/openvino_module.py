"""``OpenVinoModule``: a network of plain tensor arithmetic on a CPU, three times as fast as torch."""

import threading
import warnings

import numpy as np
import torch
from torch import nn

from mitos_mmdet.model_zoo.networks.openvino_compiled import compiled
from mitos_mmdet.model_zoo.networks.openvino_core import cores, precision_hint, shared_core
from mitos_mmdet.model_zoo.networks.openvino_file import exported


class OpenVinoModule:
    """A torch module by OpenVINO, for a few images at a time. Threads may share it; they take turns.

    The first call compiles it and lets the torch module go. Where OpenVINO cannot run it, torch goes on, with a warning.

    Args:
        module: In evaluation mode on the CPU, with its weights; ``module.example(height, width)`` gives ``(images, outputs)``.
        key: What identifies its weights and structure, for the cache.
        threads: Cores to use; None: those this process may use.
        precision: ``'bfloat16'`` where the CPU has it; any other means float32.
    """

    def __init__(self, module: nn.Module, key: str, threads: int | None = None, precision: str = 'float32'):
        self._module, self._key = module, f'{type(module).__name__} {key}'
        self._network, self._lock = None, threading.Lock()
        self._settings = {'INFERENCE_NUM_THREADS': threads or cores(), 'PERFORMANCE_HINT': 'LATENCY',
                          'INFERENCE_PRECISION_HINT': precision_hint(precision)}

    def __call__(self, images: np.ndarray) -> tuple:
        """The outputs for a batch of at least one image, as tensors."""
        images = np.ascontiguousarray(images)
        with self._lock:  # the network has one infer request, which serves one thread at a time
            if self._network is None:
                self._network = self._compile()
            return self._network(images)

    def _compile(self):
        """The network by OpenVINO, else by torch, as a function of images."""
        module, self._module = self._module, None
        core = shared_core()
        try:
            network = compiled(core, lambda: exported(core, module, self._key), self._key, self._settings)
        except Exception as error:  # its converter meets a network with errors of every kind
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            warnings.warn(f'torch runs {self._key.split()[0]}, which is slower: {reason}', stacklevel=1)
            return lambda images: _by_torch(module, images)
        return lambda images: tuple(torch.from_numpy(each) for each in network(images).values())


@torch.inference_mode()
def _by_torch(module, images):
    found = module(torch.from_numpy(images))
    return found if isinstance(found, tuple) else (found, )
