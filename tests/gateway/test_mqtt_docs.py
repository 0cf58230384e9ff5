"""docs/mqtt.md: what it tells people to write and to send is what the gateway takes."""

import json
import re
from pathlib import Path

import msgspec

from nspgateway.asyncapi import CHANNELS
from nspgateway.command_payloads import COMMANDS
from nspgateway.config import load_gateway
from nspgateway.mqtt_commands import check
from nspgateway.payloads import Reply
from nspgateway.people_store import COMMANDS_KEPT

PAGE = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text()
HEAD = """
region = "regio-oost"
cp = "kazerne-oost"
cp_number = 1
data = "data"
points = "points.toml"
keys = "keys.db"
[radio]
port = "/dev/null"
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_settings_on_the_page_are_taken(tmp_path: Path) -> None:
    """Both brokers can be copied into gateway.toml as they stand, clients and all."""
    file = tmp_path / "gateway.toml"
    file.write_text("\n".join((HEAD, *blocks("toml"))))
    config = load_gateway(file)
    check(file, config)
    region, own = config.broker
    assert region.optional
    assert own.client[0].may


def test_the_command_and_the_reply_on_the_page_are_real() -> None:
    """The example is understood, and the reply is one of ours."""
    (shell,), (reply,) = blocks("sh"), blocks("json")
    body = re.findall(r"-m '(.*)'", shell)[0]
    what = re.findall(r"/command/screen-2/(\w+)", shell)[0]
    asked = msgspec.json.decode(body, type=COMMANDS[what].payload)
    assert msgspec.json.decode(reply, type=Reply).id == asked.id == json.loads(body)["id"]


def test_the_topics_on_the_page_are_all_of_them() -> None:
    """No kind of message is left out, and which are retained is right."""
    rows = re.findall(r"^\| `(nsp/v1/[^`]+)` \| (yes|no)", PAGE, re.MULTILINE)
    said = {(re.sub(r"[{<]\w+[}>]", "+", c.address), c.retain) for c in CHANNELS if not c.receive}
    assert {(re.sub(r"<\w+>", "+", topic), kept == "yes") for topic, kept in rows} == said
    assert f"newest {COMMANDS_KEPT:,} ids" in PAGE
