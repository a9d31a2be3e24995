"""Explains why a slide has no um/px, and suggests a value."""

from collections.abc import Mapping

_UM_AT_1X = 10.0  # Ours: scanners have about 0.25 um/px at 40x and 0.5 at 20x.
_POWERS = (5, 10, 20, 40, 60, 80)  # objectives that slides are scanned with


def missing_um_per_px(properties: Mapping[str, str]) -> str:
    """Why there is no um/px, as half a sentence.

    Args:
        properties: Of a ``Slide``.
    """
    implausible, power = properties.get('implausible um_per_px'), _power(properties)
    likely = power and f'objective, {power:g}x (usually about {_UM_AT_1X / power:.2g} um/px)'
    if implausible:
        return f'the file says {implausible} um/px, which is not a microscope\'s' + (f', beside its {likely}' if likely else '')
    return 'the file does not say its um/px' + (f', only its {likely}' if likely else '')


def likely_um_per_px(properties: Mapping[str, str]) -> float:
    """um/px that a slide may have, by its objective; 0.25 where it does not say that either."""
    return _UM_AT_1X / (_power(properties) or 40)


def objective(properties: Mapping[str, str]) -> str:
    """The objective that ``likely_um_per_px`` is of, as ``'at 40x'``."""
    return f'at {_power(properties) or 40:g}x'


def _power(properties):
    try:
        power = float(properties.get('openslide.objective-power', ''))
    except ValueError:
        return None
    return power if power in _POWERS else None
