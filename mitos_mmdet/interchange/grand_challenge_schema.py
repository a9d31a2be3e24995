"""What makes grand-challenge.org, or MIDOG's evaluator behind it, refuse a file of points.

The platform checks a ``Multiple points`` output by its JSON schema (``MPOI`` in its ``components/schemas.py``): ``type``, ``points``
and ``version`` must be there, ``name`` may be, nothing else. Since 2022 MIDOG wants ``name`` and ``probability`` of each point; its
evaluator takes a point without the former as ``mitotic figure``, without the latter as 0.5, and any other name as one that does not
count.
"""

from typing import Any

from mitos_mmdet.core.json_reading import is_number

TYPE, COUNTS, COUNTS_NOT = 'Multiple points', 'mitotic figure', 'non-mitotic figure'
_KEYS, _POINT_KEYS = ('name', 'type', 'points', 'version'), ('name', 'type', 'point', 'probability')


def envelope_faults(content: dict) -> list[str]:
    """Faults around the points, as ``"lacks 'version'"``; these change no score."""
    faults = [f'lacks {key!r}' for key in _KEYS if key not in content and key != 'name']
    faults += [f'has {key!r}, which is not allowed' for key in content if key not in _KEYS]
    if content.get('type', TYPE) != TYPE:
        faults.append(f"has type {content['type']!r}, it must be {TYPE!r}")
    if not isinstance(content.get('name', ''), str):
        faults.append(f"has name {content['name']!r}, which is no text")
    version = content.get('version', dict(major=1, minor=0))
    if not isinstance(version, dict) or set(version) != {'major', 'minor'} or not all(
            is_number(part) and part >= 0 and float(part).is_integer() for part in version.values()):
        faults.append(f'has version {version!r}, it must be like {{"major": 1, "minor": 0}}')
    return faults


def point_fault(point: Any) -> str | None:
    """Why a point cannot be used, None if it can."""
    if not isinstance(point, dict):
        return f'is {str(point)[:40]!r}, not an object'
    place = point.get('point')
    if not (isinstance(place, list) and len(place) == 3 and all(map(is_number, place))):
        return f"has 'point' {_shown(place)}, it must be three numbers: x, y in mm and 0"
    probability = point.get('probability', 0)
    if not is_number(probability) or not 0 <= probability <= 1:
        return f'has probability {_shown(probability)}, it must be a number from 0 to 1'
    if not isinstance(point.get('name', ''), str):
        return f"has name {point['name']!r}, which is no text"
    return None


def faults(content: Any) -> list[str]:
    """All faults of a file's content, in its order; empty where it would be taken."""
    if not isinstance(content, dict) or not isinstance(content.get('points'), list):
        return ["is not an object with a list 'points'"]
    found = envelope_faults(content)
    for number, point in enumerate(content['points'], start=1):
        fault = point_fault(point) or _strict_fault(point)
        if fault:
            found.append(f'point {number} {fault}')
    return found


def _strict_fault(point):
    """What the platform refuses of a point that could be scored; None if nothing."""
    for key in ('name', 'probability'):
        if key not in point:
            return f'lacks {key!r} (wanted since MIDOG 2022)'
    for key in point:
        if key not in _POINT_KEYS:
            return f'has {key!r}, which is not allowed'
    if point.get('type', 'Point') != 'Point':
        return f"has type {point['type']!r}, it must be 'Point'"
    if point['name'] not in (COUNTS, COUNTS_NOT):
        return f"is named {point['name']!r}, neither {COUNTS!r} nor {COUNTS_NOT!r}"
    return None


def _shown(value):
    return ('[' + ', '.join(map(_shown, value)) + ']' if isinstance(value, list) else str(value))[:60]
