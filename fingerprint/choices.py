"""The values that a key of a TOML file can have, where they are a few words."""

from __future__ import annotations

from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields


def choices(kind: Any, place: str) -> tuple[str, ...]:
    """The values that the key at a place, such as "decoder.kind", can have; () where they are not a few words.

    Args:
        kind: the struct that the file is.
    """
    *sections, key = place.split(".")
    kinds = [kind]
    for section in sections:
        kinds = [inner for each in kinds for inner in _of_key(each, section)]
    tags = [str(each.__struct_config__.tag) for each in kinds if _is_tagged(each, key)]
    if tags:
        return tuple(tags)
    return tuple(dict.fromkeys(word for each in kinds for inner in _of_key(each, key) for word in words(inner)))


def _of_key(kind: Any, key: str) -> list[Any]:
    """What a key of a struct may be; a mapping has one type for all its keys."""
    if get_origin(kind) is dict:
        return _members(get_args(kind)[1])
    if not (isinstance(kind, type) and issubclass(kind, Struct)):
        return []
    name, _, place = key.partition("[")  # "preprocess[1]" is one of a list
    own = [field.type for field in fields(kind) if field.encode_name == name]
    return [member for each in own for member in _members(get_args(each)[0] if place else each)]


def _members(kind: Any) -> list[Any]:
    return list(get_args(kind)) if get_origin(kind) in (Union, UnionType) else [kind]


def _is_tagged(kind: Any, key: str) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct) and kind.__struct_config__.tag_field == key


def words(kind: Any) -> list[str]:
    """The words that a type consists of; none where it is no such type."""
    if get_origin(kind) is Literal:
        return [str(each) for each in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(each.value) for each in kind]
    return []
