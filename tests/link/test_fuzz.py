"""Random and mutated frames of every kind, on both interpreters: none is taken in, nothing breaks."""

import ast
from pathlib import Path

import pytest

import fuzzing
import golden
from nsplink import frame, seal
from nsptools.bench import vm

SHORT, LONG = 20_000, 1_000_000
SHORT_VM, LONG_VM = 2000, 100_000
# Every way to be refused must have been met.
REFUSALS = {"NotOurs", "TooShort", "TooLong", "BadKind", "BadPayload", "BadTag", "OutOfSync", "Replayed"}


def on_cpython(count: int, seed: int) -> dict[str, int]:
    """Frames answered, by the answer."""
    fuzzer = fuzzing.Fuzzer(seal.block_cipher, seed)
    assert fuzzer.run(count) == []
    return fuzzer.said


def on_micropython(count: int, seed: int, timeout_s: float) -> dict[str, int]:
    """As ``on_cpython``, in the 64-bit VM with the board's AES."""
    modules = (golden, fuzzing)
    files = {Path(module.__file__).name: Path(module.__file__).read_bytes() for module in modules}
    script = (
        "import fuzzing\nfrom nsplink import seal\n"
        f"fuzzer = fuzzing.Fuzzer(seal.block_cipher, {seed})\n"
        f"print((fuzzer.run({count}), fuzzer.said))\n"
    )
    result = vm.run_script(script, files=vm.firmware_files() | files, timeout_s=timeout_s)
    assert result.returncode == 0, result.stdout
    faults, said = ast.literal_eval(result.stdout)
    assert faults == []
    return said


def judge(said: dict[str, int], count: int) -> None:
    """Every frame was answered by the three receivers, and every way to be refused was met."""
    assert sum(said.values()) == 3 * count
    assert set(said) == REFUSALS | {"taken"}
    # Untouched frames and garbage that the right key has sealed.
    assert count // 20 < said["taken"] < count // 5


def test_hostile_frames_on_cpython() -> None:
    """Protects the gateway: whatever comes off the air, no forgery is believed and nothing but FrameError is raised."""
    judge(on_cpython(SHORT, seed=1), SHORT)


def test_hostile_frames_on_micropython() -> None:
    """Protects the kit likewise; and both interpreters answer the same frames in the same way."""
    said = on_micropython(SHORT_VM, seed=2, timeout_s=30.0)
    judge(said, SHORT_VM)
    assert said == on_cpython(SHORT_VM, seed=2)


@pytest.mark.soak
def test_a_million_hostile_frames_on_cpython() -> None:
    """As the short run, at a length that meets rare combinations."""
    judge(on_cpython(LONG, seed=3), LONG)


@pytest.mark.soak
def test_a_hundred_thousand_hostile_frames_on_micropython() -> None:
    """As the short run, at a length that meets rare combinations."""
    judge(on_micropython(LONG_VM, seed=4, timeout_s=1800.0), LONG_VM)


def test_the_fuzzer_sees_a_receiver_that_believes_too_much() -> None:
    """Protects from a blind fuzzer: with a key that opens everything it reports forgeries at once."""

    class Gullible(seal.UplinkKey):
        def open(self, data, header, *_others):
            start = frame.header_length(header.wide)
            return data[start : len(data) - frame.tag_length(header.kind)]

    fuzzer = fuzzing.Fuzzer(seal.block_cipher, seed=5)
    fuzzer._up.key = Gullible(bytes(16))
    assert any(fault.startswith("taken") for fault in fuzzer.run(500))
