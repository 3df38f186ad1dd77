"""The steps of the pipeline at which a crash is tried, and those that the code announces."""

import ast
from collections.abc import Iterator
from pathlib import Path

import waiaas

STEPS = (
    "before-admit",
    "after-admit",
    "before-release",
    "after-release",
    "before-build",
    "after-build",
    "before-sign",
    "after-sign",
    "after-store",
    "before-broadcast",
    "after-broadcast",
    "after-accepted",
    "before-settle",
    "after-settle",
)
"""In the order in which a payment that goes through at once passes them."""

REPLACING = ("before-order", "after-order", "before-rebuild", "before-resign", "after-resign", "after-restore")
"""Those that further bytes of a signed payment pass besides, where a chain can replace bytes."""


def announced() -> set[str]:
    """Every literal that shipped code passes to ``observe`` with the transaction whose step it is.

    :raises ValueError: for a step that is no literal, which no matrix could list
    """
    package = Path(waiaas.__file__).parent
    return {step for file in package.rglob("*.py") for step in _steps_of(ast.parse(file.read_text()), file)}


def _steps_of(tree: ast.AST, file: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        if name not in ("observe", "_observe") or len(node.args) != 2:
            continue  # changes of the keystore tell their steps, without a transaction, to tests of their own
        step = node.args[0]
        if not (isinstance(step, ast.Constant) and isinstance(step.value, str)):
            raise ValueError(f"{file}:{node.lineno} observes a step that is no literal")
        yield step.value
