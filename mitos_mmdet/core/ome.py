"""What OME-XML says of an image's channels."""

from xml.etree import ElementTree

_RED_GREEN_BLUE = [0xFF0000, 0x00FF00, 0x0000FF]
_NAMES = [['red', 'green', 'blue'], ['r', 'g', 'b']]


def channels_are_rgb(text: str) -> bool:
    """Whether three grey channels are the colours of an image: they are called so, or nothing says otherwise."""
    channels = list(_nodes(text, 'Channel'))[:3]
    names = [str(channel.get('Name') or '').strip().lower() for channel in channels]
    tints = [_tint(channel.get('Color')) for channel in channels]
    if any(names):
        return names in _NAMES or all(name.startswith('channel') for name in names) and tints in ([None] * 3, _RED_GREEN_BLUE)
    return tints in ([None] * 3, _RED_GREEN_BLUE)


def significant_bits(text: str) -> int | None:
    """``SignificantBits`` of the first image, or None."""
    value = next((node.get('SignificantBits') for node in _nodes(text, 'Pixels')), None)
    return int(value) if value and value.isdigit() else None


def _nodes(text, name):
    if not text or '<!ENTITY' in text:
        return
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return
    yield from (node for node in root.iter() if node.tag.rpartition('}')[2] == name)


def _tint(colour):
    """0xRRGGBB of OME's signed RGBA number; None for none and for white, its default."""
    try:
        rgb = (int(colour) & 0xFFFFFFFF) >> 8
    except (TypeError, ValueError):
        return None
    return None if rgb == 0xFFFFFF else rgb
