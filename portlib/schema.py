"""What may a value be, and what is said of one that may not?

A schema is JSON Schema (draft 2020-12), as ``data/policy_schema.yml`` and ``data/plan_schema.yml``
hold it, of the words in `WORDS`; `problem` says which part of a value breaks it and what is allowed
there. Numbers are as JSON has them: true, nan and infinity are none, and 10.0 is no whole number.
(The library ``jsonschema`` takes a second to load and says less; the tests compare with it.)

Left out: other words of JSON Schema, which are refused; what parts of a value owe each other.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

#: The words of JSON Schema that are understood; of these ``description`` is said in refusals.
WORDS = (
    *("anyOf", "enum", "type", "description"),
    *("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"),
    *("minLength", "maxLength", "pattern"),
    *("minItems", "maxItems", "uniqueItems", "items"),
    *("minProperties", "required", "properties", "additionalProperties", "propertyNames"),
)
_KINDS = {
    "number": "a number",
    "integer": "a whole number",
    "string": "text",
    "array": "a list",
    "object": "a mapping",
    "boolean": "true or false",
    "null": "null",
}
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def problem(value: Any, schema: Mapping[str, Any], at: str = "") -> str:
    """Which part of a value breaks the schema, what stands there, what is allowed; empty for none.

    `at` is where the value itself stands: the part is named from there, like ``rules.models``.

    Parameters
    ----------
    value
        Plain data.
    schema : mapping
        JSON Schema.
    at : str

    Returns
    -------
    str

    Examples
    --------
    >>> share = {"type": "number", "minimum": 0, "maximum": 1}
    >>> problem(0.4, share)
    ''
    >>> problem({"cap": 40}, {"type": "object", "properties": {"cap": share}})
    'cap: 40 is not a number at least 0 and at most 1; in percent? Write 0.4 for 40%'

    It goes on in ``schema.md``.
    """
    return next(_problems(value, schema, at), "")


def problems(value: Any, schema: Mapping[str, Any], at: str = "") -> list[str]:
    """All that `problem` could say, in the order of the value.

    Parameters
    ----------
    value, schema, at
        As in `problem`.

    Returns
    -------
    list of str

    Examples
    --------
    >>> low = {"type": "object", "propertyNames": {"maxLength": 2}, "required": ["b", "c"]}
    >>> low["additionalProperties"] = {"type": "integer"}
    >>> for one in problems({"b": 1.5, "aaa": 2, "d": True}, low, "x"):
    ...     print(one)
    x: 'c' is missing
    x.b: 1.5 is not a whole number
    x: 'aaa' is not allowed
    x.d: True is not a whole number
    >>> problems({"b": 1, "c": 2}, low)
    []
    """
    return list(dict.fromkeys(_problems(value, schema, at)))


def _problems(value: Any, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    if unknown := schema.keys() - set(WORDS):
        raise ValueError(
            f"{at}: a schema says {', '.join(sorted(unknown))}; it knows {', '.join(WORDS)}"
        )
    where = f"{at}: " if at else ""
    types = schema.get("type", ())
    fits = any(_is(value, kind) for kind in ([types] if isinstance(types, str) else types))
    fits |= not types
    fits &= "enum" not in schema or any(
        isinstance(value, bool) == isinstance(one, bool) and (value == one) is True
        for one in schema["enum"]
    )  # of an array `==` says many things
    fits &= "anyOf" not in schema or any(not problem(value, one) for one in schema["anyOf"])
    if not fits or not _in_bounds(value, schema):
        yield f"{where}{short(value)} is not {words(schema)}{_hint(value, schema)}"
    elif isinstance(value, Mapping):
        yield from _of_mapping(value, schema, at, where)
    elif isinstance(value, list):
        least = schema.get("minItems", 0)
        most = schema.get("maxItems", len(value))
        if not least <= len(value) <= most:
            asked = least if least == most else f"{least} to {most}"
            yield f"{where}has {len(value)} items, not {asked}"
        if schema.get("uniqueItems") and any(one in value[:i] for i, one in enumerate(value)):
            yield f"{where}{short(value)} names one twice"
        if "items" in schema:
            for place, item in enumerate(value):
                yield from _problems(item, schema["items"], f"{at}[{place}]")


def _of_mapping(
    value: Mapping[Any, Any], schema: Mapping[str, Any], at: str, where: str
) -> Iterator[str]:
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    if strange := [name for name in value if name not in known and others is False]:
        shown = ", ".join(map(short, strange[:5]))
        hint = _meant(strange[0], known) or f"; there are {', '.join(known)}"
        yield f"{where}{shown}: no such entry{hint}"
    for name in schema.get("required", ()):
        if name not in value:
            hint = f"; {schema['description']}" if "description" in schema else ""
            yield f"{where}{name!r} is missing{hint}"
    for name, item in value.items():
        if "propertyNames" in schema:
            yield from _problems(name, schema["propertyNames"], at)
        inner = known.get(name, others)
        if isinstance(inner, Mapping):
            yield from _problems(item, inner, f"{at}.{name}" if at else str(name))


def _is(value: Any, kind: str) -> bool:
    if kind == "number":
        return is_number(value)
    if kind == "integer":
        return is_number(value) and isinstance(value, int)
    wanted = {"string": str, "array": list, "object": Mapping, "boolean": bool, "null": type(None)}
    return isinstance(value, wanted[kind])


def _in_bounds(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a number, a text or a mapping is neither too small nor too large."""
    if is_number(value):
        return bool(
            schema.get("minimum", value) <= value <= schema.get("maximum", value)
            and schema.get("exclusiveMinimum", -math.inf) < value
            and value < schema.get("exclusiveMaximum", math.inf)
        )
    if isinstance(value, str):
        length = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        return length and bool(re.search(schema.get("pattern", ""), value))
    if isinstance(value, Mapping):
        return len(value) >= schema.get("minProperties", 0)
    return not isinstance(value, list) or bool(value) or not schema.get("minItems")


def words(schema: Mapping[str, Any]) -> str:
    """What a schema permits: ``a number above 0 and at most 1``, ``one of prior, predictive``."""
    if "description" in schema and "properties" not in schema:
        return str(schema["description"])
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "anyOf" in schema:
        return ", or ".join(map(words, schema["anyOf"]))
    types = schema.get("type", [])
    kinds = [_KINDS[name] for name in ([types] if isinstance(types, str) else types)]
    limits = [f"{text} {schema[name]:g}" for name, text in _BOUNDS.items() if name in schema]
    if schema.get("minProperties") or schema.get("minItems"):
        limits = ["of at least one"]
    if schema.get("minLength") or "pattern" in schema:
        longest = f", at most {schema['maxLength']} of them" if "maxLength" in schema else ""
        limits = [f"with letters{longest}"]
    return " ".join([" or ".join(kinds), " and ".join(limits)]).strip() or "allowed"


def _hint(found: Any, asked: Mapping[str, Any]) -> str:
    """How the value may have been meant, as the end of a sentence."""
    if asked.get("type") in ("number", "integer") and "description" not in asked:
        if isinstance(found, str) and number_in(found) is not None:
            return "; it is text here: write it without quotes, and 1.0e-7 for 1e-7"
        if is_number(found) and 1 <= found <= 100 and not problem(found / 100, asked):
            return f"; in percent? Write {found / 100:g} for {found:g}%"
    return _meant(found, asked["enum"]) if "enum" in asked and isinstance(found, str) else ""


def _meant(word: Any, known: Iterable[Any]) -> str:
    near = difflib.get_close_matches(str(word)[:80], map(str, known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""


# ---- texts ---------------------------------------------------------------------------------------


def strict_json(text: bytes, name: str) -> Any:
    """What strict JSON says.

    Parameters
    ----------
    text : bytes
        UTF-8, with or without a byte order mark.
    name : str
        What the text is, for refusals.

    Returns
    -------
    dict, list, str, float, int, bool or None

    Raises
    ------
    ValueError
        For what is no JSON, gives a key twice, has NaN, infinity or half a sign (a lone surrogate),
        or is nested too deep.

    Examples
    --------
    >>> strict_json(b'{"a": 1, "a": 2}', "plan")
    Traceback (most recent call last):
    ...
    ValueError: plan: is not strict JSON: 'a' is given twice

    It goes on in ``schema.md``.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f"{twice!r} is given twice")
        return made

    def never(word: str) -> None:
        raise ValueError(f"{word} is no number")

    if _depth(text) > DEEPEST:
        raise ValueError(f"{name}: is nested too deep")
    try:
        made = json.loads(text.decode("utf-8-sig"), object_pairs_hook=once, parse_constant=never)
        if b"\\ud" in text.lower():  # half a sign is no text, and its other half may follow
            json.dumps(made, ensure_ascii=False).encode()
        return made
    except RecursionError as error:
        raise ValueError(f"{name}: is nested too deep") from error
    except ValueError as error:
        raise ValueError(f"{name}: is not strict JSON: {error}") from error


#: Levels of nesting that the reader of JSON bears, even where a library has lifted Python's own
#: limit of recursion, as those behind signatures do: beyond it the process would end.
DEEPEST = 5_000
_BESIDE_BRACKETS = re.compile(rb'[^\[\]{}"]+|"(?:[^"\\]+|\\.)*"?', re.DOTALL)


def _depth(text: bytes) -> int:
    """How deep a text is nested, or how often it opens, where that is seldom enough."""
    opened = text.count(b"[") + text.count(b"{")
    if opened <= DEEPEST:
        return opened
    level = deepest = 0
    for bracket in _BESIDE_BRACKETS.sub(b"", text):
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


# ---- values --------------------------------------------------------------------------------------


def short(value: Any) -> str:
    """A value as a message can show it.

    Examples
    --------
    >>> short({"a": 1}), short("b" * 81) == repr("b" * 80)[:77] + "..."
    ("{'a': 1}", True)
    >>> len(short("b" * 78)), short("b" * 79)[-5:], len(short([0] * 26)), len(short([0] * 27))
    (80, 'bb...', 78, 80)
    >>> short(10**20), short(-(10**20) - 1)
    ('100000000000000000000', 'a number of more than 20 digits')
    """
    if isinstance(value, int) and abs(value) > 10**20:
        return "a number of more than 20 digits"
    try:
        text = repr(value if not isinstance(value, str) else value[:80])
    except RecursionError:
        return "what is nested too deep"
    return text if len(text) <= 80 else f"{text[:77]}..."


def is_number(value: Any) -> bool:
    """Whether a value is a number as JSON has them: finite, and not true.

    Examples
    --------
    >>> [is_number(x) for x in (1, 0.5, True, float("nan"), float("-inf"), "1", None)]
    [True, True, False, False, False, False, False]
    >>> is_number(10**300 - 1), is_number(10**300), is_number(-(10**300)), is_number(1e301)
    (True, False, False, True)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 10**300 if isinstance(value, int) else math.isfinite(value)


def number_in(text: str) -> int | float | None:
    """The number that a text writes, if it writes one.

    Examples
    --------
    >>> [number_in(text) for text in ("7", "1e-7", "-0.5", "seven", "")]
    [7, 1e-07, -0.5, None, None]
    """
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def plain(value: Any) -> Any:
    """A value as JSON holds it: names are text, dates ``2026-06-30``, tuples lists.

    Examples
    --------
    >>> plain({1: (date(2026, 6, 30), {"a": [None, True]}), "b": datetime(2026, 1, 2)})
    {'1': ['2026-06-30', {'a': [None, True]}], 'b': datetime.datetime(2026, 1, 2, 0, 0)}
    """
    if type(value) in (str, float, int, bool):
        return value
    if isinstance(value, (dict, Mapping)):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return value.isoformat() if is_day else value
