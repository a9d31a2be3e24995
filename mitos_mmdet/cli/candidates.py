"""Runs phase one over labelled frames and cuts the candidates that phase two learns from.

    mitos candidates PHASE_ONE_CONFIG CHECKPOINT --frames annotations_train.json --out data/atypia14/candidates_train

writes images/ and candidates.json below the output folder. Killed half-way, the same command goes on where it stopped.
"""

import argparse
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mitos_mmdet.cli.config_flags import add_config_arguments, read_config
from mitos_mmdet.cli.load_mmdet import load_mmdet
from mitos_mmdet.cli.number_flags import whole
from mitos_mmdet.cli.random_flags import add_seed, check_random
from mitos_mmdet.compat.config_edits import metrics_in, set_from_scratch
from mitos_mmdet.core.checksums import sha256_of
from mitos_mmdet.core.console import report_skipped
from mitos_mmdet.core.outputs import check_writable

if TYPE_CHECKING:
    from mmengine.config import Config


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='mitos candidates', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help="phase one's config")
    parser.add_argument('checkpoint', help="its .pth file, or its training's work dir (the best checkpoint, else the last)")
    parser.add_argument('--frames', required=True, metavar='FILE',
                        help="annotation file of whole frames, below data_root; images are where the config's test frames are")
    parser.add_argument('--out', required=True, metavar='DIR', help='folder for the patches')
    parser.add_argument('--patch-size', type=whole, default=96, help='side of a patch in px (default: 96)')
    parser.add_argument('--radius', help="how far a hit may lie, with its unit: 8um, 30px (default: that of the config's CentroidMetric)")
    parser.add_argument('--negatives', type=whole, default=16, help='most negatives for each mitotic figure, 0 for all (default: 16)')
    parser.add_argument('--hits-only', action='store_true', help='leave out mitotic figures that phase one misses')
    add_seed(parser, 'of the draw among negatives')
    add_config_arguments(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    check_random(args)
    from mitos_mmdet.preparation.candidate_dataset import collect
    from mitos_mmdet.preparation.candidate_plan import CandidateSettings

    load_mmdet()
    from mmdet.registry import DATASETS
    from mmengine.registry import init_default_scope

    from mitos_mmdet.compat.checkpoints import find_checkpoint, read_checkpoint, refuse_code

    check_writable('--out', Path(args.out))
    cfg = read_config(args)
    refuse_code(args.trust_checkpoint)
    settings = CandidateSettings(args.radius or radius_of(cfg, args.config), args.patch_size, args.negatives or None, args.hits_only,
                                 args.seed)
    path = find_checkpoint(args.checkpoint, best=True)
    checkpoint = read_checkpoint(path, args.trust_checkpoint)
    init_default_scope(cfg.default_scope)
    frames = cfg.test_dataloader.dataset
    frames.ann_file = args.frames
    frames.test_mode = True
    dataset = DATASETS.build(frames)
    detect = phase_one(cfg, checkpoint, path, args.device)
    origin = dict(checkpoint_sha256=sha256_of(path), frames_sha256=sha256_of(dataset.ann_file),
                  config_sha256=hashlib.sha256(f'{cfg.model} {frames.pipeline}'.encode()).hexdigest())
    lines, skipped = collect(dataset, detect, args.out, settings, origin)
    print('\n'.join(lines), flush=True)
    report_skipped(skipped)


def radius_of(cfg: 'Config', config: str) -> str:
    """The radius of the config's metric."""
    metric = next(iter(metrics_in(cfg.test_evaluator)), None)
    if metric is None:
        raise ValueError(f'{config}: has no CentroidMetric among its test_evaluator, so give --radius')
    return metric.get('radius', '7.5um')


def phase_one(cfg: 'Config', checkpoint: Any, path: str | Path, device: str) -> Callable:
    """The trained detector as a function of one frame."""
    import torch
    from mmdet.registry import MODELS

    from mitos_mmdet.compat.checkpoints import check_fits

    set_from_scratch(cfg)  # the checkpoint brings every weight: nothing to fetch
    model = MODELS.build(cfg.model)
    model.load_state_dict(check_fits(checkpoint, model, path))
    model = model.to('cuda' if device != 'cpu' and torch.cuda.is_available() else 'cpu').eval()

    @torch.no_grad()
    def detect(data):
        return model.test_step(data)[0].pred_instances

    return detect
