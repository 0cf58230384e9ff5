"""The fleet in virtual time: real kits and the gateway's decisions over a hard air, judged by the demands on the link."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from nsplink import regions
from nsptools import cli
from nsptools.fleet.demands import DEMANDS, failed
from nsptools.fleet.run import run
from nsptools.fleet.story import Story
from nsptools.fleet.town import Channel
from nsptools.fleet.verdict import most_in_an_hour, percentile

ONE_PERCENT = regions.CHANNELS_HZ[2]


def unmet(verdict):
    """Demands that are not met; what is counted by the day says nothing of a few hours, where one is allowed."""
    assert verdict.false_silent <= 1
    return [f"{d.text}: {d.figure(verdict)}" for d in failed(verdict) if "a day" not in d.text]


def test_forty_hidden_kits_with_loss_outage_and_power_cuts():
    """Everything that is raised gets into the journal once and in time, and no heartbeat is lost for good."""
    story = Story(6, alarms=40, calls=6, reboots=8, outages=((3, 1),))
    verdict = run(story, seed=1)
    assert unmet(verdict) == []
    assert (verdict.raised, verdict.calls, verdict.journalled) == (40, 6, 46)
    assert verdict.heartbeats_late > 200
    assert verdict.late_off_max <= 10


def test_a_storm_is_heard_out():
    """Forty alarms within two seconds: three are heard at once, half within a minute, and none is forgotten."""
    verdict = run(Story(3, alarms=0, calls=2, storms=(1, 2)), seed=1)
    assert unmet(verdict) == []
    assert verdict.journalled == 2 * 40 + 2


def test_the_law_holds_on_a_channel_of_one_percent():
    """Where an hour has 36 seconds, nobody takes more of it, whatever happens, and alarms still arrive."""
    story = Story(4, alarms=30, calls=4, outages=((1.5, 0.5),), storms=(3,))
    verdict = run(story, channel=Channel(ONE_PERCENT), seed=1)
    assert 0.3 < verdict.duty_share <= 1
    assert verdict.missing == 0
    assert verdict.heartbeats_lost == 0


def test_a_run_repeats_to_the_byte():
    """The same seed gives the same bytes in another process with other hashes; another seed gives others."""

    def digest(seed, hash_seed):
        command = [
            "-m",
            "nsptools.cli",
            "fleet",
            "--kits",
            "6",
            "--hours",
            "2",
            "--alarms",
            "4",
            "--calls",
            "2",
        ]
        done = subprocess.run(
            [sys.executable, *command, "--reboots", "2", "--seed", str(seed), "--json"],
            env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
            capture_output=True,
            text=True,
            check=False,
        )
        return json.loads(done.stdout)["digest"]

    first = digest(5, 1)
    assert first == digest(5, 2)
    assert first != digest(6, 1)


def test_a_town_whose_gateway_never_comes_back_fails(capsys):
    """The judge can say no: what is raised in the dark is missing, and the command says so and ends with 1."""
    arguments = ["fleet", "--kits", "4", "--hours", "2", "--alarms", "3", "--calls", "1", "--outage", "0.1:9"]
    assert cli.main(arguments) == 1
    assert "NOT MET" in capsys.readouterr().out
    verdict = run(Story(2, alarms=3, calls=1, outages=((0.1, 9),)), kits=4)
    assert [demand.text for demand in failed(verdict)] == [DEMANDS[0].text]
    assert verdict.missing == 4


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--outage", "x"], "HOUR:HOURS"),
        (["--frequency-hz", "869300000"], "869475000"),
        (["--kits", "64"], "63"),
    ],
)
def test_what_cannot_be_run_is_said(arguments, complaint, capsys):
    """A wrong option ends with 2 and names what there is."""
    assert cli.main(["fleet", *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_the_judge_counts_right():
    """The hour that slides finds its worst place, and a percentile is a value that occurred."""
    spent = [
        (0.0, 10.0, b""),
        (1800.0, 10.0, b""),
        (3599.0, 5.0, b""),
        (3605.0, 5.0, b""),
        (9000.0, 1.0, b""),
    ]
    assert most_in_an_hour(spent) == 25.0
    assert most_in_an_hour([]) == 0.0
    assert percentile([5, 1, 4, 2, 3], 50) == 3
    assert percentile(list(range(1, 201)), 99) == 198
    assert percentile([], 99) is None


@pytest.mark.soak
@pytest.mark.parametrize("frequency_hz", [regions.CHANNELS_HZ[0], ONE_PERCENT])
def test_three_days(frequency_hz):
    """Seventy-two hours, six of them without a gateway: nothing missing, nothing lost, nothing unlawful."""
    story = Story(reboots=20, outages=((30, 6),))
    verdict = run(story, channel=Channel(frequency_hz), seed=1)
    assert (verdict.missing, verdict.heartbeats_lost, verdict.state_behind) == (0, 0, 0)
    assert verdict.false_silent <= 3
    assert verdict.duty_share <= 1
