"""What the second RPN costs: seconds of a forward pass with both RPNs, with RPN_1 alone, and of other detectors.

    python benchmarks/proposal_cascade.py configs/mitos/small/mitos_rcnn_vgg16_small_atypia14.py \\
        configs/mitos/small/faster_rcnn_vgg16_conv4_small_atypia14.py

The first config's detector has a CascadeProposalRPNHead; with RPN_1 alone its boxes go straight to the RoI head. Weights are random and
the image is noise. The RoI head's time goes with the number of proposals, which is given.
"""

import argparse
import statistics
import time
from pathlib import Path

from mitos_mmdet import compat
from mitos_mmdet.core.console import run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', metavar='CONFIG')
    parser.add_argument('--size', type=int, default=299, help='side of the image in px (default: 299)')
    parser.add_argument('--repeats', type=int, default=20, help='timed passes; the median is given (default: 20)')
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args()
    compat.install()

    cascade = _detector(args.configs[0], args.device)
    detectors = {f'{Path(args.configs[0]).stem}, RPN_1 alone': _with_first_rpn(cascade), Path(args.configs[0]).stem: cascade}
    detectors.update((Path(config).stem, _detector(config, args.device)) for config in args.configs[1:])
    seconds, proposals = _time(detectors, args)
    print('seconds  ratio  proposals  parameters  detector')
    for name, detector in detectors.items():
        millions = sum(parameter.numel() for parameter in detector.parameters()) / 1e6
        ratio = seconds[name] / next(iter(seconds.values()))
        print(f'{seconds[name]:7.3f}  {ratio:5.2f}  {proposals[name]:9d}  {millions:8.1f} M  {name}')


def _detector(path, device):
    from mmdet.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    from mitos_mmdet.compat.config_edits import set_from_scratch

    cfg = Config.fromfile(path)
    init_default_scope('mmdet')
    set_from_scratch(cfg)
    model = MODELS.build(cfg.model)
    return getattr(model, 'detector', model).to(device).eval()


def _with_first_rpn(detector):
    """``detector`` with the RoI head on RPN_1's boxes; shares its weights."""
    import copy

    from torch import nn

    class FirstRPN(nn.Module):
        def __init__(self, head):
            super().__init__()
            self.rpn1, self.maps = head.rpn1, head.rpn1_maps

        def predict(self, x, batch_data_samples, rescale=False):
            return self.rpn1.predict([x[index] for index in self.maps], batch_data_samples, rescale=rescale)

    single = copy.copy(detector)
    single._modules = dict(detector._modules, rpn_head=FirstRPN(detector.rpn_head))
    return single


def _time(detectors, args):
    """Median seconds of each detector's test step, and its proposals; they take turns, so that the machine's other work falls on all."""
    import torch
    from mmdet.structures import DetDataSample

    torch.manual_seed(0)
    shape = (args.size, args.size)
    data = dict(inputs=[torch.randint(0, 256, (3, *shape), dtype=torch.uint8)],
                data_samples=[DetDataSample(metainfo=dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0)))])
    taken = {name: [] for name in detectors}
    for _ in range(args.repeats + 2):  # the first two warm up
        for name, detector in detectors.items():
            _wait(args.device)
            start = time.perf_counter()
            detector.test_step(data)
            _wait(args.device)
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times[2:]) for name, times in taken.items()}, _proposals(detectors, data)


def _proposals(detectors, data):
    import torch

    counts = {}
    for name, detector in detectors.items():
        batch = detector.data_preprocessor(data, training=False)
        with torch.no_grad():
            counts[name] = len(detector.rpn_head.predict(detector.extract_feat(batch['inputs']), batch['data_samples'])[0])
    return counts


def _wait(device):
    import torch

    if device != 'cpu':
        torch.cuda.synchronize()


if __name__ == '__main__':
    run(main)
