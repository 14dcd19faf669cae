"""Servers of others, started on this machine's loopback for as long as a block runs."""
