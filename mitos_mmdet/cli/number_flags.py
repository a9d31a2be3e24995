"""Numbers of flags: ``type=decimal`` and ``type=whole`` for ``add_argument``, whose errors say what to write instead."""

import argparse
import math
import re


def decimal(text: str) -> float:
    """A finite number.

    Raises:
        ArgumentTypeError: Anything else; the message says what to write.
    """
    return _number(text, float, text.replace(',', '.'), 'number', '0.25')


def whole(text: str) -> int:
    """A whole number.

    Raises:
        ArgumentTypeError: Anything else; the message says what to write.
    """
    return _number(text, int, re.sub(r"[,'_ ](?=\d{3}\b)", '', text), 'whole number', '4')


def _number(text, kind, repaired, named, example):
    value = _parsed(text, kind)
    if value is None:
        begin = re.match(r'\s*[-+]?(\d+\.?\d*|\.\d+)(?!\s*(?:x|%|nm))(?=[^\d.,]*2?$)', repaired)  # not 40x, 50%, 250nm
        meant = begin and _parsed(begin.group(), kind)
        advice = f'for example {example}' if meant is None else f'{meant:.15g}'
        raise argparse.ArgumentTypeError(f'{text[:40]!r} is not a {named}. Write {advice}')
    return value


def _parsed(text, kind):
    try:
        value = kind(text)
    except ValueError:
        return None
    return value if kind is int or math.isfinite(value) else None
