"""COCO's run-length masks, as lists of numbers or compressed text. numpy alone; nothing is trusted."""

import numpy as np

_MOST_PIXELS = 50_000_000  # of one object (ours)


def run_length_pixels(segmentation: dict) -> np.ndarray:
    """The pixels ``(N, 2)`` int xy of a mask.

    Args:
        segmentation: ``{'size': [height, width], 'counts': [...] or text}``.

    Raises:
        ValueError: Counts that do not fill the size, or no pixel.
    """
    size, counts = segmentation.get('size'), segmentation.get('counts')
    if not (isinstance(size, list | tuple) and len(size) == 2 and all(type(side) is int and 0 < side < 10**6 for side in size)):
        raise ValueError(f'its run-length mask has the size {str(size)[:40]}')
    if isinstance(counts, str | bytes):
        counts = _decompressed(counts if isinstance(counts, str) else counts.decode('ascii', 'replace'))
    height, width = size
    if not (isinstance(counts, list) and all(type(count) is int and 0 <= count <= height * width for count in counts)
            and sum(counts) == height * width):
        raise ValueError(f'its run-length mask does not fill its {width} x {height} px')
    ends = np.cumsum(counts)
    runs = [(end - count, end) for count, end in zip(counts[1::2], ends[1::2].tolist(), strict=True) if count]
    total = sum(end - start for start, end in runs)
    if not 0 < total <= _MOST_PIXELS:
        raise ValueError(f'its run-length mask has {total} pixels')
    places = np.concatenate([np.arange(start, end) for start, end in runs])
    return np.stack([places // height, places % height], axis=1)


def _decompressed(text):
    """The counts of COCO's text: groups of five bits, from the third on as differences to the one before the last."""
    counts, value, shift = [], 0, 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError('its run-length mask is no text of COCO')
        value |= (bits & 0x1f) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError('its run-length mask ends too early')
    return counts
