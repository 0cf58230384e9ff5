import asyncio
import hashlib

import pytest

from nsptools.bench import virtual_time


def test_days_pass_at_once_and_in_order():
    """Timers fire in the order of their times, at those times, whatever lies between."""

    async def scene():
        loop = asyncio.get_running_loop()
        log = []

        async def wait(seconds: float) -> None:
            await asyncio.sleep(seconds)
            log.append((round(seconds, 3), loop.time()))

        await asyncio.gather(*(wait(seconds) for seconds in (259_200, 0.25, 3600, 90_000, 0.001)))
        return log

    log = virtual_time.run(scene())
    assert [seconds for seconds, _ in log] == [0.001, 0.25, 3600, 90_000, 259_200]
    assert all(at_s == pytest.approx(seconds, abs=1e-6) for seconds, at_s in log)


def test_what_a_thread_would_do_takes_no_time():
    """Protects every story with pages in it: how long a machine draws one must not decide what happens meanwhile."""

    async def scene():
        ticking = asyncio.create_task(asyncio.sleep(1e6))
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        assert await asyncio.to_thread(sum, range(10**5)) == 4_999_950_000
        ticking.cancel()
        return asyncio.get_running_loop().time()

    assert virtual_time.run(scene()) == 0


def test_waiting_for_nothing_is_an_error_not_a_hang():
    """A fleet in which everybody waits for everybody must say so."""

    async def scene():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="deadlock"):
        virtual_time.run(scene())


def test_tasks_left_over_end_with_the_run():
    """What a failed scene leaves behind is cancelled and closes what it holds."""
    ended = []

    async def forever() -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            ended.append(True)

    async def scene():
        tasks = [asyncio.create_task(forever()) for _ in range(3)]
        await asyncio.sleep(1)
        assert len(tasks) == 3
        raise LookupError("over")

    with pytest.raises(LookupError):
        virtual_time.run(scene())
    assert ended == [True] * 3


def test_the_kits_clock_rises_over_the_wrap_of_its_ticks():
    """The board's counter wraps after 12.4 days; here it does so after ten seconds, in every run."""

    async def scene():
        clock = virtual_time.clock()
        read = []
        for _ in range(20):
            await clock.sleep_ms(1500)
            read.append(clock.ms())
        return read

    assert virtual_time.run(scene()) == [1500 * (turn + 1) for turn in range(20)]


def test_a_sleep_that_is_cancelled_leaves_no_timer():
    """A wait with a deadline must not drag the end of a run behind it."""

    async def scene():
        clock = virtual_time.clock()
        sleeping = asyncio.create_task(clock.sleep_ms(3_600_000))
        await clock.sleep_ms(10)
        sleeping.cancel()
        await asyncio.gather(sleeping, return_exceptions=True)
        assert sleeping.cancelled()
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="deadlock"):
        virtual_time.run(scene())


def test_a_run_repeats_to_the_byte():
    """Same code, same order of events: whoever debugs a run of 72 hours can have it again."""

    async def scene():
        log = hashlib.sha256()
        loop = asyncio.get_running_loop()

        async def turn(number: int) -> None:
            for step in range(200):
                await asyncio.sleep(0.1 * (1 + (number * step) % 7))
                log.update(f"{number} {loop.time():.6f}\n".encode())

        await asyncio.gather(*(turn(number) for number in range(20)))
        return log.hexdigest()

    assert virtual_time.run(scene()) == virtual_time.run(scene())
