"""An embedder in other processes: carried over a fork, sent by pickle, with threads and locks that stay behind.

Each program runs in a Python of its own with a time limit, since what goes wrong here is that something never ends.
"""

import copy
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fashionsdk.bundle import Bundle, Manifest
from fashionsdk.embedding import Embedder
from fashionsdk.errors import BackendError, BundleError, FashionSDKError, ImageError
from fashionsdk.search import Matcher
from tests.sdk.bundle.bundles import WriteBundle

RUNTIMES = ("onnxruntime", "openvino")
SECONDS = 60  # nothing here takes 5, unless it hangs

PRELUDE = """
import multiprocessing, os, sys, threading, time
import numpy as np
from fashionsdk import Embedder

bundle, photo, runtime = sys.argv[1:]
images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)

def in_child(action):
    "Run it in a fork, which ends as any program does; return whether it did so in time."
    sys.stdout.flush()  # else both would print what waits
    child = os.fork()
    if child == 0:
        action()
        sys.exit(0)
    for _ in range(2000):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False
"""


def execute(tmp_path: Path, program: str, bundle: Bundle, photo: Path, runtime: str) -> str:
    """Run a program after ``PRELUDE`` and return what it prints."""
    script = tmp_path / "program.py"
    script.write_text(PRELUDE + program)
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(script), str(bundle.path), str(photo), runtime]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


FORKS = """
import warnings

warnings.simplefilter("ignore", RuntimeWarning)  # of OpenVINO's one thread in a fork
embedder = Embedder(bundle, runtime=runtime, threads=2, batch_size=2)
expected = embedder.embed(images).vectors
unused = Embedder(bundle, runtime=runtime)

def embed():
    assert np.array_equal(embedder.embed(images).vectors, expected)

def embed_in_threads():
    threads = [threading.Thread(target=embed) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

def stream():
    assert [item.index for item in embedder.embed_many([photo] * 5)] == [0, 1, 2, 3, 4]

def forget():
    global embedder, unused
    embedder = unused = None

def fork_again():
    embed()
    assert in_child(embed)
    embed()

def refuse():
    embedder.close()
    try:
        embedder.embed(images)
    except ValueError as error:
        assert "is closed" in str(error)
    else:
        raise AssertionError("a closed embedder embeds")

actions = [embed, embed_in_threads, stream, forget, fork_again, refuse, embedder.close, lambda: None]
print([in_child(action) for action in actions].count(True), len(actions))
embed()
embedder.close()
print(in_child(refuse))
"""


@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_fork_embeds_as_its_parent_and_ends(tmp_path: Path, bundle: Bundle, photos: list[Path], runtime: str):
    assert execute(tmp_path, FORKS, bundle, photos[0], runtime) == "8 8\nTrue\n"


ONE_THREAD = """
import warnings

one, two = (Embedder(bundle, runtime=runtime, threads=threads) for threads in (1, 2))

def embed():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        one.embed(images)
        assert caught == []
        for _ in range(2):
            two.embed(images)
        Embedder(bundle, runtime=runtime, threads=1)
        assert [str(warning.message)[:47] for warning in caught] == (
            ["OpenVINO computes with one thread in a fork of "] if runtime == "openvino" else []
        )
        Embedder(bundle, runtime=runtime, threads=2)
        assert len(caught) == (2 if runtime == "openvino" else 0)

print(in_child(embed))
"""


@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_fork_that_computes_with_fewer_threads_says_so(
    tmp_path: Path, bundle: Bundle, photos: list[Path], runtime: str
):
    assert execute(tmp_path, ONE_THREAD, bundle, photos[0], runtime) == "True\n"


LOCKS = """
from fashionsdk import Matcher

embedder = Embedder(bundle, runtime=runtime)
embeddings = embedder.embed(images)
matcher = Matcher([str(i) for i in range(5)], embeddings)
inside, leave = threading.Event(), threading.Event()

def hold():
    with embedder._in_use(), embedder._call_ended, embedder._backend._call_ended, matcher._store._writing:
        inside.set()
        leave.wait()

threading.Thread(target=hold).start()
inside.wait()

def use():
    assert np.array_equal(embedder.embed(images).vectors, embeddings.vectors)
    matcher.remove(["0"])
    assert len(matcher) == 4
    embedder.close()

print(in_child(use))
leave.set()
"""


def test_locks_and_calls_of_the_parents_threads_do_not_stop_a_fork(tmp_path: Path, bundle: Bundle, photos: list[Path]):
    assert execute(tmp_path, LOCKS, bundle, photos[0], "onnxruntime") == "True\n"


STREAMS = """
embedder = Embedder(bundle, runtime=runtime, batch_size=2)
stream = embedder.embed_many(iter([photo] * 50), workers=2)
next(stream)

def go_on():
    try:
        list(stream)
    except ValueError as error:
        assert "this stream was begun before the process was forked" in str(error), error
    else:
        raise AssertionError("it went on")

print(in_child(go_on), in_child(stream.close), in_child(lambda: None))
print(len(list(stream)))
"""


@pytest.mark.slow
def test_a_stream_that_has_begun_does_not_go_on_in_a_fork(tmp_path: Path, bundle: Bundle, photos: list[Path]):
    assert execute(tmp_path, STREAMS, bundle, photos[0], "onnxruntime") == "True True True\n49\n"


# Under "spawn" and "forkserver" this file is imported again, so what it does is behind ``__main__``.
METHODS = """
def lengths(embedder, images):
    return embedder.embed(images).vectors

if __name__ == "__main__":
    embedder = Embedder(os.path.relpath(bundle), runtime=runtime, threads=1, batch_size=2)
    expected = embedder.embed(images).vectors
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            call = pool.apply_async(lengths, (embedder, images))
            print(method, np.array_equal(call.get(30), expected), flush=True)
    stray = multiprocessing.get_context("fork").Process(target=lengths, args=(embedder, images))
    stray.start()
    stray.join(30)
    print(stray.exitcode)
"""


@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_processes_started_by_any_method_embed_alike(tmp_path: Path, bundle: Bundle, photos: list[Path], runtime: str):
    expected = "fork True\nspawn True\nforkserver True\n0\n"
    assert execute(tmp_path, METHODS, bundle, photos[0], runtime) == expected


@pytest.fixture
def other(write_bundle: WriteBundle, manifest: Manifest, written: Path) -> Path:
    """A bundle of another model beside ``written``."""
    changed = replace(manifest, model=replace(manifest.model, digest="f" * 64))
    return write_bundle(out=written.with_name(f"{written.name} of another model"), manifest=changed).path


@pytest.mark.usefixtures("other")
def test_a_fork_finds_the_bundle_from_another_folder_and_only_the_same_bundle(
    tmp_path: Path, written: Path, photos: list[Path]
):
    program = """
from fashionsdk import BundleError

os.chdir(os.path.dirname(bundle))
embedder = Embedder(os.path.basename(bundle), runtime=runtime)
expected = embedder.embed(images).vectors

def embed_elsewhere():
    os.chdir("/")
    assert np.array_equal(embedder.embed(images).vectors, expected)

def notice():
    try:
        embedder.embed(images)
    except BundleError as error:
        assert "holds another bundle than when it was opened first" in str(error), error
    else:
        raise AssertionError("it took the other bundle")

print(in_child(embed_elsewhere))
os.rename(bundle, bundle + " before")
os.rename(bundle + " of another model", bundle)
print(in_child(notice))
assert np.array_equal(embedder.embed(images).vectors, expected)
"""
    assert execute(tmp_path, program, Bundle.open(written), photos[0], "onnxruntime") == "True\nTrue\n"


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


def test_a_pickled_embedder_opens_its_bundle_with_its_arguments(bundle: Bundle, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(bundle.path.parent)
    embedder = Embedder(bundle.path.name, device="cpu", runtime="openvino", precision="fp32", batch_size=3, threads=1)
    sent = pickle.dumps(embedder)
    assert len(sent) < 10_000  # the path, the manifest and the arguments
    others = [copy.copy(embedder), copy.deepcopy(embedder)]
    monkeypatch.chdir("/")
    for other in (pickle.loads(sent), *others):
        assert other.backend == embedder.backend
        assert (other.model, other._batch_size, other._arguments) == (embedder.model, 3, embedder._arguments)
        assert np.array_equal(other.embed(images(5)).vectors, embedder.embed(images(5)).vectors)
        other.close()
    assert not embedder.closed


def test_a_pickled_embedder_or_bundle_takes_no_other_model(written: Path, other: Path):
    with Embedder(written) as embedder:
        sent = [pickle.dumps(embedder), pickle.dumps(embedder.bundle)]
    assert pickle.loads(sent[1]).manifest == embedder.bundle.manifest
    shutil.rmtree(written)
    other.rename(written)
    for data in sent:
        with pytest.raises(BundleError, match=r"holds another bundle .* model ffffffffffff, expected 0123456789ab"):
            pickle.loads(data)
    shutil.rmtree(written)
    with pytest.raises(BundleError, match="is not a bundle"):
        pickle.loads(sent[0])


def test_what_cannot_be_pickled_says_what_can(bundle: Bundle):
    embedder = Embedder(bundle)
    with pytest.raises(TypeError, match=r"this onnxruntime backend cannot be pickled; pickle the bundle's path"):
        pickle.dumps(embedder._backend)
    embedder.close()
    with pytest.raises(ValueError, match="this Embedder is closed"):
        pickle.dumps(embedder)


def test_answers_and_errors_are_pickled_whole(bundle: Bundle, photos: list[Path]):
    with Embedder(bundle) as embedder:
        (photo, broken) = embedder.embed_many([photos[0], b"no photo"], on_error="skip")
        matcher = Matcher(["a"], embedder.embed(photos[0]))
        for answer in (photo.embeddings, matcher.search(embedder.embed(photos[1]), "colour"), matcher.get("a")):
            assert repr(pickle.loads(pickle.dumps(answer))) == repr(answer)
    for error in (broken.error, BackendError("x"), FashionSDKError("y"), ImageError("photo", "reason")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))
