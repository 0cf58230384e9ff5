"""Firmware's time is the ESP32's: ticks wrap at 2^30, the epoch is 2000; asyncio is not disturbed."""

from small_board import twin_of


async def test_ticks_wrap_under_running_firmware(tmp_path):
    """A clock extended from ticks, and asyncio's own schedule, both run across the wrap."""
    twin = twin_of(
        tmp_path,
        """
        import asyncio, machine, time
        async def ticker(count):
            for n in range(count):
                await asyncio.sleep_ms(20)
            print("ticker", n)
        async def main():
            last = first = time.ticks_ms()
            if first < 1 << 29:
                machine.reset()  # this PC paused while the board started, and the wrap is over
            uptime = wraps = 0
            ticking = asyncio.create_task(ticker(10))
            while uptime < 600:
                await asyncio.sleep_ms(10)
                now = time.ticks_ms()
                wraps += now < last
                step = time.ticks_diff(now, last)
                assert 0 <= step < 600_000, step  # a long one is a pause of this PC
                uptime += step
                last = now
            print("wraps", wraps, "first", (1 << 30) - first <= 300, "now", last < 1 << 20)
            await ticking
            try:
                await asyncio.wait_for(asyncio.Event().wait(), 0.05)
            except asyncio.TimeoutError:
                print("timed out")
        asyncio.run(main())
        """,
        ticks_to_wrap_ms=300,
    )
    async with twin:
        assert await twin.wait_for_log("wraps") == "wraps 1 first True now True"
        assert await twin.wait_for_log("ticker") == "ticker 9"
        await twin.wait_for_log("timed out")


async def test_ticks_arithmetic_and_calendar_of_the_board(tmp_path):
    """Differences, limits and epoch are those of a 32-bit port, which the PC's VM does not show by itself."""
    twin = twin_of(
        tmp_path,
        """
        import time, utime
        half = 1 << 29
        print("before", (1 << 30) - time.ticks_ms() <= 300_000, 0 <= time.ticks_us() < 1 << 30)
        print("diff", time.ticks_diff(5, (1 << 30) - 5), time.ticks_diff((1 << 30) - 5, 5), time.ticks_diff(half, 0))
        print("add", time.ticks_add((1 << 30) - 1, 2), time.ticks_add(0, -1) == (1 << 30) - 1)
        for delta in (half, -half):
            try:
                time.ticks_add(0, delta)
            except OverflowError as error:
                print("overflow", error)
        print("epoch", time.gmtime(0), time.mktime((2000, 1, 2, 0, 0, 0, 0, 0)), time.time() < 60)
        start = time.ticks_ms(); time.sleep_ms(30); time.sleep(0.02); time.sleep_us(500)
        print("slept", time.ticks_diff(time.ticks_ms(), start) >= 50, utime.ticks_ms is time.ticks_ms)
        from machine import RTC
        RTC().datetime((2026, 7, 5, 6, 12, 30, 0, 0))
        print("set", RTC().datetime()[:6], time.localtime()[:5])
        """,
    )
    async with twin:
        assert await twin.wait_for_log("before") == "before True True"
        assert await twin.wait_for_log("diff") == "diff 10 -10 -536870912"
        assert await twin.wait_for_log("add") == "add 1 True"
        assert await twin.wait_for_log("epoch") == "epoch (2000, 1, 1, 0, 0, 0, 5, 1) 86400 True"
        assert await twin.wait_for_log("slept") == "slept True True"
        assert await twin.wait_for_log("set") == "set (2026, 7, 5, 6, 12, 30) (2026, 7, 5, 12, 30)"
        assert [line for line in twin.log if "overflow" in line] == ["overflow ticks interval overflow"] * 2
