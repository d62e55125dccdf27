"""The service over HTTP answers as the functions do, under the same schemas, within its limits."""

import json
import multiprocessing
import threading

import pytest
from jsonschema import Draft202012Validator

from portlib import plan, schemas, service

pytest.importorskip("fastapi", reason="the extra http is not installed")
testclient = pytest.importorskip("starlette.testclient", reason="needs httpx")
service_http = pytest.importorskip("portlib.service_http")

LOOSE = {"posture": "growth", "most_funds": 0, "whole_percent": False}


@pytest.fixture(scope="module")
def sent():
    return json.loads(json.dumps(plan.read().to_json() | {"participants": []}))


@pytest.fixture(scope="module")
def client():
    limits = service_http.Limits(megabytes=1.0, seconds=60.0)
    with testclient.TestClient(service_http.application(limits)) as made:
        yield made


def fits(name, document):
    return not list(Draft202012Validator(schemas.of(name)).iter_errors(document))


def test_it_answers_as_the_function_does(client, sent):
    got = client.post("/optimize", json={"plan": sent, "mandate": LOOSE})
    assert got.status_code == 200 and got.json() == service.optimize(sent, None, LOOSE)
    assert fits("portfolio", got.json())


@pytest.mark.parametrize(
    ("address", "asked", "status", "where"),
    [
        ("/optimize", {"plan": {"schema": "no"}}, 422, None),
        ("/optimize", {"plan": None, "mandat": {}}, 400, None),
        ("/optimize", [], 400, None),
        ("/glidepath", {"plan": None, "seed": -1}, 422, ["seed"]),
    ],
)
def test_a_refusal_is_data(client, address, asked, status, where):
    got = client.post(address, json=asked)
    assert got.status_code == status and got.json()["error"]["message"]
    assert got.json()["error"]["where"] == where or where is None
    assert fits("refusal", got.json())


def test_conflicting_rules_are_named_with_the_least_cure(client, sent):
    cap = {"kind": "Bounds", "name": "two percent", "upper": 0.02}
    got = client.post("/optimize", json={"plan": sent, "mandate": {**LOOSE, "rules": [cap]}})
    told = got.json()["error"]
    assert got.status_code == 422 and told["type"] == "Infeasible"
    assert "two percent" in told["conflict"] and all(x > 0 for x in told["relaxation"].values())
    assert fits("refusal", got.json())


def test_what_is_too_large_or_no_json_is_turned_away(client):
    assert client.post("/optimize", content=b" " * 1_100_000).status_code == 413
    assert client.post("/optimize", content=b"{").status_code == 400
    assert client.get("/optimize").status_code == 405


def test_too_many_at_once_are_turned_away(sent):
    nobody = service_http.Limits(at_once=1)
    app = service_http.application(nobody)
    with testclient.TestClient(app) as client:
        app.state.working = 1
        got = client.post("/optimize", json={"plan": sent, "mandate": LOOSE})
    assert got.status_code == 503 and got.json()["error"]["type"] == "TooBusy"


def _stuck(name, asked):
    """In place of an answer: one address never answers, the other at once."""
    if name == "glidepath":
        threading.Event().wait()
    return 200, {"answered": name}


@pytest.mark.skipif(
    multiprocessing.get_start_method() != "fork", reason="the trouble is planted before the fork"
)
def test_what_takes_too_long_is_ended_and_the_next_is_answered(monkeypatch):
    _stuck.__module__, _stuck.__qualname__ = service_http.__name__, "_answer"
    monkeypatch.setattr(service_http, "_answer", _stuck)
    limits = service_http.Limits(seconds=0.5)
    with testclient.TestClient(service_http.application(limits)) as client:
        late = client.post("/glidepath", json={"plan": {}})
        assert late.status_code == 504 and late.json()["error"]["type"] == "OverTime"
        assert "0.5 seconds" in late.json()["error"]["message"]
        assert fits("refusal", late.json())
        again = [client.post("/optimize", json={"plan": {}}) for _ in range(4)]
        assert [one.json() for one in again] == [{"answered": "optimize"}] * 4


def test_openapi_holds_the_packages_own_schemas(client):
    told = client.get("/openapi.json").json()["paths"]
    assert set(told) == {"/optimize", "/glidepath"}
    body = told["/optimize"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["plan"] == json.loads(json.dumps(schemas.of("plan")))
    answer = told["/optimize"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == json.loads(json.dumps(schemas.of("portfolio")))
