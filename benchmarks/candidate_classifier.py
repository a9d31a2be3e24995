"""Trains a classifier that tells mitotic figures from what else the bundled detector finds: a second reader.

    mitos convert mitos-atypia-14 data/atypia14 --out data/atypia14/annotations.json --split hamamatsu
    mitos convert ami-br data/ami_br --out data/ami_br/annotations.json
    python benchmarks/candidate_classifier.py data/atypia14 data/atypia14/annotations_train.json --out work_dirs/candidates --device cuda
    python benchmarks/candidate_classifier.py data/atypia14 data/atypia14/annotations_train.json --out work_dirs/candidates --device cuda \\
        --patches data/ami_br data/ami_br/annotations.json --name efficientnet-lite2_candidates_ami-br --seed 2

Half of each batch are mitotic figures, of the frames and, with --patches, of patches around them. The others are hard negatives (35 %),
candidates of the detector (50 %) and places anywhere (15 %). The weights and their card go into OUT.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from classifier_bundle import write_bundle
from torch.nn import functional as F
from tqdm import tqdm

from mitos_mmdet.core.console import run
from mitos_mmdet.core.images import read_rgb
from mitos_mmdet.datasets.coco_format import MITOSIS
from mitos_mmdet.interchange.points import FramePoints
from mitos_mmdet.interchange.recognise import read_points
from mitos_mmdet.model_zoo import load_model
from mitos_mmdet.models.classifiers.patch_classifier import PATCH_PX, UM_PER_PX
from mitos_mmdet.models.classifiers.patch_training import train_network
from mitos_mmdet.slides.labelled_frames import detect_frame, labelled_frames

KINDS = ('mitoses', 'hard_negatives', 'candidates')
# All ours.
SHARES = (0.35, 0.5, 0.15)  # of hard negatives, candidates and places anywhere among what is no mitotic figure
PATCH_SHARE = 0.28  # of mitotic figures of the patches among all mitotic figures
LEAST_SCORE = 0.06  # of a candidate
APART_UM = 8.0  # candidates nearer to a mitotic figure are its own
REACH_UM = 6.4  # a place is of a mitotic figure that is nearer


@dataclass
class Frame:
    """A frame in memory: uint8 ``(3, H, W)`` RGB, its um/px, and places in px of it."""

    pixels: torch.Tensor
    um_per_px: float
    mitoses: np.ndarray
    hard_negatives: np.ndarray
    candidates: np.ndarray


def main():
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument('frames', type=Path, help='folder of the training frames')
    command.add_argument('annotations', type=Path, help='their annotations, as mitos convert writes them')
    command.add_argument('--patches', type=Path, nargs=2, metavar=('FOLDER', 'ANNOTATIONS'),
                         help='patches around mitotic figures, such as AMi-Br')
    command.add_argument('--out', type=Path, required=True)
    command.add_argument('--name', default='efficientnet-lite2_candidates')
    command.add_argument('--arch', choices=('lite0', 'lite1', 'lite2'), default='lite2')
    command.add_argument('--iterations', type=int, default=3000)
    command.add_argument('--batch', type=int, default=64)
    command.add_argument('--lr', type=float, default=5e-4)
    command.add_argument('--weight-decay', type=float, default=0.05)
    command.add_argument('--seed', type=int, default=0)
    command.add_argument('--device', default='cpu')
    args = command.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    frames = read_frames(args.frames, args.annotations, args.device)
    patches = read_patches(*args.patches, args.device) if args.patches else None
    counts = [sum(len(getattr(frame, kind)) for frame in frames) for kind in KINDS]
    print('{} mitotic figures, {} hard negatives, {} candidates, {} patches'.format(*counts, len(patches[0]) if patches else 0), flush=True)
    if not all(counts):
        raise ValueError(f'{args.annotations}: mitotic figures, hard negatives and candidates are all needed, and one has none')
    training = dict(arch=args.arch, iterations=args.iterations, lr=args.lr, weight_decay=args.weight_decay, averaged=200, seed=args.seed)
    network = train_network(draw_places(frames, patches, args.batch), device=args.device, progress=report, **training)
    write_bundle(network, args.out, args.name, kind='candidate classifier', arch=args.arch, um_per_px=UM_PER_PX, threshold=0.5,
                 classes=['other', MITOSIS], training_data=[str(args.annotations), *(str(path) for path in args.patches or ())],
                 training=dict(training, batch=args.batch, weights='float16'))


def read_frames(folder, annotations, device):
    """``[Frame, ...]`` with what the bundled detector finds on them, without its second reader."""
    model = load_model(device='cuda' if device.startswith('cuda') else 'cpu')
    model.second_reader = None
    truth = read_points(annotations, is_truth=True)
    return [read_frame(one, folder, model, device) for one in tqdm(labelled_frames(truth), desc='frames')]


def read_frame(truth: FramePoints, folder, model, device):
    is_mitosis = np.asarray(truth.labels) == MITOSIS
    mitoses, um_per_px = truth.xy[is_mitosis], float(np.mean(truth.um_per_px))
    found = detect_frame(truth, folder, model, score_floor=LEAST_SCORE).xy
    pixels = torch.from_numpy(read_rgb(folder / truth.name).transpose(2, 0, 1).copy()).to(device)
    return Frame(pixels, um_per_px, mitoses, truth.xy[~is_mitosis], found[nearest(found, mitoses) * um_per_px > APART_UM])


def nearest(points, others):
    """Distance ``(N,)`` from each point to the nearest of the others; infinite where there are none."""
    return np.linalg.norm(points[:, None] - others[None], axis=2).min(axis=1, initial=np.inf)


def read_patches(folder, annotations, device):
    """Patches around mitotic figures: uint8 ``(N, 3, H, W)`` and their um/px ``(N,)``."""
    frames = labelled_frames(read_points(annotations, is_truth=True))
    pixels = np.stack([read_rgb(folder / frame.name) for frame in tqdm(frames, desc='patches')])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).to(device), np.array([np.mean(frame.um_per_px) for frame in frames], np.float32)


def draw_places(frames, patches, batch):
    """What draws batches for ``train_network``."""
    places = [[(frame, place) for frame in frames for place in getattr(frame, kind)] for kind in KINDS]
    own = batch // 2 - (round(batch // 2 * PATCH_SHARE) if patches else 0)

    def draw(rng):
        kinds = [0] * own + (1 + rng.choice(3, batch - batch // 2, p=SHARES)).tolist()
        chosen = [places[kind][rng.integers(len(places[kind]))] if kind < 3 else anywhere(frames, rng) for kind in kinds]
        drawn = torch.stack([cut(frame, place) for frame, place in chosen])
        um_per_px = [frame.um_per_px for frame, _ in chosen]
        wanted = [nearest(place[None], frame.mitoses)[0] * frame.um_per_px < REACH_UM for frame, place in chosen]
        if patches:
            index = rng.integers(len(patches[0]), size=batch // 2 - own)
            drawn = torch.cat([drawn, patches[0][torch.as_tensor(index, device=drawn.device)]])
            um_per_px, wanted = [*um_per_px, *patches[1][index]], [*wanted, *[True] * len(index)]
        return drawn, um_per_px, wanted
    return draw


def anywhere(frames, rng):
    frame = frames[rng.integers(len(frames))]
    return frame, rng.uniform(0, frame.pixels.shape[:0:-1])


def cut(frame, place):
    """The ``PATCH_PX`` px around a place; beyond the frame its border is repeated."""
    left, top = (round(float(value)) - PATCH_PX // 2 for value in place)
    height, width = frame.pixels.shape[1:]
    part = frame.pixels[:, max(top, 0):top + PATCH_PX, max(left, 0):left + PATCH_PX]
    beyond = (max(-left, 0), max(left + PATCH_PX - width, 0), max(-top, 0), max(top + PATCH_PX - height, 0))
    return F.pad(part[None].float(), beyond, mode='replicate')[0].byte() if any(beyond) else part


def report(step, loss):
    if step % 50 == 0:
        print(f'iteration {step}: loss {loss:.3f}', flush=True)


if __name__ == '__main__':
    run(main)
