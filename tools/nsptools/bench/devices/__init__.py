"""Simulated Modbus devices, one module a model: what it shows, what it refuses, how it behaves on the wire."""
