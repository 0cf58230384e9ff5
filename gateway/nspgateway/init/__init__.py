"""Makes what a gateway's box needs once: its certificates, its broker's settings and accounts, its gateway.toml."""
