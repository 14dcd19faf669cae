"""How many threads are worth starting: the CPUs that the process is bound to, and the quotas of its control groups."""

import math
import os
from pathlib import Path

import pytest

from fashionsdk.backends import available_cpus
from fashionsdk.backends._cpu_quota import cpu_quota

V1 = "4:memory:/docker/abc\n3:cpuset:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/system.slice/docker.service\n"
QUOTAS = {
    "no proc and no sys": ({}, math.inf),
    "no proc, a container's quota": ({"sys/fs/cgroup/cpu.max": "200000 100000"}, 2),
    "version 2, a container": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
    "version 2, no quota": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, math.inf),
    "version 2, the process's own group": (
        {
            "proc/self/cgroup": "0::/user.slice/shop.service\n",
            "sys/fs/cgroup/user.slice/shop.service/cpu.max": "100000 100000",
        },
        1,
    ),
    "version 2, the smallest on the way up": (
        {
            "proc/self/cgroup": "0::/a/b/c\n",
            "sys/fs/cgroup/a/b/c/cpu.max": "400000 100000",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000",
            "sys/fs/cgroup/a/cpu.max": "300000 100000",
        },
        3,
    ),
    "version 2, a brother's group": (
        {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/c/cpu.max": "100000 100000"},
        math.inf,
    ),
    "version 2, a path outside of the namespace": (
        {"proc/self/cgroup": "0::/../../b\n", "sys/fs/cgroup/cpu.max": "100000 100000"},
        1,
    ),
    "version 2 beside version 1": (
        {"proc/self/cgroup": "1:name=systemd:/a\n0::/a\n", "sys/fs/cgroup/unified/a/cpu.max": "250000 100000"},
        2.5,
    ),
    "version 1, the host sees the whole path": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us": "100000\n",
        },
        0.5,
    ),
    "version 1, the container sees its own group as the root": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "800000",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
        },
        8,
    ),
    "version 1, no quota": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
        math.inf,
    ),
    "version 1, another controller's group": (
        {
            "proc/self/cgroup": "3:cpuset:/a\n2:cpu:/\n",
            "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "100000",
            "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
        },
        math.inf,
    ),
    "a name with colons": (
        {"proc/self/cgroup": "0::/a:b:c\n", "sys/fs/cgroup/a:b:c/cpu.max": "100000 100000"},
        1,
    ),
    "files that say nothing": (
        {"proc/self/cgroup": "?\n\n0::/a\n", "sys/fs/cgroup/cpu.max": "", "sys/fs/cgroup/a/cpu.max": "1 0"},
        math.inf,
    ),
}


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(autouse=True)
def nothing_is_remembered():
    """Forget quotas: pytest gives a folder's path again once its test has passed."""
    cpu_quota.cache_clear()
    yield
    cpu_quota.cache_clear()


@pytest.mark.parametrize("name", QUOTAS)
def test_the_quota_is_the_smallest_of_the_groups_that_the_process_is_in(tmp_path: Path, name: str):
    files, quota = QUOTAS[name]
    assert cpu_quota(write(tmp_path, files)) == quota


@pytest.mark.parametrize(("quota", "cpus"), [(50000, 1), (100000, 1), (100001, 2), (250000, 3), (10**9, 64)])
def test_cpus_are_no_more_than_the_quota_rounded_up_and_those_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: int, cpus: int
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)))
    assert available_cpus(write(tmp_path, {"sys/fs/cgroup/cpu.max": f"{quota} 100000"})) == cpus


def test_without_a_quota_cpus_are_those_that_the_process_is_bound_to(tmp_path: Path):
    assert available_cpus(tmp_path) == len(os.sched_getaffinity(0))
    assert 1 <= available_cpus() <= len(os.sched_getaffinity(0))
