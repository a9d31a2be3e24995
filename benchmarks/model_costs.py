"""What a model costs: parameters, CPU seconds per mm2, peak memory; one row per config.

    OMP_NUM_THREADS=1 python benchmarks/model_costs.py data/atypia14/H05/frames/x40/H05_00Ab.jpg configs/mitos/*.py

One frame goes through the config's own test pipeline and its detector, tiles included, once, with random weights, in a process of its own.
Random weights leave as many proposals as a test allows, so a trained two-stage detector is no slower. CPU seconds are those that the
process used, from the file to merged detections, model built before; memory is the peak of the whole process, torch and mmdet included.
"""

import argparse
import multiprocessing
import resource
import time
from pathlib import Path

from mitos_mmdet.core.console import run


def main():
    command = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    command.add_argument('frame', help='an image')
    command.add_argument('configs', nargs='+')
    command.add_argument('--um-per-px', type=float, default=0.2274, help="the frame's (default: ATYPIA-14's)")
    args = command.parse_args()
    print('| model | parameters | CPU seconds per mm² | peak memory |\n| --- | --- | --- | --- |')
    for config in args.configs:
        with multiprocessing.get_context('spawn').Pool(1) as pool:
            parameters, seconds, memory = pool.apply(measure, (config, args.frame, args.um_per_px))
        print(f'| `{Path(config).stem}` | {parameters / 1e6:.1f} M | {seconds:.1f} | {memory:.2f} GiB |', flush=True)


def measure(config, frame, um_per_px):
    """``(parameters, CPU seconds per mm2, peak GiB of this process)``."""
    import torch
    from mmdet.registry import MODELS
    from mmengine.config import Config
    from mmengine.dataset import Compose, pseudo_collate
    from mmengine.registry import init_default_scope

    import mitos_mmdet.register  # noqa: F401
    from mitos_mmdet.compat.config_edits import set_from_scratch

    cfg = Config.fromfile(config)
    set_from_scratch(cfg)
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).eval()
    pipeline = Compose(cfg.test_dataloader.dataset.pipeline)
    start = time.process_time()
    packed = pipeline(dict(img_path=frame, img_id=0, um_per_px=[um_per_px] * 2, instances=[]))
    with torch.inference_mode():
        sample = model.test_step(pseudo_collate([packed]))[0]
    height, width = sample.ori_shape
    seconds = (time.process_time() - start) / (height * width * um_per_px**2 / 1e6)
    return sum(weights.numel() for weights in model.parameters()), seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == '__main__':
    run(main)
