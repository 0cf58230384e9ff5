"""Power cuts in the middle of flash writes: what a kit keeps on flash survives them, and no counter comes twice."""

import random
from pathlib import Path

import pytest

import power_cut_kit
from nspkit import budget, persist
from nsptools.bench.twin import make_image
from nsptools.bench.twin.powercut import PowerCuts
from power_truth import RING_KEEPS, PowerTruth

SCRIPT = Path(power_cut_kit.__file__)
IMAGE_BYTES = 96 * 4096
MINUTE_MS = 60_000
CUTS, FULL = 1000, 20
NEVER = 1 << 40


def new_kit(folder):
    image = folder / "flash.img"
    files = {name: persist.initial_record(1, power_cut_kit.KEY) for name in persist.FILES}
    make_image(image, files | {name: budget.initial_record() for name in budget.FILES}, size=IMAGE_BYTES)
    return image


def cut_often(image, cuts, seed, wrong="-"):
    """Boot until the power was cut so often, at the end with the gateway away and the ring full; the truth."""
    dice = random.Random(seed)
    truth = PowerTruth()
    with PowerCuts(image, SCRIPT) as bench:
        while cuts:
            fill = cuts == FULL and truth.most_waiting < RING_KEEPS
            mode = "silent" if cuts <= FULL else dice.choice(("all", "all", "few"))
            after = NEVER if fill else dice.randrange(1, 600 if mode == "few" else 2500)
            look = fill or cuts % 4 == 0
            boot = bench.boot(after, dice.randrange(1 << 30), dice.randrange(1 << 30), int(look), mode, wrong)
            truth.boot(boot.lines, dice.choice((0, 0, 1, 20, 90)) * MINUTE_MS)
            cuts -= boot.cut
    return truth


def test_a_thousand_power_cuts_lose_nothing(tmp_path):
    """Counters rise, the hour is never forgotten, what was flushed or saved is there and whole, the flash mounts."""
    truth = cut_often(new_kit(tmp_path), CUTS, 1)
    assert truth.used > CUTS * 10
    assert truth.most_waiting >= RING_KEEPS
    for write in ("reserve", "book", "flush", "save", "drop"):
        assert truth.last_words[write] >= 25, truth.last_words


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("counter", "counter"),
        ("hour", "on the air"),
        ("journal", "flushed and are gone"),
        ("event", "event"),
    ],
)
def test_the_wrong_order_is_found(tmp_path, wrong, found):
    """The cuts would show a counter used before it is reserved, and the like of the other three."""
    with pytest.raises(AssertionError, match=found):
        cut_often(new_kit(tmp_path), 250, 2, wrong)
