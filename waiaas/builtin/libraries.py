"""Libraries that a policy type needs and that are not everywhere: without its own a type is missing, and its policies deny."""

from collections.abc import Mapping
from importlib.util import find_spec

_CEL = "cel_expr_python"
_WHY_NO_EXPRESSION = (
    "EXPRESSION needs the package cel-expr-python, which is not installed (there is none for musl, as on Alpine);"
    " install it with: pip install 'waiaas[expression]'"
)


def missing_types() -> Mapping[str, str]:
    """Policy types of this plugin that cannot be brought here, and why, with what to do. Looks for files; imports nothing."""
    return {} if _is_installed(_CEL) else {"EXPRESSION": _WHY_NO_EXPRESSION}


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:
        return False
