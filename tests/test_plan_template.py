"""A newcomer's folder: accepted as it stands, alone and with every example; the format in words."""

import re
import shutil
from pathlib import Path

import pytest

from portlib import data, plan, plan_check, plan_format, plan_template
from portlib.data import DataError
from portlib.inputs import accounts, assumptions, holdings, record, valuations

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def folder(tmp_path):
    plan_template.write(tmp_path / "mine")
    return tmp_path / "mine"


def bring(folder, *names):
    for name in names:
        shutil.copy(folder / plan_template.EXAMPLES / name, folder / Path(name).name)


def test_a_new_plan_is_accepted_as_it_stands(folder):
    ours = plan.read(folder)
    assert ours.origin == "SYNTHETIC" and len(ours.funds) == 7 and len(ours.participants) == 8
    assert not ours.inputs.sources
    assert not plan_check.check(folder).refused


def test_every_optional_file_has_an_example_that_is_accepted(folder):
    examples = [name for name in plan_template.examples() if "/" not in name]
    instead = [name for name in plan_template.examples() if "/" in name]
    assert {Path(name).name for name in [*examples, *instead]} == set(record.FILES)
    bring(folder, *examples)
    own = plan.read(folder).inputs
    assert own.assumptions and own.valuations and own.holdings and own.accounts and own.trades
    assert own.history is not None and own.funds is not None and len(own.mandate) == 1
    from_returns = own.funds.values["LARGE"]
    (folder / record.RETURNS).unlink()
    (folder / record.READING).unlink()
    bring(folder, *instead)
    from_prices = plan.read(folder).inputs.funds.values["LARGE"]
    assert from_prices.to_numpy() == pytest.approx(from_returns.iloc[1:].to_numpy(), abs=1e-4)


@pytest.mark.parametrize("name", [n for n in plan_template.examples() if "/" not in n])
def test_each_example_is_accepted_with_what_it_needs(folder, name):
    needs = {
        "assumptions.csv": ("correlations.csv", "classes.yml"),
        "correlations.csv": ("assumptions.csv", "classes.yml"),
        "fund_holdings.csv": ("securities.csv",),
    }
    bring(folder, name, *needs.get(name, ()))
    plan.read(folder)


def test_a_folder_that_is_there_is_not_written_over(folder, tmp_path):
    with pytest.raises(DataError, match="is there already, and not empty"):
        plan_template.write(folder)
    (tmp_path / "empty").mkdir()
    assert "rules.yml" in plan_template.write(tmp_path / "empty")


def test_the_description_names_every_column_and_every_word():
    said = plan_template.description()
    tables = (plan_format.LINEUP, plan_format.PEOPLE, plan_format.VINTAGES, assumptions.COLUMNS)
    tables += (valuations.COLUMNS, holdings.COLUMNS, holdings.MASTER_COLUMNS, accounts.COLUMNS)
    tables += (accounts.TRADE_COLUMNS, record.DISTRIBUTION_COLUMNS)
    for columns in tables:
        for name, column in columns.items():
            assert f"| `{name}` |" in said and column.meaning in said
            assert all(f"`{word}`" in said for word in column.words or {})
    for file in record.FILES:
        assert f"`{file}`" in said
    schema = data.mapping(data.ROOT / "plan_schema.yml", aliases=True)["rules"]
    assert set(plan_template.RULES) == set(schema["properties"])
    assert set(schema["properties"]) - set(schema["required"]) == {"legal_regime"}
    assert all(f"| `{entry}` |" in said for entry in plan_template.RULES)


def test_the_readme_of_data_holds_the_description():
    text = (data.ROOT / "README.md").read_text(encoding="utf-8")
    held = re.search(r"<!-- format: .*? -->\n(.*)<!-- end of the format -->", text, re.DOTALL)
    assert held is not None
    assert held[1] == plan_template.description(), "write plan_template.description() into it"
