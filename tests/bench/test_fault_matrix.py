"""The kit's own Modbus master under MicroPython on a pseudo-terminal, against every fault of the line."""

import dataclasses
import random

import pytest

from nsptools.bench import faults
from nsptools.benchmark import modbus, modbus_wire

REPLY = faults.sealed(bytes((10, 3, 6, 1, 2, 3, 4, 5, 6)))
EXCHANGE = faults.Exchange(faults.sealed(bytes((10, 3, 0, 1, 0, 3))), REPLY, 0.2, 1.0, 0.0005)
HAS_CRC = {
    *("foreign_unit", "foreign_first", "wrong_function", "exception_reply", "short_count", "long_count"),
    *("lying_count", "echo"),
}
WHOLE_REPLY_LEFT = {
    "noise",
    "noise_after",
    "foreign_first",
    "echo",
    "slow",
    "overdue",
    "at_the_limit",
    "stuck",
}


def run(plan, transactions, told=modbus_wire.SLAVES, **options):
    """Tally of so many reads; ``told``: the devices as the master knows them."""
    wire = modbus_wire.Wire(modbus_wire.SLAVES, 19200, plan, 1, limit=transactions)
    return modbus_wire.run(modbus_wire.own_master(told, **options), wire, 19200)


@pytest.mark.parametrize("name", faults.HARMS)
def test_a_fault_does_what_its_name_says(name):
    """A matrix of faults that damage nothing would prove nothing: each one changes bytes or time, as it says."""
    for seed in range(20):
        source = random.Random(seed)
        pieces = faults.HARMS[name]([(0.0, REPLY)], EXCHANGE, source)
        assert pieces != [(0.0, REPLY)]
        assert all(at >= 0 for at, _ in pieces)
        assert any(data.endswith(REPLY) or data.startswith(REPLY) for _, data in pieces) == (
            name in WHOLE_REPLY_LEFT
        )
        sealed = [data for _, data in pieces if len(data) > 4 and faults.sealed(data[:-2]) == data]
        assert name not in HAS_CRC or any(data != REPLY for data in sealed)


def test_every_single_fault():
    """Each fault by itself, and a cut at each byte: nothing wrong is taken, and the reads after it are right."""
    tally = run(modbus_wire.one_by_one(), 500)
    assert tally.accepted_wrong == 0, tally.wrong
    assert set(tally.tried) >= {*faults.HARMS, "truncated_0", "truncated_8"}
    assert tally.accepted_right > 300


@pytest.mark.parametrize("scheduled", [False, True], ids=["back to back", "by the poller's plan"])
def test_faults_combined_at_random(scheduled):
    """Several faults at once, stale replies and a stuck line among them, never put a wrong number into the state."""
    tally = run(modbus_wire.at_random(random.Random(7)), 1500, scheduled=scheduled)
    assert tally.accepted_wrong == 0, tally.wrong
    assert tally.chance_crc <= 1
    assert tally.accepted_right > 300
    assert min(tally.refused[kind] for kind in modbus_wire.OUTCOMES[1:]) > 0


def test_the_judge_sees_a_wrong_number():
    """A master that believes in no late reply is found out: a zero of the matrix is no blindness."""
    careless = [dataclasses.replace(slave, late_ms=0) for slave in modbus_wire.SLAVES]
    tally = run(modbus_wire.at_random(random.Random(7)), 600, told=careless)
    assert tally.accepted_wrong > 0


def test_a_late_refusal_makes_no_way_for_a_late_reply():
    """An exception that answers an earlier read ends this one; this one's own reply must pass for nobody's either."""
    overdue = ("overdue", faults.HARMS["overdue"])
    refusal = [("late exception", faults.HARMS["exception_reply"]), overdue]
    source = random.Random(1)

    def plan():
        while True:
            yield source.choice(([], refusal, [overdue], [overdue]))

    blocks = tuple((3, 100 * count, count, "fast") for count in range(1, 9))
    slaves = (modbus_wire.Slave(10, blocks, timeout_ms=100),)
    wire = modbus_wire.Wire(slaves, 19200, plan(), 1, limit=1000)
    tally = modbus_wire.run(modbus_wire.own_master(slaves), wire, 19200)
    assert tally.accepted_wrong == 0, tally.wrong
    assert tally.accepted_right > 150
    assert tally.refused["exception"] > 50


@pytest.mark.soak
def test_the_long_run():
    """A hundred thousand transactions, a new seed's worth of damage, and still no wrong number."""
    tallies = modbus.matrix(100_000, 2)
    assert sum(tally.transactions for tally in tallies) >= 100_000
    assert [tally.wrong for tally in tallies] == [[]] * len(tallies)
    assert sum(tally.accepted_wrong for tally in tallies) == 0
    assert sum(tally.chance_crc for tally in tallies) <= 20
