"""A target of our own for each method, so that nobody needs a target image.

From MITOS-ATYPIA-14: the 52 frames at x40 of its training slides H03, H04, H15 and H18 (Hamamatsu NanoZoomer 2.0-HT), each
estimated by ``estimate_stain`` with its defaults; of each number the median over a slide's frames, then over the slides, so that
each slide counts alike; stain vectors scaled to length 1.
"""

from mitos_mmdet.stain.stain_estimate import StainEstimate

DEFAULT_TARGETS = {
    'macenko': StainEstimate('macenko', matrix=((0.4437, 0.7916, 0.4201), (0.0810, 0.9482, 0.3072)), maxima=(1.7615, 1.0137)),
    'vahadane': StainEstimate('vahadane', matrix=((0.3659, 0.8299, 0.4211), (0.1822, 0.9041, 0.3866)), maxima=(1.9370, 1.3312)),
    'reinhard': StainEstimate('reinhard', matrix=((63.4764, 35.4247, -14.6557), (14.2578, 13.6230, 5.7672))),
}
