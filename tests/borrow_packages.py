"""Lets this Python environment see another one's packages behind its own: ``python borrow_packages.py OTHER_PYTHON``."""

import subprocess
import sys
import sysconfig
from pathlib import Path

other = subprocess.run([sys.argv[1], '-c', "import sysconfig; print(sysconfig.get_path('purelib'))"],
                       check=True, capture_output=True, text=True).stdout.strip()
# A path file's lines come behind the environment's own site-packages, so its mmdet, mmcv and mmengine win; ``addsitedir`` also follows
# the other environment's path files (the editable install of this project among them).
Path(sysconfig.get_path('purelib'), 'borrowed.pth').write_text(f"import site; site.addsitedir({other!r})\n", encoding='utf-8')
