"""mkdocs hook: puts the cells of a notebook where a page says ``<!-- notebook: NAME -->``, so that the site shows what the tests run."""

import json
import re
from pathlib import Path

_MARK = re.compile(r'<!-- notebook: (\w+) -->')
_EXAMPLES = Path(__file__).resolve().parents[1] / 'examples'


def on_page_markdown(markdown, page, config, files):
    """The page with each notebook in place of its mark."""
    return _MARK.sub(lambda mark: as_markdown(_EXAMPLES / f'{mark[1]}.ipynb'), markdown)


def as_markdown(path):
    """Text cells one heading deeper, code cells as Python."""
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    return '\n\n'.join(_cell(cell['cell_type'], ''.join(cell['source'])) for cell in cells)


def _cell(kind, text):
    return f'```python\n{text}\n```' if kind == 'code' else re.sub(r'^#', '##', text, flags=re.M)
