"""Phase one's candidates on labelled frames as a dataset of patches for phase two.

Below the output folder: ``collection.json`` (what this is, written first), ``found/`` (the candidates of each frame), ``images/`` (patches)
and ``candidates.json`` (written last). Every file appears whole or not at all, so a file that is there is done. No torch import.
"""

import json
import os
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from mitos_mmdet.core.candidates import cut_patches
from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.preparation.candidate_plan import candidates_json, plan_patches, summarise


def collect(dataset, detect, out, settings, origin):
    """Writes the patches of a dataset's candidates and their annotation file.

    Args:
        dataset: A ``MitosisDataset`` of whole frames in test mode. Figures are its first class.
        detect: Phase one: ``{'inputs', 'data_samples'}`` of one frame in, its ``pred_instances`` out.
        out: Folder; one that holds candidates of these settings and this origin is completed.
        settings: A ``CandidateSettings``.
        origin: JSON content that says where the candidates come from.

    Returns:
        tuple: ``(lines, skipped)``: the summary, and ``[(frame, reason), ...]`` of what could not be read.

    Raises:
        ValueError: No figure to learn from; an output folder that is not writable or holds something else.
    """
    out = Path(out)
    _claim(out, dict(asdict(settings), **origin))
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    frames, skipped = [], []
    for index, info in enumerate(tqdm(infos, unit='frame', desc='phase one')):
        found = _candidates(dataset, index, detect, out / 'found' / f'{index:05d}.json')
        if 'broken' in found:
            skipped.append((info['img_path'], found['broken'].removeprefix(f"{info['img_path']}: ")))
        else:
            frames.append((index, info, found['boxes'], found['scores']))
    patches, counts = plan_patches(frames, settings)
    for index, group in groupby(tqdm(patches, unit='patch', desc='patches'), key=lambda patch: patch.index):
        _write_patches(dataset, index, list(group), out / 'images', settings.patch_size)
    write_json(candidates_json(patches, infos, dataset.metainfo['classes'], settings), out / 'candidates.json')
    return summarise(counts, settings), skipped


def _claim(out, record):
    """Marks the folder as that of these candidates, or makes sure that it is."""
    mark = out / 'collection.json'
    if not mark.exists():
        if out.exists() and any(out.iterdir()):
            raise ValueError(f'{out}: holds files that are not of this tool (no collection.json). Choose another output folder')
        write_json(record, mark)
        return
    try:
        there = dict(json.loads(mark.read_text(encoding='utf-8')))
    except (ValueError, TypeError) as error:
        raise ValueError(f'{mark}: not the settings of a set of candidates ({error}). Choose another output folder') from error
    differ = [f'{key} {there.get(key)} there, {record.get(key)} now' for key in sorted(there.keys() | record.keys())
              if there.get(key) != record.get(key)]
    if differ:
        raise ValueError(f"{out}: holds candidates of other settings ({'; '.join(differ)}). Choose another output folder")


def _candidates(dataset, index, detect, file):
    """A frame's candidates ``{'boxes', 'scores'}``, or ``{'broken': reason}``: from the file if it is there, else into it."""
    if file.is_file():
        return json.loads(file.read_text(encoding='utf-8'))
    item = dataset[index]
    if 'broken' in item['data_samples'].metainfo:
        return dict(broken=item['data_samples'].metainfo['broken'])
    instances = detect(dict(inputs=[item['inputs']], data_samples=[item['data_samples']]))
    found = dict(boxes=instances.bboxes.tolist(), scores=instances.scores.tolist())
    write_json(found, file)
    return found


def _write_patches(dataset, index, patches, folder, size):
    """Cuts the patches of a frame that are not there yet, from what the test pipeline makes of it."""
    missing = [patch for patch in patches if not (folder / patch.name).is_file()]
    if not missing:
        return
    item = dataset[index]
    scale = item['data_samples'].metainfo.get('scale_factor', (1.0, 1.0))
    pixels = cut_patches(item['inputs'].numpy(), np.array([patch.centre for patch in missing]) * scale, size)
    folder.mkdir(parents=True, exist_ok=True)
    for patch, bgr in zip(missing, pixels, strict=True):
        draft = folder / f'.{patch.name}.part'
        Image.fromarray(np.ascontiguousarray(bgr[::-1].transpose(1, 2, 0))).save(draft, format='PNG')
        os.replace(draft, folder / patch.name)
