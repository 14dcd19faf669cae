"""Writers in several threads, each with a store of its own, of a gallery on a server."""

import threading

from fashionsdk import Matcher
from fashionsdk.search.stores import open_store
from tests.sdk.search.stores.plain_store import items

WRITERS = 4


def check_several_writers(address: str, parts: int) -> None:
    """Let each put some items, one at a time; all must be there in the end, once."""

    def write(number: int) -> None:
        with Matcher.over(open_store(address)) as matcher:
            for part in range(parts):
                matcher.put(items(number, [f"{number}-{part}"]))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Matcher.over(open_store(address)) as matcher:
        assert len(matcher) == len(matcher.keys) == len(set(matcher.keys)) == WRITERS * parts
