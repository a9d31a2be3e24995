"""The built-in sample: drawn H&E frames with mitotic figures and what is mistaken for them.

Made for trying the whole chain, from contest files to scores, without a download: figures are dozens of times denser than in
tissue (about 10 mitoses and 8 hard negatives in a frame of 0.04 mm2), so that 16 frames train a detector in minutes. Scores on it
say that the chain works, nothing about tissue. Stains are mixed in optical density (Beer-Lambert), sizes are um.

No torch and no mmdet in here.
"""

from .plan import LOOK_ALIKES, MITOSES, Figure, FramePlan, plan_frame
from .render import render_frame
from .sample import make_sample
from .scanners import SCANNERS, Scanner

__all__ = ['LOOK_ALIKES', 'MITOSES', 'SCANNERS', 'Figure', 'FramePlan', 'Scanner', 'make_sample', 'plan_frame', 'render_frame']
