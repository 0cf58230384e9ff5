"""What people do about what sounds: they test the alarm path."""

from __future__ import annotations

from nspgateway.alert_test import AlertTest
from nspgateway.desk_base import DeskBase, Refused
from nspgateway.people import By


class TestDesk(DeskBase):
    """``alert_test``: whoever wires the gateway together puts it there."""

    # pytest takes classes with such a name for its own.
    __test__ = False
    alert_test: AlertTest | None = None

    def test_alert_path(self, by: By, point: str | None = None) -> str:  # noqa: PT028 - no test of ours but of the path
        """Begin a test of the alarm path from this point, or from one that is heard; return it. Raises Refused."""
        test = self.alert_test
        if test is None:
            raise Refused("not_here", "This gateway has no test of the alarm path.")
        if test.is_running:
            raise Refused("running", "A test is under way; wait until it has ended.")
        if point is not None:
            if not test.can_ask(self._point(point)):
                raise Refused("not_heard", f"{point!r} is not heard now, so its kit cannot be asked.")
        else:
            point = next(iter(test.candidates()), None)
            if point is None:
                raise Refused("not_heard", "No point in use is heard now.")
        test.begin(point, by)
        return point
