"""First to run: lets the technician in before anything can go wrong.

A flasher that finds the kit running writes the file ``maintenance`` and resets:
this boot then starts no watchdog and no kit, and waits half an hour for
mpremote, whose Ctrl-C ends boot.py and so keeps main.py from running.
Otherwise a window stays open before main.py starts the watchdog, which nothing
can stop.
"""

import gc
import os
import sys
import time

import machine

gc.threshold(4096)  # often and little: compiling the kit needs its heap in one piece

# Native USB must come up again after a reset before mpremote can speak.
WINDOW_S = 8 if "ESP32S3" in str(getattr(sys.implementation, "_machine", "")) else 3
MAINTENANCE_S = 1800

if "maintenance" in os.listdir():
    os.remove("maintenance")
    print("maintenance: waiting for mpremote, 30 minutes")
    time.sleep(MAINTENANCE_S)
    machine.reset()
time.sleep(WINDOW_S)
