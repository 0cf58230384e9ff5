"""``network`` of an ESP32 for the twin: an access point whose phones are the programs of this PC.

Its address is the loopback's; port 80 there is a port that the supervisor found free, since
several twins share one PC.
"""

import socket
import sys

from channel import config, send

_ADDRESS = "127.0.0.1"
_PAGE_PORT = 80


class WLAN:
    """The part of the board's class that an access point needs."""

    IF_AP = 1
    SEC_WPA2 = 3
    SEC_WPA2_WPA3 = 7

    def __init__(self, interface) -> None:
        if interface != self.IF_AP:
            raise ValueError("the twin has an access point only")
        self._settings: dict = {}

    def config(self, **settings) -> None:  # noqa: ANN003  of many kinds, as on the board
        """Name, key and kind of security; a key is 8 to 63 letters long."""
        self._settings.update(settings)
        if (
            not 8 <= len(self._settings.get("key", "")) <= 63
            or self._settings.get("security", 0) < self.SEC_WPA2
        ):
            raise ValueError("an access point that anybody can use")

    def active(self, on) -> None:
        """Switch it on or off."""
        if on:
            send("wifi %s %s" % (self._settings["ssid"], self._settings["key"]))
        else:
            send("wifi")

    def ipconfig(self, _name) -> tuple:
        """Address and mask."""
        return _ADDRESS, "255.0.0.0"


class _Sockets:
    """``socket`` as asyncio finds it: a server on the access point's port 80 gets the supervisor's."""

    def __getattr__(self, name):  # noqa: ANN204  whatever the VM's own has
        return getattr(socket, name)

    def getaddrinfo(self, host, port, *more) -> list:  # noqa: ANN002  whatever the VM's own takes
        """As the VM's own."""
        if (host, port) == (_ADDRESS, _PAGE_PORT):
            port = config["page_port"]
        return socket.getaddrinfo(host, port, *more)


sys.modules["socket"] = _Sockets()
