"""Counts what a subscriber sees: telemetry that came twice, and alarms that were raised."""

from __future__ import annotations

import asyncio
import contextlib
import json

import aiomqtt

from nsptools.demo import places

_RETRY_S = 0.2


class Tally:
    """A plain subscriber on the demo's broker; it knows the gateway only by what it publishes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._keys: set[str] = set()
        self.duplicates = 0
        self.alarms: set[str] = set()
        self.listening = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled; comes back when the broker does."""
        root = f"nsp/v1/{places.REGION}/+"
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                async with aiomqtt.Client("127.0.0.1", self._port) as client:
                    await client.subscribe(f"{root}/telemetry", qos=1)
                    await client.subscribe(f"{root}/alarm/+", qos=1)
                    self.listening.set()
                    async for message in client.messages:
                        self._note(message)
            await asyncio.sleep(_RETRY_S)

    def _note(self, message: aiomqtt.Message) -> None:
        if not message.payload:  # a retained message that was cleared
            return
        body = json.loads(message.payload)
        if message.topic.matches("nsp/v1/+/+/telemetry"):
            if body["key"] in self._keys:
                self.duplicates += 1
            self._keys.add(body["key"])
        elif body["state"] != "normal":
            self.alarms.add(message.topic.value.rsplit("/", 1)[1])
