"""Where a document holds amounts: found by the JSON Schema of what reads it, so a stranger's policy type is understood too.

An amount is a text whose schema has the format ``base-units`` or one of the contract's two patterns. It counts in the asset
that the nearest object around it names; where none does, in the agent's native asset.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas.interfaces.policy import BASE_UNITS_FORMAT

_WITHOUT_ZERO = "^[1-9][0-9]{0,77}$"
_WITH_ZERO = "^(0|[1-9][0-9]{0,77})$"
_NAMES_ASSET = ("asset", "token")
_DEEPEST = 32
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One amount of a document.

    :param path: dotted, as errors name it: ``tokens.0.maxTotal``
    :param holder: the object or list that holds it under :param key:
    :param asset: the word that names its asset, as it stands in the document; None where there is none
    :param may_be_zero: whether nothing is an amount there
    """

    path: str
    holder: Any
    key: str | int
    asset: str | None
    may_be_zero: bool

    @property
    def value(self) -> object:
        """What stands there now."""
        return self.holder[self.key]


def amount_places(schema: Schema, document: Mapping[str, Any], names: Sequence[str] = _NAMES_ASSET) -> Iterator[Place]:
    """Pure. Every amount that is given.

    :param names: the keys under which an object names the asset of its amounts
    """
    walk = _Walk(schema.get("$defs", {}), names)
    return walk.into(document, [schema], (), None)


class _Walk:
    def __init__(self, definitions: Schema, names: Sequence[str]) -> None:
        self._definitions = definitions
        self._names = names

    def into(
        self, value: object, schemas: Sequence[Schema], path: tuple[str | int, ...], asset: str | None
    ) -> Iterator[Place]:
        if len(path) > _DEEPEST or not schemas:
            return
        children: Sequence[tuple[str | int, Any]] = ()
        if isinstance(value, dict):
            asset = next((value[name] for name in self._names if isinstance(value.get(name), str)), asset)
            children = list(value.items())
        elif isinstance(value, list):
            children = list(enumerate(value))
        for key, inner in children:
            options = self._flat([found for one in self._flat(schemas) for found in _below(one, key)])
            here = (*path, key)
            zeros = [_allows_zero(option) for option in options if _is_amount(option)]
            if zeros and inner is not None:
                yield Place(path=".".join(map(str, here)), holder=value, key=key, asset=asset, may_be_zero=any(zeros))
            else:
                yield from self.into(inner, options, here, asset)

    def _flat(self, schemas: Sequence[Schema]) -> list[Schema]:
        """The schemas with references followed and choices spread out, each reference once."""
        found: list[Schema] = []
        waiting, seen = list(schemas), set[str]()
        while waiting:
            one = waiting.pop()
            found.append(one)
            for word in ("anyOf", "oneOf", "allOf"):
                waiting += [option for option in one.get(word, ()) if isinstance(option, Mapping)]
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name and name not in seen and isinstance(self._definitions.get(name), Mapping):
                seen.add(name)
                waiting.append(self._definitions[name])
        return found


def _below(schema: Schema, key: str | int) -> Iterator[Schema]:
    if isinstance(key, int):
        prefix = schema.get("prefixItems", ())
        inner = prefix[key] if key < len(prefix) else schema.get("items")
    else:
        inner = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
    if isinstance(inner, Mapping):
        yield inner


def _is_amount(schema: Schema) -> bool:
    is_named = schema.get("format") == BASE_UNITS_FORMAT or schema.get("pattern") in (_WITHOUT_ZERO, _WITH_ZERO)
    return schema.get("type") == "string" and is_named


def _allows_zero(schema: Schema) -> bool:
    return schema.get("pattern") != _WITHOUT_ZERO
