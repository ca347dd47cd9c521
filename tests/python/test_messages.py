"""The shipped example and schema belong together, and the schema refuses what must not be sent."""

import copy
import json
from pathlib import Path

import pytest

jsonschema = pytest.importorskip("jsonschema")
FEEDS = Path(__file__).parents[2] / "io" / "feeds"


@pytest.fixture(scope="module")
def validator():
    schema = json.loads((FEEDS / "envelope.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture
def example():
    return json.loads((FEEDS / "envelope.example.json").read_text())


def test_the_example_is_valid(validator, example):
    validator.validate(example)
    assert example["geometry"]["type"] == "MultiPolygon"
    assert {"values", "thresholds", "duration_h", "quality", "equip_nos", "detected_time", "evidence_files"} <= set(example)


@pytest.mark.parametrize("key,value", [("level", "grey"), ("area_m2", "400"), ("event_time", "2026-07-01 09:10"),
                                       ("quality", {"flags": []}), ("geometry", {"type": "Polygon", "coordinates": [[[1, 2]]]}),
                                       ("surprise", 1)])
def test_the_schema_refuses(validator, example, key, value):
    broken = copy.deepcopy(example)
    broken[key] = value
    assert not validator.is_valid(broken)
    del broken[key]
    if key != "surprise":
        assert not validator.is_valid(broken)
