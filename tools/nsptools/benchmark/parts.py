"""The parts that exist, by the name that ``nsp benchmark --only`` takes."""

from nsptools.benchmark import firmware, gateway, link, modbus
from nsptools.benchmark.frame import Part

PARTS: dict[str, Part] = {
    "firmware": firmware.measure,
    "gateway": gateway.measure,
    "link": link.measure,
    "modbus": modbus.measure,
}
