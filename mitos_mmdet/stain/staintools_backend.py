"""The reference: staintools 2.1.2's own estimates and transforms behind the interface of this package, ten to fifty times slower.

What staintools does not refuse (glass, a single stain) is refused here as everywhere in this package, by ``StainEstimate``.
"""

import numpy as np

from mitos_mmdet.stain.stain_estimate import NoStainError, StainEstimate

_PERCENTILE = 99  # of the concentrations, as in staintools.StainNormalizer


def estimate(image: np.ndarray, method: str) -> StainEstimate:
    """The ``StainEstimate`` of uint8 ``(H, W, 3)`` RGB by staintools, every pixel used.

    Raises:
        NoStainError: No tissue, or no two stains on it.
        ValueError: staintools or spams cannot be imported; the message says what to install.
    """
    staintools = _staintools()
    if not image.size:
        raise NoStainError('no pixels')
    image = np.array(image)  # a copy: staintools writes 1 over every 0
    if method == 'reinhard':
        statistics = staintools.ReinhardColorNormalizer().get_mean_std(image)
        return StainEstimate(method, tuple(tuple(float(value) for value in np.ravel(part)) for part in statistics))
    # The steps of its fit(), without the last: that refuses a negative density, which an eosin's red has on good frames, too.
    try:
        matrix = staintools.StainNormalizer(method).extractor.get_stain_matrix(image)
        if not np.isfinite(matrix).all():
            raise NoStainError('its colours are not those of two stains')
        concentrations = staintools.miscellaneous.get_concentrations.get_concentrations(image, matrix)
    except staintools.miscellaneous.exceptions.TissueMaskException as error:
        raise NoStainError('no tissue') from error
    except (np.linalg.LinAlgError, IndexError) as error:
        raise NoStainError(f'staintools fails on it ({error})') from error
    return StainEstimate(method, matrix, np.percentile(concentrations, _PERCENTILE, axis=0))


def restain(image: np.ndarray, source: StainEstimate, target: StainEstimate) -> np.ndarray:
    """The image in the target's stain, uint8 ``(H, W, 3)``, by the steps of staintools' ``transform`` with the estimates given.

    Beyond white is white: staintools itself wraps such pixels round to black.
    """
    staintools = _staintools()
    image = np.array(image)
    if not image.size:
        return image
    if source.method == 'reinhard':
        return _reinhard(staintools.ReinhardColorNormalizer, image, np.array(source.matrix), np.array(target.matrix))
    concentrations = staintools.miscellaneous.get_concentrations.get_concentrations(image, np.array(source.matrix))
    concentrations = concentrations * (np.array(target.maxima) / source.maxima)
    return np.clip(255 * np.exp(-concentrations @ np.array(target.matrix)), 0, 255).reshape(image.shape).astype(np.uint8)


def _reinhard(normalizer, image, source, target):
    (source_means, source_stds), (target_means, target_stds) = source, target
    channels = zip(normalizer.lab_split(image), source_means, source_stds, target_means, target_stds, strict=True)
    return normalizer.merge_back(*((channel - mean) * (new_std / std) + new_mean for channel, mean, std, new_mean, new_std in channels))


def _staintools():
    try:
        import staintools
        import staintools.miscellaneous.exceptions
        import staintools.miscellaneous.get_concentrations
    except ImportError as error:
        raise ValueError(f"backend='staintools' cannot be imported ({error}). Run pip install staintools==2.1.2 spams-bin, or use the "
                         f"default backend, 'fast'") from error
    return staintools
