"""Modbus RTU frames: read requests and the search for their reply. Pure.

Only the four read functions can be built. There is no code here, nor anywhere
else in the kit, that can make a write.
"""

import array

READ_FUNCTIONS = (1, 2, 3, 4)
REQUEST_LENGTH = 8
NOT_YET = -1
# match() answers EXCEPTION - code for an exception reply.
EXCEPTION = -16


def _crc_table() -> array.array:
    table = array.array("H")
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return table


_TABLE = _crc_table()


def crc16(data, start: int, end: int) -> int:
    """CRC-16/MODBUS of ``data[start:end]`` (polynomial 0xA001, from 0xFFFF)."""
    crc = 0xFFFF
    for at in range(start, end):
        crc = (crc >> 8) ^ _TABLE[(crc ^ data[at]) & 0xFF]
    return crc


def read_request(buffer: bytearray, unit: int, function: int, address: int, count: int) -> None:
    """Write a read request into the first 8 bytes of ``buffer``.

    ``function``: 1 or 2 (``count`` 1-2000 bits), 3 or 4 (1-125 registers).
    Raises ValueError for anything else.
    """
    limit = 2000 if function <= 2 else 125
    if function not in READ_FUNCTIONS or not 1 <= unit <= 247:
        raise ValueError("no read: unit %d, function %d" % (unit, function))
    if not (0 <= address <= 0xFFFF and 1 <= count <= limit and address + count <= 0x10000):
        raise ValueError("no read: address %d, count %d" % (address, count))
    buffer[0] = unit
    buffer[1] = function
    buffer[2] = address >> 8
    buffer[3] = address & 0xFF
    buffer[4] = count >> 8
    buffer[5] = count & 0xFF
    crc = crc16(buffer, 0, 6)
    buffer[6] = crc & 0xFF
    buffer[7] = crc >> 8


def data_bytes(function: int, count: int) -> int:
    """Bytes of data that a reply to this read must carry."""
    return (count + 7) // 8 if function <= 2 else 2 * count


def match(buffer, length: int, unit: int, function: int, size: int) -> int:
    """Look for the reply to one request in the first ``length`` bytes received.

    ``size``: data bytes expected. Returns the index of the first data byte;
    NOT_YET while there is none; EXCEPTION - code for an exception reply. Noise,
    an echo of the request and other devices' frames are passed over: only the
    right unit, function, byte count and CRC together make a reply.
    """
    for at in range(length - 4):
        if buffer[at] != unit:
            continue
        if buffer[at + 1] == function and buffer[at + 2] == size:
            end = at + 3 + size
            if end + 2 <= length and crc16(buffer, at, end) == buffer[end] | buffer[end + 1] << 8:
                return at + 3
        elif (
            buffer[at + 1] == function | 0x80
            and crc16(buffer, at, at + 3) == buffer[at + 3] | buffer[at + 4] << 8
        ):
            return EXCEPTION - buffer[at + 2]
    return NOT_YET
