"""What every contest's reader returns: frames with their labels, before any image was opened."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Label:
    """One labelled cell.

    Attributes:
        category: A name of ``coco_format.CLASSES``.
        centroid: ``(x, y)`` in px of its frame, not yet checked against the frame's size.
        where: ``file:line`` or the like, for messages.
        confidence: The contest's own, 0 to 1, or None.
        outline: ``(N, 2)`` int array of the cell's pixels ``(x, y)``, or None.
    """

    category: str
    centroid: tuple
    where: str
    confidence: float | None = None
    outline: object = None


@dataclass
class LabelledFrame:
    """One image of a contest.

    Attributes:
        file_name: Relative to the image root, with forward slashes.
        image: Where the image is, or would be.
        scanner: The scanner's name, one spelling a scanner.
        case_id: Patient or slide; the same tissue has the same id across contests.
        domain: Tumour type.
        um_per_px: ``(x, y)`` in um, or None.
        size: ``(width, height)`` px from the labels or nominal for the contest, None where only the image can tell.
        exact_size: ``size`` is this image's own, so an image of another size is the wrong one.
        tags_win: A pixel size in the image's TIFF tags beats ``um_per_px``.
        labelled: False: nobody looked, so that it is not a negative.
        slide: A name for the frame's slide that a split's case list may use besides ``case_id``.
        labels: The labelled cells.
    """

    file_name: str
    image: Path
    scanner: str
    case_id: str
    domain: str
    um_per_px: tuple | None = None
    size: tuple | None = None
    exact_size: bool = False
    tags_win: bool = False
    labelled: bool = True
    slide: str = ''
    labels: list = field(default_factory=list)


@dataclass
class Reading:
    """All that a contest's files say.

    Attributes:
        contest: The contest's name and year, as ``'MIDOG 2021'``.
        image_root: The folder that file names are relative to.
        frames: The frames.
        skipped: ``[(what, reason), ...]``: bad frames and bad labels, left out.
        notes: Lines that the user should read.
        default_box: Box side as a length, or None where boxes come from outlines.
        splits: Splits that these files themselves hold: ``{rule: {split: {case_id, ...}}}``.
    """

    contest: str
    image_root: Path
    frames: list
    skipped: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    default_box: str | None = '50px'
    splits: dict = field(default_factory=dict)
