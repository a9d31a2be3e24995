"""What may be chosen for the detections and counts of a slide."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from mitos_mmdet.slides.window import window_size_um

OUTPUTS = ('csv', 'geojson', 'grand-challenge', 'overview', 'picture', 'page')


@dataclass(frozen=True)
class SlideSettings:
    """Settings of one slide; small and picklable, for it travels to workers.

    Attributes:
        um_per_px: Resolution of the slide, over what its file says; None: the file's.
        roi: GeoJSON file of a region drawn in QuPath; None: the whole slide.
        threshold: Least score of what is counted; None: the model's operating threshold.
        batch_size: Tiles per forward pass; None: the model's choice. It does not change the detections.
        normalize_stain: Give networks that want it the stain they were trained with, by one estimate per slide; False: colours as scanned.
        hotspot_area_mm2: 2.0 is the contests' (MIDOG: 2 mm2, about ten high-power fields).
        hotspot_aspect: Width over height of a rectangle; 4:3 is MIDOG's.
        hotspot_shape: ``'rectangle'`` or ``'circle'``.
        min_tissue: Least share of tissue in the hotspot's area (ours).
        qupath_offset: Whether GeoJSON coordinates subtract the slide's bounds, as QuPath crops.
        outputs: Which files are written beside ``summary.json``, of ``OUTPUTS``.

    Raises:
        ValueError: A window that is not one, a threshold or share outside 0 to 1, or an output that is none.
    """
    um_per_px: float | None = None
    roi: str | None = None
    threshold: float | None = None
    batch_size: int | None = None
    normalize_stain: bool = True
    hotspot_area_mm2: float = 2.0
    hotspot_aspect: float = 4 / 3
    hotspot_shape: str = 'rectangle'
    min_tissue: float = 0.5
    qupath_offset: bool = True
    outputs: tuple = OUTPUTS

    def __post_init__(self):
        window_size_um(self.hotspot_area_mm2, self.hotspot_aspect, self.hotspot_shape)
        for name, value in (('threshold', self.threshold), ('min_tissue', self.min_tissue)):
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f'{name}={value!r}: give a number from 0 to 1')
        unknown = [name for name in self.outputs if name not in OUTPUTS]
        if unknown:
            raise ValueError(f"outputs={self.outputs!r}: {unknown[0]!r} is none. Give a tuple of {', '.join(OUTPUTS)}")

    def but(self, **changes: Any) -> 'SlideSettings':
        """A copy with some settings changed."""
        return replace(self, **changes)

    def as_dict(self) -> dict:
        """As plain types, for JSON."""
        return {**asdict(self), 'outputs': list(self.outputs)}
