"""As much of JSON Schema as published formats use, so that a file can be held against one."""

from __future__ import annotations

from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}
_KNOWN = {
    "$defs",
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "items",
    "maxItems",
    "minItems",
    "prefixItems",
    "properties",
    "required",
    "title",
    "type",
}


def faults(data: Any, schema: dict[str, Any], root: dict[str, Any] | None = None) -> list[str]:
    """What of some data a schema does not allow, each with its place; empty when it is valid."""
    root = root or schema
    unknown = schema.keys() - _KNOWN
    assert not unknown, f"this reader knows nothing of {unknown}"
    if "$ref" in schema:
        return faults(data, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    if "anyOf" in schema:
        found = [faults(data, one, root) for one in schema["anyOf"]]
        return [] if [] in found else [f" {data!r} is none of {schema['anyOf']}"]
    if "const" in schema and data != schema["const"]:
        return [f" is {data!r}, not {schema['const']!r}"]
    if "enum" in schema and data not in schema["enum"]:
        return [f" is {data!r}, none of {schema['enum']}"]
    kind = schema.get("type")
    if kind and not _is(data, kind):
        return [f" is {data!r}, no {kind}"]
    if isinstance(data, dict):
        return [*_of_object(data, schema, root)]
    return [*_of_array(data, schema, root)] if isinstance(data, list) else []


def _is(data: Any, kind: str) -> bool:
    truth = isinstance(data, bool)
    return isinstance(data, _TYPES[kind]) and truth == (kind == "boolean")


def _of_object(data: dict[str, Any], schema: dict[str, Any], root: dict[str, Any]):
    named, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    yield from (f" lacks {name!r}" for name in schema.get("required", []) if name not in data)
    for name, part in data.items():
        inner = named.get(name, others)
        if inner is False:
            yield f" has {name!r}"
        elif inner is not True:
            yield from (f".{name}{told}" for told in faults(part, inner, root))


def _of_array(data: list[Any], schema: dict[str, Any], root: dict[str, Any]):
    if not schema.get("minItems", 0) <= len(data) <= schema.get("maxItems", len(data)):
        yield f" has {len(data)} items"
    first = schema.get("prefixItems", [])
    inner = [*first, *[schema.get("items", {})] * (len(data) - len(first))]
    for place, (part, one) in enumerate(zip(data, inner, strict=False)):
        yield from (f"[{place}]{told}" for told in faults(part, one, root))
