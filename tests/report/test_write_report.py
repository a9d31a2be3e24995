"""The report: whole, self-contained, true to the evaluation, the same twice, whatever is missing."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.evaluation.compare import compare
from mitos_mmdet.evaluation.evaluate import evaluate
from mitos_mmdet.evaluation.frames import Frame
from mitos_mmdet.report.figures.draw import STEMS
from mitos_mmdet.report.texts import interval, number
from mitos_mmdet.report.write_report import write_report

VOID = {'meta', 'br', 'link', 'img'}


class Page(HTMLParser):
    """A page's visible text, ids and what its attributes load; complains of tags that do not close."""

    def __init__(self, path):
        super().__init__()
        self.text, self.ids, self.loads, self.open, self.tags = '', [], [], [], []
        self.feed(Path(path).read_text(encoding='utf-8'))
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        attrs = dict(attrs)
        self.ids += [attrs['id']] if 'id' in attrs else []
        self.loads += [attrs[key] for key in ('src', 'href', 'xlink:href', 'data', 'srcset') if key in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {'style', 'script'} & set(self.open):
            self.text += f' {data}'

    @property
    def words(self):
        return ' '.join(self.text.split())


def write(evaluation, folder, *args, **kwargs):
    write_report(evaluation, folder / 'out.html', *args, **kwargs)
    return Page(folder / 'out.html')


@pytest.fixture(scope='module')
def report(make_evaluation, tissue, tmp_path_factory):
    folder, evaluation = tmp_path_factory.mktemp('report'), make_evaluation()
    page = write(evaluation, folder, tissue, {'Config': 'a.py'}, {'other.json': compare(evaluation, make_evaluation(threshold=0.7), 50)})
    return evaluation, page, folder


def test_stands_alone(report):
    _, page, folder = report
    assert page.loads and all(load.startswith(('data:image/jpeg;base64,', '#')) for load in page.loads)
    style = re.findall(r'<style.*?</style>', (folder / 'out.html').read_text(), re.S)
    assert len(style) > 1 and not any(re.search(r'@import|url\((?!#)', text) for text in style)
    assert len(set(page.ids)) == len(page.ids), 'two figures share an id'
    assert {load[1:] for load in page.loads if load.startswith('#')} <= set(page.ids), 'a figure refers to a part that is not there'


def test_figures_lie_beside_it(report):
    _, page, folder = report
    drawn = {path.stem for path in (folder / 'out_figures').iterdir()}
    assert drawn <= set(STEMS) and {'precision_recall', 'froc', 'by_scanner', 'confusion', 'counts_cases', 'reliability'} <= drawn
    for stem in drawn:
        with Image.open(folder / f'out_figures/{stem}.png') as image:
            assert min(image.size) > 200
        assert '<svg' in (folder / f'out_figures/{stem}.svg').read_text()
        assert f'aria-label="{stem}"' in (folder / 'out.html').read_text()
    assert sorted(path.name for path in folder.iterdir()) == ['out.html', 'out_figures'], 'nothing else is left behind'


def test_numbers_are_those_of_the_evaluation(report):
    evaluation, page, _ = report
    overall = evaluation.overall
    assert f'Of {overall.truths} labelled, {overall.tp} were found and {overall.fn} missed; {overall.fp} false positives' in page.words
    for title, key in (('F1', 'f1'), ('Precision', 'precision'), ('Recall', 'recall'), ('AP, centroids', 'ap')):
        estimate = getattr(overall, key)
        assert f'{title} {estimate.value:.3f} {estimate.low:.3f} to {estimate.high:.3f}' in page.words
    for name, scores in evaluation.groups['scanner'].items():
        assert f'{name} {scores.frames} {scores.truths} {scores.tp} {scores.fn} {scores.fp} {scores.f1.value:.2f}' in page.words
    bias = evaluation.count_agreement['cases'].bias
    assert f'Bias {number(bias.value, 2)} {interval(bias, 2)}' in page.words
    found = evaluation.hard_negatives
    assert found.on_hard_negative and f'{found.on_hard_negative} sit on a hard negative' in page.words
    assert evaluation.bootstrap.text() in page.words and '0.4 (fixed beforehand)' in page.words


def test_one_row_a_frame(report):
    evaluation, page, _ = report
    for index, (frame, found) in enumerate(zip(evaluation.frames, evaluation.matches, strict=True)):
        hits, alarms, truths = (found.truth_to_pred >= 0).sum(), found.false_positive.sum(), len(frame.truth_xy)
        row = f'{Path(frame.name).stem} {frame.case_id} {frame.scanner} {truths} {hits} {truths - hits} {alarms}'
        assert row in page.words, index


def test_other_detections_and_provenance(report):
    _, page, _ = report
    assert 'other.json' in page.words and 'this model the other difference' in page.words
    assert 'Config a.py' in page.words


def test_pictures_of_every_kind(report):
    evaluation, page, folder = report
    overall = evaluation.overall
    for title, total in (('Misses', overall.fn), ('False positives', overall.fp), ('Hits', overall.tp)):
        assert re.search(rf'{title} {min(total, 24)}( of {total})?,', page.words), title
    shown = sum(min(24, total) for total in (overall.fn, overall.fp, overall.tp)) + len(evaluation.frames)
    assert page.tags.count('image') == shown
    text = (folder / 'out.html').read_text()
    # Not told apart by colour alone.
    assert '<rect class="alarm"' in text and '<ellipse class="hit"' in text and 'stroke-dasharray' in text


def test_same_bytes_twice(report, make_evaluation, tissue, tmp_path):
    other = compare(make_evaluation(), make_evaluation(threshold=0.7), 50)
    write(make_evaluation(), tmp_path, tissue, {'Config': 'a.py'}, {'other.json': other})
    first, second = ({path.relative_to(folder): path.read_bytes() for path in folder.rglob('*') if path.is_file()}
                     for folder in (report[2], tmp_path))
    assert first == second and len(first) > 20


@pytest.mark.parametrize(('text', 'escaped'), [
    ('<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'),
    ('$x_1$ {{ 7 * 7 }} & "b" id="d"', '$x_1$ {{ 7 * 7 }} &amp; &#34;b&#34; id=&#34;d&#34;'),  # neither TeX nor a template
])
def test_what_users_wrote_stays_text(text, escaped, make_evaluation, tissue, tmp_path):
    evaluation = make_evaluation(6, rename=text.replace('{', '{{').replace('}', '}}') + '{}{}', name=f'mitosis {text}')
    for frame in evaluation.frames:
        frame.case_id = frame.scanner = text
    evaluation.groups['scanner'] = {f'{name} {text}': scores for name, scores in evaluation.groups['scanner'].items()}
    page = write(evaluation, tmp_path, tissue, {f'File {text}': text})
    assert page.tags.count('script') == 1 and text in page.text
    assert escaped in (tmp_path / 'out.html').read_text()
    figure = (tmp_path / 'out_figures/by_scanner.svg').read_text()
    assert f'Scanner 0 {text}'[:25] in unescape(' '.join(re.findall(r'>([^<]*)</text>', figure)))


@pytest.mark.parametrize(('how', 'expected', 'absent'), [
    (dict(count=1), ['1 frame', 'F1'], ['by_scanner']),  # no groups, no intervals, no truth in it at all
    (dict(detections=False, threshold=None), ['none (no truth or no detections to choose by)', 'Hits none'],
     ['displacement', 'reliability']),
    (dict(hard_negatives=False, resamples=0), ['nothing labelled there', 'No intervals were asked for'], ['confusion']),
    (dict(um_per_px=None, radius='30px'), ['radius 30 px', 'Squares of 240 px'], []),
    (dict(threshold=None), ['Optimistic. Detections with score'], []),  # chosen on the very set
    (dict(threshold=2.0), ['under the threshold', 'False positives none', 'Precision –'], ['localisation']),  # no detection reaches it
    (dict(name='hard negative', matching='amida'), ['Hard negative', 'further detections near it are no false positives'], []),
])
def test_whatever_is_missing(how, expected, absent, make_evaluation, tissue, tmp_path):
    page = write(make_evaluation(**how), tmp_path, tissue)
    for words in expected:
        assert words in page.words
    drawn = {path.stem for path in (tmp_path / 'out_figures').iterdir()}
    assert not drawn & set(absent) and 'precision_recall' in drawn
    assert 'nan' not in page.words and 'None' not in page.words.replace('None is labelled', '')


def test_scores_beyond_probabilities(make_evaluation, tissue, tmp_path):
    evaluation = make_evaluation(4)
    for frame in evaluation.frames:
        frame.pred_scores = frame.pred_scores * 20 - 10
    page = write(evaluate(evaluation.frames, threshold=-1.5, resamples=20), tmp_path, tissue)
    assert not (tmp_path / 'out_figures/reliability.png').exists() and '−1.5 (fixed' not in page.words


@pytest.mark.parametrize(('image_of', 'expected'), [
    (None, 'No pictures: no images were given'),
    (lambda name: None, 'No pictures: the images of the frames were not found, for example f0/00.png'),
])
def test_without_images(image_of, expected, make_evaluation, tmp_path):
    evaluation = make_evaluation()
    page = write(evaluation, tmp_path, image_of)
    assert expected in page.words and 'image' not in page.tags
    assert f'F1 {evaluation.overall.f1.value:.3f}' in page.words


def test_frames_that_are_missing_are_counted(make_evaluation, tissue, tmp_path):
    page = write(make_evaluation(), tmp_path, lambda name: None if name.startswith('f1') else tissue(name))
    assert 'Without 6 frames whose image was not found, for example f1/01.png' in page.words and 'image' in page.tags


def test_a_frame_is_read_once_and_pages_stay_small(make_evaluation, tmp_path):
    read = []

    def image_of(name):
        read.append(name)
        return np.random.default_rng(0).integers(0, 255, (1500, 1600, 3), dtype=np.uint8)  # noise: the worst for JPEG
    evaluation = make_evaluation(100, um_per_px=(0.1, 0.1))
    page = write(evaluation, tmp_path, image_of)
    assert len(read) == len(set(read)) <= 24 * 4
    assert (tmp_path / 'out.html').stat().st_size < 20e6, 'of noise; tissue takes a third'
    assert '24 of 100: those with the most misses' in page.words


def test_many_detections_make_no_heavy_curve(tmp_path):
    noise = np.random.default_rng(0)
    frames = [Frame(noise.uniform(0, 1e4, (200, 2)), noise.uniform(0, 1e4, (20000, 2)), noise.random(20000), name='a')]
    write(evaluate(frames, '30px', resamples=0), tmp_path)
    assert (tmp_path / 'out.html').stat().st_size < 1e6


def test_stale_figures_go_and_other_files_stay(make_evaluation, tmp_path):
    folder = tmp_path / 'out_figures'
    folder.mkdir()
    (folder / 'confusion.svg').write_text('of an earlier run')
    (folder / 'mine.txt').write_text('a note')
    write(make_evaluation(hard_negatives=False), tmp_path)
    assert not (folder / 'confusion.svg').exists() and (folder / 'mine.txt').read_text() == 'a note'


@pytest.mark.parametrize(('name', 'message'), [('out.pdf', 'not a .html or .htm file'), ('folder.html', 'cannot be written there')])
def test_bad_paths(name, message, make_evaluation, tmp_path):
    (tmp_path / 'folder.html').mkdir()
    with pytest.raises(ValueError, match=message):
        write_report(make_evaluation(2), tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ['folder.html']
