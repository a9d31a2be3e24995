"""One class per way of reading a slide file; ``mitos_mmdet.slides.open_slide`` chooses among them."""
