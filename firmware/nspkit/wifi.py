"""The chip's Wi-Fi as an access point. Loaded when the local page is opened; the only user of ``network``."""

import network


class AccessPoint:
    """The chip's own Wi-Fi, to which phones connect: WPA3, WPA2 for those that have no other; four of them at most."""

    def __init__(self) -> None:
        self._wlan = network.WLAN(network.WLAN.IF_AP)

    def on(self, name: str, key: str) -> tuple:
        """(address, port) at which a page can be served. Raises OSError where the radio has no room."""
        wlan = self._wlan
        # Before it is switched on, or it would be open for a moment.
        try:
            wlan.config(ssid=name, key=key, security=network.WLAN.SEC_WPA2_WPA3, max_clients=4)
        except (AttributeError, OSError, ValueError):  # an interpreter without WPA3 for access points
            wlan.config(ssid=name, key=key, security=network.WLAN.SEC_WPA2, max_clients=4)
        wlan.active(True)
        return wlan.ipconfig("addr4")[0], 80

    def off(self) -> None:
        """Switch it off; whoever was on it is not any more."""
        self._wlan.active(False)
