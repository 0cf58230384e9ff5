"""How long a test waits for what must come."""

# It only ends a hang: nothing is measured by it. Beside other work, or on a machine that is paused for a while,
# what takes a tenth of a second alone may take many.
PATIENCE_S = 120.0
PATIENCE_MS = 1000 * PATIENCE_S
