"""The recipe of docs/deploy/kubernetes.md: valid for the API, and its numbers fit each other."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

from tests.deploy.proxies import free_port
from tests.deploy.recipes import RECIPES, ROOT, config_of_command, seconds_to_stop
from tests.docs.blocks import blocks_of, commands_of
from tests.e2e.apps import hello
from tests.e2e.server import stop

if TYPE_CHECKING:
    from tests.e2e.server import Serve

pytestmark = pytest.mark.once

FILES = sorted((RECIPES / "kubernetes").glob("*.yaml"))


def loaded(name: str) -> Any:
    """`Any`: what is in a manifest."""
    return yaml.safe_load((RECIPES / "kubernetes" / f"{name}.yaml").read_text())


DEPLOYMENT, SERVICE = loaded("deployment"), loaded("service")
POD = DEPLOYMENT["spec"]["template"]
(CONTAINER,) = POD["spec"]["containers"]


@pytest.mark.parametrize("version", ["1.30", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_manifest_is_valid_with_no_unknown_word(file: Any, version: str) -> None:
    kubernetes_validate.validate(yaml.safe_load(file.read_text()), version, strict=True)


def test_the_arguments_are_ours() -> None:
    config = config_of_command(CONTAINER["args"])
    assert config.drain_delay > 0, "Endpoints take a moment until they are gone everywhere."


def test_kubernetes_waits_until_the_server_has_stopped_by_itself() -> None:
    config = config_of_command(CONTAINER["args"])
    assert POD["spec"]["terminationGracePeriodSeconds"] > seconds_to_stop(config)


PROBES = {name: CONTAINER[name]["httpGet"] for name in CONTAINER if name.endswith("Probe")}


def test_a_pod_stays_ready_while_its_requests_end() -> None:
    """What is not ready is cut off from clients it has: kube-proxy forgets where they went."""
    assert PROBES["readinessProbe"]["path"] == "/healthz"
    assert PROBES["livenessProbe"]["path"] == "/healthz"
    assert PROBES["startupProbe"]["path"] == "/readyz"


def test_the_probes_ask_the_admin_listener() -> None:
    config = config_of_command(CONTAINER["args"])
    (admin,) = (port for port in CONTAINER["ports"] if port["name"] == "admin")
    assert config.admin_bind == f":{admin['containerPort']}"
    assert admin["protocol"] == "TCP"
    assert {probe["port"] for probe in PROBES.values()} == {"admin"}


async def test_the_page_that_says_alive_does_so_while_the_server_drains(serve: Serve) -> None:
    port = free_port(socket.SOCK_STREAM)
    server = await serve(hello, admin_bind=f"127.0.0.1:{port}", drain_delay=3600)
    stopping = asyncio.create_task(stop(server))
    await asyncio.sleep(0)
    assert server.health.answer()[0] == 503
    assert await status_of(port, "/healthz") == 200
    assert await status_of(port, "/readyz") == 503
    server.force_exit = True
    await stopping


async def status_of(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    await writer.wait_closed()
    return status


def test_the_service_finds_the_pods_by_udp() -> None:
    assert SERVICE["spec"]["selector"].items() <= POD["metadata"]["labels"].items()
    (port,) = SERVICE["spec"]["ports"]
    target = CONTAINER["ports"][0]
    assert port["protocol"] == target["protocol"] == "UDP"
    assert port["targetPort"] == target["name"]


def test_a_client_stays_with_its_pod_when_its_port_changes() -> None:
    assert SERVICE["spec"]["sessionAffinity"] == "ClientIP"
    assert SERVICE["spec"]["externalTrafficPolicy"] == "Local"


def test_a_rollout_and_a_drained_node_leave_enough_pods() -> None:
    budget = loaded("pod-disruption-budget")["spec"]
    assert DEPLOYMENT["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert budget["maxUnavailable"] < DEPLOYMENT["spec"]["replicas"]
    assert budget["selector"]["matchLabels"].items() <= POD["metadata"]["labels"].items()


def test_the_container_may_do_nothing_it_need_not() -> None:
    assert POD["spec"]["securityContext"]["runAsNonRoot"]
    context = CONTAINER["securityContext"]
    assert context["readOnlyRootFilesystem"]
    assert not context["allowPrivilegeEscalation"]
    assert context["capabilities"]["drop"] == ["ALL"]


def test_the_page_applies_the_directory_of_the_manifests() -> None:
    (block,) = blocks_of("docs/deploy/kubernetes.md")
    (command,) = commands_of(block)
    assert command.text.startswith("kubectl apply --filename ")
    assert ROOT / command.text.split()[-1] == FILES[0].parent
