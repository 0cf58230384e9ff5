"""From activation until release nothing is deleted: an archivist or the case holder releases."""

from __future__ import annotations

from nspgateway.desk_base import DeskBase, Refused
from nspgateway.people import By, Hold


class ArchiveDesk(DeskBase):
    """The hold on all records. Who may release is for the caller to check; the role is in the audit trail."""

    def hold(self, by: By, note: str = "") -> None:
        """From now on delete nothing. Raises Refused when that is so already."""
        if self._recorder.is_held:
            raise Refused("held", "Nothing is deleted already, until it is released.")
        self._enter("hold", "", Hold(True), by, note=note)

    def release(self, by: By, note: str = "") -> None:
        """Let history go again as the settings say; the next activation holds it anew. Raises Refused."""
        if not self._recorder.is_held:
            raise Refused("not_held", "There is nothing to release: no hold is on the records.")
        self._enter("release", "", Hold(False), by, note=note)
