"""The gateway at the coordinating point: frames in, journal, alarms, MQTT and the page out."""
