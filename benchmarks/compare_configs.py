"""Trains configs that differ in one thing with one budget each, scores them on whole frames and compares them by paired bootstrap.

    python benchmarks/compare_configs.py mitos-rcnn --iterations 2000 --seeds 0 1
    python benchmarks/compare_configs.py single-changes midog --iterations 2000 --jobs 4 --amp
    python benchmarks/compare_configs.py recommended --iterations 400 --amp

Data are laid out as docs/data.md and docs/mitos_rcnn.md say (MITOS-ATYPIA-14, split hamamatsu), for "recommended" as docs/model_card.md
says; its config "mined" reads data/atypia14/stains_train_mined.json, which mitos mine-negatives writes. Finished runs are not repeated, so
a killed benchmark goes on where it stopped. --jobs runs as many trainings at a time, on one GPU or as many cores; --dry-run prints the
commands.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CONFIGS = Path(__file__).parents[1] / 'configs' / 'mitos'
SMALL, ABLATIONS = 'small', 'ablations'
# Group: (what the others are compared with, {name: config}).
GROUPS = {
    'mitos-rcnn': ('cascade', {
        'cascade': f'{SMALL}/mitos_rcnn_lite0_small_atypia14',
        'conv5 16 to 48 px': f'{SMALL}/faster_rcnn_lite0_small_anchors16_atypia14',
        'conv4 16 to 48 px': f'{SMALL}/faster_rcnn_lite0_conv4_small_anchors16_atypia14',
        'conv5 128 to 512 px': f'{SMALL}/faster_rcnn_lite0_small_atypia14',
        'conv4 128 to 512 px': f'{SMALL}/faster_rcnn_lite0_conv4_small_atypia14'}),
    'faster-rcnn': ('conv5', {
        'conv5': f'{SMALL}/faster_rcnn_lite0_small_atypia14',
        'conv5, RPN weight 1': f'{ABLATIONS}/faster_rcnn_lite0_small_rpn_weight_1_atypia14',
        'conv4': f'{SMALL}/faster_rcnn_lite0_conv4_small_atypia14',
        'conv4, RPN weight 1': f'{ABLATIONS}/faster_rcnn_lite0_conv4_small_rpn_weight_1_atypia14'}),
    'single-changes': ('cascade', {
        'cascade': f'{SMALL}/mitos_rcnn_lite0_small_atypia14',
        'boxes of network px': f'{ABLATIONS}/mitos_rcnn_lite0_small_network_px_boxes_atypia14',
        'RoIs from conv4': f'{ABLATIONS}/mitos_rcnn_lite0_small_roi_conv4_atypia14',
        'RoIs from both': f'{ABLATIONS}/mitos_rcnn_lite0_small_roi_both_atypia14',
        'RPN weight 1': f'{ABLATIONS}/mitos_rcnn_lite0_small_rpn_weight_1_atypia14',
        'RPN_1 128 to 512 px': f'{ABLATIONS}/mitos_rcnn_lite0_small_anchors128_atypia14'}),
    'recommended': ('recommended', {
        'recommended': f'{SMALL}/rtmdet_lite0_small_atypia14',
        **{name: f'{ABLATIONS}/rtmdet_lite0_small_{name}_atypia14' for name in (
            'stride8', 'fcos', 'cascade', 'lite1', 'tissue20', 'tissue60', 'stain_weak', 'stain_strong', 'backbone_lr', 'crop192',
            'crop384', 'frames', 'lite2', 'mined')}}),
    'mask-rcnn': ('masks', {
        'masks': f'{SMALL}/mask_rcnn_lite0_small_atypia14',
        'no masks': f'{ABLATIONS}/mask_rcnn_lite0_small_no_masks_atypia14'}),
    'midog': ('two classes', {
        'two classes': f'{SMALL}/cascade_rcnn_lite0_small_atypia14',
        'one class': f'{ABLATIONS}/cascade_rcnn_lite0_small_one_class_atypia14',
        'OHEM': f'{ABLATIONS}/cascade_rcnn_lite0_small_ohem_atypia14',
        'IoU-balanced': f'{ABLATIONS}/cascade_rcnn_lite0_small_iou_balanced_atypia14',
        'focal loss': f'{ABLATIONS}/cascade_rcnn_lite0_small_focal_atypia14'}),
}


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('groups', nargs='+', choices=GROUPS, help='what to compare')
    parser.add_argument('--iterations', type=int, default=2000,
                        help='of 8 images, or as many pixels in other crops, the same for every run (default: 2000)')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--jobs', type=int, default=1, help='trainings at a time (default: 1)')
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/compare_configs'))
    parser.add_argument('--truth', default='data/atypia14/annotations_val.json', help='frames to score (default: %(default)s)')
    parser.add_argument('--dry-run', action='store_true', help='print the commands')
    return parser.parse_args()


def main():
    args = parse_args()
    kind = '_amp' if args.amp else ''
    runs = {(config, seed): args.work_dir / f'{Path(config).name}_{args.iterations}_seed{seed}{kind}'
            for group in args.groups for config in GROUPS[group][1].values() for seed in args.seeds}
    with ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(lambda run: train_and_test(*run, runs[run], args), runs))
    if not args.dry_run:
        for group in args.groups:
            report(group, runs, args)


def train_and_test(config, seed, folder, args):
    """Trains and tests one run, unless its detections are there."""
    detections, config = folder / 'detections.json', CONFIGS / f'{config}.py'
    if detections.is_file():
        return
    options = ['--cfg-options', f'train_cfg.max_iters={args.iterations}', f'train_cfg.val_begin={args.iterations + 1}',
               f'param_scheduler.1.T_max={args.iterations}', f'param_scheduler.1.end={args.iterations}', f'randomness.seed={seed}',
               f'default_hooks.checkpoint.interval={args.iterations}']
    train = ['train', config, '--work-dir', folder, '--resume', *(['--amp'] if args.amp else []), *options]
    for words in (train, ['test', config, folder, '--work-dir', folder / 'test', '--out', detections]):
        command = [sys.executable, '-m', 'mitos_mmdet.cli', *map(str, words)]
        print(' '.join(command), flush=True)
        if not args.dry_run:
            subprocess.run(command, check=True)


def report(group, runs, args):
    """Prints each run's scores, and its difference to the group's first, by seed."""
    first, configs = GROUPS[group]
    for seed in args.seeds:
        reference = runs[configs[first], seed] / 'detections.json'
        for name, config in configs.items():
            print(f'\n{group}, seed {seed}: {name}' + ('' if name == first else f', and "{first}" compared with it'), flush=True)
            words = ['evaluate', '--truth', args.truth, '--detections', runs[config, seed] / 'detections.json', '--radius', '8um']
            words += [] if name == first else ['--compare', reference]
            subprocess.run([sys.executable, '-m', 'mitos_mmdet.cli', *map(str, words)], check=True)


if __name__ == '__main__':
    main()
