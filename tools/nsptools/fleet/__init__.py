"""A coordinating point with all its kits in virtual time: days of blackout in minutes."""
