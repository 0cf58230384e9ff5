"""A mistake in any row of a generator controller's table must be noticed by its comparison with the bench's device."""

import pytest

import controller_cases
import dse_cases
import mutate_tables
from table_bench import table_bench

CASES = dse_cases.CASES | controller_cases.CASES


@pytest.mark.soak
@pytest.mark.parametrize("model", CASES)
async def test_no_mistake_in_a_table_goes_unnoticed(model, tmp_path, record_property):
    """Address, word order, sign, unit, bit or a code's word wrong in one row: some comparison fails."""
    async with table_bench(model, tmp_path) as bench:
        made, alive = await mutate_tables.survivors(bench, CASES[model])
    record_property("mistakes", made)
    assert made > 0
    assert alive == [], f"{len(alive)} of {made}"
