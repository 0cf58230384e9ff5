"""Pins of: ESP32-S3-DevKitC-1 with a RAK3172 module; not yet built. Made from hardware/boards, not by hand."""

UARTS: dict = {
    1: {"tx": 17, "rx": 18, "de": 4, "rxbuf": 512},
    2: {"tx": 15, "rx": 16, "de": None, "rxbuf": 2048},
}
MODEM_NRST = 6
MODEM_CUT = 7
BUS_POWER = None
LED = 2
BUZZER = 12
HELP = 5
SILENCE = 8
INPUTS = (10, 11)
DISPLAY = (13, 14, None, None)
CELL = 1
CELL_PERMILLE = 2000
SUPPLY = 9
SUPPLY_PERMILLE = 16000
TEMPERATURE = 21
