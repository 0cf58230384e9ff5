"""The kit: reads generator and battery, decides what to say, and says it over the radio."""

VERSION = (0, 1, 0)
