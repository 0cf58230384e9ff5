"""The bench: simulated plant, bus, air, modem and kit twins, all on real pseudo-terminals."""
