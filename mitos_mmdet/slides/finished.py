"""Finds the finished results of an earlier run in a slide's folder."""

import json
from pathlib import Path


def finished_summary(out_dir: str | Path, fingerprint: dict) -> dict | None:
    """The summary of an earlier run with the same input, model and settings, or None: absent, unfinished, stale or damaged.

    Args:
        out_dir: The slide's folder.
        fingerprint: What ``fingerprint`` gives now.
    """
    out_dir = Path(out_dir)
    try:
        summary = json.loads((out_dir / 'summary.json').read_text(encoding='utf-8'))
    except (OSError, ValueError, RecursionError):
        return None
    same = isinstance(summary, dict) and summary.get('fingerprint') == json.loads(json.dumps(fingerprint))
    files = summary.get('files') if same else None
    return summary if isinstance(files, dict) and all((out_dir / str(name)).is_file() for name in files.values()) else None
