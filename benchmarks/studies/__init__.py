"""Questions of one decision, and the comparison of two checkouts."""
