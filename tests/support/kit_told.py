"""A kit with a front whose gateway has said what 112 does, and the words of the people at that gateway."""

from kit_front import Front
from kit_rig import play


def told(story, tmp_path, status112="off", inputs=None, front=None, **conf):
    """Play ``story(rig, front)`` with a gateway that has said what 112 does; (rig, front). ``conf``: settings of the kit."""
    front = front or Front()

    async def go(rig):
        await rig.heard("boot", 70)
        await rig.after(3)
        if status112:
            await rig.tell("status112", values={"status112": status112, "utc_min": 1000})
            await rig.after(5)
        await story(rig, front)

    conf |= {} if inputs is None else {"inputs": inputs}
    return play(tmp_path, go, parts=front.parts, **conf), front


async def stage(rig, one, stage, answer="none", text=b""):
    """A person's, or the machine's, word on this call."""
    values = {
        "event_boot": one.values["event_boot"], "event_n": one.values["event_n"],
        "help_stage": stage, "help_answer": answer, "utc_min": None, "text": text,
    }  # fmt: skip
    await rig.tell("help_stage", values=values)
    await rig.after(2)


def calls(rig):
    """(kind, mark, event) of every call for help, each once however often it was sent."""
    found = []
    for one in rig.of("help"):
        values = one.values
        call = values["help_kind"], values["help_mark"], (values["event_boot"], values["event_n"])
        if call not in found:
            found.append(call)
    return found
