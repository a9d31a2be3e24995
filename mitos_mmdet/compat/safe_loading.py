"""mmengine's loading of checkpoints, made safe: weights only, and none that would leave a model at random."""

import functools
import os.path
import sys
from typing import Any

from mmengine.runner import CheckpointLoader, checkpoint

from mitos_mmdet.compat.checkpoints import check_fits, check_loads, is_trusted, read_checkpoint

_USERS = ('mmengine.infer.infer', 'mmdet.apis.det_inferencer')  # import the function by name; where they come later, they get ours


def install() -> None:
    """Puts our reader under everything of mmengine and mmdet that loads a checkpoint in this process.

    mmengine reads a checkpoint that torch's safe reader refuses by running its code, and logs at most a warning where weights are missing.
    Afterwards ``init_detector``, ``DetInferencer`` and ``Runner`` raise a ``ValueError`` instead. Calling it twice changes nothing.
    """
    CheckpointLoader.register_scheme('', load_from_local, force=True)
    CheckpointLoader.register_scheme(('http://', 'https://'), load_from_http, force=True)
    if not hasattr(checkpoint._load_checkpoint_to_model, 'checked_by_mitos'):
        checkpoint._load_checkpoint_to_model = _checked(checkpoint._load_checkpoint_to_model)
    for module in filter(None, map(sys.modules.get, _USERS)):
        module._load_checkpoint_to_model = checkpoint._load_checkpoint_to_model


def load_from_local(filename: str, map_location: Any = None) -> Any:
    """What mmengine's function of that name does, for weights alone unless the user trusts the file."""
    return read_checkpoint(os.path.expanduser(filename), is_trusted(), map_location or 'cpu')


def load_from_http(filename: str, map_location: Any = None) -> Any:
    """The same for an address; the file is kept in torch's cache."""
    from torch.hub import download_url_to_file, get_dir

    path = os.path.join(get_dir(), 'checkpoints', os.path.basename(filename.partition('?')[0]))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.isfile(path):
        download_url_to_file(filename, path, progress=False)
    return load_from_local(path, map_location)


def _checked(load):
    """mmengine's function that puts a checkpoint into a model for inference, after a look at what it holds."""
    @functools.wraps(load)
    def load_checked(model, content, *args, **kwargs):
        if getattr(model, 'needs_whole_checkpoint', False):
            check_fits(content, model, 'the checkpoint')
        elif not model._load_state_dict_pre_hooks:  # a module with such a hook renames keys, and checks them, by itself
            check_loads(content, model, 'the checkpoint')  # another's model may be loaded in part on purpose
        return load(model, content, *args, **kwargs)
    load_checked.checked_by_mitos = True
    return load_checked
