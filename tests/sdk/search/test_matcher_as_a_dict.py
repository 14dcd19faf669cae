"""Add, replace, update and remove in any order, against a dict."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings
from fashionsdk.search._matcher import Matcher
from tests.sdk.search.drawn_embeddings import ATTRIBUTES, MODEL, ranked, unit

POOL = unit(np.random.default_rng(3).integers(-1, 2, size=(12, 2, 6)) + np.array([0.25, 0, 0, 0, 0, 0]))


class MatcherMachine(RuleBasedStateMachine):
    """A matcher beside a dict; vectors come from a small pool, so most scores tie."""

    items: dict[str, tuple[NDArray[np.float32], dict[str, int]]]
    path: Path

    @initialize(folder=st.just(None))
    def start(self, folder):
        self.matcher, self.items, self.saved = Matcher.empty(ATTRIBUTES, 6, MODEL), {}, None

    @rule(data=st.lists(st.tuples(st.text(max_size=2), st.integers(0, 11)), max_size=8))
    def add(self, data):
        keys = [key for key, _ in data]
        vectors = POOL[[index for _, index in data]]
        notes = [{"pool": index} for _, index in data]
        if len(set(keys)) < len(keys) or set(keys) & set(self.items):
            with pytest.raises(ValueError):
                self.matcher.add(keys, Embeddings(vectors, ATTRIBUTES, MODEL), notes)
        else:
            self.matcher.add(keys, Embeddings(vectors, ATTRIBUTES, MODEL), notes)
            self.items |= {key: (vectors[row], notes[row]) for row, key in enumerate(keys)}

    @rule(picks=st.lists(st.integers(0, 30), max_size=4), stranger=st.booleans())
    def remove(self, picks, stranger):
        known = list(self.items)
        keys = [known[pick % len(known)] for pick in picks] if known else []
        if stranger:
            with pytest.raises(ValueError, match="stranger"):
                self.matcher.remove([*keys, "stranger"])
        else:
            self.matcher.remove(keys)
            self.items = {key: item for key, item in self.items.items() if key not in keys}

    @rule(index=st.integers(0, 11), attribute=st.sampled_from([0, 1]), k=st.integers(1, 12))
    def search(self, index, attribute, k):
        query = Embeddings(POOL[[index]], ATTRIBUTES, MODEL)
        found = self.matcher.search(query, ATTRIBUTES[attribute], k=k)
        expected = ranked(POOL[index, attribute], {key: item[0][attribute] for key, item in self.items.items()}, k)
        assert list(zip(found.keys[0], found.scores[0].tolist(), strict=True)) == expected
        assert found.metadata[0] == [self.items[key][1] for key, _ in expected]

    @rule()
    def save(self):
        self.matcher.save(self.path)
        self.saved = dict(self.items)

    @rule()
    def load(self):
        if self.saved is not None:
            self.matcher, self.items = Matcher.load(self.path, model=MODEL), dict(self.saved)

    @invariant()
    def holds_the_same_keys(self):
        assert self.matcher.keys == tuple(self.items)
        assert len(self.matcher) == len(self.items)
        assert all(key in self.matcher for key in self.items)
        assert "stranger" not in self.matcher


@pytest.mark.slow
def test_a_matcher_behaves_like_a_dict(tmp_path):
    class Machine(MatcherMachine):
        path = tmp_path / "shop.gallery"

    Machine.TestCase.settings = settings(
        max_examples=60, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow]
    )
    Machine.TestCase().runTest()
