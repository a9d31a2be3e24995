"""``short_warnings``: hides third-party warnings; prints ours in one line."""

import re
import sys
import warnings

from mitos_mmdet.core.console import one_line
from mitos_mmdet.core.names import printable


class short_warnings(warnings.catch_warnings):
    """Context manager: our warnings as one line each on stderr, those that differ only in the file once; no others."""

    def __enter__(self):
        super().__enter__()
        seen = set()

        def show(message, *_, **__):
            text = one_line(message)
            kind = re.sub(r'[\d.]+', '#', text.partition(': ')[2] or text)
            if kind not in seen:
                seen.add(kind)
                print(f'warning: {printable(text)}', file=sys.stderr)
        warnings.simplefilter('ignore')
        warnings.filterwarnings('always', category=UserWarning, module=r'mitos_mmdet\.')
        warnings.showwarning = show
