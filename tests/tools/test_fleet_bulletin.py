"""A message to residents over a hard air: forty kits have it in time, and a stolen kit's keys change nothing on a wall."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from nspgateway import bulletin
from nspgateway.bulletin_sender import BulletinSender, Sent
from nsplink import frame, message, seal
from nsptools.bench import virtual_time
from nsptools.fleet.kit import CountingRadio
from nsptools.fleet.town import CP_NUMBER, GATEWAY_ID, Channel, Town

KITS = 40
TEXT = ("Kook kraanwater drie minuten voor u het drinkt. Water halen kan bij het noodsteunpunt. " * 7)[:600]
# As long as ours, so that each of its fragments fits the place of one of ours.
FORGED = ("Ga naar huis. " * 50)[:600].encode()


def told(folder: Path, story: Callable[[Town, BulletinSender], Awaitable[None]]) -> Town:
    """Run a story in a town of forty kits at 20 % loss each way; return the town as it ended."""

    async def play() -> Town:
        town = Town(KITS, folder, Channel(), loss=0.2, seed=7)
        sender = BulletinSender(town.gateway, [post.address for post in town.posts])
        town.gateway.on_receipt = sender.receipt
        town.start()
        await asyncio.sleep(600)
        await story(town, sender)
        await town.stop()
        return town

    return virtual_time.run(play())


def hang(town: Town) -> list[str]:
    """Return the SHA-256 of what hangs at each point; "" for nothing."""
    texts = [post.kit.inbox.shown() for post in town.posts]
    return ["" if shown is None else hashlib.sha256(shown[2]).hexdigest() for shown in texts]


def test_600_characters_reach_forty_kits_within_five_minutes(tmp_path: Path) -> None:
    """Protects what people are told: 40 kits at 20 % loss, the same text to the bit, within the lawful hour of the gateway."""
    took: list[float] = []

    async def story(town: Town, sender: BulletinSender) -> None:
        began = asyncio.get_running_loop().time()
        sender.send(Sent(1, 1, TEXT, None, None))
        while "" in hang(town) and len(took) < 600:
            await asyncio.sleep(1)
            took.append(asyncio.get_running_loop().time() - began)

    town = told(tmp_path, story)
    assert set(hang(town)) == {hashlib.sha256(TEXT.encode()).hexdigest()}
    assert took[-1] < 300
    assert sum(air_s for _, air_s, _ in town.gateway.radio.spent) < town.channel.limit_s


class Thief:
    """Somebody with one kit's keys, a radio that reaches everybody, and a text of their own."""

    def __init__(self, town: Town, stolen: int) -> None:
        self.town, self.kit = town, town.posts[stolen]
        self.own = seal.DownlinkKey(self.kit._key, GATEWAY_ID)
        self.group = seal.DownlinkKey(self.kit._group, GATEWAY_ID)
        self.radio = CountingRadio(town.air, "thief", town.channel.phy(), lambda *_heard: None)
        self._counter = 1 << 20
        for post in town.posts:
            town.air.set_path_loss("thief", post.name, 105.0)
        self._task = asyncio.create_task(self.radio.run())

    async def say(self, kind: str, address: int, values: Mapping[str, object]) -> None:
        """Put one frame on the air, sealed as well as the stolen keys allow."""
        self._counter += 1
        group = address == frame.address(CP_NUMBER, 0)
        epoch = 0 if group else self.town.gateway.disk.epochs.get(address, 0)
        header = frame.Header(frame.DOWN, kind, address, 1, False, True, self._counter)
        data = (self.group if group else self.own).seal(header, message.encode(kind, dict(values)), epoch)
        await self.radio.send(data, 1000)

    async def fragments(self, number: int) -> None:
        """Send the forged text to all, as a part of message ``number``."""
        for values in bulletin.fragments(number, 1, FORGED):
            await self.say("fragment", frame.address(CP_NUMBER, 0), values)

    async def stop(self) -> None:
        """Switch off."""
        self._task.cancel()
        await asyncio.wait([self._task])


def test_what_a_stolen_kit_forges_hangs_nowhere_else(tmp_path: Path) -> None:
    """Protects the town from one stolen kit: its holder knows the group key, and still no other kit shows their text."""
    seen: set[str] = set()

    async def story(town: Town, sender: BulletinSender) -> None:
        thief = Thief(town, stolen=4)
        await asyncio.sleep(1)  # until the radio is up
        others = [post for post in town.posts if post is not thief.kit]
        forged = bulletin.release(2, 1, FORGED)
        # A message that nobody released, with a release for each kit under the one key that they have.
        await thief.fragments(2)
        for post in others:
            await thief.say("release", post.address, forged)
        await thief.fragments(2)
        seen.update(hang(town))
        # Their text in the place of ours, while ours is under way.
        sender.send(Sent(1, 1, TEXT, None, None))
        for _ in range(2):
            await thief.fragments(1)
            await asyncio.sleep(20)
            seen.update(hang(town))
        for _ in range(70):
            if "" in hang(town):
                await asyncio.sleep(60)
        # Their own kit believes them: the forgery is as good as it can be.
        for _ in range(8):
            await thief.say("release", thief.kit.address, forged)
            await thief.fragments(2)
        await thief.stop()

    town = told(tmp_path, story)
    real, false = (hashlib.sha256(text).hexdigest() for text in (TEXT.encode(), FORGED))
    assert seen <= {"", real}
    texts = hang(town)
    assert texts.pop(4) == false
    assert set(texts) == {real}
