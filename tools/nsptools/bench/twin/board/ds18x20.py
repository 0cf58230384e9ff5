"""``ds18x20`` as frozen into the ESP32's image: commands and check of the sensor's nine bytes."""

_CONVERT = 0x44
_READ = 0xBE


class DS18X20:
    def __init__(self, onewire) -> None:
        self.ow = onewire
        self.buf = bytearray(9)

    def scan(self) -> list:
        return [rom for rom in self.ow.scan() if rom[0] in (0x10, 0x22, 0x28)]

    def convert_temp(self) -> None:
        self.ow.reset(True)
        self.ow.writebyte(self.ow.SKIP_ROM)
        self.ow.writebyte(_CONVERT)

    def read_scratch(self, rom) -> bytearray:
        self.ow.reset(True)
        self.ow.select_rom(rom)
        self.ow.writebyte(_READ)
        self.ow.readinto(self.buf)
        if self.ow.crc8(self.buf):
            raise Exception("CRC error")  # noqa: TRY002  as the board's driver does
        return self.buf
