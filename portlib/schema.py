"""What may a value be, and what is said of one that may not?

A schema is JSON Schema (draft 2020-12), as ``data/policy_schema.yml`` and ``data/plan_schema.yml``
hold it; `problem` says in words which part of a value breaks it and what is allowed there. Numbers
are as JSON has them: true, nan and infinity are none, and 10.0 is no whole number.

Left out: what parts of a value owe each other; whoever reads the value checks that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from portlib import data


def problem(value: Any, schema: Mapping[str, Any], at: str = "") -> str:
    """Which part of a value breaks the schema, what stands there, what is allowed; empty for none.

    `at` is where the value itself stands: the part is named from there, like ``rules.models``.

    Examples
    --------
    >>> share = {"type": "number", "minimum": 0, "maximum": 1}
    >>> problem(0.4, share)
    ''
    >>> problem({"cap": 40}, {"properties": {"cap": share}})
    'cap: 40 is not a number at least 0 and at most 1; in percent? Write 0.4 for 40%'
    """
    return next(iter(problems(value, schema, at)), "")


def problems(value: Any, schema: Mapping[str, Any], at: str = "") -> list[str]:
    """All that `problem` could say, in the order of the value."""
    errors = sorted(
        _validator()(schema).iter_errors(value), key=lambda e: [*map(str, e.absolute_path)]
    )
    return list(dict.fromkeys(_said(error, at) for error in errors))


def _said(error: Any, at: str) -> str:
    part = path(error.absolute_path, at)
    where = f"{part}: " if part else ""
    rule, asked, found = str(error.validator), error.schema, error.instance
    if rule == "required":
        missing = error.message.split("'")[1]
        hint = f"; {asked['description']}" if "description" in asked else ""
        return f"{where}{missing!r} is missing{hint}"
    if rule == "additionalProperties" and "properties" in asked:
        known = asked["properties"]
        strange = [name for name in found if name not in known]
        near = data.near(str(strange[0])[:80], known)
        shown = ", ".join(map(short, strange[:5]))
        return f"{where}{shown}: no such entry; did you mean {near}?"
    if rule in ("minItems", "maxItems") and len(found):
        least, most = asked.get("minItems", 0), asked.get("maxItems", "any number")
        return (
            f"{where}has {len(found)} items, not {least if least == most else f'{least} to {most}'}"
        )
    if rule == "uniqueItems":
        return f"{where}{short(found)} names one twice"
    return f"{where}{short(found)} is not {words(asked)}{_hint(found, asked)}"


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


def path(parts: Iterable[Any], at: str = "") -> str:
    """Where in a value: ``contributions.match[1].up_to``."""
    for part in parts:
        at += f"[{part}]" if isinstance(part, int) else f"{'.' if at else ''}{part}"
    return at


def short(value: Any) -> str:
    """A value as a message can show it."""
    if isinstance(value, int) and abs(value) > 10**20:
        return "a number of more than 20 digits"
    text = repr(value if not isinstance(value, str) else value[:80])
    return text if len(text) <= 80 else f"{text[:77]}..."


def is_number(value: Any) -> bool:
    """Whether a value is a number as JSON has them: finite, and not true."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 10**300 if isinstance(value, int) else math.isfinite(value)


def number_in(text: str) -> int | float | None:
    """The number that a text writes, if it writes one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def plain(value: Any) -> Any:
    """A value as JSON holds it: names are text, dates ``2026-06-30``, tuples lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return value.isoformat() if is_day else value


_KINDS = {"number": "a number", "integer": "a whole number", "string": "text", "array": "a list",
          "object": "a mapping", "boolean": "true or false", "null": "null"}  # fmt: skip
_BOUNDS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most",
           "exclusiveMaximum": "below"}  # fmt: skip


@cache
def _validator() -> Any:
    import jsonschema

    standard = jsonschema.Draft202012Validator
    numbers = standard.TYPE_CHECKER.redefine_many(
        {
            "number": lambda _, value: is_number(value),
            "integer": lambda _, value: isinstance(value, int) and is_number(value),
        }
    )
    return jsonschema.validators.extend(standard, type_checker=numbers)


def _hint(found: Any, asked: Mapping[str, Any]) -> str:
    if asked.get("type") in ("number", "integer"):
        if isinstance(found, str) and number_in(found) is not None:
            return "; it is text here: write it without quotes, and 1.0e-7 for 1e-7"
        if is_number(found) and 1 <= found <= 100 and _validator()(asked).is_valid(found / 100):
            return f"; in percent? Write {found / 100:g} for {found:g}%"
    if "enum" in asked and isinstance(found, str):
        return f"; did you mean {data.near(found[:80], map(str, asked['enum']))}?"
    return ""
