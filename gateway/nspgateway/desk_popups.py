"""Points that nobody had planned: opened and wound down at the coordinating point."""

from __future__ import annotations

from nspgateway import calls, popups
from nspgateway.desk_base import DeskBase, Refused
from nspgateway.entries import PopUp, PopUpEnd
from nspgateway.people import Action, By, Deployment
from nspgateway.records import Changes

NAME_MOST = 60
ADDRESS_MOST = 120


class PopUpDesk(DeskBase):
    """Pop-up points. They have no kit: what is known of them is told by voice."""

    def open_popup(
        self,
        name: str,
        municipality: str,
        by: By,
        *,
        address: str = "",
        place: tuple[float, float] | None = None,
    ) -> str:
        """Open a point that nobody had planned, and return its slug. Raises Refused.

        ``municipality``: one that has points here. ``place``: degrees north and east, None = not known.
        """
        called, street = name.strip(), address.strip()
        if not called:
            raise Refused("empty", "A point has a name.")
        if len(called) > NAME_MOST or len(street) > ADDRESS_MOST:
            raise Refused("too_long", f"A name has at most {NAME_MOST} letters, an address {ADDRESS_MOST}.")
        known = {one.municipality for one in self._situation.points}
        if municipality not in known:
            raise Refused("bad_kind", f"No point here lies in {municipality!r}; there are: {sorted(known)}.")
        if any(one.name.casefold() == called.casefold() for one in self._situation.points):
            raise Refused("name_taken", f"There is a point {called!r} already.")
        if place is not None and not (-90 <= place[0] <= 90 and -180 <= place[1] <= 180):
            raise Refused(
                "bad_place", "A place is degrees north and degrees east, such as 52,1052 and 5,1213."
            )
        taken = (one.number for one in self._situation.points)
        number = max(popups.FIRST_NUMBER - 1, self._situation.course.newest_popup, *taken) + 1
        latitude, longitude = place or (None, None)
        entry = PopUp(called, number, municipality, latitude, longitude, street)
        slug = f"popup-{number}"
        now = self._clock.now()
        opened = Action(now, by, "popup", slug, detail={"number": number}, entry=entry)
        used = Action(now, by, "deployment", slug, detail={"word": "open"}, entry=Deployment("open"))
        point = popups.point(slug, entry, self._situation.config)
        self._recorder.commit(Changes(at=now, actions=(opened, used), new_point=point))
        self._situation.add(point)
        self._situation.enter(opened)
        self._situation.enter(used)
        self._on_done()
        return slug

    def end_popup(self, point: str, by: By) -> None:
        """Wind a pop-up point down for good; its history stays. Raises Refused."""
        slug, now = self._point(point), self._clock.now()
        if not slug.startswith("popup-"):
            raise Refused("not_a_popup", f"{slug!r} is a planned point: say what it is used for.")
        if calls.open_at(self._situation.calls, slug):
            raise Refused("call_open", f"A call for help of {slug!r} is open: close that first.")
        word = {"word": "wound_down"}
        self._write_all(
            (
                Action(now, by, "popup_end", slug, entry=PopUpEnd()),
                Action(now, by, "deployment", slug, detail=word, entry=Deployment("wound_down")),
            )
        )
