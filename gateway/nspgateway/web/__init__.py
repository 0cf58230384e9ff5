"""The gateway's pages: what a person sees in a browser and does there. ``pages.py`` lists them all."""

from nspgateway.web.app import LOCAL_HOSTS, create_app
from nspgateway.web.screens import Screens
from nspgateway.web.server import PageServer

__all__ = ["LOCAL_HOSTS", "PageServer", "Screens", "create_app"]
