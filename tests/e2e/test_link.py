"""Both directions of the link over real bytes: a twin of the kit, two modems, the gateway with its journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
import pytest_asyncio

from air_post import Post
from mqtt_peers import until
from nspgateway.downlinks import Ticket
from nspgateway.people import By
from nspkit.remote import check_of
from nsplink import commands, frame
from nsptools.demo.run import Options, Running, demo

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLUG = "de-linde"
LONG_S = 400.0  # a test of the alarm path has 300 s for itself


@dataclass
class World:
    """A town of one point, and an ear that writes down what is on the air."""

    running: Running
    ear: Post
    kit: int

    def said(self, kind: str) -> list[frame.Header]:
        """Headers of all frames of a kind that were on the air, up or down."""
        headers = [frame.parse(data)[0] for _, data in self.ear.heard]
        return [header for header in headers if header.kind == kind and header.address == self.kit]

    def ask(self, **fields: object) -> Ticket:
        """Let the gateway send a command to the kit."""
        transmitter = self.running.gateway.transmitter
        return transmitter.link.request(self.kit, "command", fields, transmitter.now_ms())

    def events(self, kind: str) -> list[tuple[int, int]]:
        """The events of a kind in the gateway's journal, by their names."""
        found = self.running.gateway.store.kit_events(SLUG)
        return [(event.boot, event.n) for event in found if event.kind == kind]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    """Up once the kit's boot report has been answered: from then on it says 16 bits of its counter."""
    async with demo(Options(kits=1, http_port=0, mqtt_port=0), lambda _slug, _line: None) as running:
        point = running.town.points[SLUG]
        ear = Post(running.town.air, "ear")
        await until(lambda: point.address)
        world = World(running, ear, point.address)
        await until(lambda: any(not header.wide for header in world.said("vital")))
        yield world


async def test_a_kit_that_was_answered_says_less(world: World) -> None:
    """Protects airtime: a boot report is said until it is acknowledged and never again, its ack opens at the kit."""
    boots = len(world.said("boot"))
    assert all(header.wide for header in world.said("boot"))
    assert world.said("ack")
    beats = len(world.said("vital"))
    await until(lambda: len(world.said("vital")) >= beats + 2)
    assert len(world.said("boot")) == boots
    assert all(not header.wide for header in world.said("vital")[beats:])


async def test_a_setting_is_staged_read_back_and_confirmed(world: World) -> None:
    """Protects a kit from half a change: the answers say what it has, and it acts only on the check of the whole."""
    argument = commands.setting_argument("rated_w", 9000)
    staged = world.ask(command="stage", argument=argument)
    await until(lambda: staged.state == "answered")
    assert (staged.result, staged.value) == ("done", argument)
    wrong = world.ask(command="confirm", argument=b"\\0\\0")
    await until(lambda: wrong.state == "answered")
    assert wrong.result == "mismatch"
    right = world.ask(command="confirm", argument=check_of({"rated_w": 9000}))
    await until(lambda: right.state == "answered")
    assert right.result == "done"
    read = world.ask(command="read", argument=commands.setting_argument("rated_w"))
    await until(lambda: read.state == "answered")
    assert (read.result, read.value) == ("done", argument)


async def test_a_ping_is_answered_by_a_heartbeat(world: World) -> None:
    """Protects the question whether a silent kit lives: a heartbeat answers it, sooner than the next is due."""
    ping = world.ask(command="ping")
    await until(lambda: ping.state == "answered")
    assert (ping.result, ping.value) == ("done", b"")


async def test_the_alarm_path_is_tested_from_the_kit_s_own_input(world: World) -> None:
    """Protects the daily test: a kit's input, its alarm on the air, the rules and the screens, and no alarm of it."""
    gateway = world.running.gateway
    cleared = len(world.events("clear"))
    assert gateway.desk.test_alert_path(By("post-1", "cp_techniek", "page"), SLUG) == SLUG
    await until(lambda: not gateway.alerting.test.is_running, LONG_S)
    test = gateway.ingest.overview().path_test
    assert test is not None
    assert (test.state, test.point, test.step) == ("ok", SLUG, "")
    assert {"kit", "alarm", "rules", "notifier:page"} == set(test.steps)
    await until(lambda: len(world.events("clear")) > cleared)
    assert "alarm_test" not in {alarm.id for alarm in gateway.ingest.overview().alarms}


async def test_a_call_for_help_is_pressed_read_and_passed_on(world: World) -> None:
    """Protects the whole way of a call: from a person's word on 112 and a finger to the page, and people's stages to the glass."""
    gateway, town = world.running.gateway, world.running.town
    officer = By("post-1", "cp_medewerker", "page")
    gateway.desk.set_112("off", officer)
    await until(lambda: town.get(f"{SLUG}.hand.display") == "HULP? 3 SEC DRUK")
    calls = gateway.ingest.situation.calls
    assert not calls
    while not calls:  # a board that pauses with a finger on it has not seen it for long enough
        town.set(f"{SLUG}.hand.help", "1")
        with suppress(pytest.fail.Exception):
            await until(lambda: calls, 30)
    (call,) = calls
    await until(lambda: town.get(f"{SLUG}.hand.display") == "BINNEN BIJ CP/NIET GELEZEN")
    gateway.desk.read_call(call, officer)
    await until(lambda: town.get(f"{SLUG}.hand.display").startswith("GELEZEN"))
    gateway.desk.pass_on(call, officer, "control_room", "centralist 12")
    await until(lambda: town.get(f"{SLUG}.hand.display").startswith("MELDKAMER"))
    await until(lambda: gateway.ingest.overview().calls[0].is_shown)
    gateway.desk.close_call(call, officer, "mistake")


async def test_an_alarm_outlives_its_kit_s_power(world: World) -> None:
    """Protects an alarm that nobody could hear: kept on flash, it arrives once when kit and gateway are back."""
    running = world.running
    point = running.town.points[SLUG]
    running.town.gateway_modem.unplug()
    tries = len(world.said("alarm"))
    running.town.set(f"{SLUG}.plant.estop", "1")
    await until(lambda: len(world.said("alarm")) >= tries + 2)
    named = world.said("alarm")[tries:]
    assert len({header.counter for header in named}) == len(named)
    await point.twin.kill()
    await point.twin.start()
    running.town.set(f"{SLUG}.plant.estop", "0")
    running.town.gateway_modem.replug()
    await until(lambda: world.events("alarm"), LONG_S)
    # A shutdown stays true at the controller until somebody resets it: the new boot does not raise it again.
    beats = len(world.said("vital"))
    await until(lambda: len(world.said("vital")) >= beats + 2, LONG_S)
    assert len(world.events("alarm")) == len(set(world.events("alarm")))
