"""``nsp benchmark --only link``: our bytes and airtime beside the peers', from their own libraries where installed."""

from __future__ import annotations

import json
import sys

import pytest

from nsptools import cli
from nsptools.benchmark import link, link_peers
from nsptools.benchmark.frame import Options

# Ratios that must hold at SF7 to SF10: (same split, full record).
TARGETS = {"lorawan_packed": (0.92, 0.76), "lorawan_cayenne": (0.63, 0.45), "meshtastic": (0.50, 0.22)}
MODULES = {name: module for name, module, _ in link_peers.PEERS}


def test_our_frames_keep_their_limits() -> None:
    """The sizes that the whole budget of the band is built on, counted on sealed frames."""
    figures = link.measure(Options())
    assert [figures[f"{kind}_bytes"] for kind in link.HOUR] == [17, 29, 24]
    assert sum(link.HOUR.values()) == 13


@pytest.mark.parametrize("peer", TARGETS)
def test_we_stay_below_each_peer(peer: str) -> None:
    """The claim of the link: smaller on air than what one would take instead, at every spreading factor in use."""
    if not link_peers.installed(MODULES[peer]):
        pytest.skip(f"{MODULES[peer]} is not installed: it comes with the extra 'peers'")
    by_sf = link.measure(Options())["by_sf"]
    assert list(by_sf) == [str(sf) for sf in range(7, 13)]
    for sf in ("7", "8", "9", "10"):
        ratios = by_sf[sf]["airtime_per_hour_vs"][peer]
        assert ratios["same_split"] <= TARGETS[peer][0]
        assert ratios["full_record"] <= TARGETS[peer][1]
    assert set(by_sf["12"]["airtime_per_hour_vs"][peer]) == {"same_split", "full_record"}


def test_a_peer_that_is_not_installed_is_absent_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who has not the peers' packages gets our own figures, no zeros, and the command that installs them."""
    for module in ("cayennelpp", "meshtastic"):
        monkeypatch.setitem(sys.modules, module, None)
    assert cli.main(["benchmark", "--only", "link", "--json"]) == 0
    out, err = capsys.readouterr()
    figures = json.loads(out)["link"]
    assert figures["airtime_per_hour_vs"] == {"lorawan_packed": {"same_split": 0.894, "full_record": 0.704}}
    assert figures["airtime_per_hour_vs"] == figures["by_sf"]["9"]["airtime_per_hour_vs"]
    assert figures["peer_bytes"] == {"lorawan_packed": {"vital": 20, "full": 32, "status": 27}}
    for name in ("lorawan_cayenne", "meshtastic"):
        assert f"without {name}: the package for it is not installed (pip install 'nspkit[peers]')" in err


def test_cayenne_is_split_where_the_data_rate_caps_it() -> None:
    """The peer is not charged with more frames than the law of its own network asks for, nor with fewer."""
    pytest.importorskip("cayennelpp")
    assert link_peers.lorawan_cayenne("full", link.CONTENT, 9) == [76]
    first, second = link_peers.lorawan_cayenne("full", link.CONTENT, 10)
    assert first <= 51 + 13
    assert first + second == 76 + 13
