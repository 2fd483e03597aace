"""The quality gate: no figure of bench/quality.py below its floor in tests/quality.toml.

Floors are pinned with the digest of the labelled data they were measured on; other data needs other floors.
"""

import hashlib
import tomllib
from pathlib import Path

import pytest

from bench import quality

FLOORS = tomllib.loads((Path(__file__).parent / "quality.toml").read_text(encoding="utf-8"))


def check(task):
    found = task()
    floors = FLOORS[task.__name__]
    below = {
        name: (round(value, 3), floors[name])
        for name, value in found.items()
        if name in floors and value < floors[name]
    }
    above = {
        name: (round(value, 3), FLOORS["ceilings"][name])
        for name, value in found.items()
        if value > FLOORS["ceilings"].get(name, 1e9)
    }
    assert not below, f"below the floor: {below}"
    assert not above, f"above the ceiling: {above}"
    assert not floors.keys() - found.keys(), "a pinned figure is no longer measured"


@pytest.mark.parametrize("task", quality.WITHOUT_DATA, ids=lambda task: task.__name__)
def test_floor(task):
    check(task)


@pytest.mark.skipif(not quality.DATA.is_dir(), reason="the labelled data (../shared/data) is not beside the checkout")
@pytest.mark.parametrize("task", quality.WITH_DATA, ids=lambda task: task.__name__)
def test_floor_on_labelled_data(task):
    check(task)


@pytest.mark.skipif(not quality.DATA.is_dir(), reason="the labelled data (../shared/data) is not beside the checkout")
@pytest.mark.parametrize("name", sorted(FLOORS["sha256"]))
def test_floors_belong_to_this_data(name):
    digest = hashlib.sha256((quality.DATA / f"{name}.parquet").read_bytes()).hexdigest()
    assert digest == FLOORS["sha256"][name], f"{name}.parquet changed: measure again and pin new floors with its digest"
