"""Flags that choose the hotspot's window, the same for every command that counts."""

import argparse

from mitos_mmdet.cli.number_flags import decimal
from mitos_mmdet.slides.window import SHAPES, fields_area_mm2, window_size_um


def add_hotspot_arguments(command: argparse.ArgumentParser) -> None:
    """Adds the flags to an ``ArgumentParser``."""
    flags = command.add_argument_group('hotspot')
    flags.add_argument('--hotspot-mm2', type=decimal, metavar='A', help='area of the window in mm2 (default: 2)')
    flags.add_argument('--hotspot-fields', nargs=2, type=decimal, metavar=('N', 'DIAMETER_MM'),
                       help='area of N high-power fields of this diameter instead, for example 10 0.55')
    flags.add_argument('--hotspot-aspect', type=decimal, default=4 / 3, metavar='R', help='width over height of a rectangle (default: 4:3)')
    flags.add_argument('--hotspot-shape', choices=SHAPES, default='rectangle', help='(default: rectangle)')
    flags.add_argument('--min-tissue', type=decimal, default=0.5, metavar='SHARE',
                       help='least share of tissue in the window (default: 0.5)')


def hotspot_settings(args: argparse.Namespace) -> dict:
    """The chosen settings, keyword arguments of ``SlideSettings``.

    Raises:
        ValueError: A window that is not one.
    """
    if args.hotspot_mm2 is not None and args.hotspot_fields is not None:
        raise ValueError('--hotspot-mm2 and --hotspot-fields both give the area: give one of them')
    area = 2.0 if args.hotspot_mm2 is None else args.hotspot_mm2
    if args.hotspot_fields is not None:
        area = fields_area_mm2(*args.hotspot_fields)
    window_size_um(area, args.hotspot_aspect, args.hotspot_shape)
    if not 0 <= args.min_tissue <= 1:
        raise ValueError(f'--min-tissue {args.min_tissue:g} must be a share from 0 to 1')
    return dict(hotspot_area_mm2=area, hotspot_aspect=args.hotspot_aspect, hotspot_shape=args.hotspot_shape, min_tissue=args.min_tissue)
