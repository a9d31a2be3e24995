"""An image worked on in blocks that stay in a core's cache, on several cores where it is large."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

_BLOCK_PX = 65536  # Ours: six float32 planes of it fit into a cache of 2 MB.
_MIN_PX_FOR_THREADS = 1 << 18  # Ours: below, starting threads costs more than it saves.


def in_blocks(function: Callable[[np.ndarray, np.ndarray], None], image: np.ndarray) -> np.ndarray:
    """What ``function(pixels, out)`` writes for every block of whole rows, as uint8 of the image's shape.

    Threads: as many as OpenCV may use (``cv2.setNumThreads``; mmengine's runner sets it, too).
    """
    result = np.empty(image.shape, np.uint8)
    if not image.size:
        return result
    rows = max(1, _BLOCK_PX // image.shape[1])

    def work(top):
        function(np.ascontiguousarray(image[top:top + rows]), result[top:top + rows])

    tops = range(0, image.shape[0], rows)
    threads = max(1, cv2.getNumThreads()) if image.shape[0] * image.shape[1] >= _MIN_PX_FOR_THREADS else 1
    if threads == 1:
        for top in tops:
            work(top)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, tops))
    return result
