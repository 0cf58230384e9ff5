"""What the gateway is worth: from a frame at its port to the broker's PUBACK, durable in between.

Against a real Mosquitto on this machine, the gateway in a process of its own (gateway_process.py), the journal
with synchronous=FULL in a folder on this machine's disk (NSP_BENCH_DIR names another one):

messages_per_s         MQTT messages a second that the broker acknowledged, of frames of 40 kits as fast as they are
                       taken, one of each kit on its way at any time; ``frames_per_s`` the same in frames
broker_ceiling_per_s   what a bare paho publisher reaches: QoS 1, a ready-made payload of 300 bytes, window 20,
                       against the same broker between the gateway's runs. Of all the best run counts.
ratio                  the one by the other
cpu_us_per_frame       processor time of the gateway's process, MQTT included
latency_ms_p50, _p99   from the port to the last PUBACK of what a frame makes, at 50 frames/s
rss_mb                 resident memory after an hour's worth of heartbeats of 40 kits
cpu_idle_percent       of one processor, with 40 points in use and no frames
outage_lost            frames of ``outage_frames`` that no subscriber ever got, at 20 frames/s with the broker
                       stopped for the middle third; ``nodered_lost`` is what Node-RED lost of as many
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from nsptools.benchmark.frame import BenchmarkError, Figures, Options
from nsptools.benchmark.gateway_process import OUTAGE_FRAMES_PER_S
from nsptools.benchmark.mosquitto import HOST, Mosquitto

_WINDOW = 20
_PAYLOAD = b"x" * 300
# A run is some two hours of 40 kits: histories as long as in life.
_ROUNDS, _FRAMES, _CEILING = 8, 1000, 15_000
_QUICK_FRAMES, _QUICK_CEILING = 400, 4000
_LATENCY_FRAMES, _QUICK_LATENCY_FRAMES = 1000, 50
_HOUR_MIN = 60
_HOUR_SPEED, _QUICK_HOUR_SPEED = 300.0, 3600.0
_IDLE_S = 20
_OUTAGE_S = 15
_DEADLINE_S = 120.0
# Node-RED 4.1.15 with its own mqtt out node, QoS 1, in the same test: a single run.
NODE_RED = {"recorded": 200, "of": 300, "version": "4.1.15", "date": "2026-11-22"}


def measure(options: Options) -> Figures:
    """Figures of the gateway: in two minutes, or seconds when quick. Raises BenchmarkError."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("NSP_BENCH_DIR")) as folder:
        return _Measured(Path(folder), options).all()


class _Measured:
    """The measurements, each with a fresh database in ``folder``."""

    def __init__(self, folder: Path, options: Options) -> None:
        self._folder = folder
        self._quick = options.quick
        self._say = options.say
        self._runs = 0

    def all(self) -> Figures:
        with Mosquitto(self._folder) as broker:
            figures = self._throughput(broker)
            self._say("  latency at 50 frames/s ...")
            found = self._run(broker, "latency", _QUICK_LATENCY_FRAMES if self._quick else _LATENCY_FRAMES)
            figures |= {
                "latency_ms_p50": round(found["p50_ms"], 2),
                "latency_ms_p99": round(found["p99_ms"], 2),
            }
            self._say("  memory after an hour of 40 kits ...")
            speed = _QUICK_HOUR_SPEED if self._quick else _HOUR_SPEED
            figures["rss_mb"] = round(self._run(broker, "hour", _HOUR_MIN, speed)["rss_mb"], 1)
            if not self._quick:
                self._say("  processor time when idle ...")
                figures["cpu_idle_percent"] = round(self._run(broker, "idle", _IDLE_S)["percent"], 2)
                self._say("  the broker stopped for 5 of 15 s ...")
                figures |= self._outage(broker)
        return figures

    def _throughput(self, broker: Mosquitto) -> dict[str, object]:
        ceilings: list[float] = []
        runs: list[Mapping[str, float]] = []
        frames, count = (_QUICK_FRAMES, _QUICK_CEILING) if self._quick else (_FRAMES, _CEILING)
        for number in range(1 if self._quick else _ROUNDS):
            self._say(f"  bare publisher and gateway as fast as they go, round {number + 1} ...")
            ceilings.append(ceiling_per_s(broker.port, count))
            runs.append(self._run(broker, "load", frames))
        best = max(runs, key=lambda run: run["messages_per_s"])
        return {
            "messages_per_s": round(best["messages_per_s"]),
            "frames_per_s": round(best["frames_per_s"]),
            "broker_ceiling_per_s": round(max(ceilings)),
            "ratio": round(best["messages_per_s"] / max(ceilings), 3),
            "cpu_us_per_frame": round(min(run["cpu_us_per_frame"] for run in runs)),
        }

    def _outage(self, broker: Mosquitto) -> dict[str, object]:
        total = OUTAGE_FRAMES_PER_S * _OUTAGE_S
        with _Subscriber(broker.port) as subscriber:
            process = self._start(broker, "outage", total)
            time.sleep(_OUTAGE_S / 3 + 1)  # it starts within that second
            broker.stop()
            time.sleep(_OUTAGE_S / 3)
            broker.start()
            self._result(process, "outage")
            subscriber.wait_for(total)
            lost = total - len(subscriber.keys)
        return {"outage_lost": lost, "outage_frames": total, "nodered_lost": NODE_RED}

    def _run(self, broker: Mosquitto, work: str, size: int, speed: float = 1.0) -> dict[str, float]:
        return self._result(self._start(broker, work, size, speed), work)

    def _start(self, broker: Mosquitto, work: str, size: int, speed: float = 1.0) -> subprocess.Popen[str]:
        self._runs += 1
        folder = self._folder / f"gateway-{self._runs}"
        folder.mkdir()
        module = "nsptools.benchmark.gateway_process"
        command = [sys.executable, "-m", module, str(broker.port), str(folder), work, str(size), str(speed)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @staticmethod
    def _result(process: subprocess.Popen[str], work: str) -> dict[str, float]:
        try:
            out, err = process.communicate(timeout=_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise BenchmarkError(f"gateway: {work} did not end within {_DEADLINE_S:g} s.") from None
        if process.returncode:
            raise BenchmarkError(f"gateway: {work}: {err.strip()[-500:]}")
        figures: dict[str, float] = json.loads(out)
        return figures


def ceiling_per_s(port: int, count: int) -> float:
    """Messages a second of a bare paho publisher at QoS 1, the next one sent when the broker has one of 20."""
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.max_inflight_messages_set(_WINDOW)
    room, connected, done = threading.Semaphore(_WINDOW), threading.Event(), threading.Event()
    acknowledged = 0

    def on_publish(*_: object) -> None:
        nonlocal acknowledged
        acknowledged += 1
        room.release()
        if acknowledged == count:
            done.set()

    client.on_connect = lambda *_: connected.set()
    client.on_publish = on_publish
    client.connect(HOST, port)
    client.loop_start()
    try:
        if not connected.wait(_DEADLINE_S):
            raise BenchmarkError("gateway: the broker does not let a publisher in.")
        began_s = time.perf_counter()
        for _ in range(count):
            room.acquire()
            client.publish("nsp/bench", _PAYLOAD, qos=1)
        if not done.wait(_DEADLINE_S):
            raise BenchmarkError("gateway: the broker does not acknowledge.")
        return count / (time.perf_counter() - began_s)
    finally:
        client.disconnect()
        client.loop_stop()


class _Subscriber:
    """Hears all telemetry in a session that outlives the broker's restart; ``keys``: each heartbeat once."""

    def __init__(self, port: int) -> None:
        self.keys: set[str] = set()
        self._subscribed = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id="nsp-bench-subscriber", clean_session=False
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("nsp/v1/+/+/telemetry", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._hear
        self._client.connect(HOST, port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        if not self._subscribed.wait(_DEADLINE_S):
            raise BenchmarkError("gateway: the broker does not let a subscriber in.")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait_for(self, total: int, within_s: float = 20.0) -> None:
        """Return once it has so many, or when no more come."""
        deadline_s = time.monotonic() + within_s
        while len(self.keys) < total and time.monotonic() < deadline_s:
            time.sleep(0.1)

    def _hear(self, _client: Client, _data: object, message: Any) -> None:
        self.keys.add(json.loads(message.payload)["key"])
