"""Who may look and act: accounts, sessions, second factor, wall screens, the emergency code. No web in here."""
