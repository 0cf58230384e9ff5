"""The ``nsp`` command: demo, bench, gateway and benchmark. May import everything; nothing imports it."""
