"""What the readers of own labels return: the labels of one image, before it was paired with the image."""

from dataclasses import dataclass


@dataclass
class Found:
    """The labels of one image.

    Attributes:
        name: The image as the label file calls it: a path or a bare name, with or without extension.
        points: ``[(x, y, class name or None, where), ...]``: centroids in px, or as shares of width and height; ``where`` is ``file:line``.
        where: The label file, for messages.
        relative: The points are shares of the image's width and height (YOLO).
        case_id, scanner, domain: Where the label file says so, else None.
        um_per_px: ``(x, y)``, or None.
        size_px: ``(width, height)`` of the image that was labelled, or None.
        fault: Why the label file cannot be used, an error where it has an image; else None.
    """

    name: str
    points: list
    where: str
    relative: bool = False
    case_id: str | None = None
    scanner: str | None = None
    domain: str | None = None
    um_per_px: tuple | None = None
    size_px: tuple | None = None
    fault: str | None = None
