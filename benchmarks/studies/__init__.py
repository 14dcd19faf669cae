"""Questions asked once, whose answers are decisions."""
