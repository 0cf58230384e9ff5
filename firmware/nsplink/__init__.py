"""The wire: fields, messages, frames, sealing, time on air. Used unchanged by kit and gateway.

Pure and in the common subset of MicroPython and CPython: bytes in, values out;
no clock, no log, no await.
"""
