"""A target of our own for each method, so that nobody needs a target image.

From MITOS-ATYPIA-14: the 52 frames at x40 of its training slides H03, H04, H15 and H18 (Hamamatsu NanoZoomer 2.0-HT), each
estimated by ``estimate_stain`` with its defaults; of each number the median over a slide's frames, then over the slides, so that
each slide counts alike; stain vectors scaled to length 1.
"""

from mitos_mmdet.stain.stain_estimate import StainEstimate

DEFAULT_TARGETS = {
    'macenko': StainEstimate('macenko', matrix=((0.4437, 0.7916, 0.4201), (0.0810, 0.9482, 0.3072)), maxima=(1.7615, 1.0137)),
    'vahadane': StainEstimate('vahadane', matrix=((0.3698, 0.8278, 0.4220), (0.1881, 0.9025, 0.3874)), maxima=(1.9394, 1.3512)),
    'reinhard': StainEstimate('reinhard', matrix=((61.1550, 38.6678, -16.0937), (13.3918, 10.7919, 5.0173))),
}
