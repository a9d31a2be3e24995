"""Trains the classifier of atypical mitotic figures on AMi-Br and judges it as its authors did: five folds, no patient in two of them.

    python benchmarks/atypical.py data/ami_br --out work_dirs/atypical

Prints balanced accuracy by fold and over all patches, with a bootstrap interval over patients. Every out-of-fold probability goes into
``OUT/folds.csv`` and the network of each fold into ``OUT/fold_N.pth``; a run that was stopped goes on with the next fold, and one of other
settings is refused. At last a network trained on all patches goes into ``OUT/NAME.pth`` with its card ``OUT/NAME.json``: the files of
``mitos_mmdet/model_zoo/weights``.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import torch
from classifier_bundle import write_bundle
from PIL import Image

from mitos_mmdet.contests.ami_br import read_table
from mitos_mmdet.core.console import run
from mitos_mmdet.core.files import draft
from mitos_mmdet.core.output_folder import claimed
from mitos_mmdet.model_zoo.bundled import find_bundled
from mitos_mmdet.models.classifiers.patch_classifier import UM_PER_PX, PatchClassifier, probabilities
from mitos_mmdet.models.classifiers.patch_training import draw_evenly, train_network
from mitos_mmdet.models.classifiers.patient_folds import balanced_accuracy, bootstrap_interval, patient_folds

FOLDS = 5
NAME = 'efficientnet-lite0_atypical'


def main():
    command = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    command.add_argument('root', help='folder of AMI-BR.csv and its patches')
    command.add_argument('--out', type=Path, required=True)
    command.add_argument('--from-imagenet', action='store_true', help="begin with ImageNet's weights, not the detector's backbone")
    command.add_argument('--iterations', type=int, default=2000)
    command.add_argument('--batch', type=int, default=64)
    command.add_argument('--lr', type=float, default=5e-4)
    command.add_argument('--seed', type=int, default=0)
    command.add_argument('--device', default='cpu')
    args = command.parse_args()
    settings = dict(from_imagenet=args.from_imagenet, iterations=args.iterations, batch=args.batch, lr=args.lr, seed=args.seed)
    # Networks of other settings in the folder would be taken for this run's.
    with claimed(args.out, 'settings.json', settings, 'networks'):
        cross_validate(args)


def cross_validate(args):
    rows = read_table(args.root)
    patches = torch.from_numpy(np.stack([np.asarray(Image.open(Path(args.root) / row['file_name']).convert('RGB')) for row in rows]))
    patches = patches.permute(0, 3, 1, 2).contiguous()
    atypical = np.array([row['atypical'] for row in rows])
    patients = np.array([f"{row['dataset']} {row['slide']}" for row in rows])
    um_per_px = np.array([row['um_per_px'] for row in rows], np.float32)
    folds = patient_folds(patients, atypical, FOLDS, seed=0)
    probability = np.full(len(rows), np.nan)
    settings = dict(start=None if args.from_imagenet else backbone_of_the_bundled_detector(), iterations=args.iterations, batch=args.batch,
                    lr=args.lr, seed=args.seed, device=args.device, progress=report)
    for fold in range(FOLDS):
        held_out = folds == fold
        network = trained(args.out / f'fold_{fold}.pth', patches[~held_out], atypical[~held_out], um_per_px[~held_out], **settings)
        probability[held_out] = probabilities(network, patches[held_out].to(args.device), um_per_px[held_out])
        print(f'fold {fold}: balanced accuracy {balanced_accuracy(atypical[held_out], probability[held_out]):.4f} '
              f'({held_out.sum()} patches, {atypical[held_out].sum()} atypical)', flush=True)
    score = [round(balanced_accuracy(atypical, probability), 4), *bootstrap_interval(patients, atypical, probability)]
    print('all: balanced accuracy {:.4f} ({:.4f} to {:.4f})'.format(*score), flush=True)
    with open(args.out / 'folds.csv', 'w', encoding='utf-8', newline='') as file:
        table = csv.writer(file)
        table.writerow(['file_name', 'patient', 'fold', 'atypical', 'probability'])
        table.writerows((row['file_name'], patient, fold, int(row['atypical']), f'{value:.6f}')
                        for row, patient, fold, value in zip(rows, patients, folds, probability, strict=True))
    network = trained(args.out / 'all.pth', patches, atypical, um_per_px, **settings)
    write_bundle(network, args.out, NAME, kind='atypical', um_per_px=UM_PER_PX, threshold=0.5, classes=['normal', 'atypical'],
                 training_data=[f'AMi-Br, {len(rows)} patches around mitotic figures, {atypical.sum()} of them atypical'],
                 training=dict(seed=args.seed, iterations=args.iterations, batch=args.batch, lr=args.lr, weights='float16'),
                 metrics={'five folds, no patient in two': dict(balanced_accuracy=score)})


def trained(path, patches, atypical, um_per_px, batch, device, **settings):
    """The network of an earlier run at ``path``, else a new one, which goes there."""
    if path.exists():
        network = PatchClassifier()
        network.load_state_dict(torch.load(path, weights_only=True))
        return network.eval().to(device)
    draw = draw_evenly(patches.to(device), atypical, um_per_px, batch)
    network = train_network(draw, frozen_blocks=2, device=device, **settings)  # two blocks: ours
    with draft(path) as unfinished:
        torch.save(network.state_dict(), unfinished)
    return network


def backbone_of_the_bundled_detector():
    """State dict of the bundled detector's ``EfficientNetLite``, float32."""
    content = torch.load(find_bundled(kind='detector').checkpoint, map_location='cpu', weights_only=True)
    prefix = 'backbone.body.'
    return {key.removeprefix(prefix): value.float() if value.is_floating_point() else value
            for key, value in content.get('state_dict', content).items() if key.startswith(prefix)}


def report(step, loss):
    if step % 20 == 0:
        print(f'  iteration {step}: loss {loss:.3f}', flush=True)


if __name__ == '__main__':
    run(main)
