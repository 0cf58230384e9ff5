"""The page that a kit serves to phones nearby. Loaded when somebody opens it, let go of when it closes."""
