import numpy as np
import pandas as pd
import pytest

from dagbog_nlp.cases.profiles import profile_cases
from dagbog_nlp.cases.qca import case_sets, set_relations
from dagbog_nlp.errors import InputError

# Lipset's data on interwar democracies, crisp (R package QCA, data set LC): DEV, URB, LIT, IND, STB, SURV
LIPSET = pd.DataFrame(
    [
        [1, 0, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 1],
        [1, 0, 1, 1, 1, 1],
        [0, 0, 1, 0, 0, 0],
        [1, 0, 1, 0, 1, 1],
        [1, 0, 1, 1, 1, 1],
        [1, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 1, 0, 0, 0],
        [1, 0, 1, 0, 1, 1],
        [0, 0, 0, 0, 1, 0],
        [1, 1, 1, 1, 1, 1],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 0, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1],
    ],
    columns=["DEV", "URB", "LIT", "IND", "STB", "SURV"],
)


def test_published_parameters_of_fit():
    """Dusa 2019, QCA with R: DEV is necessary with inclN 1.000, RoN 0.800, covN 0.800; DEV*STB sufficient."""
    found = set_relations(LIPSET, "SURV")
    assert found.loc["DEV", ["necessity", "relevance", "necessity_coverage"]].tolist() == [1.0, 0.8, 0.8]
    assert found.loc["DEV*STB", ["sufficiency", "coverage", "pri"]].tolist() == [1.0, 1.0, 1.0]
    assert found.loc["LIT", "necessity_coverage"] == pytest.approx(8 / 13)


def test_negations_mirror_each_other():
    found = set_relations(LIPSET, "SURV", ["DEV"], combine=1)
    absent = set_relations(LIPSET, "~SURV", ["DEV"], combine=1)
    assert found.loc["DEV", "sufficiency"] + absent.loc["DEV", "sufficiency"] == pytest.approx(1)


def test_fuzzy_membership_has_no_case_interval():
    fuzzy = pd.DataFrame({"x": [0.2, 0.8, 0.6], "y": [0.4, 0.9, 0.5]})
    row = set_relations(fuzzy, "y", combine=1).loc["x"]
    assert row["sufficiency"] == pytest.approx((0.2 + 0.8 + 0.5) / 1.6)
    assert np.isnan(row["low"])


def test_table_5_read_as_sets(published):
    cases, notes, codings = published
    sets = case_sets(profile_cases(codings, notes, cases), cases, codes=["professionel_tvivl"])
    found = set_relations(sets, "i mål", ["reflekteret", "let", "svær"])
    assert found.loc["reflekteret", "cases"] == 17
    assert found.loc["reflekteret", "sufficiency"] == pytest.approx(8 / 17)
    assert found.loc["~reflekteret*let", "coverage"] == pytest.approx(8 / 20)
    assert sets["professionel_tvivl"].sum() == 30
    assert ((found["low"] <= found["sufficiency"]) & (found["sufficiency"] <= found["high"]))[
        found["cases"] > 0
    ].all()


def test_a_blank_or_missing_set_is_refused():
    with pytest.raises(InputError, match="lack"):
        set_relations(LIPSET, "FINDES_IKKE")
    with pytest.raises(InputError, match="blank"):
        set_relations(pd.DataFrame({"x": [np.nan], "y": [1]}), "y")
