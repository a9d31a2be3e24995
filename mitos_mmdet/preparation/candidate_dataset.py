"""Phase one's candidates on labelled frames as a dataset of patches for phase two.

Below the output folder: ``collection.json`` (what this is, written first), ``found/`` (the candidates of each frame), ``images/`` (patches)
and ``candidates.json`` (written last). Every file appears whole or not at all, so a file that is there is done. No torch import.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from mitos_mmdet.core.candidates import cut_patches
from mitos_mmdet.core.image_writing import write_image
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.output_folder import claimed
from mitos_mmdet.preparation.candidate_plan import CandidateSettings, candidates_json, plan_patches, summarise

if TYPE_CHECKING:
    from mitos_mmdet.datasets.mitosis_dataset import MitosisDataset


def collect(dataset: 'MitosisDataset', detect: Callable, out: str | Path, settings: CandidateSettings, origin: dict) -> tuple:
    """Writes the patches of a dataset's candidates and their annotation file.

    Args:
        dataset: A ``MitosisDataset`` of whole frames in test mode. Mitotic figures are its first class.
        detect: Phase one: ``{'inputs', 'data_samples'}`` of one frame in, its ``pred_instances`` out.
        out: Folder; one that holds candidates of these settings and this origin is completed.
        settings: A ``CandidateSettings``.
        origin: JSON content that says where the candidates come from.

    Returns:
        tuple: ``(lines, skipped)``: the summary, and ``[(frame, reason), ...]`` of what could not be read.

    Raises:
        ValueError: No mitotic figure to learn from; an output folder that is not writable or holds something else.
    """
    out = Path(out)
    with claimed(out, 'collection.json', dict(asdict(settings), **origin), 'candidates'):
        infos = [dataset.get_data_info(index) for index in range(len(dataset))]
        frames, skipped = [], []
        for index, info in enumerate(tqdm(infos, unit='frame', desc='phase one')):
            found = _candidates(dataset, index, detect, out / 'found' / f'{index:05d}.json')
            if 'broken' in found:
                skipped.append((info['img_path'], found['broken'].removeprefix(f"{info['img_path']}: ")))
            else:
                frames.append((index, info, found['boxes'], found['scores']))
                infos[index] = _as_shown(info, found.get('scale', (1.0, 1.0)))
        patches, counts = plan_patches(frames, settings)
        for index, group in groupby(tqdm(patches, unit='patch', desc='patches'), key=lambda patch: patch.index):
            _write_patches(dataset, index, list(group), out / 'images', settings.patch_size)
        write_json(candidates_json(patches, infos, dataset.metainfo['classes'], settings), out / 'candidates.json')
    return summarise(counts, settings), skipped


def _candidates(dataset, index, detect, file):
    """A frame's candidates ``{'boxes', 'scores', 'scale'}``, or ``{'broken': reason}``: from the file if it is there, else into it.

    ``scale`` is the pipeline's ``scale_factor``, ``(x, y)``.
    """
    if file.is_file():
        return json.loads(file.read_text(encoding='utf-8'))
    item = dataset[index]
    if 'broken' in item['data_samples'].metainfo:
        return dict(broken=item['data_samples'].metainfo['broken'])
    instances = detect(dict(inputs=[item['inputs']], data_samples=[item['data_samples']]))
    scale = item['data_samples'].metainfo.get('scale_factor', (1.0, 1.0))
    found = dict(boxes=instances.bboxes.tolist(), scores=instances.scores.tolist(), scale=[float(factor) for factor in scale])
    write_json(found, file)
    return found


def _as_shown(info, scale):
    """A frame's data info with the pixel size that the test pipeline gives it, which its patches have."""
    if not info.get('um_per_px'):
        return info
    return dict(info, um_per_px=[side / factor for side, factor in zip(info['um_per_px'], scale, strict=True)])


def _write_patches(dataset, index, patches, folder, size):
    """Cuts the patches of a frame that are not there yet, from what the test pipeline makes of it."""
    missing = [patch for patch in patches if not (folder / patch.name).is_file()]
    if not missing:
        return
    item = dataset[index]
    scale = item['data_samples'].metainfo.get('scale_factor', (1.0, 1.0))
    pixels = cut_patches(item['inputs'].numpy(), np.array([patch.centre for patch in missing]) * scale, size)
    for patch, bgr in zip(missing, pixels, strict=True):
        write_image(folder / patch.name, bgr[::-1].transpose(1, 2, 0))
