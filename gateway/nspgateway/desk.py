"""Where every act of a person comes in, from the page, MQTT or a command. One for each gateway."""

from __future__ import annotations

from nspgateway.desk_alarms import AlarmDesk
from nspgateway.desk_archive import ArchiveDesk
from nspgateway.desk_base import Refused
from nspgateway.desk_calls import CallDesk
from nspgateway.desk_crisis import CrisisDesk
from nspgateway.desk_exercise import ExerciseDesk
from nspgateway.desk_fuel import FuelDesk
from nspgateway.desk_kits import KitDesk
from nspgateway.desk_messages import MessageDesk
from nspgateway.desk_points import PointDesk
from nspgateway.desk_popups import PopUpDesk
from nspgateway.desk_reports import ReportDesk
from nspgateway.desk_shift import ShiftDesk
from nspgateway.desk_test import TestDesk

__all__ = ["Desk", "Refused"]


class Desk(
    CallDesk,
    AlarmDesk,
    FuelDesk,
    PointDesk,
    ReportDesk,
    PopUpDesk,
    KitDesk,
    ExerciseDesk,
    MessageDesk,
    TestDesk,
    ArchiveDesk,
    CrisisDesk,
    ShiftDesk,
):
    """Everything that people can do; each act has a name, a moment and a place."""
