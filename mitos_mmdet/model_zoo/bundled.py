"""Models that come with the package: ``weights/NAME.pth`` and ``weights/NAME.json``. Nothing is ever downloaded."""

import json
from dataclasses import dataclass
from pathlib import Path

import mitos_mmdet
from mitos_mmdet.core.checksums import sha256_of

_PACKAGE = Path(mitos_mmdet.__file__).resolve().parent
WEIGHTS = _PACKAGE / 'model_zoo' / 'weights'
_NEEDED = ('sha256', 'um_per_px', 'threshold', 'classes')


@dataclass(frozen=True)
class BundledModel:
    """A model of the package.

    Attributes:
        name: What ``load_model`` and ``--model`` call it.
        checkpoint: Path of its weights.
        config: Path of its config; None for a classifier.
        card: What the JSON file beside the weights says: ``sha256``, ``um_per_px``, ``threshold``, ``classes``, training data, metrics;
            under ``int8`` the files of its 8-bit network with their SHA-256.
    """
    name: str
    checkpoint: Path
    config: Path | None
    card: dict


def bundled_names(kind: str | None = 'detector') -> list:
    """Names of the bundled models of a kind, or of all (None), the default one first."""
    cards = {path.stem: _read_card(path) for path in sorted(WEIGHTS.glob('*.json'))}
    names = [name for name, card in cards.items() if kind in (None, card.get('kind', 'detector'))]
    return sorted(names, key=lambda name: (not cards[name].get('default', False), name))


def find_bundled(name: str | None = None, kind: str | None = 'detector') -> 'BundledModel':
    """A bundled model of a kind, or of any (None), by name; None gives the default one. Its weights are not read yet.

    Raises:
        ValueError: No such model, or a damaged installation.
    """
    names = bundled_names(kind)
    if not names:
        raise ValueError(f'no {kind or "model"} comes with this installation. Give CONFIG CHECKPOINT, or install mitos_mmdet again')
    if name is None:
        name = names[0]
    if name not in names:
        raise ValueError(f'no bundled {kind or "model"} is called {name!r}: there is {", ".join(names)}. Of your own model give CONFIG and '
                         f'CHECKPOINT')
    path = WEIGHTS / f'{name}.json'
    card = _read_card(path)
    missing = [key for key in (*_NEEDED, *(('config', ) if card.get('kind', 'detector') == 'detector' else ())) if key not in card]
    if missing:
        raise ValueError(f'{path}: lacks {", ".join(missing)}. Install mitos_mmdet again')
    return BundledModel(name, path.with_suffix('.pth'), find_config(card['config']) if 'config' in card else None, card)


def find_config(name: str) -> Path:
    """The path of a config of this project, as ``'mitos/NAME.py'``, in a checkout or an installed wheel.

    Raises:
        ValueError: It is not there.
    """
    tried = [_PACKAGE / '.mim' / 'configs' / name, _PACKAGE.parent / 'configs' / name]
    for path in tried:
        if path.is_file():
            return path
    raise ValueError(f'{tried[0]}: no such config. Install mitos_mmdet again')


def check_sha256(path: str | Path, expected: str) -> str:
    """The checksum of a bundled file, compared with its card's.

    Raises:
        ValueError: They differ: the file is damaged or was exchanged.
    """
    found = sha256_of(path)
    if found != expected:
        raise ValueError(f'{path}: damaged or exchanged, its SHA-256 is {found[:12]}... and should be {str(expected)[:12]}.... Install '
                         f'mitos_mmdet again')
    return found


def find_int8(card: dict) -> Path | None:
    """The 8-bit network (``.xml``, its ``.bin`` beside it) that a card names under ``int8``, verified; None where it names none.

    Raises:
        ValueError: One of the files is damaged or was exchanged.
    """
    files = card.get('int8') or {}
    for name, digest in files.items():
        check_sha256(WEIGHTS / name, digest)
    return next((WEIGHTS / name for name in files if name.endswith('.xml')), None)


def _read_card(path):
    try:
        card = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise ValueError(f'{path}: cannot be read ({error}). Install mitos_mmdet again') from error
    if not isinstance(card, dict):
        raise ValueError(f'{path}: is not a model card. Install mitos_mmdet again')
    return card
