"""Flashing boards: identify, bind, copy, verify, test, record. A board is verified, or marked as failed on itself."""
