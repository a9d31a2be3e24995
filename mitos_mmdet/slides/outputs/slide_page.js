'use strict';
// The page works without this script; with it the hotspot can be moved and zoomed, and detections taken out of the count or added.
(() => {
  const find = (selector, from = document) => [...from.querySelectorAll(selector)];
  const byId = id => document.getElementById(id);
  document.documentElement.classList.add('js');
  const rules = JSON.parse(byId('rules').textContent);
  const cards = new Map(find('.card').map(card => [Number(card.dataset.number), card]));
  const marks = new Map(find('.mark').map(mark => [Number(mark.dataset.number), mark]));
  const isBelow = number => (cards.get(number) ?? marks.get(number)).classList.contains('below');
  const out = new Set([...new Set([...cards.keys(), ...marks.keys()])].filter(isBelow));
  const numbers = [...cards.keys()];
  let selected = null;

  // The picture of the hotspot: a viewBox that moves.
  const view = byId('view');
  const full = view && {width: Number(view.dataset.width), height: Number(view.dataset.height), um: Number(view.dataset.um), radius: Number(view.dataset.radius)};
  const rings = find('.mark circle'), words = find('.mark text');
  let box = null;
  const show = next => {
    const shape = view.clientWidth / view.clientHeight;
    const whole = Math.max(full.width, full.height * shape);
    const width = Math.min(whole, Math.max(next.width, view.clientWidth / 4));
    const height = width / shape;
    const inside = (start, side, all) => side >= all ? (all - side) / 2 : Math.min(Math.max(start, 0), all - side);
    box = {x: inside(next.x, width, full.width), y: inside(next.y, height, full.height), width, height};
    view.setAttribute('viewBox', `${box.x} ${box.y} ${box.width} ${box.height}`);
    const unit = box.width / view.clientWidth;  // px of the picture per px of the screen
    byId('marks').setAttribute('font-size', 15 * unit);
    const radius = Math.max(full.radius, 9 * unit);  // from afar a ring must still leave room for what it holds
    rings.forEach(ring => ring.setAttribute('r', radius));
    words.forEach(word => { word.setAttribute('x', 0.8 * radius); word.setAttribute('y', -0.8 * radius); });
    const length = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].findLast(um => um / full.um / unit <= 160) ?? 1;
    byId('scale-bar').style.width = `${length / full.um / unit}px`;
    byId('scale-words').textContent = `${length} µm`;
  };
  const fit = () => show({x: 0, y: 0, width: Infinity});
  const zoom = (factor, at = {x: box.x + box.width / 2, y: box.y + box.height / 2}) => show({
    x: at.x - (at.x - box.x) * factor, y: at.y - (at.y - box.y) * factor, width: box.width * factor});
  const centre = (x, y, width) => show({x: x - width / 2, y: y - width / 2 * view.clientHeight / view.clientWidth, width});
  const placeOf = event => {
    const frame = view.getBoundingClientRect();
    return {x: box.x + (event.clientX - frame.left) * box.width / frame.width, y: box.y + (event.clientY - frame.top) * box.height / frame.height};
  };
  const placeOfMark = number => marks.get(number).getAttribute('transform').match(/-?[\d.]+/g).map(Number);

  // The count.
  const scoreOf = (count, area, rule) => {
    if (!rule.graded) return '–';
    const scaled = Math.round(count * rule.area / area * 1e9) / 1e9;
    return 1 + (scaled >= rule.from2) + (scaled >= rule.from3);
  };
  const area = view ? Number(byId('check').dataset.area) : 0;
  const write = () => {
    const shown = [...new Set([...numbers, ...marks.keys()])], all = byId('counted').dataset;
    const gone = shown.filter(number => out.has(number) && !isBelow(number)), added = shown.filter(number => !out.has(number) && isBelow(number));
    const counted = Number(all.total) - gone.length + added.length;
    byId('total-count').textContent = counted.toLocaleString('en');
    if (byId('atypical-count')) {
      const atypical = gone.filter(number => cards.get(number)?.dataset.atypical === '1').length;
      byId('atypical-count').textContent = (Number(all.allAtypical) - atypical).toLocaleString('en');
      byId('atypical-of').textContent = counted.toLocaleString('en');
    }
    const inHotspot = list => list.filter(number => marks.has(number)).length;
    const detected = [...marks.keys()].filter(number => !isBelow(number)).length, left = detected - inHotspot(gone) + inHotspot(added);
    if (view) {
      const density = left / area;
      byId('hotspot-count').textContent = left.toLocaleString('en');
      byId('hotspot-density').textContent = density < 1000 ? density.toPrecision(3) : Math.round(density).toLocaleString('en');
      byId('score').textContent = scoreOf(left, area, rules[0]);
      find('[data-rule]').forEach(cell => { cell.textContent = scoreOf(left, area, rules[cell.dataset.rule]); });
    }
    const tally = byId('tally');
    if (!tally) return;
    tally.replaceChildren();
    const words = document.createElement('span'), strong = document.createElement('b');
    const [now, before, more] = view ? [left, detected, inHotspot(added)] : [counted, all.total, added.length];
    strong.textContent = `${now} counted`;
    words.append(strong, ` of ${before} detected` + (more ? `, ${more} added` : ''));
    tally.append(words);
    if (gone.length || added.length) {
      const save = document.createElement('button');
      save.type = 'button';
      save.textContent = 'Save review';
      save.addEventListener('click', saveReview);
      tally.append(save);
    }
  };
  const saveReview = () => {
    const lines = ['number,x_px,y_px,score,counted', ...numbers.map(number => {
      const card = cards.get(number);
      return [number, card.dataset.x, card.dataset.y, card.dataset.score, out.has(number) ? 'no' : 'yes'].join(',');
    })];
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([lines.join('\n') + '\n'], {type: 'text/csv'}));
    link.download = `${document.title.replace(/: mitotic count$/, '')}_review.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const toggle = number => {
    out.has(number) ? out.delete(number) : out.add(number);
    const gone = out.has(number), card = cards.get(number);
    marks.get(number)?.classList.toggle('out', gone);
    if (card) {
      card.classList.toggle('out', gone);
      card.setAttribute('aria-pressed', String(!gone));
      card.setAttribute('aria-label', `Detection ${number}, detection score ${card.dataset.score}, ${gone ? 'not counted' : 'counted'}`);
    }
    write();
  };
  const select = (number, move = true) => {
    if (selected !== null) [cards.get(selected), marks.get(selected)].forEach(each => each?.classList.remove('selected'));
    selected = number;
    const card = cards.get(number), mark = marks.get(number);
    [card, mark].forEach(each => each?.classList.add('selected'));
    const list = card?.parentElement;
    if (list?.id === 'inside' && list.scrollHeight > list.clientHeight) {  // only the list scrolls, not the page
      const top = card.offsetTop - list.offsetTop;
      list.scrollTop = Math.min(Math.max(list.scrollTop, top + card.offsetHeight + 6 - list.clientHeight), top - 6);
    } else card?.scrollIntoView({block: 'nearest'});
    if (mark) {
      mark.parentNode.append(mark);  // on top of its neighbours
      if (move) centre(...placeOfMark(number), Math.min(box.width, Math.max(view.clientWidth, 200 / full.um)));
    }
  };
  cards.forEach((card, number) => card.addEventListener('click', () => {
    // Outside the hotspot there is no picture to find it in, so the first click already counts.
    selected === number || !marks.has(number) ? toggle(number) : null;
    select(number);
  }));

  if (view) {
    let printing = false;
    new ResizeObserver(() => { if (!printing) box ? show(box) : fit(); }).observe(view);
    addEventListener('beforeprint', () => { printing = true; view.setAttribute('viewBox', `0 0 ${full.width} ${full.height}`); });
    addEventListener('afterprint', () => { printing = false; show(box); });
    fit();
    let hold = null;
    view.addEventListener('pointerdown', event => {
      hold = {x: event.clientX, y: event.clientY, start: box, moved: false, mark: event.target.closest('.mark')};
      view.setPointerCapture(event.pointerId);
    });
    view.addEventListener('pointermove', event => {
      if (!hold) return;
      const unit = hold.start.width / view.clientWidth, x = event.clientX - hold.x, y = event.clientY - hold.y;
      hold.moved ||= Math.hypot(x, y) > 4;
      if (hold.moved) {
        view.classList.add('moving');
        show({...hold.start, x: hold.start.x - x * unit, y: hold.start.y - y * unit});
      }
    });
    view.addEventListener('pointerup', () => {
      if (hold && !hold.moved && hold.mark) {
        const number = Number(hold.mark.dataset.number);
        if (selected === number) toggle(number);
        select(number, false);
      }
      hold = null;
      view.classList.remove('moving');
    });
    view.addEventListener('pointercancel', () => { hold = null; view.classList.remove('moving'); });
    view.addEventListener('wheel', event => {
      event.preventDefault();
      zoom(Math.exp(Math.sign(event.deltaY) * 0.18), placeOf(event));
    }, {passive: false});
    view.addEventListener('dblclick', event => zoom(0.4, placeOf(event)));
    byId('zoom-in').addEventListener('click', () => zoom(0.6));
    byId('zoom-out').addEventListener('click', () => zoom(1 / 0.6));
    byId('zoom-fit').addEventListener('click', fit);
    byId('zoom-full').addEventListener('click', () => centre(box.x + box.width / 2, box.y + box.height / 2, view.clientWidth));
    byId('hide-marks').addEventListener('click', event => {
      const hidden = view.classList.toggle('unmarked');
      event.currentTarget.setAttribute('aria-pressed', String(hidden));
    });
  }
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || !numbers.length) return;
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (step) {
      const place = selected === null ? (step > 0 ? 0 : numbers.length - 1) : numbers.indexOf(selected) + step;
      if (place >= 0 && place < numbers.length) { select(numbers[place]); cards.get(numbers[place]).focus({preventScroll: true}); }
    } else if (event.key === ' ' && selected !== null) toggle(selected);
    else if (event.key === '0' && view) fit();
    else return;
    event.preventDefault();
  });
  write();
})();
