"""Every public function, method and constructor says the types of its parameters and, but for constructors, of what it returns."""

import ast
from pathlib import Path

import pytest

import mitos_mmdet

ROOT = Path(mitos_mmdet.__file__).parent
_SPECIAL = ('__init__', '__call__')  # called by users though their names begin with a line


def public_functions(body, in_class=False):
    """``(function, whether it is a method)`` of a module's or class's body, also below ``if`` and ``try``."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith('_'):
            yield from public_functions(node.body, True)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not node.name.startswith('_') or node.name in _SPECIAL:
                yield node, in_class
        elif isinstance(node, ast.If | ast.Try):
            yield from public_functions([*node.body, *node.orelse], in_class)


def lacking(source):
    """``['function(parameter)', 'function -> ?']`` without a type."""
    found = []
    for function, is_method in public_functions(ast.parse(source).body):
        given = function.args
        parameters = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
        is_static = any(isinstance(mark, ast.Name) and mark.id == 'staticmethod' for mark in function.decorator_list)
        found += [f'{function.name}({each.arg})' for each in parameters[is_method and not is_static:]
                  if each is not None and each.annotation is None]
        if function.returns is None and function.name not in _SPECIAL:
            found.append(f'{function.name} -> ?')
    return found


def test_public_functions_are_typed():
    modules = sorted(path for path in ROOT.rglob('*.py') if '.mim' not in path.parts)
    assert len(modules) > 200
    faults = [f'{path.relative_to(ROOT)}: {fault}' for path in modules for fault in lacking(path.read_text(encoding='utf-8'))]
    assert faults == []


@pytest.mark.parametrize('source, faults', [
    ('def f(a: int, *b, c=1, **d) -> int: ...', ['f(b)', 'f(c)', 'f(d)']),
    ('def f(a: int): ...', ['f -> ?']),
    ('class A:\n    def __init__(self, a): ...\n    def f(self) -> None: ...', ['__init__(a)']),
    ('class A:\n    @staticmethod\n    def f(a) -> None: ...', ['f(a)']),
    ('if True:\n    def f(a) -> None: ...\nelse:\n    def g(b) -> None: ...', ['f(a)', 'g(b)']),
    ('def _f(a): ...\nclass _A:\n    def f(self, a): ...', []),
])
def test_what_is_found(source, faults):
    assert lacking(source) == faults
