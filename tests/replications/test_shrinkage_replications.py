"""Published results that the covariance estimators must reproduce."""

import json

import numpy as np
import pytest

from portlib.estimation import shrinkage as sh
from portlib.stewardship.model_validation.replications import CASES

HERE = CASES
TABLE = json.loads((HERE / "ledoit_wolf_reference_data_A.json").read_text(encoding="utf-8"))
HIGHAM = json.loads((HERE / "higham_2002_3x3.json").read_text(encoding="utf-8"))
RETURNS = np.array(TABLE["returns"])


@pytest.mark.parametrize("method", list(TABLE["expected"]))
def test_estimators_reproduce_the_authors_code(method):
    published, ours = TABLE["expected"][method], sh.METHODS[method](RETURNS)
    np.testing.assert_allclose(ours.sigma, published["cov"], rtol=0, atol=TABLE["tolerance"]["cov"])
    if "shrinkage" in published:
        assert ours.intensity == pytest.approx(
            published["shrinkage"], abs=TABLE["tolerance"]["shrinkage"]
        )


def test_scikit_learn_leaves_two_terms_out_of_the_oracle_formula():
    y, (months, p) = RETURNS - RETURNS.mean(axis=0), RETURNS.shape
    s = y.T @ y / months
    norm, trace = np.sum(s * s), np.trace(s) ** 2
    without = (norm + trace) / ((months + 1) * (norm - trace / p))
    assert without == pytest.approx(TABLE["scikit_learn"]["oas"], abs=1e-9)
    assert without - sh.oas(RETURNS).intensity > 0.01


def test_scikit_learn_differs_from_the_authors_in_the_divisor_alone():
    y, months = RETURNS - RETURNS.mean(axis=0), len(RETURNS)
    s = y.T @ y / months
    noise = np.mean([np.sum((np.outer(row, row) - s) ** 2) for row in y])
    spread = np.sum((s - np.eye(len(s)) * np.trace(s) / len(s)) ** 2)
    assert noise / spread / months == pytest.approx(TABLE["scikit_learn"]["ledoit_wolf"], abs=1e-9)
    assert sh.ledoit_wolf(RETURNS, "identity").intensity < TABLE["scikit_learn"]["ledoit_wolf"]


def test_nearest_correlation_of_higham():
    a = np.array(HIGHAM["matrix"], dtype=float)
    x = sh.nearest_correlation(a)
    np.testing.assert_allclose(x, HIGHAM["nearest"], rtol=0, atol=HIGHAM["tolerance"]["nearest"])
    assert np.linalg.norm(x - a) == pytest.approx(
        HIGHAM["distance"], abs=HIGHAM["tolerance"]["distance"]
    )
