"""The page, as a Jinja template; everything that a user wrote is escaped by its environment."""

MACROS = '''
{%- macro plot(drawing, wide=False) %}
<figure class="plot{{ ' wide' if wide }}"><div class="scroll">{{ drawing.inline | safe }}</div>
<figcaption>{{ drawing.caption }}</figcaption></figure>
{%- endmacro %}

{%- macro marks(shapes) %}
<g class="marks">{% for element, kind, at in shapes %}
{%- if kind != 'dot' %}<{{ element }} class="halo"{{ at | attributes }}/>{% endif %}
<{{ element }} class="{{ kind }}"{{ at | attributes }}/>
{%- endfor %}</g>
{%- endmacro %}

{%- macro picture(it, label) %}
<svg viewBox="0 0 {{ it.width }} {{ it.height }}" role="img" aria-label="{{ label }}">
<image width="{{ it.width }}" height="{{ it.height }}" href="data:image/jpeg;base64,{{ it.jpeg }}"/>{{ marks(it.shapes) }}</svg>
{%- endmacro %}

{%- macro cell(content) %}
{%- if content is estimate %}{{ content[0] }}{% if content[1] %}<small>{{ content[1] }}</small>{% endif %}{% else %}{{ content }}{% endif %}
{%- endmacro %}

{%- macro table(content, words=1, sortable=False) %}
<div class="scroll"><table{% if sortable %} class="sortable"{% endif %}>
<thead><tr>{% for head in content[0] %}<th{% if loop.index > words %} class="number"{% endif %}>{{ head }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in content[1] %}
<tr>{% for it in row %}<td{% if loop.index > words %} class="number"{% endif %}>{{ cell(it) }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
{%- endmacro %}

{%- macro key() %}
<ul class="key">{% for shapes, words in legend %}
<li><svg viewBox="0 0 26 26" aria-hidden="true">{{ marks(shapes) }}</svg>{{ words }}</li>{% endfor %}</ul>
{%- endmacro %}

{%- macro terms(pairs) %}
<dl>{% for term, words in pairs %}
<dt>{{ term }}</dt><dd>{{ words }}</dd>{% endfor %}</dl>
{%- endmacro %}
'''

PAGE = MACROS + '''<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{{ title }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">Evaluation of detections</p>
<h1>{{ title }}</h1>
<p class="facts">{{ facts | join(' · ') }}</p>
<p class="lead">{{ lead }}</p>
</header>

<div class="scroll"><table class="headline">
<thead><tr><th>Figure</th><th class="number">value</th><th class="interval">95% interval</th>
<th class="strip">share of the best there is, 0 to 1</th></tr></thead>
<tbody>
{% for row in headline %}
<tr{% if loop.index > 3 %} class="minor"{% endif %}><td>{{ row.title }}</td>
<td class="number value">{{ row.value }}{% if row.best != 1 and row.at is not none %} of {{ row.best }}{% endif %}</td>
<td class="interval">{{ row.interval }}</td>
<td class="strip">{% if row.at is not none %}<svg aria-hidden="true"><line class="base" x1="0" x2="100%" y1="7" y2="7"/>
{%- if row.low is not none %}<line class="range" x1="{{ row.low | percent }}" x2="{{ row.high | percent }}" y1="7" y2="7"/>{% endif %}
<circle class="dot" cx="{{ row.at | percent }}" cy="7" r="4"/></svg>{% endif %}</td></tr>
{% endfor %}
</tbody></table></div>
<p class="threshold{{ ' flatters' if threshold.flatters }}">
{% if threshold.flatters %}<b>Optimistic.</b> {% endif %}{{ threshold.words }}</p>
<p class="note">{{ intervals }}</p>

<section id="curves"><h2>Precision, recall and false alarms</h2>
<div class="pair">{% for drawing in drawings.curves %}{{ plot(drawing) }}{% endfor %}</div></section>

{% if drawings.groups %}
<section id="groups"><h2>By {{ group_names | join(' and ') }}</h2>
<p class="note">In brackets: how many are labelled. A model that is good on average can still fail one group.</p>
{% for drawing in drawings.groups %}{{ plot(drawing, wide=True) }}{{ table(group_tables[loop.index0]) }}{% endfor %}</section>
{% endif %}

{% if drawings.errors %}
<section id="errors"><h2>What goes wrong</h2>
{% if hard_negatives %}<p>{{ hard_negatives }}</p>{% endif %}
<div class="pair">{% for drawing in drawings.errors %}{{ plot(drawing) }}{% endfor %}</div></section>
{% endif %}

<section id="counts"><h2>Counts</h2>
<p class="note">A grade rests on the count, so misses and false alarms may cancel out here.</p>
<div class="pair">{% for drawing in drawings.counts %}{{ plot(drawing) }}{% endfor %}</div>
<h3>Agreement, detected minus labelled</h3>{{ table(agreement) }}</section>

<section id="pictures"><h2>Misses, false alarms and hits</h2>
{% if no_pictures %}
<p>{{ no_pictures }}</p>
{% else %}
<p class="note">Squares of {{ crop_side }}; grey lies beyond the frame.<span class="screen"> Under the pointer the marks vanish.</span>
{{ missing }}</p>{{ key() }}
{% for gallery in galleries %}
<h3>{{ gallery.title }} <small>{{ gallery.words }}</small></h3>
<div class="crops">{% for it, label, score, note, frame in gallery.pictures %}
<figure>{{ picture(it, label) }}<figcaption><b>{{ score }}</b> {{ note }}<br>{{ frame }}</figcaption></figure>{% endfor %}</div>
{% endfor %}
{% endif %}</section>

{% if frames %}
<section id="frames"><h2>Frames</h2>
<p class="note">{{ frames_words }}</p>{{ key() }}
<div class="frames">{% for it, name, words in frames %}
<figure>{{ picture(it, name) }}<figcaption><b>{{ name }}</b> {{ words }}</figcaption></figure>{% endfor %}</div></section>
{% endif %}

<section id="tables"><h2>Every frame{{ ' and case' if cases }}</h2>
<p class="note screen" id="sorting" hidden>Click a heading to sort.</p>
{% if cases %}<h3>Cases</h3>{{ table(cases, sortable=True) }}{% endif %}
<h3>Frames</h3>{{ table(per_frame, words=per_frame_words, sortable=True) }}</section>

{% if comparisons %}
<section id="comparisons"><h2>Compared with other detections</h2>
<p class="note">On the same frames, by a paired bootstrap; the difference is the other minus this one. Last column: share of the
resamples in which the other is better.</p>
{% for name, words, content in comparisons %}<h3>{{ name }}</h3>{{ table(content) }}<p class="note">{{ words }}</p>{% endfor %}</section>
{% endif %}

<section id="methods"><h2>How it was measured</h2>{{ terms(methods) }}
{% if provenance %}<h3>Provenance</h3>{{ terms(provenance) }}{% endif %}</section>
</main>
<script>{{ script | safe }}</script>
</body>
</html>
'''
