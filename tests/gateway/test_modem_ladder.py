"""A modem that hangs behind the gateway's port, and each step that brings it back."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from nspgateway.ports import PortError, SwitchError
from nspgateway.ports.conversation import Timing
from nspgateway.ports.hub_power import HubPort
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.ptys import open_pty
from patience import PATIENCE_S
from port_rig import HASTY, Rig, arrives, pair, until


@pytest.fixture
async def rig():
    """A fresh rig; its tasks and modems are stopped at the end."""
    fresh = Rig()
    yield fresh
    await fresh.close()


async def test_a_modem_that_answers_nothing(rig):
    """A dead modem is reported as silent after the whole ladder, and the steps are counted."""
    pty = open_pty()
    try:
        port = rig.port(pty.slave_path, Timing(0.02, 0.05, 0.1, 0.1, (0.01, 0.02)))
        await until(lambda: port.steps["reopen"] >= 2)
        assert (port.state, port.cause) == ("down", "silent")
        assert "does not answer" in port.reason
        assert port.steps["ATZ"] >= 2
        assert port.steps["AT+RUN"] >= 2
    finally:
        pty.close()


@pytest.mark.parametrize("cure", ["AT+PRECV=0", "ATZ"])
async def test_a_hung_modem_is_revived_by_the_ladder(rig, cure):
    """A modem that stops answering is noticed in the quiet and brought back by the step that helps."""
    modem, port, kit = await pair(rig, HASTY)
    modem.hang("no_answer", cure)
    await until(lambda: port.steps[cure] >= 1)
    await until(lambda: port.state == "up")
    await arrives(kit, rig, b"\xe0back")


async def test_a_modem_in_its_bootloader_is_started(rig):
    """A modem stuck in boot mode gets AT+RUN and then its settings."""
    modem, port, kit = await pair(rig, HASTY)
    modem.hang("boot_mode")
    await until(lambda: port.steps["AT+RUN"] >= 1)
    await until(lambda: port.state == "up")
    await arrives(kit, rig, b"\xe0back")


class Switch:
    """A hub's port under the modem: what is pulled when its power is cut."""

    def __init__(self, modem: Rui3Modem, *, broken: bool = False) -> None:
        self.modem, self.broken = modem, broken
        self.done: list[str] = []

    async def off(self) -> None:
        self.done.append("off")
        if self.broken:
            raise SwitchError("no such hub")
        self.modem.unplug()

    async def on(self) -> None:
        self.done.append("on")
        self.modem.replug()


SWIFT = Timing(answer_s=0.1, boot_s=0.2, sent_s=0.1, check_s=0.1, retry_s=(0.02, 0.1), off_s=0.02)


async def test_a_modem_that_only_a_power_cut_revives_is_cut(rig):
    """The last step of the ladder: its port is switched off and on at the hub, opened again, and all is well."""
    modem, kit = await rig.modem(), await rig.modem("kit")
    switch = Switch(modem)
    port = rig.port(modem.path, SWIFT, power_switch=switch)
    other = rig.port(kit.path, on_reception=lambda _: None)
    await until(lambda: (port.state, other.state) == ("up", "up"))
    modem.hang("no_answer")
    await until(lambda: port.steps["power"])
    await until(lambda: port.state == "up")
    assert switch.done == ["off", "on"] * port.steps["power"]
    await arrives(other, rig, b"\xe0back")


async def test_a_hub_that_cannot_switch_does_not_stop_the_ladder(rig):
    """The steps below it are tried again and again, and the modem is never left switched off."""
    modem = await rig.modem()
    switch = Switch(modem, broken=True)
    modem.hang("dead")
    port = rig.port(modem.path, SWIFT, power_switch=switch)
    await until(lambda: port.steps["reopen"] >= 2)
    assert switch.done == ["off", "on"] * 2
    modem.recover()
    await until(lambda: port.state == "up")


async def test_a_modem_that_takes_frames_and_sends_none_is_climbed_up_to_its_supply():
    """Setting it up again is no cure: each time it turns out mute the ladder begins one step higher."""
    once = [1, 1, 1, 1]
    for slower in (1, 4, 16):
        steps = await climbed(replace(SWIFT, answer_s=0.1 * slower, boot_s=0.2 * slower, sent_s=0.1 * slower))
        if steps == once:
            break  # else again with more patience: on a machine that pauses, a modem that works looks dead too
    assert steps == once


async def climbed(timing):
    """How often each step was taken until a modem that sends nothing works again."""
    rig = Rig()
    try:
        modem = await rig.modem()
        port = rig.port(modem.path, timing, power_switch=Switch(modem))
        await until(lambda: port.state == "up")
        modem.hang("sends_nothing")
        async with asyncio.timeout(PATIENCE_S):
            while modem.sent == 0:
                with suppress(PortError):
                    await port.send(b"\xe0")
                await asyncio.sleep(0.01)
        return [port.steps[name] for name in ("AT+PRECV=0", "ATZ", "AT+RUN", "power")]
    finally:
        await rig.close()


HUB = """#!/bin/sh
echo "$@" >> {calls}
echo "Current status for hub 1-1"
[ "$6" = {fails} ] && echo "no power switching" && exit 1
exit 0
"""


@pytest.mark.parametrize(("location", "hub", "number"), [("1-1.2", "1-1", "2"), ("2-3", "2", "3")])
async def test_a_hub_s_port_is_switched_by_uhubctl(tmp_path, location, hub, number):
    """The location in gateway.toml becomes the program's arguments, each of its own, and a refusal has its reason."""
    program, calls = tmp_path / "uhubctl", tmp_path / "calls"
    program.write_text(HUB.format(calls=calls, fails="on"))
    program.chmod(0o700)
    port = HubPort(location, str(program))
    await port.off()
    with pytest.raises(
        SwitchError, match=f"port {number} of hub {hub} cannot be switched on: no power switching"
    ):
        await port.on()
    assert calls.read_text().splitlines() == [
        f"-l {hub} -p {number} -a off -r 10",
        f"-l {hub} -p {number} -a on -r 10",
    ]
    with pytest.raises(SwitchError, match="install it"):
        await HubPort(location, str(tmp_path / "missing")).off()
