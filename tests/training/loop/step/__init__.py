"""Tests of one step of training."""
