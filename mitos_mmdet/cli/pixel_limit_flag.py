"""``--max-mpx``: how large an image may be that is decoded whole."""

import argparse
import os

from mitos_mmdet.core.image_errors import LIMIT_VARIABLE, pixel_limit


def add_pixel_limit(command: argparse.ArgumentParser) -> None:
    """Adds the flag to a command. It sets the limit for this process and those it starts."""
    command.add_argument('--max-mpx', action=_SetLimit, metavar='MPX', help='read images that can only be decoded whole, such as PNG '
                         f'and JPEG, up to so many megapixels (default: 500, or what {LIMIT_VARIABLE} says)')


class _SetLimit(argparse.Action):
    """Puts the limit where every reader finds it, also those of worker processes."""

    def __call__(self, parser, namespace, values, option_string=None):
        os.environ[LIMIT_VARIABLE] = values
        pixel_limit()
        setattr(namespace, self.dest, values)
