"""The scores of real contest labels against perturbed detections, as they were before scoring was rewritten: none may change.

``python tests/evaluation/test_same_numbers.py`` writes ``same_numbers.json`` again, which only a deliberate change allows.
"""

import contextlib
import importlib.util
import io
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from mitos_mmdet.datasets.coco_format import CLASSES, HARD_NEGATIVE, MITOSIS
from mitos_mmdet.interchange.recognise import read_points

STORED = Path(__file__).with_name('same_numbers.json')
ROOT = Path(__file__).resolve().parents[2]
GRAND_CHALLENGE = 'grand_challenge/midog2025_t1_eval'


def perturbed(truth, seed):
    """Detections of both classes as the JSON of ``tools/test.py``: most labels, shifted by 2 um, some confused, and false positives."""
    rng, frames = np.random.default_rng(seed), []
    for frame in truth.frames:
        points = []
        width, height = frame.size_px or (2000, 2000)
        for (x, y), label in zip(frame.xy.tolist(), frame.labels.tolist(), strict=True):
            if rng.random() < 0.8:
                shift = rng.normal(0, 10, 2)
                found = label if rng.random() < 0.7 else MITOSIS if label == HARD_NEGATIVE else HARD_NEGATIVE
                points.append((x + shift[0], y + shift[1], rng.beta(5, 2) if label == MITOSIS else rng.beta(2, 4), found))
        points += [(*rng.uniform(0, (width, height)), rng.beta(1, 6), MITOSIS) for _ in range(rng.integers(0, 8))]
        frames.append(dict(file_name=frame.name, width=int(width), height=int(height), um_per_px=frame.um_per_px,
                           points=[dict(x=min(max(float(x), 0), width - 1), y=min(max(float(y), 0), height - 1),
                                        score=round(float(score), 2), label=label) for x, y, score, label in points]))
    return dict(format='mitos_mmdet detections', version=1, classes=list(CLASSES), frames=frames, skipped=[])


def scored(arguments, folder):
    """What ``tools/evaluate.py --out`` writes."""
    spec = importlib.util.spec_from_file_location('evaluate_tool', ROOT / 'tools' / 'evaluate.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    with contextlib.redirect_stdout(io.StringIO()):
        tool.main([*map(str, arguments), '--out', str(folder / 'out.json')])
    return json.loads((folder / 'out.json').read_text())


def essential(evaluation):
    """All scores and intervals, and the sums of what is long."""
    kept = {key: evaluation[key] for key in ('name', 'radius', 'matching', 'threshold', 'frames', 'frames_unlabelled', 'bootstrap',
                                             'overall', 'localisation', 'hard_negatives', 'confusion')}
    kept['groups'] = {attribute: its for attribute, its in evaluation['groups'].items() if attribute != 'case'}
    kept['cases'] = {name: [its['tp'], its['fp'], its['fn']] for name, its in evaluation['groups'].get('case', {}).items()}
    kept['calibration_error'] = evaluation['calibration'] and evaluation['calibration']['ece']
    kept['curve'] = {key: evaluation['curve'][key] and [len(evaluation['curve'][key]), *evaluation['curve'][key][::100]]
                     for key in evaluation['curve']}
    kept['count_agreement'] = {of: {key: value for key, value in its.items() if key not in ('names', 'truth', 'predicted')}
                               for of, its in evaluation['count_agreement'].items()}
    kept['per_frame'] = [sum(each[key] for each in evaluation['per_frame']) for key in ('tp', 'fp', 'fn')]
    return kept


def metric_values(truth, content):
    """What ``CentroidMetric`` returns for the same detections, both classes, thresholds by the best F1."""
    import mitos_mmdet.register  # noqa: F401
    from mitos_mmdet.evaluation.centroid_metric import CentroidMetric

    metric = CentroidMetric(radius='8um')
    metric.dataset_meta = dict(classes=CLASSES)
    boxes = np.array([-25, -25, 25, 25])
    for number, (frame, found) in enumerate(zip(truth.frames, content['frames'], strict=True)):
        points = found['points']
        place = np.array([[point['x'], point['y']] * 2 for point in points]).reshape(-1, 4)
        metric.process(None, [dict(
            img_id=number, img_path=frame.name, ori_shape=(found['height'], found['width']), um_per_px=frame.um_per_px,
            scanner=frame.scanner, domain=frame.domain, case_id=frame.case_id, labelled=frame.labelled,
            instances=[dict(centroid=xy, bbox=None, bbox_label=CLASSES.index(label))
                       for xy, label in zip(frame.xy.tolist(), frame.labels.tolist(), strict=True)],
            pred_instances=dict(bboxes=place + boxes, scores=np.array([point['score'] for point in points]),
                                labels=np.array([CLASSES.index(point['label']) for point in points], dtype=int)))])
    return metric.compute_metrics(metric.results)


def measure(shared):
    """All of it, as JSON content."""
    made = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def run(key, truth, found, *more):
            made[key] = scored(['--truth', truth, '--detections', found, *more], folder)

        contents = {}
        for key, path, seed in (('atypia', 'mitos_atypia14', 1), ('midog', 'midog/MIDOG.json', 2),
                                ('tupac', 'tupac16/mitoses_ground_truth', 3)):
            truth = read_points(shared / path, is_truth=True)
            contents[key] = truth, perturbed(truth, seed)
            (folder / f'{key}.json').write_text(json.dumps(contents[key][1]))
        (folder / 'other.json').write_text(json.dumps(perturbed(contents['atypia'][0], 4)))
        run('atypia', shared / 'mitos_atypia14', folder / 'atypia.json', '--radius', '8um', '--bootstrap', 100, '--classes', *CLASSES)
        run('atypia compared', shared / 'mitos_atypia14', folder / 'atypia.json', '--radius', '30px', '--matching', 'optimal',
            '--bootstrap', 50, '--threshold', 0.5, '--compare', folder / 'other.json')
        run('midog', shared / 'midog/MIDOG.json', folder / 'midog.json', '--bootstrap', 100)
        run('tupac', shared / 'tupac16/mitoses_ground_truth', folder / 'tupac.json', '--matching', 'amida', '--bootstrap', 20, '--seed', 5)
        run('midog 2025', shared / GRAND_CHALLENGE / 'ground_truth/ground_truth.json', shared / GRAND_CHALLENGE / 'test')
        metric = metric_values(*contents['atypia'])
    files = {key: dict(classes=[essential(each) for each in its['classes']], comparison=its.get('comparison')) for key, its in made.items()}
    return dict(files=files, metric=metric)


@pytest.fixture(scope='module')
def measured(shared_data):
    return json.loads(json.dumps(measure(shared_data)))


def flat(content, path=''):
    """``{path: number or text}`` of nested JSON content."""
    if isinstance(content, dict):
        return {key: value for name, each in content.items() for key, value in flat(each, f'{path}/{name}').items()}
    if isinstance(content, list):
        return {key: value for number, each in enumerate(content) for key, value in flat(each, f'{path}/{number}').items()}
    return {path: content}


def differences(now, before):
    """What differs. On one machine nothing does to the last digit; another processor may add up in another order."""
    now, before = flat(now), flat(before)
    missing = {key: (now.get(key), before.get(key)) for key in now.keys() ^ before.keys()}
    return missing | {key: (value, before[key]) for key, value in now.items() if key in before and value != (
        pytest.approx(before[key], rel=1e-12, abs=1e-15, nan_ok=True) if isinstance(before[key], float) else before[key])}


@pytest.mark.parametrize('key', ['atypia', 'atypia compared', 'midog', 'tupac', 'midog 2025'])
def test_files_score_as_before(measured, key):
    assert differences(measured['files'][key], json.loads(STORED.read_text())['files'][key]) == {}


def test_the_metric_gives_the_same_numbers(measured):
    assert differences(measured['metric'], json.loads(STORED.read_text())['metric']) == {}


if __name__ == '__main__':
    data = Path(os.environ.get('MITOS_SHARED_DATA') or ROOT.parent / 'shared' / 'data')
    text = json.dumps(measure(data), indent=1) + '\n'
    if '--check' in sys.argv:
        sys.exit('equal to the last digit' if text == STORED.read_text() else 'other numbers')
    STORED.write_text(text)
