"""Finds pixels with the colours of H&E, pink to violet, and tells whether a thumbnail looks like H&E.

Thresholds are ours, chosen on slides and frames of five scanners, among them a fluorescence slide.
"""

import cv2
import numpy as np

_HUES = (238.0, 25.0)  # degrees: from blue-violet through pink to orange-red. Blue pen lies below, green and yellow outside.
_RED_PEN = (348.0, 12.0, 0.62, 110)  # hue from, to; least saturation; least brightness
_LEAST_CHROMA, _MOST_CHROMA = 10, 26  # of max - min of a pixel, between which the limit of colour is looked for
_BLACK, _DIM = 30, 130  # of 255: below the first nothing was scanned; lit parts of H&E are brighter than the second
_UNSCANNED = 0.2  # of all pixels: with more black than this, colours must not be as pure as a fluorophore's:
_VIVID = 0.8  # median saturation
_GLASS = 190  # of 255: brighter is glass
_OWN_SHARE = 0.5  # of the coloured pixels that must have H&E's colours
_COLOURED = 0.001  # of all pixels: fewer tell nothing
# Haematoxylin absorbs more red than eosin does, so the dark parts of H&E absorb more red, and less blue, than the pale ones. The share of
# red less that of blue in all absorption is larger in the darkest 5 % than in the paler half: by 0.012 or more on the frames of two
# contests and the patches of AMi-Br at hand. With red and blue swapped, or nuclei brown of DAB, it is smaller; one colour alone has 0.
_DARKEST = 0.05
_LEAST_BLUER = -0.01
_BROWN = (8.0, 70.0)  # degrees: orange to yellow, as DAB is
_MOST_BROWN = 0.15  # of the coloured pixels; on the same frames and patches at most 0.08


def he_like(rgb: np.ndarray) -> tuple:
    """Pixels coloured as H&E is.

    Args:
        rgb: uint8 ``(h, w, 3)``.

    Returns:
        tuple: bool ``(h, w)`` of those, and bool ``(h, w)`` of all that have a colour, pen marks included.
    """
    balanced = _balance(rgb)
    chroma, hue, saturation = _hue(balanced)
    limit = _chroma_limit(chroma)
    coloured = chroma >= limit
    from_hue, to_hue, least, bright = _RED_PEN
    red_pen = ((hue >= from_hue) | (hue <= to_hue)) & (saturation >= least) & (balanced.max(axis=2) >= bright)
    return coloured & ((hue >= _HUES[0]) | (hue <= _HUES[1])) & ~red_pen, coloured


def he_fault(rgb: np.ndarray) -> str | None:
    """Why a thumbnail does not look like H&E, as the end of a sentence; None if it does (or is empty glass).

    Args:
        rgb: uint8 ``(h, w, 3)``, a thumbnail of the slide.
    """
    brightness = rgb.max(axis=2)
    lit = brightness >= _BLACK  # the rest may be the unscanned part of an H&E slide
    dark = 'its background is dark, as in fluorescence'
    if lit.mean() < _COLOURED or np.percentile(brightness[lit], 75) < _DIM:
        return dark
    like, coloured = he_like(rgb)
    if lit.mean() < 1 - _UNSCANNED and coloured.any():
        saturation = 1 - rgb.min(axis=2)[coloured] / np.maximum(brightness[coloured], 1)
        if np.median(saturation) > _VIVID:
            return dark
    if coloured.mean() < _COLOURED:
        if (brightness < _GLASS).mean() > 0.05:
            return 'it is grey, without the pink and violet of eosin and haematoxylin'
        return None
    share = like.sum() / coloured.sum()
    if share < _OWN_SHARE:
        return f'only {share:.0%} of its coloured area is pink or violet, as eosin and haematoxylin are'
    return _wrong_stains(_balance(rgb), coloured)


def _wrong_stains(balanced, coloured):
    """What tells brown DAB and swapped channels from H&E where both look pink and violet."""
    hue = _hue(balanced)[1][coloured]
    brown = ((hue > _BROWN[0]) & (hue < _BROWN[1])).mean()
    if brown > _MOST_BROWN:
        return f'{brown:.0%} of its coloured area is brown, as DAB is'
    pixels = balanced[coloured].astype(np.float32)
    density, light = -np.log((pixels + 1) / 256), pixels.sum(axis=1)
    bluer = (density[:, 0] - density[:, 2]) / density.sum(axis=1)
    if np.median(bluer[light <= np.quantile(light, _DARKEST)]) - np.median(bluer[light >= np.median(light)]) < _LEAST_BLUER:
        return 'its nuclei are redder than the rest: is it stained brown with DAB, or are red and blue swapped?'
    return None


def _balance(rgb):
    """The glass made white, where it is only slightly tinted."""
    brightness = rgb.min(axis=2)
    glass = rgb[brightness >= max(_GLASS, np.percentile(brightness, 95))]
    if len(glass) == 0:
        return rgb
    tint = np.median(glass, axis=0)
    if tint.max() - tint.min() > _MOST_CHROMA:
        return rgb
    tables = [np.minimum(np.arange(256) * (tint.max() / max(side, 1)), 255).astype(np.uint8) for side in tint]
    return np.stack([table[rgb[..., channel]] for channel, table in enumerate(tables)], axis=-1)


def _hue(rgb):
    """Chroma 0..255, hue in degrees, saturation 0..1."""
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV_FULL)  # in bytes: a quarter of the memory, and steps of 1.4 degrees do
    return rgb.max(axis=2) - rgb.min(axis=2), hsv[..., 0] * np.float32(360 / 256), hsv[..., 1] / np.float32(255)


def _chroma_limit(chroma):
    """Otsu's threshold between pale and coloured, held where noise of glass ends and pale tissue begins."""
    found, _ = cv2.threshold(chroma, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return float(np.clip(found / 2, _LEAST_CHROMA, _MOST_CHROMA))
