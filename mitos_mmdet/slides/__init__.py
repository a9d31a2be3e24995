"""Whole slides: reading, tissue, detection, counts and output files.

    from mitos_mmdet.model_zoo import load_model
    from mitos_mmdet.slides import detect, find_hotspot, open_slide

    model = load_model()
    with open_slide('slide.svs') as slide:
        found = detect(slide, model).of('mitotic figure').where(model.threshold)
    hotspot = find_hotspot(found, area_mm2=2.0)
"""

from mitos_mmdet.slides.detect import detect
from mitos_mmdet.slides.hotspot import find_hotspot
from mitos_mmdet.slides.open_slide import open_slide
from mitos_mmdet.slides.tissue import tissue_mask

__all__ = ['detect', 'find_hotspot', 'open_slide', 'tissue_mask']
