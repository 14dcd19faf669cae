"""Who may ask, from where, and how often."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from fashionsdk.service import hashed, new_key, read_key_lines
from fashionsdk.service._problems import Problem
from fashionsdk.service.guards import KeyRing, Rates, _key_ring
from tests.sdk.service.conftest import photo_name

READ, WRITE, ADMIN, OLD = "fsk_read", "fsk_write", "fsk_admin", "fsk_old"


@pytest.fixture
def key_file(tmp_path):
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    lines = [f"page read {hashed(READ)}", f"importer write {hashed(WRITE)} 2999-01-01", f"boss admin {hashed(ADMIN)}"]
    path = tmp_path / "keys.txt"
    path.write_text("\n".join(["# keys", "", *lines, f"old read {hashed(OLD)} {yesterday}"]))
    return path


@pytest.fixture
def guarded(start, key_file):
    return start(keys=key_file)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def removal(key: str) -> dict:
    return {"json": {"keys": [photo_name(1)]}, "headers": bearer(key)}


@pytest.mark.parametrize(
    "path", ["/v1/attributes", "/v1/items", "/metrics", f"/v1/pictures/{photo_name(0)}", "/v1/items/a"]
)
def test_without_a_key_nothing_is_answered_but_health_and_the_page(guarded, path):
    answer = guarded.get(path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="fashionsdk"')
    assert (
        guarded.get("/healthz").status_code == guarded.get("/readyz").status_code == guarded.get("/").status_code == 200
    )


@pytest.mark.parametrize("key", ["wrong", OLD, "", READ.upper(), f"{READ} ", "fsk_r\u00e9ad"])
def test_a_key_that_is_wrong_or_has_expired_is_refused(guarded, key):
    headers = {"Authorization": f"Bearer {key}".encode()} if key.strip() != READ else {"X-Api-Key": f"{key}x"}
    assert guarded.get("/v1/attributes", headers=headers).status_code == 401


def test_a_key_allows_its_scope_and_those_below(guarded):
    assert guarded.get("/v1/attributes", headers=bearer(READ)).status_code == 200
    assert guarded.get("/v1/attributes", headers={"X-Api-Key": WRITE}).status_code == 200
    refused = guarded.post("/v1/removals", **removal(READ))
    assert (refused.status_code, refused.json()["detail"]) == (403, "the key 'page' lacks the scope 'write'")
    assert guarded.post("/v1/removals", **removal(WRITE)).status_code == 200
    assert guarded.post("/v1/reload", headers=bearer(WRITE)).status_code == 403
    assert guarded.post("/v1/reload", headers=bearer(ADMIN)).status_code == 200


def test_keys_change_without_a_restart_and_a_broken_file_changes_nothing(guarded, key_file, monkeypatch):
    monkeypatch.setattr(_key_ring, "SECONDS", 0.0)
    key_file.write_text(f"new read {hashed('fsk_new')}")
    assert guarded.get("/v1/attributes", headers=bearer(READ)).status_code == 401
    assert guarded.get("/v1/attributes", headers=bearer("fsk_new")).status_code == 200
    key_file.write_text("no key")
    assert guarded.get("/v1/attributes", headers=bearer("fsk_new")).status_code == 200
    key_file.unlink()
    assert guarded.get("/v1/attributes", headers=bearer("fsk_new")).status_code == 200


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("secret-that-was-pasted-here", "is no key; expected NAME SCOPES sha256:HASH"),
        (f"a read {hashed('x')} tomorrow", "has the date 'tomorrow'"),
        (f"a root {hashed('x')}", "has the scopes 'root'"),
        (f"a read {hashed('x')};a read {hashed('y')}", "two keys named 'a'"),
    ],
)
def test_lines_that_are_none_are_named_by_their_number_never_by_what_they_hold(line, message):
    with pytest.raises(ValueError, match=r"^keys") as error:
        read_key_lines(line, "keys")
    assert message in str(error.value)
    assert "secret" not in str(error.value)


def test_keys_come_from_the_environment_too(monkeypatch):
    monkeypatch.setenv("FASHIONSDK_KEYS", f"a read {hashed(READ)}; b write {hashed(WRITE)}")
    assert KeyRing(None).caller(WRITE, "write").name == "b"
    monkeypatch.setenv("FASHIONSDK_KEYS", "")
    with pytest.raises(ValueError, match="FASHIONSDK_KEYS holds no key"):
        KeyRing(None)


def test_new_keys_differ_and_are_long():
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) >= 43 for key in keys)


def test_how_alike_a_wrong_key_is_to_a_right_one_does_not_show_in_the_time(key_file):
    """Hashes are compared, so a common beginning of keys is none of hashes; medians differ by less than a half."""
    ring = KeyRing(key_file)

    def median(key: str) -> float:
        times = []
        for _ in range(400):
            begin = time.perf_counter()
            with pytest.raises(Problem):
                ring.caller(key, "read")
            times.append(time.perf_counter() - begin)
        return sorted(times)[200]

    alike, other = median(ADMIN[:-1] + "x"), median("x" * len(ADMIN))
    assert 0.5 < alike / other < 2


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "[::2]"])
def test_a_name_that_is_not_its_own_is_not_answered(shop, host):
    assert shop.get("/v1/attributes", headers={"Host": host}).status_code == 421


def test_two_hosts_are_none(shop):
    hosts = [("Host", "localhost"), ("Host", "evil.example")]
    assert shop.get("/v1/attributes", headers=hosts).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
def test_this_machines_names_are_answered(shop, host):
    assert shop.get("/v1/attributes", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(shop, headers):
    answer = shop.post("/v1/removals", json={"keys": [photo_name(1)]}, headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert shop.get(f"/v1/items/{photo_name(1)}").status_code == 200


def test_the_services_own_page_may(shop):
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert shop.post("/v1/removals", json={"keys": [photo_name(1)]}, headers=headers).status_code == 200


def test_too_many_requests_of_one_caller_are_told_when_to_come_back(start, key_file):
    shop = start(keys=key_file, rate=2.0)
    answers = [shop.get("/v1/attributes", headers=bearer(READ)) for _ in range(6)]
    assert [answer.status_code for answer in answers[:4]] == [200] * 4
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert shop.get("/v1/attributes", headers=bearer(WRITE)).status_code == 200


def test_a_caller_that_was_quiet_longest_is_forgotten_first(monkeypatch):
    monkeypatch.setattr("fashionsdk.service.guards._rates.MOST_CALLERS", 2)
    rates = Rates(0.5)
    rates.check("a")
    with pytest.raises(Problem):
        rates.check("a")
    rates.check("b")
    rates.check("c")
    rates.check("a")
