"""Cohorts: one bad slide stops nothing, a run that was killed is gone on with, and runs do not harm each other."""

import csv
import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import mitos_mmdet
from mitos_mmdet.slides.cohort.cohort_slide import CohortSlide, folder_names, slice_of
from mitos_mmdet.slides.cohort.run_cohort import run_cohort, write_cohort
from mitos_mmdet.slides.settings import SlideSettings

HERE = Path(__file__).parent
SETTINGS = SlideSettings(outputs=('csv', ), hotspot_area_mm2=0.01)


def load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, module)
    spec.loader.exec_module(module)
    return module


models = load('cohort_model')


@pytest.fixture(scope='module')
def slides(tmp_path_factory):
    """20 slides of 0.5 um/px with 0 to 5 dark discs: 16 good, one cut off, one that is all glass, one without um/px, one of no bytes."""
    folder = tmp_path_factory.mktemp('slides')
    rng = np.random.default_rng(0)
    made = []
    for number in range(20):
        path = folder / f'slide {number:02}.png'
        image = Image.new('RGB', (300, 240), (225, 150, 190))
        draw = ImageDraw.Draw(image)
        for column in rng.permutation(6)[:number % 6]:
            x, y = 25 + 48 * column + rng.integers(0, 5), rng.integers(20, 220)
            draw.ellipse([x - 9, y - 9, x + 9, y + 9], fill=(60, 20, 90))
        if number == 7:
            image = Image.new('RGB', (300, 240), (245, 245, 245))
        image.save(path)
        if number == 3:
            path.write_bytes(path.read_bytes()[:len(path.read_bytes()) // 2])
        if number == 14:
            path.write_bytes(b'')
        um_per_px = None if number == 11 else 0.5
        made.append(CohortSlide(path, um_per_px, columns=dict(path=str(path), case_id=f'case {number // 2}'), folder=path.stem))
    return made


def result(out):
    """What must be the same however it came about: the table, and every slide's detections."""
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob('*.csv'))}


def files(out):
    return sorted(str(path.relative_to(out)) for path in out.rglob('*') if path.is_file())


def whole_run(slides, out, **more):
    rows = run_cohort(slides, out, more.pop('factory', models.factory()), SETTINGS, **more)
    write_cohort(out, rows)
    return rows


@pytest.fixture(scope='module')
def undisturbed(slides, tmp_path_factory):
    out = tmp_path_factory.mktemp('undisturbed')
    return out, whole_run(slides, out)


def test_bad_slides_are_named_and_the_others_finish(undisturbed, slides):
    out, rows = undisturbed
    assert [row.slide.path.stem for row in rows if row.status == 'failed'] == ['slide 03', 'slide 11', 'slide 14']
    assert 'um/px' in rows[11].reason
    assert 'slide 03' not in rows[3].reason  # the path stands beside it
    assert rows[3].reason
    assert 'it is empty' in rows[14].reason
    # All glass is finished, with nothing found.
    assert (rows[7].status, rows[7].summary['mitotic_figures'], rows[7].hotspot) == ('done', 0, {})
    counts = {number: row.summary['mitotic_figures'] for number, row in enumerate(rows) if row.summary}
    assert counts == {number: 0 if number == 7 else number % 6 for number in range(20) if number not in (3, 11, 14)}
    with open(out / 'cohort.csv', newline='', encoding='utf-8') as file:
        table = list(csv.DictReader(file))
    assert [line['case_id'] for line in table] == [f'case {number // 2}' for number in range(20)]
    assert (table[3]['status'], table[3]['mitotic_figures'], table[3]['reason'] != '') == ('failed', '', True)
    assert (table[5]['status'], table[5]['mitotic_figures'], table[5]['folder']) == ('done', '5', 'slide 05')
    # A slide that failed leaves no folder behind, and nobody leaves a lock or a draft.
    assert {Path(name).name for name in files(out)} == {'cohort.csv', 'cohort.html', 'summary.json', 'detections.csv'}
    assert not (out / 'slide 03').exists()


def test_the_page_has_failures_on_top_and_links(undisturbed):
    out, rows = undisturbed
    text = (out / 'cohort.html').read_text(encoding='utf-8')
    assert text.index('id="failures"') < text.index('id="distribution"') < text.index('id="slides"')
    assert 'href="slide%2005/summary.json"' in text
    assert 'Research software, not a diagnosis.' in text
    assert text.count('class="bar"') >= 2


def test_finished_slides_are_kept(undisturbed, slides):
    out, _ = undisturbed
    before = {name: (out / name).stat().st_mtime_ns for name in files(out) if name.endswith('summary.json')}
    said = []
    whole_run(slides, out, say=said.append)
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    assert len(said) == 3  # only what failed is tried again


@pytest.mark.parametrize('change', ['model', 'version', 'threshold', 'um_per_px', 'input', 'half-written'])
def test_stale_results_are_done_again(slides, tmp_path, change, monkeypatch):
    one = CohortSlide(tmp_path / 'slide.png', 0.5, folder='slide')
    one.path.write_bytes(slides[5].path.read_bytes())
    out, settings, factory = tmp_path / 'out', SETTINGS, models.factory()
    first = run_cohort([one], out, factory, settings)[0].summary
    if change == 'model':
        factory = models.factory(sha256='a' * 64)
    if change == 'version':
        monkeypatch.setattr(mitos_mmdet, '__version__', '0.0.0')
    if change == 'threshold':
        settings = settings.but(threshold=0.95)
    if change == 'um_per_px':
        one = CohortSlide(one.path, 0.4, folder='slide')
    if change == 'input':
        one.path.write_bytes(slides[2].path.read_bytes())
    if change == 'half-written':
        (out / 'slide' / 'detections.csv').unlink()
    said = []
    second = run_cohort([one], out, factory, settings, say=said.append)[0].summary
    assert said == ['[1/1] slide.png: done']
    assert (second['fingerprint'] == first['fingerprint']) == (change == 'half-written')
    assert second['mitotic_figures'] == {'threshold': 0, 'input': 2}.get(change, 5)


def test_killed_half_way_and_run_again(undisturbed, slides, tmp_path):
    """SIGKILL in the middle of a slide; what follows equals a run that nobody disturbed."""
    script = tmp_path / 'run.py'
    script.write_text(textwrap.dedent(f'''
        import sys
        sys.path.insert(0, {str(HERE)!r})
        from pathlib import Path
        from cohort_model import factory
        from mitos_mmdet.slides.cohort.cohort_slide import CohortSlide
        from mitos_mmdet.slides.cohort.run_cohort import run_cohort
        from mitos_mmdet.slides.settings import SlideSettings
        slides = [CohortSlide(Path(path), um_per_px or None, folder=Path(path).stem) for path, um_per_px in {
            [(str(slide.path), slide.um_per_px or 0) for slide in slides]!r}]
        run_cohort(slides, {str(tmp_path / 'out')!r}, factory(kill_after=21), SlideSettings(outputs=('csv', ), hotspot_area_mm2=0.01))
    '''), encoding='utf-8')
    done = subprocess.run([sys.executable, script], env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)}, timeout=300)
    assert done.returncode == -signal.SIGKILL
    finished = [name for name in files(tmp_path / 'out') if name.endswith('summary.json')]
    assert 1 < len(finished) < 10
    said = []
    whole_run(slides, tmp_path / 'out', say=said.append)
    assert sum(line.endswith(': done') for line in said) == 17 - len(finished)
    assert result(tmp_path / 'out') == result(undisturbed[0])
    assert files(tmp_path / 'out') == files(undisturbed[0])


def test_two_runs_on_one_folder_share_the_work(undisturbed, slides, tmp_path):
    said, failures = ([], []), []

    def one(number):
        try:
            whole_run(slides, tmp_path, factory=models.factory(pause_s=0.01), say=said[number].append)
        except BaseException as error:
            failures.append(error)
    threads = [threading.Thread(target=one, args=(number, )) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert result(tmp_path) == result(undisturbed[0])
    assert files(tmp_path) == files(undisturbed[0])
    done = [{line.partition('] ')[2] for line in lines if line.endswith(': done')} for lines in said]
    assert not done[0] & done[1]  # nobody does what the other has done
    assert len(done[0] | done[1]) == 17


def test_a_full_disk_stops_the_run(slides, tmp_path, monkeypatch):
    from mitos_mmdet.core.files import OutputError
    from mitos_mmdet.slides.cohort import work

    def full(*_, **__):
        raise OutputError('out: cannot be written (No space left on device). Free some space, then run it again')
    monkeypatch.setattr(work, 'run_slide', full)
    with pytest.raises(OutputError, match='No space left'):
        run_cohort(slides[:5], tmp_path, models.factory(), SETTINGS)


def test_a_slide_that_kills_its_workers_is_given_up(slides, tmp_path):
    from dataclasses import replace

    from mitos_mmdet.slides.cohort.work import DONE, FAILED, SlideJob, _count_attempt, work

    job = SlideJob(0, str(slides[5].path), str(tmp_path / 'slide'), SETTINGS.but(um_per_px=0.5), run='this')
    for _ in range(2):  # two workers began and never ended
        _count_attempt(tmp_path / 'slide', 'this')
    place, state, reason = work(job, models.make_model())
    assert (place, state) == (0, FAILED)
    assert 'killed 2 times' in reason
    assert not (tmp_path / 'slide').exists()
    # Another run tries it again.
    assert work(replace(job, run='another'), models.make_model())[1] == DONE


def test_slices_are_the_whole_and_names_stay(slides):
    parts = [slice_of(slides, f'{part}/3') for part in (1, 2, 3)]
    assert sorted(slide.folder for part in parts for slide in part) == [slide.folder for slide in slides]
    for wrong in ('0/3', '4/3', '1', '1/0', 'a/b'):
        with pytest.raises(ValueError, match='slice'):
            slice_of(slides, wrong)


def test_folder_names_differ():
    paths = ['a/one.svs', 'b/one.svs', 'b/ONE.tiff', 'two.svs', 'cohort.svs', '...svs', 'x' * 254]
    names = folder_names([CohortSlide(Path(path)) for path in paths])
    assert len({name.casefold() for name in names}) == len(paths)
    assert names[3] == 'two'
    assert not any(name.casefold().startswith('cohort') and name == 'cohort' for name in names)
    assert all(0 < len(name) <= 255 and '/' not in name for name in names)


@pytest.mark.slow
def test_workers_on_ray(undisturbed, slides, tmp_path):
    """Two workers find what one finds; a slide that kills its worker is given up, and the run ends."""
    ray = pytest.importorskip('ray')
    ray.cloudpickle.register_pickle_by_value(sys.modules['disc_model'])
    ray.cloudpickle.register_pickle_by_value(models)
    deadly = tmp_path / 'deadly.png'
    image = Image.open(slides[5].path)
    ImageDraw.Draw(image).rectangle([100, 100, 140, 140], fill=(20, 240, 20))
    image.save(deadly)
    some = [*slides[:9], CohortSlide(deadly, 0.5, folder='deadly'), *slides[10:12]]
    out = tmp_path / 'out'
    rows = run_cohort(some, out, models.factory(kill_on_green=True), SETTINGS, workers=2)
    assert [row.status for row in rows] == ['failed' if number in (3, 9, 11) else 'done' for number in range(12)]
    assert 'killed 2 times' in rows[9].reason
    alone = result(undisturbed[0])
    assert result(out) == {name: alone[name] for name in result(out)}
    assert len(result(out)) == 9
    assert not [name for name in files(out) if '/.' in name]
