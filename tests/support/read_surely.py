"""Reads over a wire that keeps its own time, on a machine that may pause in the middle of one."""

TRIES = 20


async def read_surely(poller, index, tries=TRIES):
    """Let a poller read a block of its first device, again where the reply was late or cut by a pause; whether it came.

    A refusal is an answer, and is not asked for again.
    """
    device, bus = poller.devices[0], poller._bus
    for _ in range(tries):
        errors, lost = device.errors, _lost(bus)
        await poller.read(device, index)
        if device.errors == errors:
            return True
        if _lost(bus) == lost:
            return False
    return False


def _lost(bus):
    return bus.errors["timeout"] + bus.errors["garbled"]
