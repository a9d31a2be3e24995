"""The page's style sheet and its one script. Fonts are those of the reader's system: the page fetches nothing."""

STYLE = '''
:root {
  --ink: #1c1c1c; --grey: #6a6a6a; --rule: #dedbd5; --wash: #f6f4f0; --accent: #23527c; --pale: #c9d7e4; --warn: #b3541e;
  --hit: #00e676; --miss: #ffd600; --alarm: #ff1744;
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", Palatino, "Palatino Linotype", Georgia, "Liberation Serif", serif;
  --sans: -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; color: var(--ink); background: white; font: 15px/1.5 var(--sans); font-variant-numeric: tabular-nums; }
main { max-width: 1080px; margin: 0 auto; padding: 48px 32px 64px; }
section { border-top: 1px solid var(--rule); margin-top: 40px; padding-top: 24px; }
h1 { font: 600 34px/1.15 var(--serif); margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font: 600 22px/1.25 var(--serif); margin: 0 0 4px; }
h3 { font: 600 15px/1.4 var(--sans); margin: 28px 0 8px; overflow-wrap: anywhere; }
h3 small { font-weight: 400; color: var(--grey); font-size: 13px; }
p { margin: 0 0 12px; max-width: 72ch; }
.eyebrow { color: var(--grey); font-size: 12px; letter-spacing: 0.08em; text-transform: uppercase; margin-bottom: 6px; }
.facts { color: var(--grey); margin: 8px 0 0; max-width: none; }
.lead { font: 21px/1.45 var(--serif); margin: 26px 0 22px; max-width: 60ch; }
.note, figcaption { color: var(--grey); font-size: 13px; line-height: 1.45; }
.note { max-width: 90ch; }

.threshold { border-left: 3px solid var(--accent); background: var(--wash); padding: 10px 16px; margin: 22px 0 10px; max-width: none;
  overflow-wrap: anywhere; }
.threshold.flatters { border-left: 6px double var(--warn); }
.threshold.flatters b { color: var(--warn); font-weight: 600; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 6px 12px 6px 0; text-align: left; }
th { font-weight: 600; font-size: 12.5px; vertical-align: bottom; border-bottom: 1px solid var(--ink); }
td { border-bottom: 1px solid var(--rule); vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
td small { display: block; color: var(--grey); font-size: 12px; }
.headline td { padding-top: 7px; padding-bottom: 7px; }
.headline .value { font: 600 19px/1.2 var(--serif); }
.headline .minor .value { font-size: 15px; font-weight: 400; }
.headline .interval { color: var(--grey); white-space: nowrap; padding: 7px 24px 7px 12px; }
.headline th.interval { color: inherit; }
.headline .strip { width: 34%; }
.strip svg { display: block; width: 100%; height: 14px; overflow: visible; }
.strip .base { stroke: var(--rule); }
.strip .range { stroke: var(--pale); stroke-width: 8; }
.strip .dot { fill: var(--accent); }
.sortable th { cursor: pointer; white-space: nowrap; }
.sortable th:hover { color: var(--accent); }
.sortable button { all: unset; cursor: pointer; font: inherit; }
.sortable button:focus-visible { outline: 2px solid var(--accent); }
th[aria-sort=ascending]::after { content: " \\25B4"; }
th[aria-sort=descending]::after { content: " \\25BE"; }

.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 28px 40px; margin-top: 18px; }
.pair > :only-child { max-width: 500px; }
figure { margin: 0; break-inside: avoid; }
.plot svg { display: block; width: 100%; height: auto; max-width: 560px; }
.plot text { font-family: var(--sans) !important; }
.plot figcaption { margin-top: 6px; }
.wide { margin: 18px 0; }
.wide svg { max-width: none; min-width: 600px; }

.crops { display: grid; grid-template-columns: repeat(auto-fill, minmax(138px, 1fr)); gap: 14px 12px; }
.frames { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 430px), 1fr)); gap: 22px 24px; margin-top: 14px; }
.crops svg, .frames svg { display: block; width: 100%; height: auto; background: #ececec; }
.crops figcaption, .frames figcaption { margin-top: 4px; overflow-wrap: anywhere; }
.crops figcaption { line-height: 1.3; font-size: 12px; }
.crops b, .frames b { color: var(--ink); font-size: 13px; font-weight: 600; }
.marks { fill: none; }
.marks > * { vector-effect: non-scaling-stroke; }
.marks .halo { stroke: rgb(0 0 0 / 55%); stroke-width: 4px; }
.marks .hit { stroke: var(--hit); stroke-width: 2px; }
.marks .miss { stroke: var(--miss); stroke-width: 2.4px; stroke-dasharray: 6 4; }
.marks .alarm { stroke: var(--alarm); stroke-width: 2px; }
.marks .dot { fill: var(--hit); stroke: black; stroke-width: 1px; }
.crops svg:hover .marks { opacity: 0; }
.key { display: flex; flex-wrap: wrap; gap: 6px 22px; margin: 10px 0 0; padding: 0; list-style: none; font-size: 13px; }
.key svg { width: 26px; height: 26px; vertical-align: -8px; margin-right: 6px; background: #7d5a86; }
dl { display: grid; grid-template-columns: minmax(120px, max-content) 1fr; gap: 4px 24px; margin: 12px 0 0; font-size: 14px; }
dt { color: var(--grey); }
dd { margin: 0; overflow-wrap: anywhere; }

@media (max-width: 640px) {
  main { padding: 28px 16px 48px; }
  h1 { font-size: 27px; }
  .lead { font-size: 18px; }
  table { font-size: 13px; }
  .headline .strip { display: none; }
  .headline .interval { font-size: 12px; padding-right: 0; }
  .crops { grid-template-columns: repeat(3, 1fr); gap: 12px 8px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 8px; }
}

@page { size: A4; margin: 16mm 15mm; }
@media print {
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  body { font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  section { margin-top: 22px; padding-top: 14px; }
  h1 { font-size: 22pt; }
  h2 { font-size: 15pt; }
  h2, h3, .note, .key { break-after: avoid; }
  tr, .threshold, .key { break-inside: avoid; }
  .lead { font-size: 13pt; }
  .note, figcaption { font-size: 8pt; }
  .screen { display: none; }
  .scroll { overflow: visible; }
  table { font-size: 8.5pt; }
  th, td { padding-top: 3px; padding-bottom: 3px; }
  #counts td small { display: inline; margin-left: 8px; }
  .sortable th { white-space: normal; }
  .pair { grid-template-columns: 1fr 1fr; gap: 18px 24px; }
  .wide svg { min-width: 0; }
  .crops { grid-template-columns: repeat(6, 1fr); gap: 10px 8px; }
  .crops figcaption { font-size: 7pt; }
  .frames { grid-template-columns: 1fr 1fr; gap: 14px 16px; }
}
'''

# A click on a heading sorts by it, a second one turns the order round. Without scripts the tables stand as they are.
SCRIPT = '''
document.getElementById('sorting').hidden = false;
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, column) => {
    const button = document.createElement('button'), numeric = head.className === 'number';
    button.append(...head.childNodes);
    head.append(button);
    const text = row => row.cells[column].textContent;
    const value = row => { const number = parseFloat(text(row)); return isNaN(number) ? -1 : number; };
    const compare = numeric ? (a, b) => value(a) - value(b) : (a, b) => text(a).localeCompare(text(b), undefined, {numeric: true});
    head.addEventListener('click', () => {
      const before = head.getAttribute('aria-sort');
      const falling = before ? before === 'ascending' : numeric;  // the most first
      heads.forEach(other => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
      body.append(...[...body.rows].sort((a, b) => (falling ? -1 : 1) * compare(a, b)));
    });
  });
}
'''
