"""``load_model``: a bundled model by name, or any config with its checkpoint."""

import contextlib
import hashlib
import importlib.util
import io
from pathlib import Path

from mitos_mmdet.compat.devices import DEVICES
from mitos_mmdet.core.checksums import sha256_of
from mitos_mmdet.model_zoo.bundled import check_sha256, find_bundled, find_int8
from mitos_mmdet.model_zoo.calibration import calibrated
from mitos_mmdet.model_zoo.config_facts import detector_config, pixel_size, stain_settings, tiling
from mitos_mmdet.model_zoo.load_atypical import load_atypical
from mitos_mmdet.model_zoo.loaded_model import LoadedModel
from mitos_mmdet.model_zoo.second_reader import load_second_reader

ENGINES = ('auto', 'openvino', 'torch')
PRECISIONS = ('float32', 'bfloat16', 'int8')
_THRESHOLD = 0.5  # Ours, where neither card nor config says.


def load_model(model: str | Path | None = None, checkpoint: str | Path | None = None, device: str = 'auto', engine: str = 'auto',
               threads: int | None = None, um_per_px: float | None = None, trust: bool = False,
               calibration: str | Path | None = None, precision: str = 'float32') -> LoadedModel:
    """Loads a trained detector. Nothing is downloaded.

    Args:
        model: Name of a bundled model, None for the default one, or the path of a config.
        checkpoint: The config's checkpoint: a ``.pth`` file, or the work dir of a training.
        device: ``'auto'`` (the GPU where there is one), ``'cpu'`` or ``'cuda'``.
        engine: ``'auto'`` (OpenVINO on a CPU for one-stage detectors, where it is installed), ``'openvino'`` or ``'torch'``.
        threads: Cores that OpenVINO uses; None: those this process may use.
        um_per_px: Pixel size that the network was trained at, in um; overrides the config and the model card. None: theirs.
        trust: Also read a checkpoint that holds code.
        calibration: File of ``mitos calibrate``, whose threshold goes before the model's own.
        precision: ``'float32'``, the same numbers on every machine. With OpenVINO also ``'bfloat16'``, twice as fast on a CPU with AMX, and
            ``'int8'``, an 8-bit network that comes with the default detector: twice as fast on any recent CPU.

    Returns:
        LoadedModel

    Raises:
        ValueError: An unknown name, a config without checkpoint, a checksum that differs, weights that are not numbers or not this
            model's, classes without the mitotic one, an absent device or engine, the calibration of another
            model. The message names the file and the fix.
    """
    for name, value, allowed in (('device', device, DEVICES), ('engine', engine, ENGINES), ('precision', precision, PRECISIONS)):
        if value not in allowed:
            raise ValueError(f"{name} {value!r}: one of {', '.join(allowed)}")
    is_config = model is not None and (str(model).endswith('.py') or Path(model).is_file())
    if not is_config and checkpoint is not None:
        raise ValueError(f"{model}: not a config file, which a checkpoint needs. Give CONFIG CHECKPOINT, or only a bundled model's name")
    if is_config and checkpoint is None:
        raise ValueError(f'{model}: a config needs its checkpoint. Give CONFIG CHECKPOINT')
    if is_config:
        _need_mmdet()
        from mitos_mmdet.compat.checkpoints import find_checkpoint
        config, path, card, name = Path(model), find_checkpoint(checkpoint, best=True), {}, Path(model).stem
    else:
        bundled = find_bundled(model)
        _need_mmdet()
        config, path, card, name = bundled.config, bundled.checkpoint, bundled.card, bundled.name
    digest = check_sha256(path, card['sha256']) if card else sha256_of(path)
    loaded = _load(name, config, path, card, digest, _device(device), engine, threads, um_per_px, trust, precision)
    return loaded if calibration is None else calibrated(loaded, calibration)


def _load(name, config, path, card, digest, device, engine, threads, um_per_px, trust, precision):
    from mitos_mmdet.model_zoo.networks.weights_in import build_detector
    from mitos_mmdet.stain import StainNormalizer

    cfg = _read_config(config)
    detector, classes = build_detector(cfg, config, path, tuple(card.get('classes', ())) or None, trust)
    detector.to(device)
    stain = stain_settings(cfg)
    key = f'{digest} {hashlib.sha256(str(detector_config(cfg)).encode()).hexdigest()}'
    network, notes = _network(detector, device, engine, threads, key, precision, card)
    reader = load_second_reader(card, device, network.engine, threads, precision)
    together = f'{digest} {reader.sha256}' if reader else ''
    tile_size, overlap = tiling(cfg)
    facts = dict(
        name=name, classes=classes, sha256=hashlib.sha256(together.encode()).hexdigest() if reader else digest, device=device, card=card,
        um_per_px=float(um_per_px or card.get('um_per_px') or pixel_size(cfg, config)),
        threshold=float(card.get('threshold') or cfg.get('score_thr') or _THRESHOLD),
        tile_size=int(card.get('tile_size', tile_size)), overlap=int(card.get('overlap', overlap)),
        normalizer=None if stain is None else StainNormalizer.to_look_like(stain['target'], stain['method']))
    return LoadedModel(network=network, notes=notes, second_reader=reader,
                       atypical=load_atypical(device, network.engine, threads), **facts)


def _network(detector, device, engine, threads, key, precision, card):
    """The network on the engine asked for, and why it is another than the fastest."""
    notes = []
    int8 = find_int8(card) if precision == 'int8' else None
    key = ' '.join([key, *card['int8'].values()]) if int8 else key
    if engine == 'openvino' and device != 'cpu':
        raise ValueError("engine 'openvino' works on the CPU: give device 'cpu' too")
    if device == 'cpu' and engine != 'torch':
        if importlib.util.find_spec('openvino') is None:
            reason = 'OpenVINO is not installed (pip install "mitos_mmdet[cpu]")'
        else:
            from mitos_mmdet.model_zoo.networks.openvino_network import OpenVinoNetwork
            try:
                network = OpenVinoNetwork(detector, key, threads, precision, int8)
                return network, [] if network.precision == precision else [f'float32 is used: {_lacking(precision)}']
            except Exception as error:  # its converter meets models of every kind with errors of every kind
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if engine == 'openvino':
            raise ValueError(f"engine 'openvino' cannot run this model: {reason}. Use engine 'auto' or 'torch'")
        notes.append(f'torch is used, which is slower on a CPU: {reason}')
    if precision != 'float32':
        notes.append(f'float32 is used: {precision} is for OpenVINO on a CPU')
    from mitos_mmdet.model_zoo.networks.torch_network import TorchNetwork
    return TorchNetwork(detector, batch_size=1 if device == 'cpu' else 8), notes


def _lacking(precision):
    return 'this model has no 8-bit network' if precision == 'int8' else f'this CPU has no {precision}'


def _device(device):
    import torch

    if device == 'cuda' and not torch.cuda.is_available():
        raise ValueError("device 'cuda': no GPU is to be seen by torch here. Use 'cpu' or 'auto'")
    return ('cuda' if torch.cuda.is_available() else 'cpu') if device == 'auto' else device


def _need_mmdet():
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # mmdet prints which data sets it does without
            import mitos_mmdet.register  # noqa: F401
    except ImportError as error:
        raise ValueError(str(error)) from error


def _read_config(path):
    from mmengine.config import Config

    if not path.is_file():
        raise ValueError(f'{path}: no such config')
    try:
        cfg = Config.fromfile(str(path))
    except Exception as error:  # a config is Python: anything may go wrong
        raise ValueError(f'{path}: not a usable config ({type(error).__name__}: {error})') from error
    if not isinstance(cfg.get('model'), dict):
        raise ValueError(f'{path}: a config without model')
    return cfg
