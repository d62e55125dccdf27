"""A person about whom everything is known, shared by the tests of this folder."""

from portlib.retirement.model_portfolios.capacity import Person

WHO = Person(
    age=50,
    retirement_age=65,
    life_expectancy=88,
    answers=(4, 4, 2, 4, 4, 2, 4),
    pay=80_000,
    saving=0.1,
    balance=300_000,
    outside_assets=0,
    other_income=0,
    spending=40_000,
)
