"""mmengine's text of a config, formatted once: yapf takes about a second for one, and a run asks for it again at every checkpoint."""

import functools
from types import ModuleType

import mmengine.config.config
from mmengine.config import Config


def install() -> None:
    """Makes configs remember what yapf made of their texts, in this process. Calling it twice changes nothing."""
    if not hasattr(Config.pretty_text.fget, 'of_mmengine'):
        Config.pretty_text = property(_formatted_once(Config.pretty_text.fget), doc=Config.pretty_text.__doc__)


def _formatted_once(pretty_text):
    @functools.wraps(pretty_text)
    def formatted_once(config):
        module = formatter_module()
        if not hasattr(module.FormatCode, 'cache_info'):
            module.FormatCode = _remembering(module.FormatCode)
        return pretty_text(config)
    formatted_once.of_mmengine = pretty_text
    return formatted_once


def formatter_module() -> ModuleType:
    """The module whose ``FormatCode`` mmengine calls: its own of older versions, else yapf's."""
    if hasattr(mmengine.config.config, 'FormatCode'):
        return mmengine.config.config
    from yapf.yapflib import yapf_api  # here: half a second that only those who need the text wait for
    return yapf_api


def _remembering(format_code):
    @functools.lru_cache(maxsize=32)
    def formatted(text, style, options):
        return format_code(text, style_config=dict(style), **dict(options))

    @functools.wraps(format_code)
    def format_once(text, *args, style_config=None, **options):
        if args or not isinstance(style_config, dict):
            return format_code(text, *args, style_config=style_config, **options)
        return formatted(text, tuple(style_config.items()), tuple(options.items()))
    format_once.cache_info = formatted.cache_info
    return format_once
