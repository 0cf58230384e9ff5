"""A gateway in a busy hour: every kind of message, and in every field that a person fills a marker of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from command_room import Room
from gateway_box import VITAL, Box, sealed
from nspgateway import messages
from nspgateway.messages import OutboxMessage
from nspgateway.mqtt_commands import REPLY_EXPIRY_S
from nspgateway.notify import Notice
from nspgateway.people import By
from nspgateway.ports import Reception
from nsplink import backfill, message

# Where a person's words or name go in, and the marker that goes in there.
MARKERS = {
    name: f"zq{number}{name}qz"
    for number, name in enumerate(
        (
            *("help", "details", "withdrawn", "report", "who", "note_page", "note_mqtt"),
            *("call_name", "call_whom", "call_answer", "call_place", "call_back", "call_reason"),
            *("call_voice", "call_voice_place", "draft", "strange_field", "strange_word"),
        )
    )
}
PERSON = By(MARKERS["who"], "cp_medewerker", "page")


class BusyBox:
    """``room``: the gateway after its hour; what came out of it beside its outbox stands in the others.

    ``commands``: what clients sent, by their word; ``replies``: messages; ``log``: every line, debug too.
    """

    def __init__(self, folder: Path) -> None:
        self.room = Room(folder, linked=True, deployment="open")
        self.notices: list[Notice] = []
        self.replies: list[OutboxMessage] = []
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self._number = 0
        with capture_logs() as self.log:
            self.box.ingest.recorder.on_notices = self.notices.extend
            self._kits()
            self._people()
            self._clients()
            self.box.ingest.receive(Reception(MARKERS["strange_word"].encode(), -90, 7.0))
            self.box.clock.move(3600)
            self.box.ingest.tick()

    @property
    def box(self) -> Box:
        """The gateway."""
        return self.room.box

    def outbox(self) -> list[OutboxMessage]:
        """Return everything that goes to a broker by way of the outbox."""
        return [message for _, message in self.box.store.outbox("own", 10**6)]

    def statuses(self) -> list[OutboxMessage]:
        """Return what is said of the gateway itself, past the outbox."""
        config, now = self.box.config, self.box.clock.now()
        place = (config.region, config.cp)
        return [
            messages.gateway_status(*place, "online", now, "", health=self.box.ingest.health()),
            messages.gateway_status(*place, "offline", now, "stopped"),
            messages.last_will(*place, now),
        ]

    def _kits(self) -> None:
        box = self.box
        box.ingest.attach(box.mast)
        box.boot(100)
        box.vital(101, alarms=1 << 2)
        box.hear(sealed(box.key(65), 102, "full"))
        box.hear(sealed(box.key(65), 103, "status"))
        name = {"event_boot": 1, "age_s": 4}
        box.say("alarm", 104, **name, event_n=0, alarm="overload")
        for n, mark in enumerate(("made", "details", "withdrawn"), 1):
            text = MARKERS["help" if mark == "made" else mark].encode()
            box.say("help", 104 + n, **name, event_n=7, help_kind="ambulance", help_mark=mark, text=text)
        box.say("help", 108, event_boot=None, event_n=None, help_kind=None, help_mark=None, age_s=None)
        report = {
            "deployment": "open",
            "displayed_rev": 0,
            "stock_low": 0,
            "text": MARKERS["report"].encode(),
        }
        box.say("report", 109, **{**name, "event_n": 8} | report)
        payload = message.encode("vital", VITAL)
        data, _ = backfill.pack([(50, 0, payload), (51, 300, payload)])
        box.say("backfill", 110, base_counter=50, base_age_s=900, records=data)
        box.run(30)

    def _people(self) -> None:
        desk = self.room.desk
        desk.set_deployment("de-linde", "partly_open", PERSON, note=MARKERS["note_page"])
        desk.acknowledge("de-linde", "power_lost", PERSON)
        desk.plan_stop("de-ark", PERSON)
        call, words = "65-1-1-7", MARKERS
        desk.read_call(call, PERSON)
        desk.pass_on(call, PERSON, "other", words["call_name"], other=words["call_whom"])
        desk.answer_call(call, PERSON, "text", words["call_answer"])
        desk.place_call(call, PERSON, words["call_place"])
        desk.called_back(call, PERSON, words["call_back"])
        desk.close_call("65-1-x-108", PERSON, "other", words["call_reason"])
        desk.enter_call("de-ark", PERSON, "police", words["call_voice"], place=words["call_voice_place"])

    def _clients(self) -> None:
        deployment = {"point": "de-ark", "word": "open", "note": MARKERS["note_mqtt"]}
        self.ask("deployment", deployment)
        self.ask("stop", {"point": "de-linde", "minutes": 10})
        self.ask("end_stop", {"point": "de-linde"})
        self.ask("backfill", {"point": "de-linde"})
        self.ask("stop", {"point": "de-linde"}, client="screen")
        self.ask("acknowledge", {"point": "de-linde", "alarm": "overload"}, client="screen")
        valid_until = (self.box.clock.now() + timedelta(hours=2)).isoformat()
        self.ask("bulletin", {"nl": MARKERS["draft"], "valid_until": valid_until})
        self.box.clock.move(10)  # more at once than a client may ask
        due_at = (self.box.clock.now() + timedelta(hours=3)).isoformat()
        for litres in (200.0, 300.0):
            self.ask("plan_delivery", {"point": "de-ark", "litres": litres, "due_at": due_at})
        first, _ = self.box.ingest.situation.standings["de-ark"].deliveries
        self.ask("deliver", {"delivery": first, "litres": 190.0})
        self.ask("cancel_delivery", {"delivery": first})
        self.ask("stop", {"point": "de-linde", "why": MARKERS["strange_field"]})
        self.ask(MARKERS["strange_word"], {"point": "de-linde"})

    def ask(self, what: str, arguments: Mapping[str, Any], *, client: str = "desk") -> None:
        """Let a client send a command; keep it and its reply."""
        self._number += 1
        name, config = f"c-{self._number}", self.box.config
        self.commands.append((what, {"id": name, **arguments}))
        payload = self.room.raw(what, dict(arguments), name, client=client)
        now = self.box.clock.now()
        topic = messages.reply_topic(config.region, config.cp, client)
        self.replies.append(OutboxMessage(topic, payload, False, REPLY_EXPIRY_S, now))
