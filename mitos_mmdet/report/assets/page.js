// A click on a heading sorts by it, a second one turns the order round. Without scripts the tables stand as they are.
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
