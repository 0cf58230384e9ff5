"""The kit's side of settings changed over the air, under power cuts: see board/cutflash.py.

The real settings, remote and overlay modules on the real file system; three settings change together.
"""

import random
import sys

from nspkit import models, remote, settings
from nspkit.files import Files
from nsplink import commands

models.get("sdm630")  # the image has none
CHANGES = 12
NAMES = ("heartbeat_s", "full_s", "rated_w")


def say(word, conf):
    sys.stdout.write("%s %s\n" % (word, " ".join([str(conf[name]) for name in NAMES])))


def run(seed, wrong):
    """One boot: what is in force, then changes, each staged one by one and confirmed as a whole."""
    random.seed(int(seed))
    conf = settings.load("")
    say("boots", conf)
    kit = remote.Remote(Files(""), conf, 0)
    for _ in range(CHANGES):
        number = random.randrange(60, 1000)
        wanted = {"heartbeat_s": number, "full_s": number + 300, "rated_w": number}
        say("wanted", wanted)
        if wrong == "single":
            for name in NAMES:
                kit.handle("stage", commands.setting_argument(name, wanted[name]), 0)
                kit.handle("confirm", remote.check_of({name: wanted[name]}), 0)
        else:
            for name in NAMES:
                assert kit.handle("stage", commands.setting_argument(name, wanted[name]), 0)[0] == "done"
            assert kit.handle("confirm", remote.check_of(wanted), 0)[0] == "done"
        say("done", conf)
