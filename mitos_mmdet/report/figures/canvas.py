"""What all plots share: colours, fonts, and the export to SVG and PNG. matplotlib without pyplot: no display, nothing left open."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text

from mitos_mmdet.core.names import printable
from mitos_mmdet.evaluation.bootstrap import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, GREY, RULE, WASH, PALE, ACCENT, SECOND = '#1c1c1c', '#6f6f6f', '#dedbd5', '#f6f4f0', '#c9d7e4', '#23527c', '#b3541e'
_PNG_DPI = 200
_STYLE = {
    'font.family': ['DejaVu Sans'], 'font.size': 9, 'axes.titlesize': 9, 'axes.labelsize': 9, 'xtick.labelsize': 8, 'ytick.labelsize': 8,
    'legend.fontsize': 8, 'text.color': INK, 'axes.labelcolor': INK, 'xtick.color': GREY, 'ytick.color': GREY, 'axes.edgecolor': GREY,
    'axes.linewidth': 0.7, 'xtick.major.width': 0.7, 'ytick.major.width': 0.7, 'xtick.major.size': 3, 'ytick.major.size': 3,
    'axes.spines.top': False, 'axes.spines.right': False, 'legend.frameon': False, 'figure.facecolor': 'white',
    'text.parse_math': False,  # a scanner's name may hold dollars
    'axes.unicode_minus': True, 'svg.fonttype': 'none',  # text stays text: sharp, searchable, in the page's own font
}


@dataclass(frozen=True)
class Drawing:
    """One figure: its file's stem, what it shows in words, a caption, and the bytes of both formats."""

    name: str
    alt: str
    caption: str
    svg: str
    png: bytes

    @property
    def inline(self) -> str:
        """The SVG as an element of a page: without prolog and fixed size, its ids its own."""
        svg = self.svg[self.svg.index('<svg'):]
        head, rest = svg.split('>', 1)
        head = re.sub(r' (width|height|version)="[^"]*"', '', head)
        rest = re.sub(r'<metadata>.*?</metadata>', '', rest, flags=re.S)
        rest = re.sub(r'(<[^<>]* id=")', rf'\g<1>{self.name}-', rest)
        rest = re.sub(r'((?:href="|url\()#)', rf'\g<1>{self.name}-', rest)
        return f'{head} role="img" aria-label="{self.name}">{rest}'


def drawing(name: str, alt: str, caption: str, paint: Callable[..., None], size: Sequence[float], **figures: Any) -> 'Drawing':
    """Makes a ``Drawing``.

    Args:
        name: Of its files; letters, digits and underscores.
        alt: What it shows, for who cannot see it.
        caption: Below it.
        paint: ``paint(figure, **figures)`` draws into an empty ``Figure``.
        size: ``(width, height)`` inches.
    """
    with matplotlib.rc_context({**_STYLE, 'svg.hashsalt': name}):
        figure = Figure(figsize=size, layout='constrained')
        paint(figure, **figures)
        for text in figure.findobj(Text):
            text.set_text(printable(text.get_text()))  # XML knows no control characters
        figure.draw_without_rendering()
        figure.set_layout_engine('none')  # it stands; else each format would lay it out anew
        svg, png = io.StringIO(), io.BytesIO()
        # Nothing that changes from run to run: no date.
        figure.savefig(svg, format='svg', metadata=dict(Date=None, Creator=None))
        figure.savefig(png, format='png', dpi=_PNG_DPI)
    return Drawing(name, alt, caption, svg.getvalue(), png.getvalue())


def whiskers(axes: 'Axes', estimate: Estimate | None, at: float, horizontal: bool, **style: Any) -> None:
    """An interval as a line through ``at`` on the other axis; nothing where there is none."""
    if estimate is None or not estimate.has_interval:
        return
    ends = ([estimate.low, estimate.high], [at, at])
    axes.plot(*(ends if horizontal else ends[::-1]), **{'solid_capstyle': 'butt', 'linewidth': 1.4, **style})
