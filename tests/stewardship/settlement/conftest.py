"""A ledger in memory with the opening deposit, for the tests of this folder."""

import pytest

from portlib.stewardship.settlement import deliver
from portlib.stewardship.settlement.ledger import Ledger
from tests.orders import OPENING, T


@pytest.fixture
def ledger():
    with Ledger(":memory:") as made:
        deliver(made, OPENING, T)
        yield made
