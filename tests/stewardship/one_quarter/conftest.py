"""One quarter of the example plan, run once, and what it takes to run or to forge another."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from portlib import plan
from portlib.construction.views import View
from portlib.plan import Plan
from portlib.retirement import plan_menu
from portlib.stewardship import one_quarter
from portlib.stewardship.audit_log import AuditLog, Event
from portlib.stewardship.governance import certificates, signatures
from portlib.stewardship.one_quarter.quarter import deposit_opening, waiting
from portlib.stewardship.settlement.ledger import Ledger

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class House:
    """The plan, keys made up for tests, prices of ten dollars, and how to write a letter."""

    plan: Plan
    keys: Mapping[str, bytes]
    prices: pd.Series
    now: datetime

    @property
    def roster(self) -> dict[str, str]:
        return {role: signatures.address(key) for role, key in self.keys.items()}

    @property
    def researcher(self) -> str:
        return str(self.plan.policy["view_authors"][0])

    def desk(self, where: str | Path = ":memory:") -> one_quarter.Desk:
        return one_quarter.Desk(
            self.plan, Ledger(where), self.roster, "operations", self.keys["operations"]
        )

    def sign(self, kind: str, content: Any, role: str, **how: Any) -> signatures.Signed:
        told = {"nonce": 1, "plan": self.plan.fingerprint, "at": self.now, "days": 30.0}
        return signatures.sign(kind, content, self.keys[role], role=role, **{**told, **how})

    def view(self, **changed: Any) -> View:
        told: dict[str, Any] = {
            "name": "small over large",
            "portfolio": {"us_small_equity": 1.0, "us_large_equity": -1.0},
            "q": 0.01,
            "author": self.researcher,
            "as_of": f"{self.plan.as_of}",
            "confidence": 0.3,
        }
        return View(**{**told, **changed})

    def letter(self, view: View, **how: Any) -> one_quarter.Letter:
        signed = self.sign("InvestorView", signatures.view_content(view), self.researcher, **how)
        return one_quarter.Letter(f"{view.name} {view.version}.json", signed)

    def certificate(self, desk: one_quarter.Desk, **how: Any) -> one_quarter.Letter:
        told = {name: f"SPECIMEN: {name}" for name in certificates.FIELDS}
        fields = {**certificates.draft(desk.pins), **told}
        role = self.plan.policy["certifier_roles"][0]
        content = certificates.certificate_content(fields)
        signed = self.sign("Certificate", content, role, **{"days": 365.0, **how})
        return one_quarter.Letter("certificate.json", signed, fields)

    def opening(self) -> dict[str, float]:
        """Shares of every fund that people hold and that trades one by one."""
        money = self.plan.holdings.mul(self.plan.participants["balance"], axis=0).sum()
        funds = [fund for fund in self.plan.exposures.index if money[fund] > 0]
        return {fund: round(money[fund] / 10.0, 3) for fund in funds}


@pytest.fixture(scope="session")
def house() -> House:
    ours = plan.read()
    decided = ours.policy
    roles = {
        *decided["approval_roles"],
        *decided["view_authors"],
        *decided["certifier_roles"],
        *decided["model_owners"].values(),
    }
    keys = signatures.demonstration_keys(sorted(roles), np.random.default_rng(20))
    funds = dict.fromkeys([*plan_menu.each_vintage(ours).funds.index, *ours.funds.index])
    prices = pd.Series(10.0, index=list(funds))
    return House(ours, keys, prices, datetime.combine(ours.as_of, time(9), UTC))


@pytest.fixture(scope="session")
def finished(house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a quarter that went from a view to settled holdings."""
    where = tmp_path_factory.mktemp("quarter") / "log.db"
    desk = house.desk(where)
    one_quarter.adopt(desk, house.now)
    deposit_opening(desk, house.opening(), house.now)
    letters = [house.certificate(desk), house.letter(house.view())]
    first = one_quarter.run(desk, letters, house.prices, house.now)
    assert (first.code, first.settlement) == (one_quarter.REVIEW_DUE, "EscrowLocked")
    order = waiting(desk)
    assert order is not None
    fills = {i: leg.cents for i, leg in enumerate(order.legs)}
    second = one_quarter.run(desk, [], house.prices, house.now + HOUR, fills=fills)
    assert second.settlement == "SettlementFinalized"
    desk.ledger.close()
    return where


@pytest.fixture
def after(house: House, finished: Path, tmp_path: Path) -> Iterator[one_quarter.Desk]:
    """A desk over a copy of that file."""
    copy = tmp_path / "log.db"
    shutil.copy(finished, copy)
    desk = house.desk(copy)
    yield desk
    desk.ledger.close()


@dataclass(frozen=True)
class Forged:
    """A record written anew: a chain that verifies, sealed with a true key, and no tables."""

    log: AuditLog

    def check(self, head: object = None) -> None:
        return None


@pytest.fixture
def forge(house: House) -> Callable[[AuditLog, Callable[[Event], Any]], Forged]:
    """Write a log anew, each body as `change` gives it (None leaves the event out), sealed with the
    true key of operations: only what the lines say can still show it."""

    def write(log: AuditLog, change: Callable[[Event], Any]) -> Forged:
        made = Ledger(":memory:").log
        for event in log.events():
            body = change(event)
            if body is None:
                continue
            if event.name == "LogSealed":
                head = signatures.head_content(made.verify())
                nonce = body["nonce"]
                signed = house.sign("LogHead", head, "operations", nonce=nonce, at=event.at)
                body = {**body, "signed": signed.to_json()}
            made.append(event.topic, event.name, at=event.at, actor=event.actor, body=body)
        return Forged(made)

    return write
