from pathlib import Path

import golden
import small_aes
from nsplink import frame, seal
from nsptools.bench import vm


def files_for_the_vm():
    own = {Path(module.__file__).name: Path(module.__file__).read_bytes() for module in (golden, small_aes)}
    return vm.firmware_files() | own


def test_golden_vectors_on_cpython():
    """A gateway speaks the wire of RFC 3610, of Semtech's calculator and of our own recorded frames."""
    assert golden.check(seal.block_cipher) == []


def test_every_kind_has_a_vector():
    """No kind of frame can change its bytes unseen."""
    assert {row[0] for row in golden.FRAMES} == {*frame.KINDS_UP, *frame.KINDS_DOWN}


def test_the_handed_in_aes_is_aes():
    """The 32-bit run proves something only when the AES that it is handed is right (FIPS 197, C.1)."""
    key = bytes(range(16))
    plain = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert small_aes.cipher(key)(plain).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"


def test_golden_vectors_on_the_board_interpreter():
    """The same source under MicroPython with the board's AES gives the same bytes."""
    script = "import golden\nfrom nsplink import seal\nprint(golden.check(seal.block_cipher))\n"
    result = vm.run_script(script, files=files_for_the_vm())
    assert result.stdout.strip() == "[]", result.stdout
    assert result.returncode == 0


def test_golden_vectors_on_32_bits():
    """With an ESP32's small integers, and AES handed in, nothing wraps or overflows."""
    script = "import sys, golden, small_aes\nprint(sys.maxsize, golden.check(small_aes.cipher))\n"
    result = vm.run_script_32(script, files=files_for_the_vm())
    assert result.stdout.strip() == "2147483647 []", result.stdout
