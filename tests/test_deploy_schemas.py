"""The files for Compose and Kubernetes as those programs read them: by their own schemas, and with no loose end."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from tests.test_deploy import TREE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what it imports has deprecations of its own
    import kubernetes_validate

COMPOSE = ("compose.yaml", "compose.postgres.yaml")
KUBERNETES = TREE / "deploy" / "kubernetes" / "aivax-bots.yaml"
VERSIONS = ("1.29", "1.33", "1.37")
"""Of Kubernetes: one that is in use still, and the newest that schemas are known of."""


def composed(file: str) -> dict[str, Any]:
    """A Compose file with its anchors and merges resolved, as Compose does before it reads on."""
    found: dict[str, Any] = yaml.safe_load((TREE / file).read_text(encoding="utf-8"))
    return {name: value for name, value in found.items() if not name.startswith("x-")}


def objects() -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load_all(KUBERNETES.read_text(encoding="utf-8"))


def named(made: dict[str, Any]) -> str:
    return f"{made['kind']}/{made['metadata']['name']}"


@pytest.mark.parametrize("file", COMPOSE)
def test_compose_takes_every_key_and_value(file: str) -> None:
    read = PyCompose.from_yaml(yaml.safe_dump(composed(file)))

    assert set(read.service_names()) == set(composed(file)["services"])


def misspell(service: dict[str, Any]) -> None:
    service["read_onyl"] = True


def mistype(service: dict[str, Any]) -> None:
    service["cap_drop"] = "ALL"


@pytest.mark.parametrize("spoil", [misspell, mistype])
def test_a_slip_in_a_compose_file_would_be_found(spoil: Callable[[dict[str, Any]], None]) -> None:
    spoilt = copy.deepcopy(composed("compose.yaml"))
    spoil(spoilt["services"]["bot"])

    with pytest.raises(ValueError, match=r"services\.bot"):
        PyCompose.from_yaml(yaml.safe_dump(spoilt))


@pytest.mark.parametrize("file", COMPOSE)
def test_whatever_a_service_names_is_declared_and_nothing_more(file: str) -> None:
    whole = composed(file)
    mounts = [
        each.split(":")[0] for service in whole["services"].values() for each in service.get("volumes", ())
    ]
    secrets = {each for service in whole["services"].values() for each in service.get("secrets", ())}
    needed = {each for service in whole["services"].values() for each in service.get("depends_on", ())}

    assert {each for each in mounts if not each.startswith((".", "/"))} == set(whole["volumes"])
    assert secrets == set(whole.get("secrets", {}))
    assert needed <= set(whole["services"])
    files = {each for each in mounts if each.startswith(".")}
    assert files == {"./config.toml"}  # what docs/deploy.md has people write
    for service in whole["services"].values():
        waits = service.get("depends_on", {})
        for other, how in waits.items() if isinstance(waits, dict) else ():
            assert how["condition"] != "service_healthy" or "healthcheck" in whole["services"][other]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("made", [*objects()], ids=named)
def test_kubernetes_takes_every_key_and_value(made: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(made, version, strict=True)  # raises for what it does not take


@pytest.mark.parametrize("made", [*objects()], ids=named)
def test_a_slip_in_an_object_of_kubernetes_would_be_found(made: dict[str, Any]) -> None:
    made["spec"]["replicsa"] = 2

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(made, VERSIONS[-1], strict=True)


def templates() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each object that makes pods, and the template of them."""
    for made in objects():
        spec = made["spec"]
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield made, spec["template"]


@pytest.mark.parametrize(("made", "template"), [*templates()], ids=lambda each: each.get("kind", "pod"))
def test_whatever_a_pod_mounts_is_a_volume_of_it_and_nothing_more(
    made: dict[str, Any], template: dict[str, Any]
) -> None:
    volumes = {each["name"] for each in template["spec"]["volumes"]}
    mounted = [each for container in template["spec"]["containers"] for each in container["volumeMounts"]]
    claims = {
        each["persistentVolumeClaim"]["claimName"]
        for each in template["spec"]["volumes"]
        if "persistentVolumeClaim" in each
    }

    assert {each["name"] for each in mounted} == volumes
    assert claims <= {
        each["metadata"]["name"] for each in objects() if each["kind"] == "PersistentVolumeClaim"
    }
    if "selector" in made["spec"]:
        assert made["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    for container in template["spec"]["containers"]:
        ports = {each["name"] for each in container.get("ports", ())}
        probes = [value for key, value in container.items() if key.endswith("Probe")]
        assert {each["httpGet"]["port"] for each in probes} <= ports
        folders = [each["mountPath"] for each in mounted]
        for variable in container["env"]:
            if variable["name"].endswith(("_FILE", "_CONFIG")):
                assert any(variable["value"].startswith(f"{folder}/") for folder in folders)


def test_all_objects_stand_in_one_namespace() -> None:
    assert {each["metadata"]["namespace"] for each in objects()} == {"aivax-bots"}
