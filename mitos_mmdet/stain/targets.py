"""A target of our own for each method, so that nobody needs a target image.

From MITOS-ATYPIA-14: the 52 frames at x40 of its training slides H03, H04, H15 and H18 (Hamamatsu NanoZoomer 2.0-HT), each
estimated by ``estimate_stain`` with every pixel; of each number the median over a slide's frames, then over the slides, so that
each slide counts alike; stain vectors scaled to length 1.
"""

from mitos_mmdet.stain.stain_estimate import StainEstimate

DEFAULT_TARGETS = {
    'macenko': StainEstimate('macenko', matrix=((0.4438, 0.7915, 0.4202), (0.0805, 0.9485, 0.3065)), maxima=(1.7579, 1.0131)),
    'vahadane': StainEstimate('vahadane', matrix=((0.3690, 0.8282, 0.4219), (0.1881, 0.9025, 0.3875)), maxima=(1.9412, 1.3494)),
    'reinhard': StainEstimate('reinhard', matrix=((61.1711, 38.6755, -16.0897), (13.3896, 10.7988, 5.0190))),
}
