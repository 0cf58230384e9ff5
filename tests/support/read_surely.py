"""Reads over a wire that keeps its own time, on a machine that may pause in the middle of one."""

TRIES = 20


async def read_surely(poller, index, tries=TRIES, device=None):
    """Let a poller read a block of a device (its first), again where the reply was late or cut by a pause; whether it came.

    After a late reply the bus asks for more than the block, which a device may refuse: that is asked for again too.
    """
    bus, device = poller._bus, device or poller.devices[0]
    for _ in range(tries):
        reads = bus.reads
        await poller.read(device, index)
        if bus.reads > reads:
            return True
        if tries > 1:  # until its late reply can no longer come the bus does not ask for the block itself
            await poller._clock.sleep_ms(device.model.late_ms // 4)
    return False
