"""mkdocs hook: puts every command's ``--help`` into docs/cli.md, so that the page never differs from the parsers."""

import os
import subprocess
import sys

_MARK = '<!-- help of every command -->'


def on_page_markdown(markdown, page, config, files):
    """The page with the help texts in place of the mark."""
    if _MARK not in markdown:
        return markdown
    from mitos_mmdet.cli.__main__ import COMMANDS

    sections = [f'## mitos {name}\n\n```text\n{_help(name)}```\n' for name in COMMANDS]
    return markdown.replace(_MARK, '\n'.join(sections))


def _help(name):
    done = subprocess.run([sys.executable, '-m', 'mitos_mmdet.cli', name, '--help'], capture_output=True, text=True, check=True,
                          env={**os.environ, 'COLUMNS': '120'})
    return done.stdout
