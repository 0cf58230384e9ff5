"""The menu of each role: its night's work at hand, the rest under one button, nothing twice and nothing lost."""

from __future__ import annotations

import pytest

from nspgateway.web import pages
from nspgateway.web.menu import at_hand
from nspgateway.web.rights import ROLES
from web_room import WebRoom

MENU = {page.path: page for page in pages.PAGES if page.nav}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_at_hand_what_it_may_see(role: str) -> None:
    """Protects the table: every path is a page of the menu, the role has the right for it, and all fit a tablet."""
    paths = at_hand(role)
    assert paths[0] == "/"
    assert len(paths) <= 7
    assert all(MENU[path].right in ROLES[role] for path in paths)


@pytest.mark.parametrize("role", ["cp_medewerker", "cp_techniek", "gemeente"])
async def test_every_page_of_a_role_is_in_its_menu(
    role: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Protects what is used seldom: it is one press away, and where one is says so, also under the button."""
    room = WebRoom(tmp_path_factory.mktemp(role), role)
    body = (await room.get("/region")).body
    direct, under = body.split('<nav class="menu"')[1].split("</nav>")[0].split("<details")
    shown = [path for path, page in MENU.items() if page.right in ROLES[role]]
    assert [path for path in shown if f'href="{path}"' in direct] == [p for p in shown if p in at_hand(role)]
    assert [path for path in shown if f'href="{path}"' in under] == shown
    assert '<summary class="here">' in under
    assert 'href="/region" aria-current="page"' in under
