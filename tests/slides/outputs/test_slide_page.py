"""The page and the overview of a slide."""

import base64
import io
import json
import re
import shutil
import subprocess
from functools import partial
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from mitos_mmdet.slides.count_slide import count_slide
from mitos_mmdet.slides.detections import Detections
from mitos_mmdet.slides.open_slide import open_slide
from mitos_mmdet.slides.outputs import geojson
from mitos_mmdet.slides.outputs.annotated_picture import annotated_picture
from mitos_mmdet.slides.outputs.crops import crop, mosaic
from mitos_mmdet.slides.outputs.overview_png import draw_overview, write_overview
from mitos_mmdet.slides.outputs.slide_page import slide_page, write_slide_page
from mitos_mmdet.slides.settings import SlideSettings
from mitos_mmdet.slides.tissue import TissueMask
from mitos_mmdet.slides.write_outputs import provenance

CHROMIUM = shutil.which('chromium') or shutil.which('google-chrome')
SIZE = (1600, 1200)
POINTS = np.array([[400, 300], [440, 320], [1200, 900], [420, 360]], float)
SETTINGS = SlideSettings(hotspot_area_mm2=0.03, threshold=0.5)


@pytest.fixture(scope='module')
def slide(tmp_path_factory):
    """0.5 um/px, pink, a dark square of 12 px around each point; a name that would be markup."""
    image = np.full((SIZE[1], SIZE[0], 3), (225, 160, 200), np.uint8)
    for x, y in POINTS.astype(int):
        image[y - 6:y + 6, x - 6:x + 6] = (60, 20, 90)
    path = tmp_path_factory.mktemp('slides') / '<b>&amp; "slide".png'
    Image.fromarray(image).save(path)
    with open_slide(path, um_per_px=0.5) as opened:
        yield opened


def counted(points=POINTS, scores=(0.6, 0.9, 0.8, 0.3), um_per_px=0.5, settings=SETTINGS, **more):
    points = np.reshape(points, (-1, 2))
    return count_slide(Detections(points, scores, [0] * len(points), (um_per_px, um_per_px), SIZE, **more), settings)


def graded():
    """The same places at 1 um/px with the default window: 3 in 1.92 mm2."""
    return counted(um_per_px=1.0, settings=SlideSettings(threshold=0.5))


class Tags(HTMLParser):
    """All start tags with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, tag, **wanted):
        return [attrs for name, attrs in self.found if name == tag and all(attrs.get(key) == value for key, value in wanted.items())]


def pixels(uri):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition('base64,')[2]))))


def test_every_counted_detection_is_a_card_with_its_crop(slide):
    page = Tags(slide_page(slide, counted()))
    cards = page.all('button', **{'class': 'card'})
    assert [(card['data-number'], card['data-x'], card['data-y'], card['data-score']) for card in cards] == [
        ('1', '440', '320', '0.90'), ('2', '400', '300', '0.60'), ('3', '1200', '900', '0.80')]
    crops = [attrs['src'] for attrs in page.all('img', width='176')]
    assert len(crops) == 3
    for uri in crops:  # the mitotic figure stands in the middle
        picture = pixels(uri)
        assert picture.shape == (176, 176, 3)
        assert picture[84:92, 84:92].mean() < 90
        assert picture[:30].mean() > 150


def test_what_scores_slightly_less_is_shown_and_not_counted(slide):
    points = [*POINTS, (1500, 100), (900, 900)]
    text = slide_page(slide, counted(points, (0.6, 0.9, 0.8, 0.45, 0.41, 0.3)))
    page = Tags(text)
    assert 'data-total="3"' in text and '<b id="hotspot-count">2</b>' in text and '<b id="total-count">3</b>' in text
    below = page.all('button', **{'class': 'card below out'})
    assert [(card['data-number'], card['data-x'], card['data-score'], card['aria-pressed']) for card in below] == [
        ('4', '420', '0.45', 'false'), ('5', '1500', '0.41', 'false')]  # in the hotspot first; 0.30 is not shown
    assert [mark['data-number'] for mark in page.all('g', **{'class': 'mark below out'})] == ['4']
    assert text.index('data-number="4" data-x') < text.index('data-number="3" data-x')  # beside the picture of the hotspot
    assert '1 outside the hotspot, not counted' in text
    alone = slide_page(slide, counted(POINTS[:1], [0.45]))
    assert 'Slightly below the threshold' in alone and 'id="tally"' in alone and '<b>0</b> <span>no hotspot</span>' in alone
    assert 'Slightly below the threshold' not in slide_page(slide, counted(POINTS[:1], [0.9]))


def test_the_hotspot_is_shown_at_full_resolution(slide):
    count = counted()
    page = Tags(slide_page(slide, count))
    view = page.all('svg', id='view')[0]
    width, height = int(view['data-width']), int(view['data-height'])
    assert (width, height) == (round(count.hotspot.width_um / 0.5), round(count.hotspot.height_um / 0.5))
    tiles = page.all('image')
    assert sum(int(tile['width']) * int(tile['height']) for tile in tiles) == width * height
    marks = page.all('g', **{'class': 'mark'})
    assert [mark['data-number'] for mark in marks] == ['1', '2']
    picture = pixels(tiles[0]['href'])
    for mark in marks:  # its ring lies around the dark square
        x, y = (round(float(value)) for value in re.findall(r'[\d.]+', mark['transform']))
        assert picture[y - 3:y + 3, x - 3:x + 3].mean() < 90


def test_text_of_the_user_is_escaped_and_nothing_is_fetched(slide):
    text = slide_page(slide, counted(), provenance={'Model': '<script>alert(1)</script>'}, files_beside=[('a "b".csv', 'CSV')],
                      warnings=['This does not look like H&E.'])
    assert '<p class="note warning">This does not look like H&amp;E.</p>' in text
    page = Tags(text)
    assert len(page.all('script')) == 2
    assert '<b>&amp;' not in text
    assert 'alert(1)&lt;/script&gt;' in text
    assert page.all('a')[0]['href'] == 'a%20%22b%22.csv'
    assert not re.search(r'(?:src|href)="(?!data:|a%20)', text)
    assert '://' not in re.sub(r'data:[^"]*', '', text)


def test_grade_area_rule_and_disclaimer_are_stated(slide):
    text = slide_page(slide, graded())
    for words in ('Research software, not a diagnosis.', 'score 1: up to 3, score 2: 4 to 7, score 3: 8 or more per mm²', 'TUPAC16',
                  '3 in 1.92 mm²', '<b id="score">1</b> <span>of 3</span>', 'belongs to the lower one', 'at least 0.5'):
        assert words in text, words
    rules = json.loads(re.search(r'id="rules">(.*?)</script>', text)[1])
    assert [(rule['from2'], rule['from3'], rule['area'], rule['graded']) for rule in rules][:2] == [(4, 8, 1.0, True), (12, 23, 2.0, True)]


def test_a_small_sample_has_a_dash_for_a_score(slide):
    text = slide_page(slide, counted())
    why = 'not graded: the area is 0.03 mm², at least 1 mm² of tissue is needed'
    assert f'<b id="score">–</b></dd><dd class="small">{why}</dd>' in text
    assert 'of 3</span>' not in text
    assert '<table>' not in text and f'<p>This image is {why}.</p>' in text
    assert {rule['graded'] for rule in json.loads(re.search(r'id="rules">(.*?)</script>', text)[1])} == {False}
    # The count and its density stand.
    assert '<b id="hotspot-count">2</b> <span>in 0.03' in text
    assert '<span id="hotspot-density">66.7</span> per mm²' in text


def test_the_page_says_which_score_is_meant_what_a_hotspot_is_and_calls_an_image_an_image(slide):
    text = slide_page(slide, counted()).partition('</h1>')[2].partition('<script')[0]  # without the file's name
    words = ' '.join(re.sub('<[^>]*>', ' ', text).split())
    assert not re.findall(r'(?<!detection )(?<!Mitotic )\bscores?\b', words) and 'Mitotic score (grading): breast' in words
    assert 'Hotspot, the 0.03' in words and 'slide' not in words
    assert '66.7 per mm² of the window' in words and 'per mm² of the whole image, on average' in words


def test_each_concept_has_one_colour(slide):
    """Green circles and the blue window of the pictures (looked at above), on the page too; GeoJSON has the same."""
    text = slide_page(slide, counted())
    assert '--mitosis: #00963c; --hotspot: #0b3fb3;' in text and '.mark .ring { stroke: var(--mitosis)' in text
    assert [geojson._class(name)['color'] for name in ('mitotic figure', 'hotspot')] == [[0, 150, 60], [11, 63, 179]]


def test_the_page_names_every_network_and_where_the_threshold_is_from():
    network = dict(name='detector', sha256='a' * 64, um_per_px=0.25, engine='openvino', precision='float32',
                   second_reader=dict(name='reader', sha256='b' * 64), atypical=None)
    told = provenance(dict(program='mitos_mmdet 1', input='a.png', um_per_px=(0.25, 0.25), um_per_px_from='the user', model=network,
                           threshold_from='the model', stain=None))
    assert told['Model'] == 'detector (SHA-256 aaaaaaaaaaaa), at 0.25 µm/px, run by OpenVINO in float32'
    assert (told['Second reader'], told['Threshold from']) == ('reader (SHA-256 bbbbbbbbbbbb)', 'the model') and 'Classifier' not in told
    assert told['Pixel size'] == '0.25 x 0.25 µm/px, from the user'


@pytest.mark.skipif(not CHROMIUM, reason='no Chromium to run the script in')
@pytest.mark.parametrize('count, left, scored', [(partial(counted, atypical=[0.9, 0.9, 0.2, 0.2]), 1, '–'), (graded, 2, '1')])
def test_taking_a_detection_out_changes_the_count(slide, tmp_path, count, left, scored):
    keys = ''.join(f"document.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}'}}));" for key in ('ArrowRight', 'ArrowRight', ' '))
    page = slide_page(slide, count()).replace('</body>', f'<script>{keys}</script></body>')
    (tmp_path / 'page.html').write_text(page, encoding='utf-8')
    done = subprocess.run([CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--dump-dom',
                           f'--user-data-dir={tmp_path}/profile', (tmp_path / 'page.html').as_uri()],
                          capture_output=True, text=True, timeout=120)
    text = done.stdout
    assert f'<b>{left} counted</b> of {left + 1} detected' in text
    assert f'<b id="hotspot-count">{left}</b>' in text
    assert '<b id="total-count">2</b>' in text
    assert re.search(r'Detection 2, detection score 0\.[68]0, not counted', text)
    assert f'<b id="score">{scored}</b>' in text
    assert text.count(f'data-rule="0">{scored}<') == (count is graded)
    if count is not graded:  # detection 2 was one of the two atypical ones
        assert '<b id="atypical-count">1</b> <span>of <span id="atypical-of">2</span>' in text


def test_no_detection_makes_a_page(slide, tmp_path):
    write_slide_page(tmp_path / 'page.html', slide, counted(np.zeros((0, 2)), []))
    text = (tmp_path / 'page.html').read_text(encoding='utf-8')
    assert 'no mitotic figure found' in text
    assert 'id="view"' not in text
    assert not Tags(text).all('button', **{'class': 'card'})


def test_atypical_mitotic_figures_are_marked(slide):
    text = slide_page(slide, counted(atypical=[0.1, 0.9, 0.2, 0.2]))
    assert text.count('<i>atypical</i>') == text.count('data-atypical="1"') == 1
    assert '<b id="atypical-count">1</b> <span>of <span id="atypical-of">3</span>' in text


def test_a_crop_beyond_the_border_is_white(slide):
    picture = crop(slide, (0, 0), (0.5, 0.5))
    assert picture.shape == (176, 176, 3)
    assert (picture[:80, :80] == 255).all()
    assert (picture[100:, 100:] != 255).any()


def test_a_large_hotspot_is_read_coarser_and_says_so(slide):
    tiles = mosaic(slide, (0, 0, *SIZE), (0.5, 0.5), most_px=SIZE[0] * SIZE[1] // 4)
    assert (tiles.width, tiles.height, tiles.um_per_px) == (800, 600, pytest.approx(1))


def test_overview_shows_hotspot_and_detections(slide, tmp_path):
    count = counted()
    picture = np.asarray(draw_overview(slide, count)).astype(int)
    bare = np.asarray(draw_overview(slide, counted(np.zeros((0, 2)), []))).astype(int)
    assert picture.shape == bare.shape == (1125 + 84, 1500, 3)
    scale = 1500 / SIZE[0]
    x, y = (POINTS[2] * scale).astype(int)
    assert picture[y - 4:y + 4, x - 4:x + 4].mean() < 90  # an open circle: what it marks is not covered
    ring = np.abs(picture - (0, 150, 60)).sum(axis=2) < 60
    assert ring[y - 20:y + 20, x - 20:x + 20].any() and not ring[:1125, :300].any()
    left, top = (np.array(count.hotspot.box_um[:2]) / 0.5 * scale).astype(int)
    blue = np.abs(picture - (11, 63, 179)).sum(axis=2) < 30
    assert blue[top:top + 100, left - 2:left + 3].any(axis=1).mean() > 0.9
    assert not (np.abs(bare - (11, 63, 179)).sum(axis=2) < 30).any()
    # Density only where it means something: from 1 mm2 on.
    dense = np.asarray(draw_overview(slide, graded())).astype(int)
    x, y = (POINTS[0] * scale).astype(int) + 40
    assert np.abs(picture[y, x] - bare[y, x]).sum() < 10 < np.abs(dense[y, x] - bare[y, x]).sum()
    write_overview(tmp_path / 'overview.png', draw_overview(slide, count))
    assert [path.name for path in tmp_path.iterdir()] == ['overview.png']


def test_the_density_veils_tissue_alone(slide):
    mask = np.ones((12, 16), bool)
    mask[:, 6:], mask[3:5, 4] = False, False  # glass on the right, and a hole
    picture, bare = (np.asarray(draw_overview(slide, count, TissueMask(mask, (100.0, 100.0), SIZE))).astype(int)
                     for count in (graded(), counted(np.zeros((0, 2)), [])))
    scale, veiled = 1500 / SIZE[0], np.abs(picture - bare).sum(axis=2) > 10
    assert [bool(veiled[int(y * scale), int(x * scale)]) for x, y in ((360, 400), (450, 400), (640, 320))] == [True, False, False]


def test_a_hotspot_that_is_the_whole_image_has_no_frame_on_its_edge(slide):
    picture = np.asarray(draw_overview(slide, counted(settings=SlideSettings(threshold=0.5)))).astype(int)
    assert not (np.abs(picture - (11, 63, 179)).sum(axis=2) < 30).any()


def test_an_image_narrower_than_its_legend_has_no_empty_strip(tmp_path):
    Image.new('RGB', (700, 700), (225, 160, 200)).save(tmp_path / 'a.png')
    with open_slide(tmp_path / 'a.png', um_per_px=0.5) as small:
        picture = np.asarray(draw_overview(small, counted(np.zeros((0, 2)), [])))
    assert (picture[300, [0, -1]] < 240).any(axis=1).all()


def test_a_small_image_is_shown_with_its_detections_above_everything_else(slide):
    text = slide_page(slide, counted(), draw_overview(slide, counted()))
    assert text.index('id="picture"') < text.index('id="check"') and 'id="overview"' not in text
    assert '<i>1: 0.90</i> is detection number 1 with a detection score of 0.90' in text
    assert 'at least 0.50, the threshold, is shown and counted' in text
    picture = pixels(Tags(text[text.index('id="picture"'):]).all('img')[0]['src'])
    assert picture.shape[1::-1] == (1500, 1125)
    assert 'counted; there is none' in slide_page(slide, counted(np.zeros((0, 2)), []))
    assert 'id="overview"' in slide_page(slide, graded())  # from 1 mm2 on there is a density to look at


def test_the_annotated_picture_leaves_what_it_marks_free_and_says_its_scale_and_threshold(slide):
    bare = slide.read(0, 0, *SIZE).astype(int)
    picture, none = (np.asarray(annotated_picture(slide, each)).astype(int) for each in (counted(), counted(np.zeros((0, 2)), [])))
    assert picture.shape == bare.shape
    for x, y in POINTS[:3].astype(int):
        assert (picture[y - 6:y + 6, x - 6:x + 6] == bare[y - 6:y + 6, x - 6:x + 6]).all()
    key = [drawn[-60:, :600] for drawn in (picture, none)]  # black on white in the lower left corner
    assert all((each.max(axis=2) < 40).sum() > 100 for each in key)
    wide = [(each == 255).all(axis=2).any(axis=0).sum() for each in key]
    assert 80 < wide[0] < wide[1] < 400  # "no mitotic figure with score ≥ 0.50" is longer
    assert (np.abs(picture - (11, 63, 179)).sum(axis=2) < 30).any()  # the hotspot is a part of this image


def test_the_threshold_in_words():
    assert [counted(settings=SETTINGS.but(threshold=value)).least_score for value in (0.4, 0.375, 0.5)] == ['0.40', '0.375', '0.50']
