"""``nsp backtest``: it runs, its figures are of the right size, and a wrong name is told."""

import json

import pytest

from nsptools import cli
from nsptools.backtest import figures, night, sites


def test_figures_of_a_night(capsys: pytest.CaptureFixture[str]) -> None:
    """Protects the published error: every horizon has its figures, none of them out of this world."""
    assert cli.main(["backtest", "--seeds", "2", "--only", "diesel-40,petrol-13", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"diesel-40", "petrol-13"}
    for rows in found.values():
        assert set(rows) == {f"{hours} h" for hours in figures.HORIZONS_H}
        for row in rows.values():
            assert row["n"] == 2
            assert row["known"] == 1
            assert abs(row["bias_h"]) <= row["mean_error_h"] <= row["p90_error_h"] < 5
            assert 0 <= row["coverage"] <= 1


def test_the_same_seed_is_the_same_night() -> None:
    """Protects a figure that somebody wants to see again: nothing in it is left to chance."""
    first, again = (night.run(sites.site("battery-20", 3), 3) for _ in range(2))
    assert (first.dry, first.raised) == (again.dry, again.raised)
    assert figures.table([first]) == figures.table([again])


def test_a_refuelled_tank_is_not_held_against_the_old_one() -> None:
    """Protects the figures of portable sets: what was said of the tank before it was filled does not count."""
    told = night.run(sites.site("petrol-13", 1), 1)
    (filled,) = told.filled
    hours = (told.dry - filled).total_seconds() / 3600
    assert figures.at(told, hours + 1) is None
    assert figures.at(told, hours - 1) is not None


def test_a_site_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Protects against a silent nothing: a wrong name ends with 2 and says which there are."""
    assert cli.main(["backtest", "--only", "diesel"]) == 2
    assert "'diesel'; there are: diesel-60" in capsys.readouterr().err
