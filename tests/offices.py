"""An office with its roles and keys, and what they sign: shared by the tests of governance."""

from datetime import UTC, datetime, timedelta

import numpy as np

from portlib.construction.views import View
from portlib.stewardship.audit_log import AuditLog
from portlib.stewardship.governance import Office, model_registry, signatures
from portlib.stewardship.governance.signatures import Signed

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

PLAN = "ab" * 32

ROLES = ("chair", "administrator", "compliance", "research", "expert", "developer")

KEYS = signatures.demonstration_keys(ROLES, np.random.default_rng(6))

ROSTER = {role: signatures.address(key) for role, key in KEYS.items()}

VIEW = View(
    "small over large",
    {"small": 1.0, "large": -1.0},
    0.01,
    "research",
    "2026-11-20",
    "value",
    confidence=0.5,
)

PINS = model_registry.Pins("c" * 64, "d" * 64, "e" * 64, PLAN)


def office(log: AuditLog | None = None, **changes: object) -> Office:
    settings_ = {
        "signers": ROLES[:3],
        "needed": 2,
        "timelock": 48 * HOUR,
        "view_authors": ("research",),
        **changes,
    }
    return Office(AuditLog() if log is None else log, PLAN, ROSTER, **settings_)


def filled(n: int = 6) -> AuditLog:
    log = AuditLog()
    for i in range(n):
        log.append(
            "monitoring", "AlertRaised", at=NOON + i * HOUR, actor="portlib", body={"number": i}
        )
    return log


def signed_view(
    view: View = VIEW, *, role: str = "research", key: str = "", nonce: int = 1, at: datetime = NOON
) -> Signed:
    return signatures.sign(
        "InvestorView",
        signatures.view_content(view),
        KEYS[key or role],
        role=role,
        nonce=nonce,
        plan=PLAN,
        at=at,
        days=30,
    )


def made(risk: float) -> model_registry.Result:
    return model_registry.result("menu", {"risk": risk}, PINS, 9)


def approval(digest: str, role: str, *, nonce: int = 1, at: datetime = NOON) -> Signed:
    content = {"subject": "a change", "content": bytes.fromhex(digest), "reason": "read and agreed"}
    return signatures.sign(
        "Approval", content, KEYS[role], role=role, nonce=nonce, plan=PLAN, at=at, days=30
    )


def changed(
    keeper: Office, *, proposer: str = "developer", at: datetime = NOON, value: float = 2.0
) -> int:
    if not keeper.log.events("policy", "PolicyAdopted"):
        keeper.adopt({"cap": 1.0, "floor": 0.0}, at, "chair")
    return keeper.propose("cap", value, "because", at, proposer).number


def digest_of(keeper: Office, number: int) -> str:
    return keeper.log.links[number - 1].digest
