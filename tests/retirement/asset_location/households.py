"""A household of the tests of this folder. Invented."""

from portlib.retirement.asset_location.owners import Owner

MATCH = ({"rate": 1.0, "up_to": 0.03}, {"rate": 0.5, "up_to": 0.05})
BASE = Owner(
    name="somebody",
    status="married_joint",
    age=55,
    birth_year=1971,
    retirement_age=64,
    last_age=92,
    pay=120_000.0,
    deferral_rate=0.08,
    roth_share=0.25,
    match=MATCH,
    balances={"taxable": 150_000.0, "deferred": 400_000.0, "roth": 50_000.0, "hsa": 10_000.0},
    basis=0.6,
    other_income=5_000.0,
    frozen_stock=0.0,
    year=2026,
    state_rate=0.05,
    withdrawal_rate=0.04,
    assumed=(),
)
