"""Refuses slides whose pixel size is unknown, or too large for mitotic figures to be seen."""

from mitos_mmdet.slides.missing_size import likely_um_per_px, objective
from mitos_mmdet.slides.slide import Slide, SlideError

_MOST_ENLARGED = 4.0  # Ours: at 0.9 um/px a mitotic figure has 10 px across, and a wrong um/px would mean millions of tiles.


def need_um_per_px(slide: Slide) -> None:
    """Refuses a slide whose um/px nobody knows.

    Raises:
        SlideError: Names the file and ``--um-per-px``.
    """
    if slide.um_per_px is None:
        likely = f'{likely_um_per_px(slide.properties):.2g}'
        raise SlideError(f"{slide.path}: {slide.no_um_per_px}. Give it by --um-per-px, or open_slide(path, um_per_px={likely}) in Python: "
                         f"the scanner's manual has it, {likely} is usual {objective(slide.properties)}")


def check_fine_enough(slide: Slide, um_per_px: float) -> None:
    """Refuses a slide on which mitotic figures are too small to be seen, or whose um/px is wrong.

    Args:
        slide: ``Slide`` with um/px.
        um_per_px: The model's.

    Raises:
        SlideError: Names the file, its um/px, and the limit.
    """
    coarse, limit = max(slide.um_per_px), _MOST_ENLARGED * um_per_px
    if coarse > limit:
        raise SlideError(f'{slide.path}: has {coarse:g} um/px, too coarse for mitotic figures: the model looks at {um_per_px:g} um/px, and '
                         f'more than {limit:.3g} cannot be enlarged to that. Correct --um-per-px, or scan it with a stronger objective')
