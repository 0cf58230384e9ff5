"""``nsp benchmark``: what the product costs, measured on this machine when asked for."""
