"""The pixels that a transform gets."""

import numpy as np


def uint8_image(results: dict, step: str) -> np.ndarray:
    """``img`` of a pipeline's results, uint8 ``(H, W, 3)``.

    Args:
        results: The results.
        step: The transform that asks, for the message.

    Raises:
        ValueError: It has another dtype; mmdet's colour transforms leave floats behind.
    """
    image = results['img']
    if image.dtype != np.uint8:
        raise ValueError(f"{results.get('img_path', 'the image')}: {step} gets {image.dtype} and needs uint8. Put it before ColourJitter, "
                         f'PhotoMetricDistortion and the like in the pipeline, and load images without to_float32')
    return image
