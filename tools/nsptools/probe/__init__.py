"""The technician's probe: what is on this RS485 bus, and does the screen say what the panel says? Read-only."""
