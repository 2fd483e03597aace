"""Columns about customers and their journey: value, contacts, joining, leaving, invitations, stages."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from voc.config import ReadConfig
from voc.readers import read_feedback

COMMENTS = ["The delivery was late and nobody answered me", "I love the new app, very helpful people", "", "Too slow"]


def read(tmp_path: Path, **columns: list[object]) -> pd.DataFrame:
    path = tmp_path / "export.csv"
    pd.DataFrame({"comment": COMMENTS * 10, **{name: values * 10 for name, values in columns.items()}}).to_csv(path)
    return read_feedback([path], ReadConfig()).frame


@pytest.mark.parametrize(
    ("header", "cells", "field", "first"),
    [
        ("CLV", ["1,200.50", "800", "", "90"], "clv", 1200.5),
        ("customer lifetime value", ["€ 1.200,50", "800", "10", "90"], "clv", 1200.5),
        ("Number of contacts", ["3", "1", "0", "2"], "contacts", 3),
        ("Anzahl Anrufe", ["3", "1", "0", "2"], "contacts", 3),
        ("Journey stage", ["Delivery", "Order", "Order", "Delivery"], "stage", "Delivery"),
        ("Étape du parcours", ["Livraison", "Achat", "Achat", "Achat"], "stage", "Livraison"),
        ("Customer since", ["2021-05-01", "2020-01-01", "2020-01-01", ""], "joined_at", "2021-05-01"),
        ("Kunde seit", ["01.05.2021", "31.01.2020", "31.01.2020", ""], "joined_at", "2021-05-01"),
        (
            "Invitation sent",
            ["2026-05-01 10:00", "2026-05-02 10:00", "2026-05-02 11:00", ""],
            "invited_at",
            "2026-05-01",
        ),
    ],
)
def test_columns_are_recognised(tmp_path, header, cells, field, first):
    found = read(tmp_path, **{header: cells})[field].iloc[0]
    assert f"{found:%F}" == first if field.endswith("_at") else found == first


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Churn", ["Yes", "No", "No", "Yes"]),
        ("churned", ["1", "0", "0", "1"]),
        ("is_churned", ["True", "False", "False", "True"]),
        ("Abgewandert", ["ja", "nein", "nein", "ja"]),
        ("Résilié", ["oui", "non", "non", "oui"]),
    ],
)
def test_a_flag_of_churn(tmp_path, header, cells):
    assert read(tmp_path, **{header: cells})["churned"].head(4).tolist() == [True, False, False, True]


def test_a_date_of_churn_is_no_flag_and_other_words_are_neither(tmp_path):
    frame = read(tmp_path, churned=["2026-01-05", "", "", "2026-02-01"])
    assert "churned" not in frame.columns
    assert frame["churned_at"].notna().sum() == 20
    assert "churned" not in read(tmp_path, churn=["price", "quality", "other", "moved"]).columns


def test_a_stage_with_as_many_values_as_rows_is_none(tmp_path):
    path = tmp_path / "export.csv"
    pd.DataFrame({"comment": COMMENTS * 10, "stage": [f"step {i}" for i in range(40)]}).to_csv(path)
    frame = read_feedback([path], ReadConfig()).frame
    assert frame["stage_in_file"].nunique() == 40
