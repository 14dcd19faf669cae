"""What deploy/ says fits the command and the service that it runs."""

import re
import shlex
from pathlib import Path

import yaml

from fashionsdk.cli._main import _parser
from fashionsdk.service._run import DRAIN_SECONDS
from fashionsdk.service.routes import ROUTERS

DEPLOY = Path(__file__).parents[2] / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
PATHS = {getattr(route, "path", None) for router in ROUTERS for route in router.routes}


def found(pattern: str) -> str:
    """Return what a group of a pattern finds in the Dockerfile, which must have it."""
    match = re.search(pattern, DOCKERFILE, re.MULTILINE)
    assert match is not None, pattern
    return match[1]


def json_list(instruction: str) -> list[str]:
    """Return what an instruction of the Dockerfile says as a JSON list."""
    return yaml.safe_load(found(rf"^{instruction} (\[.*\])$"))


ENTRY = json_list("ENTRYPOINT")


def manifests() -> dict[str, dict]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes" / "service.yaml").read_text())
    return {document["kind"]: document for document in documents}


def test_the_containers_command_is_one_that_starts():
    args = _parser().parse_args([*ENTRY[1:], *json_list("CMD")])
    assert (args.host, args.behind_tls, args.keys) == ("0.0.0.0", True, "/run/secrets/keys")


def test_the_image_is_no_root_and_is_healthy_where_the_service_says_so():
    assert found(r"^USER (\d+)$") == "10001"
    assert found(r"http://127.0.0.1:8000(/\w+)") in PATHS
    assert all(f"COPY {name} {name}" in DOCKERFILE for name in ("sdk", "training", "export"))
    assert not re.search(r"^(ADD|RUN .*sudo)", DOCKERFILE, re.MULTILINE)


def test_compose_gives_the_service_options_that_it_has_and_nothing_to_write_to():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    service = services["service"]
    assert _parser().parse_args([*ENTRY[1:], *service["command"]]).gallery == "postgresql://shop@database/catalogue"
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "ports" not in services["database"]
    assert int(service["stop_grace_period"].removesuffix("s")) > DRAIN_SECONDS


def test_kubernetes_probes_the_services_own_addresses_and_waits_until_it_has_drained():
    pod = manifests()["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    probes = {name: container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert {probe["path"] for probe in probes.values()} == {"/healthz", "/readyz"} <= PATHS
    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert pod["terminationGracePeriodSeconds"] > DRAIN_SECONDS
    args = _parser().parse_args([*ENTRY[1:], *container["args"]])
    assert Path(args.keys).parent == Path(container["volumeMounts"][1]["mountPath"])


def test_kubernetes_runs_it_with_the_least_rights():
    deployment = manifests()["Deployment"]["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_all_manifests_speak_of_the_same_pods():
    kinds = manifests()
    labels = kinds["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        kinds["Deployment"]["spec"]["selector"]["matchLabels"],
        kinds["Service"]["spec"]["selector"],
        kinds["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        kinds["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ]
    assert selectors == [labels] * 4


def test_the_guides_commands_are_ones_that_there_are():
    guide = (DEPLOY.parent / "docs" / "guides" / "deploy.md").read_text()
    commands = re.findall(r"^fashionsdk (?:serve|keys) .*$", guide, re.MULTILINE)
    assert len(commands) >= 4
    for command in commands:
        _parser().parse_args(shlex.split(command.partition(">>")[0], comments=True)[1:])
