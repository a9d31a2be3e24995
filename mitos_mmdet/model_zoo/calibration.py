"""An operating threshold chosen on frames of one's own, frozen in a file together with the model that it belongs to.

The file is a threshold file (``evaluation.thresholds``) with a ``model``, so ``mitos evaluate --threshold-file`` reads it as well and tells
where a result is made on the frames that chose it.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mitos_mmdet.core.json_files import write_json
from mitos_mmdet.core.json_reading import read_json
from mitos_mmdet.evaluation.result import Evaluation, plain
from mitos_mmdet.evaluation.thresholds import FORMAT, fingerprints, read_threshold

if TYPE_CHECKING:
    from mitos_mmdet.model_zoo.loaded_model import LoadedModel

_FIX = 'Make it with mitos calibrate'


def write_calibration(path: str | Path, model: 'LoadedModel', evaluation: Evaluation, chosen_on: str, chosen_by: str) -> None:
    """Freezes the threshold at which an ``Evaluation`` was made.

    Args:
        path: JSON file to write.
        model: ``LoadedModel`` of its detections.
        evaluation: ``Evaluation``.
        chosen_on: Of what it was made, usually the annotation file.
        chosen_by: What made this threshold the one, in words.

    Raises:
        ValueError: It cannot be written.
    """
    overall = evaluation.overall
    write_json(dict(
        format=FORMAT, version=1, threshold=evaluation.threshold.value, chosen_on=str(chosen_on), chosen_by=chosen_by, name=evaluation.name,
        radius=str(evaluation.radius), matching=evaluation.matching, f1_there=overall.f1.value,
        model=dict(name=model.name, sha256=model.sha256, um_per_px=model.um_per_px), frames=overall.frames, mitotic_figures=overall.truths,
        there=plain({name: getattr(overall, name) for name in ('f1', 'precision', 'recall', 'tp', 'fp', 'fn')}),
        fingerprints=fingerprints(evaluation.frames)), path)


def calibrated(model: 'LoadedModel', path: str | Path) -> 'LoadedModel':
    """The model with the threshold of a calibration file.

    Args:
        model: ``LoadedModel``.
        path: The file.

    Raises:
        ValueError: No such file, or it is of another model.
    """
    threshold = read_threshold(path)
    content = read_json(path, _FIX)
    made_for = content.get('model')
    if not isinstance(made_for, dict) or not isinstance(made_for.get('sha256'), str):
        raise ValueError(f'{path}: does not say of which model it is. {_FIX}')
    if made_for['sha256'] != model.sha256:
        raise ValueError(f"{path}: was made for the model {made_for.get('name')} ({made_for['sha256'][:12]}...), this is {model.name} "
                         f'({model.sha256[:12]}...). A threshold belongs to one model: run mitos calibrate with this one')
    if not 0 <= threshold.value <= 1:
        raise ValueError(f'{path}: threshold {threshold.value:g} is no score from 0 to 1. {_FIX}')
    return replace(model, threshold=threshold.value, threshold_from=f'{Path(path).name}, chosen on {threshold.chosen_on}')
