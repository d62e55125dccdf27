"""What may be sent to this package, and what does it answer? JSON Schemas, draft 2020-12.

Each kind of document has one schema, under the name that documents carry in ``schema``. What goes
in is described by the same tables that refuse it at the door (``data/plan_schema.yml``,
``data/policy_schema.yml``, the columns of `portlib.plan_format`, the entries of `portlib.service`),
so that the published schema and the door cannot differ. What comes out is described here, and the
tests hold every answer against it.

`of` gives one schema, `names` the kinds, `write` a folder of them, which the site publishes.

Left out: what parts of a document owe each other (weights that sum to one, funds that exist); the
door says those by path. ``inputs`` of a plan are files as text, which have readers of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from portlib import data, plan_format, service
from portlib.construction.mean_variance import FRONTIER
from portlib.plan import SCHEMA as PLAN
from portlib.records import ALLOCATION
from portlib.schema import plain
from portlib.tables.columns import Column

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_SHA: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256"}
_SHARE: Json = {"type": "number", "minimum": 0, "maximum": 1}
_RATE: Json = {"type": "number", "minimum": -1, "maximum": 1, "description": "annual decimal"}
_DOLLARS: Json = {"type": "number", "minimum": 0, "description": "US dollars"}
_BY_FUND: Json = {"type": "object", "additionalProperties": _SHARE}
_BY_CHANCE: Json = {"type": "object", "additionalProperties": _DOLLARS}
_MAYBE: Json = {"type": ["number", "null"]}
_COUNT: Json = {"type": "integer", "minimum": 0}
_GAIN: Json = {
    "type": "object",
    "properties": {key: {"type": "number", "minimum": -1} for key in ("gain", "low", "high")},
    "required": ["gain", "low", "high"],
    "additionalProperties": False,
    "description": "relative, with the ends of a 95% interval",
}


def names() -> tuple[str, ...]:
    """The kinds of document that have a schema.

    Examples
    --------
    >>> names()[:6], len(names())
    (('plan', 'policy', 'assumptions', 'mandate', 'rules', 'portfolio'), 19)
    """
    return tuple(_MAKE)


def of(name: str) -> Json:
    """The schema of a kind of document; ValueError, with the kinds there are, for another.

    Examples
    --------
    >>> made = of("check")
    >>> made["$schema"] == DIALECT, made["$id"], made["title"] == service.CHECK
    (True, 'urn:prudent-by-construction:check:1', True)
    >>> made["properties"]["accepted"], made["required"]
    ({'type': 'boolean'}, ['schema', 'accepted', 'findings'])

    It goes on in ``schemas.md``.
    """
    if name not in _MAKE:
        raise ValueError(f"no schema {name!r}; there are {', '.join(_MAKE)}")
    title, body = _MAKE[name]()
    return {"$schema": DIALECT, "$id": f"urn:{title.replace('/', ':')}", "title": title, **body}


def write(folder: Path) -> list[str]:
    """Write every schema into a folder, one file each; the names of the files.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     here = Path(place, "a", "b")
    ...     files = write(here)
    ...     again = write(here)
    ...     text = (here / "refusal.schema.json").read_text()
    ...     number = len(list(here.iterdir()))
    >>> files[:3], files == again, number == len(names())
    (['plan.schema.json', 'policy.schema.json', 'assumptions.schema.json'], True, True)
    >>> json.loads(text) == of("refusal"), text.startswith('{\\n "$schema"'), text.endswith("}\\n")
    (True, True, True)
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name in names():
        file = f"{name}.schema.json"
        text = json.dumps(of(name), indent=1, allow_nan=False, ensure_ascii=False)
        (folder / file).write_text(text + "\n", encoding="utf-8")
        files.append(file)
    return files


# ---- what goes in --------------------------------------------------------------------------------


def _plan() -> tuple[str, Json]:
    rules = plain(data.mapping(data.ROOT / "plan_schema.yml", aliases=True)["rules"])
    return PLAN, _record(
        {
            "schema": {"const": PLAN},
            "rules": rules,
            "policy": _policy()[1],
            "lineup": _rows(plan_format.LINEUP, {"affiliated": {"type": "boolean"}}),
            "target_date_vintages": {
                "anyOf": [{"type": "null"}, _rows(plan_format.VINTAGES, {})],
            },
            "participants": _rows(
                plan_format.PEOPLE,
                {
                    "holdings": _BY_FUND,
                    "answers": {"type": ["array", "null"], "items": {"type": ["integer", "null"]}},
                },
            ),
            "inputs": {"type": "object", "additionalProperties": True},
        },
        required=("schema", "rules", "lineup", "participants"),
    )


def _rows(columns: Mapping[str, Column], typed: Mapping[str, Json]) -> Json:
    """A list of rows: the columns and, but of people, a weight for each asset class."""
    described = {
        name: {**(typed[name] if name in typed else _cell(column)), "description": column.meaning}
        for name, column in columns.items()
        if name != "origin"
    }
    required = [name for name, column in columns.items() if column.filled and name in described]
    row = {
        "type": "object",
        "properties": described,
        "required": required,
        "additionalProperties": columns is not plan_format.PEOPLE
        and {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    }
    return {"type": "array", "items": row}


def _cell(column: Column) -> Json:
    empty = [] if column.filled else [None]
    if column.kind == "word":
        return {"enum": [*(column.words or {}), *empty]}
    if column.kind == "number":
        kind = "number" if column.filled else ["number", "null"]
        return {"type": kind, "minimum": column.low, "maximum": column.high}
    return {"type": "string"} if column.filled else {"type": ["string", "null"]}


def _policy() -> tuple[str, Json]:
    """Own entries of a policy: each with its value, and what a committee says of it."""
    entries = plain(data.mapping(data.ROOT / "policy_schema.yml", aliases=True)["entries"])
    told = {
        name: _record(
            {"value": value, **dict.fromkeys(("unit", "reason", "approver", "date"), _TEXT)},
            required=("value",),
        )
        for name, value in entries.items()
    }
    return "prudent-by-construction/policy/1", _record(told, required=())


def _assumptions() -> tuple[str, Json]:
    return "prudent-by-construction/assumptions/1", _record(service.ASSUMPTIONS)


def _mandate() -> tuple[str, Json]:
    return "prudent-by-construction/mandate/1", _record(service.MANDATE, required=())


# ---- what comes out ------------------------------------------------------------------------------


def _refusal(title: str) -> Json:
    names = {"type": ["array", "null"], "items": _TEXT}
    error = _record(
        {
            "type": {**_TEXT, "description": "DataError, Infeasible, NotSolved, OverTime, ..."},
            "message": _TEXT,
            "where": {**names, "description": "paths of what is wrong"},
            "conflict": {**names, "description": "rules that cannot hold together"},
            "relaxation": {
                "type": ["object", "null"],
                "additionalProperties": {"type": "number"},
                "description": "least change of limits, by rule, in the rule's unit",
            },
        }
    )
    return _record({"schema": {"const": title}, "error": error})


def _made(title: str, **more: Json) -> Json:
    """An answer: what it was made of, by fingerprint, and what it says."""
    return _record({"schema": {"const": title}, "plan": _SHA, "policy": _SHA, **more})


def _portfolio() -> tuple[str, Json]:
    answer = _made(
        service.PORTFOLIO,
        mandate=_SHA,
        posture=_TEXT,
        risk_aversion={"type": "number", "minimum": 0},
        optimizer=_TEXT,
        weights=_BY_FUND,
        mean=_RATE,
        risk={"type": "number", "minimum": 0, "description": "annual volatility, decimal"},
        sharpe=_MAYBE,
        expense_ratio=_RATE,
        gap={"type": "number", "description": "most that any other could gain, annual decimal"},
        status=_TEXT,
        engine=_TEXT,
        coverage={"type": "object", "additionalProperties": _TEXT},
        source=_TEXT,
    )
    return service.PORTFOLIO, {"anyOf": [answer, _refusal(service.PORTFOLIO)]}


def _refused() -> tuple[str, Json]:
    body = _refusal(service.PORTFOLIO)
    return "prudent-by-construction/refusal/1", body


def _exposures() -> tuple[str, Json]:
    one = _record(
        {
            "weights": _BY_FUND,
            "evidence": _TEXT,
            "specific_risk": {"type": "number", "minimum": 0},
            "apart": {"type": "number", "minimum": 0},
        }
    )
    texts = {"type": "object", "additionalProperties": _TEXT}
    funds = {"type": "object", "additionalProperties": one}
    const = {"const": service.EXPOSURES}
    return service.EXPOSURES, _record(
        {"schema": const, "plan": _SHA, "funds": funds, "left": texts}
    )


def _rebalance() -> tuple[str, Json]:
    return service.REBALANCE, _made(
        service.REBALANCE,
        participant=_TEXT,
        on={**_TEXT, "description": "ISO 8601 day"},
        posture=_TEXT,
        before=_BY_FUND,
        after=_BY_FUND,
        orders={
            "type": "object",
            "additionalProperties": {"type": "number"},
            "description": "US dollars, bought above zero",
        },
        gain={"type": "number", "description": "certainty equivalent, annual decimal"},
    )


def _check() -> tuple[str, Json]:
    finding = _record({"where": _TEXT, "problem": _TEXT, "refused": {"type": "boolean"}})
    return service.CHECK, _record(
        {
            "schema": {"const": service.CHECK},
            "accepted": {"type": "boolean"},
            "findings": {"type": "array", "items": finding},
        }
    )


def _allocation() -> tuple[str, Json]:
    by_name = {"type": "object", "additionalProperties": {"type": "number"}}
    return ALLOCATION, _record(
        {
            "schema": {"const": ALLOCATION},
            "weights": {**by_name, "description": "by asset, decimals"},
            "objective": _TEXT,
            "mean": _RATE,
            "risk": {"type": "number", "minimum": 0, "description": "annual volatility, decimal"},
            "sharpe": _MAYBE,
            "status": _TEXT,
            "engine": _TEXT,
            "seconds": {"type": "number", "minimum": 0},
            "residuals": by_name,
            "shadow_prices": by_name,
            "mandate": {"type": "string", "description": "fingerprint, or empty"},
        }
    )


def _rules() -> tuple[str, Json]:
    """Named rules over named assets, as `Mandate.to_json` writes them."""
    return "prudent-by-construction/rules/1", _record(
        {
            "labels": {"type": "array", "minItems": 1, "items": _TEXT},
            "tolerance": {"type": "number", "minimum": 0},
            "rules": {"type": "array", "items": service.RULE},
        },
        required=("labels", "rules"),
    )


def _frontier() -> tuple[str, Json]:
    row = {"type": "array", "items": {"type": "number"}}
    table = {"type": "array", "items": row}
    return FRONTIER, _record(
        {
            "schema": {"const": FRONTIER},
            "assumptions": _assumptions()[1],
            "rules": _rules()[1],
            "corners": table,
            "trade_offs": row,
            "multipliers": table,
            "means": row,
            "risks": row,
            "seconds": {"type": "number", "minimum": 0},
            "engine": _TEXT,
            "cap": _TEXT,
        }
    )


def _advice() -> tuple[str, Json]:
    from portlib.service_many import ADVICE

    answer = _made(
        ADVICE,
        participant=_TEXT,
        **dict.fromkeys(("chance", "low", "high", "shortfall", "wanted", "benefit"), _MAYBE),
        **dict.fromkeys(("balance", "income", "low_income"), _MAYBE),
        lives=_COUNT,
        seed=_COUNT,
    )
    refused = _refusal(ADVICE)
    refused["properties"]["participant"] = {}
    return ADVICE, {"anyOf": [answer, refused]}


def _glidepath() -> tuple[str, Json]:
    shares = {"type": "array", "items": _SHARE}
    return service.GLIDEPATH, _made(
        service.GLIDEPATH,
        seed=_COUNT,
        parameters={"type": "object", "additionalProperties": {"type": "number"}},
        years_to_retirement={"type": "array", "items": {"type": "number"}},
        equity=shares,
        weights={"type": "object", "additionalProperties": shares},
        value=_DOLLARS,
        adopted=_TEXT,
        over_adopted={"type": "object", "additionalProperties": _GAIN},
        participants={"type": "array", "items": _TEXT},
        source=_TEXT,
    )


def _outlook() -> tuple[str, Json]:
    return service.OUTLOOK, _made(
        service.OUTLOOK,
        participant=_TEXT,
        couple={"type": "boolean"},
        pay={"enum": list(service.PAY)},
        wanted=_DOLLARS,
        chance=_SHARE,
        low=_SHARE,
        high=_SHARE,
        shortfall={"type": "number", "minimum": 0},
        lasting=_BY_CHANCE,
        benefit=_DOLLARS,
        balance=_BY_CHANCE,
        income=_BY_CHANCE,
        lives=_COUNT,
        seed=_COUNT,
        source=_TEXT,
    )


def _solution() -> tuple[str, Json]:
    one = _record(
        {
            "success": _SHARE,
            **dict.fromkeys(("value", "low", "high", "chance"), _MAYBE),
            "reached": {"type": "boolean"},
            "note": _TEXT,
        }
    )
    return service.SOLUTION, _made(
        service.SOLUTION,
        participant=_TEXT,
        couple={"type": "boolean"},
        pay={"enum": list(service.PAY)},
        lever=_TEXT,
        answers={"type": "array", "items": one},
        lives=_COUNT,
        seed=_COUNT,
    )


def _review() -> tuple[str, Json]:
    from portlib.service_office import REVIEW

    one = _record(dict.fromkeys(("action", "rule", "why"), _TEXT))
    return REVIEW, _made(
        REVIEW,
        at={**_TEXT, "description": "ISO 8601, with its zone"},
        posture=_TEXT,
        halted={"type": "boolean"},
        due={"type": "array", "items": one},
        status={"enum": [0, 10, 20], "description": "the shell's exit code"},
    )


def _documents() -> tuple[str, Json]:
    """Documents as `Document.to_json` writes them, with the vectors of their figures."""
    from portlib.service_office import DOCUMENTS

    flag: Json = {"type": "boolean"}
    pair = {"type": "array", "minItems": 2, "maxItems": 2}
    run = {"prefixItems": [{"enum": ["plain", "em", "strong", "code"]}, _TEXT], **pair}
    runs = {"type": "array", "items": run, "description": "words of one style each"}
    texts = {"type": "array", "items": _TEXT}
    numbers = {"type": "array", "items": {"type": "number"}}
    kinds: dict[str, Json] = {
        "heading": {"text": _TEXT, "level": {"enum": [1, 2]}},
        "text": {"runs": runs, "claims": texts, "small": flag},
        "items": {"items": {"type": "array", "items": runs}, "numbered": flag},
        "finding": {
            "label": _TEXT,
            "kind": {"enum": ["decision", "warning", "note"]},
            "runs": runs,
            "claims": texts,
        },
        "table": {
            "head": texts,
            "rows": {"type": "array", "items": texts},
            "caption": runs,
            "align": {"type": "array", "items": {"enum": ["left", "right", "center"]}},
            "widths": numbers,
            "strong": {"type": "array", "items": _COUNT},
            "small": flag,
        },
        "figure": {"file": _TEXT, "caption": runs, "alt": _TEXT, "width": {"type": "number"}},
        "form": {"fields": {"type": "array", "items": {**pair, "items": runs}}},
        "signatures": {"roles": texts, "runs": runs},
        "page": {},
    }
    blocks = [_record({"is": {"const": name}, **entries}) for name, entries in kinds.items()]
    pairs = {"type": "array", "items": {**pair, "items": _TEXT}}
    figures = {"type": "object", "additionalProperties": {**_TEXT, "description": "SVG"}}
    one = _record(
        {
            **dict.fromkeys(("name", "kind", "title", "plan", "origin", "made"), _TEXT),
            "synthetic": flag,
            "made_from": pairs,
            "facts": pairs,
            "body": {"type": "array", "items": {"anyOf": blocks}},
            "numbered": flag,
            "claims": texts,
            "figures": figures,
        }
    )
    return DOCUMENTS, _made(DOCUMENTS, documents={"type": "array", "items": one})


def _event() -> tuple[str, Json]:
    from portlib.stewardship.audit_log import TOPICS
    from portlib.stewardship.one_quarter.quarter import EVENT
    from portlib.stewardship.settlement.ledger import SETTLEMENT

    topics = {**TOPICS, **SETTLEMENT}
    return EVENT, _record(
        {
            "schema": {"const": EVENT},
            "number": {"type": "integer", "minimum": 1},
            "topic": {"enum": list(topics)},
            "event": {"enum": [name for events in topics.values() for name in events]},
            "at": {"type": "string", "description": "ISO 8601, UTC"},
            "actor": _TEXT,
            "body": {"type": "object"},
            "digest": _SHA,
        }
    )


def _record(properties: Mapping[str, Json], required: tuple[str, ...] | None = None) -> Json:
    """A mapping of these entries and no others; all of them required unless said."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }


_MAKE: Mapping[str, Callable[[], tuple[str, Json]]] = {
    "plan": _plan,
    "policy": _policy,
    "assumptions": _assumptions,
    "mandate": _mandate,
    "rules": _rules,
    "portfolio": _portfolio,
    "exposures": _exposures,
    "rebalance": _rebalance,
    "check": _check,
    "refusal": _refused,
    "allocation": _allocation,
    "frontier": _frontier,
    "advice": _advice,
    "glidepath": _glidepath,
    "outlook": _outlook,
    "solution": _solution,
    "review": _review,
    "documents": _documents,
    "event": _event,
}
