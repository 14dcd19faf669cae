"""Trials that go wrong in every way; a module of its own, since a fresh process imports it."""

import os
import time


def trial(index):
    if index == 1:
        os._exit(9)
    if index == 2:
        time.sleep(60)
    if index == 3:
        return "large", "answer", str(len(b"x" * 200_000_000))
    return "small", "refusal", ""


def make():
    return trial
