"""OpenStack, read from a real Keystone, Nova, Glance and Placement, and from a cloud that misbehaves."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.foundation.errors import Invalid
from service.scans import limits, reading, registry
from service.scans.connector import Read, Refused
from service.scans.connectors import openstack_client, openstack_session
from service.scans.connectors.openstack_settings import OpenStackSettings, place_of, reaches
from service.scans.failures import Stopped
from service.scans.outbound import Reach
from service.scans.places import Places
from service.scans.reading import Surroundings, Taken
from service.scans.secrets import Secrets
from tests.connectors.conftest import TODAY, Reading, ReadSource
from tests.connectors.openstack.cloud import Cloud, cloud
from tests.connectors.openstack.fake import NOVA, Answer, catalogue, fake
from tests.connectors.openstack.prepare import DEMO, OTHER, PASSWORDS, host_id, number, server_id
from tests.fixtures.opa import free_port
from tests.fixtures.servers import ROOT

# openstacksdk 4.22 builds its proxies with a parameter that it warns of itself.
pytestmark = pytest.mark.filterwarnings("ignore:The 'service_type' parameter is unnecesary:Warning")
SECRETS = {f"ALLOD_SECRET_{name.upper()}": word for name, word in PASSWORDS.items()} | {
    "ALLOD_SECRET_PASSWORD": "a-password-of-nobody"
}
GRA, LAB, PARIS = "cloud_region:ovhcloud/gra", "cloud_region:lab/gra7", "cloud_region:scaleway/fr-par"
VOLUME = number(900)


@pytest.fixture(scope="module")
def openstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("openstack")) as running:
        _fill_placement(running)
        for image in IMAGES:
            running.ask("POST", "glance", "/v2/images", {"disk_format": "raw", "container_format": "bare", **image})
        running.storage.containers.update(CONTAINERS)
        running.storage.volumes += VOLUMES
        running.storage.types += TYPES
        yield running


IMAGES: list[dict[str, str]] = [
    {"name": "debian-13", "os_distro": "debian"},
    {
        "id": number(800),
        "name": "Mistral 7B",
        "allod.dev/ref": "model:mistralai/Mistral-7B-v0.1",
        "allod.dev/published-by": "vendor:mistral-ai",
        "license": "Apache-2.0",
        "team": "Recherche",
        "api_key": "sk-not-to-be-kept",
    },
    {"id": number(801), "name": "odd", "allod.dev/ref": "system:lab/odd"},
    {"id": number(802), "name": "half", "allod.dev/licence": "MIT"},
    {
        "id": number(803),
        "name": "data",
        "allod.dev/ref": "dataset:lab/data",
        "allod.dev/stored-in": "cloud_region:lab/x",
    },
]
CONTAINERS = {
    "corpus": {
        "X-Container-Meta-Team": "Sprache & Übersetzung",
        "X-Container-Meta-Allod-Dev-Data-Classes": "personal, internal",
        "X-Container-Meta-Temp-Url-Key": "not-to-be-kept",
        "X-Container-Read": ".r:*,.rlistings",
        "X-Storage-Policy": "three-zones",
    },
    "Corpus": {"X-Container-Sync-To": "//realm/far/AUTH_x/copy"},
    "archiv größe": {"X-Container-Meta-Allod-Dev-Ref": "dataset:lab/archive"},
    "shut": {"X-Status": "403"},
}
VOLUMES: list[Any] = [
    "odd",
    {"id": number(899), "name": "root disk", "metadata": {}, "availability_zone": "nova", "volume_type": "ssd"},
    {
        "id": VOLUME,
        "name": "training data",
        "metadata": {"allod.dev/data-classes": "health", "tier": "1"},
        "availability_zone": "az-paris",
        "volume_type": "luks",
        "encrypted": True,
        "os-vol-tenant-attr:tenant_id": DEMO,
    },
]
TYPES = [{"id": "1", "name": "luks", "extra_specs": {"allod.dev/subject-jurisdictions": "FR", "RESKEY": "x"}}, "odd"]


def _fill_placement(running: Cloud) -> None:
    """Two H100 that Nova lists by their PCI ids, and two A100 of which guests get parts."""
    version = {"OpenStack-API-Version": "placement 1.20"}

    def provider(uuid: str, name: str, parent: str | None, held: dict[str, int], traits: list[str]) -> None:
        body: dict[str, Any] = {"uuid": uuid, "name": name} | ({"parent_provider_uuid": parent} if parent else {})
        running.ask("POST", "placement", "/resource_providers", body, **version)
        for resource in held:
            if resource.startswith("CUSTOM_"):
                running.ask("PUT", "placement", f"/resource_classes/{resource}", **version)
        for trait in traits:
            running.ask("PUT", "placement", f"/traits/{trait}", **version)
        stock = {resource: {"total": total} for resource, total in held.items()}
        body = {"resource_provider_generation": 0, "inventories": stock}
        running.ask("PUT", "placement", f"/resource_providers/{uuid}/inventories", body, **version)
        if traits:
            body = {"resource_provider_generation": 1, "traits": traits}
            running.ask("PUT", "placement", f"/resource_providers/{uuid}/traits", body, **version)

    for host in ("compute-1", "compute-2", "compute-3"):
        provider(host_id(host), f"{host}.example.org", None, {"VCPU": 64}, [])
    for place, bus in enumerate(("81", "82")):
        provider(
            number(300 + place),
            f"compute-1.example.org_0000:{bus}:00.0",
            host_id("compute-1"),
            {"CUSTOM_PCI_10DE_2330": 1},
            [],
        )
    for place, device in enumerate(("41_00_4", "41_01_2", "42_00_4")):
        name = f"compute-2.example.org_pci_0000_{device}"
        provider(number(310 + place), name, host_id("compute-2"), {"VGPU": 4}, ["CUSTOM_NVIDIA_A100"])


def settings(openstack: Cloud, user: str = "auditor", **more: Any) -> dict[str, Any]:
    who = {"username": user, "password": f"env:ALLOD_SECRET_{user.upper()}", "project": "demo"}
    return {"auth_url": openstack.auth_url, "cloud": "lab", "regions": ["GRA7"], **who, **more}


def read_all(read_source: ReadSource, given: dict[str, Any], **more: Any) -> Reading:
    return read_source("openstack", given, secrets=SECRETS, **more)


_SEEN: dict[str, Reading] = {}


@pytest.fixture
def whole(openstack: Cloud, read_source: ReadSource) -> Reading:
    """All that an administrator sees, read once for the tests of what it is."""
    if openstack.auth_url not in _SEEN:
        places = {"GRA7/az-paris": PARIS}
        _SEEN[openstack.auth_url] = read_all(read_source, settings(openstack, all_projects=True, places=places))
    return _SEEN[openstack.auth_url]


def reasons(found: Reading) -> dict[tuple[str, str | None], str]:
    return {(one.part, one.object): one.reason for one in found.refused}


# What a real cloud shows


def test_an_administrator_sees_instances_with_accelerators(whole: Reading) -> None:
    found = whole
    trainer = found.asset(f"gpu_host:openstack/{server_id('trainer')}")
    assert trainer.title == "trainer"
    assert trainer.attributes == {
        "accelerators": [{"vendor": "vendor:nvidia", "model": "NVIDIA H100", "count": 2}],
        "tenancy": "dedicated",
    }
    assert {grade["grade"] for grade in trainer.evidence.values()} == {"inferred"}
    assert found.related(trainer.ref) == {("located_in", PARIS), ("serves", "model:mistralai/Mistral-7B-v0.1")}
    assert trainer.labels == {"openstack/cloud": "lab", "team": "Recherche"}
    assert trainer.annotations["openstack/zone"] == "az-paris"
    assert trainer.annotations["openstack/hypervisor"] == "compute-1.example.org"
    shared = found.asset(f"gpu_host:openstack/{server_id('renderer')}")
    assert shared.attributes["accelerators"] == [{"vendor": "vendor:nvidia", "model": "NVIDIA A100"}]
    assert shared.attributes["tenancy"] == "shared"
    assert shared.attributes["confidential_computing"] is False
    assert found.grade(shared.ref, "confidential_computing") == "declared"
    assert shared.annotations["openstack/shares-of-a-card"] == "1"
    tracked = found.asset(f"gpu_host:openstack/{server_id('tracked')}")
    assert tracked.attributes["accelerators"] == [
        {"vendor": "vendor:nvidia", "model": "NVIDIA L40S", "count": 1, "memory_gib": 48}
    ]
    assert found.asset("gpu_host:lab/eins").attributes["accelerators"] == [{"count": 1}]
    elsewhere = found.asset(f"gpu_host:openstack/{server_id('elsewhere')}")
    assert elsewhere.annotations["openstack/project"] == OTHER
    for name in ("web", "switch"):
        assert f"gpu_host:openstack/{server_id(name)}" not in found.taken
    noted = {(note.part, note.object): note.text for note in found.notes}
    assert noted["GRA7/instances", server_id("elsewhere")].startswith("the mark allod.dev/ref says 'model:not/a-host'")
    assert noted["GRA7/instances", server_id("trainer")] == "there is no mark allod.dev/colour"
    assert "connectx6" in noted["GRA7/flavors", "n.smartnic"]
    assert "do not say which" in noted["GRA7/flavors", "g.unnamed"]


def test_hypervisors_are_told_by_placement_aggregates_and_guests(whole: Reading) -> None:
    found = whole
    assert not [one for one in found.refused if one.part == "GRA7/hypervisors"]
    first = found.asset("gpu_host:openstack/lab/gra7/compute-1.example.org")
    assert first.attributes == {
        "accelerators": [{"vendor": "vendor:nvidia", "model": "NVIDIA H100", "count": 2, "memory_gib": 80}],
        "tenancy": "dedicated",
    }
    assert found.grade(first.ref, "accelerators") == "verified"
    assert found.related(first.ref) == {("located_in", PARIS), ("operated_by", "vendor:example")}
    second = found.asset("gpu_host:openstack/lab/gra7/compute-2.example.org")
    assert second.attributes == {
        # Three providers on two buses: two cards.
        "accelerators": [{"vendor": "vendor:nvidia", "model": "NVIDIA A100", "count": 2}],
        "tenancy": "shared",
    }
    assert found.grade(second.ref, "accelerators") == "inferred"
    third = found.asset("gpu_host:openstack/lab/gra7/compute-3.example.org")
    assert third.attributes["accelerators"] == [{"vendor": "vendor:nvidia", "model": "NVIDIA H100"}]
    assert third.evidence["accelerators"]["source"] == "nova:flavors"
    fourth = found.asset("gpu_host:openstack/lab/gra7/compute-4.example.org")
    assert fourth.attributes["accelerators"] == [{"vendor": "vendor:nvidia", "model": "NVIDIA L40S", "memory_gib": 48}]
    assert fourth.evidence["tenancy"] == {"grade": "inferred", "source": "nova:aggregates"}


def test_images_containers_and_volumes(whole: Reading) -> None:
    found = whole
    model = found.asset("model:mistralai/Mistral-7B-v0.1")
    assert model.attributes == {"licence": "Apache-2.0"}
    assert found.grade(model.ref, "licence") == "declared"
    assert found.related(model.ref) == {("stored_in", LAB), ("published_by", "vendor:mistral-ai")}
    assert model.labels == {"openstack/cloud": "lab", "team": "Recherche"}
    assert model.annotations["openstack/disk-format"] == "raw"
    assert found.related("dataset:lab/data") == {("stored_in", "cloud_region:lab/x")}
    notes = {(note.part, note.object): note.text for note in found.notes}
    assert notes["GRA7/images", "images"].startswith("1 carry no mark")
    assert "'system:lab/odd'" in notes["GRA7/images", number(801)]
    assert "is missing" in notes["GRA7/images", number(802)]

    corpus = found.asset(f"dataset:openstack/lab/gra7/{DEMO}/corpus")
    assert corpus.attributes == {"data_classes": ["personal", "internal"]}
    assert corpus.labels == {"openstack/cloud": "lab", "team": "Sprache & Übersetzung"}
    assert corpus.annotations == {
        "openstack/container": "corpus",
        "openstack/project": DEMO,
        "openstack/readers": ".r:*,.rlistings",
        "openstack/storage-policy": "three-zones",
    }
    assert found.related(corpus.ref) == {("stored_in", LAB)}
    (copied,) = [taken for taken in found.taken.values() if taken.object == "Corpus"]
    assert copied.observation.name.startswith(f"openstack/lab/gra7/{DEMO}/corpus-")
    assert "copied to //realm/far" in notes["GRA7/containers", "Corpus"]
    assert found.asset("dataset:lab/archive").title == "archiv größe"
    assert "403" in reasons(found)["GRA7/containers", "shut"]
    assert "GRA7/containers" in found.read

    volume = found.asset(f"dataset:openstack/{VOLUME}")
    assert volume.attributes == {"data_classes": ["health"], "subject_jurisdictions": ["FR"]}
    assert found.related(volume.ref) == {("stored_in", PARIS)}
    assert volume.labels == {"openstack/cloud": "lab", "tier": "1"}
    assert volume.annotations["openstack/encrypted"] == "true"
    assert ("GRA7/volumes", "a volume") in reasons(found)
    assert "disks of machines" in notes["GRA7/volumes", "volumes"]
    assert "not-to-be-kept" not in str([taken.observation.body() for taken in found.taken.values()])


def test_what_is_taken_can_be_chosen(openstack: Cloud, read_source: ReadSource) -> None:
    services = ["object-store", "block-storage"]
    found = read_all(
        read_source, settings(openstack, containers="marked", volumes="all", services=services, all_projects=True)
    )
    assert {taken.object for taken in found.taken.values()} == {
        "GRA7",
        "corpus",
        "archiv größe",
        number(899),
        VOLUME,
    }
    assert any(asked.endswith("all_tenants=1") or "all_tenants=1&" in asked for asked in openstack.storage.asked)


def test_volumes_are_read_without_their_types(
    openstack: Cloud, read_source: ReadSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openstack.storage, "types", None)
    found = read_all(read_source, settings(openstack, services=["block-storage"]))
    assert "without a list of volume_types" in reasons(found)["GRA7/volumes", "types"]
    assert found.asset(f"dataset:openstack/{VOLUME}").attributes == {"data_classes": ["health"]}


def test_regions_are_assets_where_no_provider_is_named(openstack: Cloud, read_source: ReadSource) -> None:
    given = settings(openstack, country="DE", operator="vendor:example", services=["image"], regions=None)
    found = read_all(read_source, given)
    region = found.asset(LAB)
    assert region.attributes == {"code": "GRA7", "country": "DE", "provider": "vendor:example"}
    assert region.evidence["country"] == {"grade": "declared", "source": "settings"}
    assert found.grade(LAB, "code") == "verified"
    assert found.related(LAB) == {("operated_by", "vendor:example")}
    assert found.asset("cloud_region:lab/lab-2").title == "Labor im Keller"
    by_hand = read_all(read_source, {**given, "places": {"GRA7": GRA}})
    assert LAB not in by_hand.taken
    assert by_hand.related("model:mistralai/Mistral-7B-v0.1") >= {("stored_in", GRA)}


def test_an_unchanged_cloud_is_read_the_same_twice(openstack: Cloud, whole: Reading, read_source: ReadSource) -> None:
    second = read_all(read_source, settings(openstack, all_projects=True, places={"GRA7/az-paris": PARIS}))
    assert len(second.taken) > 12
    assert {ref: taken.observation.body() for ref, taken in whole.taken.items()} == {
        ref: taken.observation.body() for ref, taken in second.taken.items()
    }


# Who may see what


def test_a_reader_is_refused_what_is_for_administrators(openstack: Cloud, read_source: ReadSource) -> None:
    found = read_all(read_source, settings(openstack, "allod"))
    assert "GRA7/instances" in found.read
    assert "GRA7/hypervisors" not in found.read
    assert "403" in reasons(found)["GRA7/hypervisors", None]
    host = found.asset(f"gpu_host:openstack/{server_id('trainer')}")
    assert "openstack/hypervisor" not in host.annotations
    assert f"gpu_host:openstack/{server_id('elsewhere')}" not in found.taken
    everywhere = read_all(read_source, settings(openstack, "allod", all_projects=True, services=["compute"]))
    assert "403" in reasons(everywhere)["GRA7/instances", None]
    assert any("instances were not read" in reason for reason in [one.reason for one in everywhere.refused])


def test_hypervisors_need_not_be_asked_for(openstack: Cloud, read_source: ReadSource) -> None:
    found = read_all(read_source, settings(openstack, "allod", hypervisors=False, services=["compute"]))
    assert found.complete
    assert [note.text for note in found.notes if note.part == "GRA7/hypervisors"] == [
        "they were not asked for, as the settings say"
    ]


def test_a_dead_region_is_refused_and_the_rest_is_read(openstack: Cloud, read_source: ReadSource) -> None:
    found = read_all(read_source, settings(openstack, "auditor", regions=None))
    refused = reasons(found)
    for part in ("flavors", "instances", "hypervisors", "containers"):
        assert (f"Lab 2/{part}", None) in refused
        assert f"Lab 2/{part}" not in found.read
    assert {"GRA7/instances", "GRA7/hypervisors", "GRA7/volumes"} <= set(found.read)
    assert any(note.object == "Lab 2" and "no image, block-storage" in note.text for note in found.notes)


def test_a_region_that_nobody_has_is_refused(openstack: Cloud, read_source: ReadSource) -> None:
    found = read_all(read_source, settings(openstack, regions=["GRA8"]))
    assert reasons(found).keys() == {("catalogue", "GRA8"), ("catalogue", "regions")}


def test_a_wrong_password_is_refused(openstack: Cloud, read_source: ReadSource) -> None:
    found = read_all(read_source, settings(openstack) | {"password": "env:ALLOD_SECRET_PASSWORD"})
    (refused,) = found.refused
    assert refused.part == "catalogue"
    assert "does not let this source in" in refused.reason
    assert "401" in refused.reason
    assert SECRETS["ALLOD_SECRET_PASSWORD"] not in refused.reason
    assert not found.taken
    missing = read_all(read_source, settings(openstack) | {"password": "env:ALLOD_SECRET_NOT_SET"})
    assert "not set" in missing.refused[0].reason


def test_an_application_credential_is_enough(openstack: Cloud, read_source: ReadSource) -> None:
    token = openstack.token("allod", "demo")
    user = openstack.ask("GET", "keystone", "/v3/users?name=allod")["users"][0]["id"]
    body = {"application_credential": {"name": "scan", "secret": "a-long-application-secret"}}
    made = openstack.ask(
        "POST", "keystone", f"/v3/users/{user}/application_credentials", body, **{"X-Auth-Token": token}
    )
    given = {
        "auth_url": openstack.url("keystone"),  # without /v3
        "cloud": "lab",
        "provider": "ovhcloud",
        "regions": ["GRA7"],
        "hypervisors": False,
        "application_credential_id": made["application_credential"]["id"],
        "application_credential_secret": "env:ALLOD_SECRET_APPLICATION",
    }
    secrets = {"ALLOD_SECRET_APPLICATION": "a-long-application-secret"}
    found = read_source("openstack", given, secrets=secrets)
    assert found.related(f"gpu_host:openstack/{server_id('trainer')}") >= {("located_in", GRA)}


@pytest.mark.parametrize("what", ["token", "user"])
def test_what_is_taken_back_half_way(openstack: Cloud, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A revoked token is replaced; of a user who is gone, what was seen stays and the rest is refused."""
    kind = registry.find("openstack")
    given = reading.settings_of(kind, settings(openstack, "leaver", services=["compute", "image"], hypervisors=False))
    secrets = Secrets(("ALLOD_SECRET_*",), Path("/run/secrets"), SECRETS)
    around = Surroundings("source:test", TODAY, secrets, Places(()))
    user = openstack.ask("GET", "keystone", "/v3/users?name=leaver")["users"][0]["id"]
    sessions, tokens = [], []

    def opened(*given: Any) -> Any:
        sessions.append(openstack_session.open_session(*given))
        return sessions[-1]

    monkeypatch.setattr(openstack_client, "open_session", opened)
    events = []
    for event in reading.read(kind, given, around, reach=[Reach.LOOPBACK]):
        events.append(event)
        if event == Read("GRA7/flavors"):
            if what == "token":
                tokens.append(sessions[0].get_token())
                openstack.ask("DELETE", "keystone", "/v3/auth/tokens", **{"X-Subject-Token": tokens[0]})
            else:
                openstack.ask("DELETE", "keystone", f"/v3/users/{user}")
    parts = [event.part for event in events if isinstance(event, Read)]
    assert parts[:2] == ["catalogue", "GRA7/flavors"]
    taken = [event for event in events if isinstance(event, Taken)]
    if what == "token":
        assert {"GRA7/instances", "GRA7/images"} <= set(parts)
        assert len(taken) > 3
        assert sessions[0].get_token() != tokens[0]
    else:
        assert parts[2:] == []
        refused = {event.part: event.reason for event in events if isinstance(event, Refused)}
        assert "401" in refused["GRA7/instances"]
        assert "401" in refused["GRA7/images"]
        assert [event.observation.ref for event in taken] == [LAB]


def test_nothing_but_the_settings_says_who_reads_what(
    openstack: Cloud, read_source: ReadSource, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    clouds = tmp_path / "clouds.yaml"
    auth = {"auth_url": f"{nobody}/v3", "username": "x", "password": "y", "project_name": "z"}
    clouds.write_text(
        yaml.safe_dump({"clouds": {"lab": {"auth": auth, "region_name": "R"}, "envvars": {"auth": auth}}})
    )
    (tmp_path / ".netrc").write_text("machine 127.0.0.1\nlogin x\npassword y\n")
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "OS_CLIENT_CONFIG_FILE": str(clouds),
        "OS_CLOUD": "lab",
        "OS_AUTH_URL": nobody,
        "OS_USERNAME": "x",
        "OS_PASSWORD": "y",
        "OS_REGION_NAME": "R",
        "OS_ENDPOINT_OVERRIDE": nobody,
        "OS_COMPUTE_ENDPOINT_OVERRIDE": nobody,
        "HTTP_PROXY": nobody,
        "http_proxy": nobody,
        "REQUESTS_CA_BUNDLE": str(tmp_path / "none.pem"),
        "HOME": str(tmp_path),
        "NETRC": str(tmp_path / ".netrc"),
    }.items():
        monkeypatch.setenv(name, value)
    assert os.environ["OS_CLOUD"] == "lab"
    found = read_all(read_source, settings(openstack, services=["compute"]))
    assert found.complete
    assert f"gpu_host:openstack/{server_id('trainer')}" in found.taken


# What a cloud should not answer


def test_odd_objects_are_refused_one_by_one(read_source: ReadSource) -> None:
    flavor = {"id": "1", "name": "g1", "extra_specs": {"pci_passthrough:alias": "t4:1"}}
    good = {"id": number(1), "name": None, "flavor": {"original_name": "g1", "extra_specs": flavor["extra_specs"]}}
    marked = {"metadata": {"allod.dev:ref": "gpu_host:lab/plain"}, "flavor": {"original_name": "m1", "extra_specs": {}}}
    lists: dict[str, Any] = {
        "/nova/v2.1/flavors/detail": {
            "flavors": [None, {"id": "0"}, flavor, {"id": "2", "name": "t4.small", "extra_specs": {}}]
        },
        "/nova/v2.1/servers/detail": {
            "servers": [
                None,
                {},
                {"id": number(2), "flavor": "g1"},
                {"id": number(3), "status": "UNKNOWN"},
                {"id": number(4), "flavor": {}},
                {"id": number(5), "flavor": {"id": "1"}},
                {"id": number(6), **marked},
                {"id": number(7), "flavor": {"original_name": "g1"}},
                {**good, "metadata": {"a": None, "b": 1, "": "x", "c": " ", "allod.dev:located-in": GRA}},
            ]
        },
        "/nova/v2.1/os-aggregates": {"aggregates": [None, {"hosts": None, "metadata": "x"}]},
        "/nova/v2.1/os-hypervisors/detail": {
            "hypervisors": [7, {"hypervisor_hostname": "h1", "id": "h1", "service": "x"}, {"id": "h2"}]
        },
        "/placement/resource_providers": {"resource_providers": [{"uuid": "r1"}]},
        "/placement/resource_providers/r1/inventories": {
            "inventories": {"PGPU": {"total": 3}, "VGPU": {"total": 0}, "DISK_GB": 7, "MEMORY_MB": {"total": "x"}}
        },
        "/placement/resource_providers/r1/traits": {"traits": None},
        "/glance/v2/images": {"images": ["odd", {"name": "no id"}]},
        "/swift/v1/AUTH_p/": [7, {"name": 8}, {"subdir": "x"}],
    }
    with fake(lambda path, query: Answer(lists[path]) if path in lists else None) as there:
        found = read_all(read_source, there.settings)
    assert set(found.read) == {
        "catalogue",
        *(f"R/{part}" for part in ("flavors", "instances", "hypervisors", "images", "containers")),
    }
    refused = reasons(found)
    assert ("R/flavors", "a flavor") in refused
    assert refused["R/instances", number(2)].startswith("Nova does not say of which flavor")
    assert refused["R/instances", number(3)] == "its cell is down"
    assert refused["R/instances", number(4)].startswith("its flavor is gone")
    assert ("R/images", "an image") in refused
    assert ("R/containers", "a container") in refused
    assert ("R/hypervisors", "a hypervisor") in refused
    hosts = {taken.observation.ref for taken in found.taken.values()}
    assert hosts >= {f"gpu_host:openstack/{number(place)}" for place in (1, 5, 7)} | {"gpu_host:openstack/fake/r/h1"}
    assert found.asset(f"gpu_host:openstack/{number(1)}").title == number(1)
    assert found.related(f"gpu_host:openstack/{number(1)}") == {("located_in", GRA)}
    assert found.asset("gpu_host:openstack/fake/r/h1").attributes["accelerators"] == [{"count": 3}]
    noted = {note.object: note.text for note in found.notes}
    assert "named after an accelerator" in noted["t4.small"]
    assert "has no accelerators" in noted[number(6)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(b"<html>Welcome</html>"), "did not answer with JSON"),
        (Answer([1]), "did not answer with a JSON object"),
        (Answer({"servers": None}), "without a list of servers"),
        (Answer({}, 302, {"Location": "http://elsewhere.example/"}), "redirects to elsewhere.example"),
        (Answer(b"<html>no</html>", 500), "answers 500"),
        (
            Answer({"forbidden": {"code": 403, "message": "Policy says no."}}, 403),
            "answers 403 Forbidden (Policy says no)",
        ),
        (Answer({"x": 1}, 418), "answers 418"),
        (Answer([1], 418), "answers 418"),
        (Answer(b"{" + b" " * 5000), "The cloud answers with more than 4096 bytes"),
        (Answer(b"{", headers={"Content-Length": "900"}), "GET /servers/detail"),
        (Answer(hangs=True), "timed out"),
    ],
)
def test_a_bad_answer_ends_its_part(
    answer: Answer, expected: str, read_source: ReadSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_MAX", 4096)
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.2)
    with fake(lambda path, query: answer if path == "/nova/v2.1/servers/detail" else None) as there:
        found = read_all(read_source, there.settings)
    assert expected in reasons(found)["R/instances", None]
    assert {"catalogue", "R/flavors", "R/images", "R/containers"} <= set(found.read)


def test_an_answer_that_drips_is_cut_off(read_source: ReadSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WHOLE_SECONDS", -1.0)
    with fake(lambda path, query: None) as there:
        found = read_all(read_source, there.settings)
    assert "did not end its answer within -1 s" in found.refused[0].reason


def test_a_service_that_does_not_answer_is_not_waited_for_again(
    read_source: ReadSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.2)
    with fake(lambda path, query: Answer(hangs=True) if "flavors" in path else None) as there:
        found = read_all(read_source, there.settings)
    assert [path for path in there.asked if "/servers" in path or "/os-" in path] == []
    assert "R/images" in found.read
    assert ("R/instances", None) in reasons(found)


def test_busy_services_are_asked_again(read_source: ReadSource) -> None:
    turns = iter([Answer({}, 429), Answer({}, 503)])
    with fake(lambda path, query: next(turns, None) if path == "/glance/v2/images" else None) as there:
        found = read_all(read_source, {**there.settings, "services": ["image"]})
    assert found.complete
    assert sum(path.startswith("/glance/v2/images") for path in there.asked) == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer({"token": "x"}, 201, {"X-Subject-Token": "t"}), "does not let this source in"),
        (Answer(b"<html>", 200), "does not let this source in"),
        (Answer({}, 302, {"Location": "http://elsewhere.example/"}), "does not let this source in"),
    ],
)
def test_a_keystone_that_makes_no_sense(answer: Answer, expected: str, read_source: ReadSource) -> None:
    with fake(lambda path, query: answer if path == "/v3/auth/tokens" else None) as there:
        found = read_all(read_source, there.settings)
    assert expected in reasons(found)["catalogue", None]


def test_a_catalogue_may_hold_anything(read_source: ReadSource) -> None:
    with fake(lambda path, query: Answer({}, 500) if path == "/v3/regions" else None) as there:
        there.catalogue = [
            7,
            {"type": "compute", "endpoints": None},
            {"type": "compute", "endpoints": [7, {"interface": "admin", "region": "A"}]},
            {"type": "weather", "endpoints": [{"interface": "public", "region_id": None, "region": "W", "url": "x"}]},
            *catalogue(there.url, {"image": "glance"}),
        ]
        found = read_all(read_source, there.settings)
    assert found.asked == ["catalogue", "R/images"]
    assert found.read == ["catalogue"]  # the SDK finds no endpoints in such a catalogue
    assert ("R/images", None) in reasons(found)
    noted = [note.text for note in found.notes]
    assert any("does not describe its regions" in text for text in noted)
    assert any("no compute, object-store, block-storage" in text for text in noted)


def test_an_old_nova_shows_extra_specs_one_by_one(read_source: ReadSource) -> None:
    old = {**NOVA, "version": "2.12"}
    lists = {
        "/nova/v2.1": {"version": {**old, "links": []}},
        "/nova/v2.1/flavors/detail": {"flavors": [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]},
        "/nova/v2.1/flavors/1/os-extra_specs": {"extra_specs": {"resources:PGPU": "2"}},
        "/nova/v2.1/flavors/2/os-extra_specs": {"extra_specs": {}},
        "/nova/v2.1/servers/detail": {
            "servers": [{"id": number(1), "flavor": {"id": "1"}}, {"id": number(2), "flavor": {"id": "2"}}]
        },
    }
    with fake(lambda path, query: Answer(lists[path.rstrip("/")]) if path.rstrip("/") in lists else None) as there:
        found = read_all(read_source, {**there.settings, "services": ["compute"]})
    assert found.complete
    assert found.asset(f"gpu_host:openstack/{number(1)}").attributes["accelerators"] == [{"count": 2}]
    assert f"gpu_host:openstack/{number(2)}" not in found.taken


def test_where_extra_specs_are_hidden_names_tell(read_source: ReadSource) -> None:
    names = ["h100-380", "plain", "black-box"]
    lists: dict[str, Any] = {
        "/nova/v2.1/flavors/detail": {"flavors": [{"id": name, "name": name} for name in names]},
        "/nova/v2.1/servers/detail": {
            "servers": [{"id": number(place), "flavor": {"original_name": name}} for place, name in enumerate(names)]
        },
    }
    closed = {f"/nova/v2.1/flavors/{name}/os-extra_specs" for name in names}

    def answer(path: str, query: dict[str, str]) -> Answer | None:
        return Answer({}, 403) if path in closed else Answer(lists[path]) if path in lists else None

    with fake(answer) as there:
        given = {**there.settings, "services": ["compute"], "provider": "ovhcloud", "gpu_flavors": ["black-*"]}
        found = read_all(read_source, given)
    assert "403" in reasons(found)["R/flavors", "extra specs"]
    assert sum("extra_specs" in path for path in there.asked) == 1
    known = found.asset(f"gpu_host:openstack/{number(0)}").attributes["accelerators"]
    assert known == [{"vendor": "vendor:nvidia", "model": "NVIDIA H100", "count": 1, "memory_gib": 80}]
    assert found.asset(f"gpu_host:openstack/{number(2)}").attributes["accelerators"] == [{}]
    assert f"gpu_host:openstack/{number(1)}" not in found.taken


@pytest.mark.parametrize(("status", "asked"), [(403, 1), (404, 2)])
def test_without_placement_guests_and_aggregates_tell(read_source: ReadSource, status: int, asked: int) -> None:
    specs = {"pci_passthrough:alias": "vgpu-a100:1"}
    guests = [
        {"original_name": "x", "extra_specs": specs},
        {"original_name": "y", "extra_specs": {"pci_passthrough:alias": "h100"}},
    ]
    lists: dict[str, Any] = {
        "/nova/v2.1/servers/detail": {
            "servers": [
                {"id": number(place), "flavor": flavor, "OS-EXT-SRV-ATTR:hypervisor_hostname": "h1"}
                for place, flavor in enumerate(guests)
            ]
        },
        "/nova/v2.1/os-hypervisors/detail": {
            "hypervisors": [{"hypervisor_hostname": name, "id": name} for name in ("h1", "h2")]
        },
    }

    def answer(path: str, query: dict[str, str]) -> Answer | None:
        return (
            Answer({}, status)
            if path == "/placement/resource_providers"
            else Answer(lists[path])
            if path in lists
            else None
        )

    with fake(answer) as there:
        found = read_all(read_source, {**there.settings, "services": ["compute"]})
        assert sum(path.startswith("/placement/resource_providers") for path in there.asked) == asked
        there.catalogue = catalogue(there.url, {"compute": "nova/v2.1"})
        without = read_all(read_source, {**there.settings, "services": ["compute"]})
    host = found.asset("gpu_host:openstack/fake/r/h1").attributes
    assert host["tenancy"] == "shared"
    assert [one["model"] for one in host["accelerators"]] == ["NVIDIA A100", "NVIDIA H100"]
    assert "gpu_host:openstack/fake/r/h2" not in found.taken
    assert len([one for one in found.refused if one.part == "R/hypervisors"]) == asked
    assert "the catalogue has no Placement" in reasons(without)["R/hypervisors", "placement"]


def test_many_instances_are_read_page_by_page(read_source: ReadSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openstack_client, "PAGE", 100)
    flavor = {"original_name": "g", "extra_specs": {"resources:VGPU": "1"}}

    def answer(path: str, query: dict[str, str]) -> Answer | None:
        if path != "/nova/v2.1/servers/detail":
            return None
        start = int(query.get("marker", "0"))
        body: dict[str, Any] = {"servers": [{"id": number(start + place), "flavor": flavor} for place in range(100)]}
        if start < 1900:
            body["servers_links"] = [7, {"rel": "next", "href": f"http://other.example/x?marker={start + 100}"}]
        return Answer(body)

    with fake(answer) as there:
        found = read_all(read_source, {**there.settings, "services": ["compute"], "hypervisors": False})
        assert sum("/servers/detail" in path for path in there.asked) == 20
    assert found.complete
    assert len(found.taken) == 2001


@pytest.mark.parametrize(
    ("path", "body", "part"),
    [
        ("/glance/v2/images", {"images": [{"id": "1"}], "next": "/v2/images?marker=1"}, "R/images"),
        ("/glance/v2/images", {"images": [], "next": "/v2/images?marker=1"}, "R/images"),
        ("/swift/v1/AUTH_p/", [{"name": "a"}], "R/containers"),
    ],
)
def test_pages_that_do_not_end_are_given_up(read_source: ReadSource, path: str, body: Any, part: str) -> None:
    with fake(lambda asked, query: Answer(body) if asked == path else None) as there:
        found = read_all(read_source, there.settings)
    assert "again and again" in reasons(found)[part, None]


def test_swift_may_say_that_there_is_nothing(read_source: ReadSource) -> None:
    answers = {"/swift/v1/AUTH_p/": [Answer(b"", 204), Answer({"error": 1})]}
    with fake(lambda path, query: answers[path].pop(0) if answers.get(path) else None) as there:
        given = {**there.settings, "services": ["object-store"]}
        assert read_all(read_source, given).complete
        odd = read_all(read_source, given)
    assert "without a list of containers" in reasons(odd)["R/containers", None]


def test_endpoints_on_other_hosts_must_be_named(read_source: ReadSource) -> None:
    with fake(lambda path, query: None) as there:
        there.catalogue = catalogue(there.url.replace("127.0.0.1", "localhost"), {"image": "glance"})
        denied = read_all(read_source, there.settings)
        allowed = read_all(read_source, {**there.settings, "hosts": ["localhost"]})
    assert any("localhost" in one.reason and "not among the hosts" in one.reason for one in denied.refused)
    assert "R/images" not in denied.read
    assert "R/images" in allowed.read


def test_metadata_addresses_cannot_be_reached(read_source: ReadSource) -> None:
    with fake(lambda path, query: None) as there:
        there.catalogue = catalogue("http://169.254.169.254", {"image": "glance"})
        found = read_all(read_source, {**there.settings, "hosts": ["169.254.169.254"]})
    assert any("link-local" in one.reason for one in found.refused)


def test_the_sdk_may_be_missing(read_source: ReadSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openstack", None)
    with fake(lambda path, query: None) as there:
        found = read_all(read_source, there.settings)
    assert "pip install 'allod[openstack]'" in found.refused[0].reason


def test_a_certificate_file_must_be_one_that_sources_may_read(read_source: ReadSource, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with fake(lambda path, query: None) as there:
        given = {**there.settings, "ca_file": str(file), "services": ["image"]}
        assert read_all(read_source, given, roots=[tmp_path]).complete  # nothing here speaks TLS
        outside = read_all(read_source, given)
    assert outside.refused


def test_a_stop_ends_the_reading(read_source: ReadSource) -> None:
    kind = registry.find("openstack")
    secrets = Secrets(("ALLOD_SECRET_*",), Path("/run/secrets"), SECRETS)
    body = {"images": [{"id": str(place)} for place in range(20)]}  # without marks: no event between them
    with fake(lambda path, query: Answer(body) if path == "/glance/v2/images" else None) as there:
        calls: list[int] = []

        def pause() -> None:
            calls.append(1)
            if len(calls) > 6:
                raise Stopped

        around = Surroundings("source:test", TODAY, secrets, Places(()), on_pause=pause)
        given = reading.settings_of(kind, {**there.settings, "services": ["image"]})
        with pytest.raises(Stopped):
            list(reading.read(kind, given, around, reach=[Reach.LOOPBACK]))


# Settings


USER = {
    "auth_url": "https://auth.example.org:5000/v3",
    "cloud": "lab",
    "username": "u",
    "password": "env:X",
    "project": "p",
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"password": None}, "not clear who signs in"),
        ({"application_credential_id": "x"}, "not clear who signs in"),
        ({"provider": "ovhcloud", "country": "FR"}, "reference catalogue knows"),
        ({"cloud": "My Cloud"}, "not a word for a cloud"),
        ({"hosts": ["http://x"]}, "not a host"),
        ({"auth_url": "https://u:p@auth.example.org"}, "the address cannot be used"),
        ({"auth_url": "https://auth.example.org/?x=1"}, "not the address of Keystone"),
        ({"password": "hunter2"}, "not a reference to a secret"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_cannot_be_used(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(Invalid, match="settings cannot be used") as refused:
        reading.settings_of(registry.find("openstack"), USER | change)
    assert expected in str(refused.value.faults)
    assert "hunter2" not in str(refused.value.faults)


def test_it_reaches_keystone_and_what_is_named() -> None:
    given = OpenStackSettings.model_validate(USER | {"hosts": ["*.cloud.ovh.net", "swift.example.org:8080"]})
    assert reaches(given) == ["auth.example.org", "*.cloud.ovh.net", "swift.example.org:8080"]


@pytest.mark.parametrize(
    ("region", "key"),
    [
        ("GRA7", "gra"),
        ("GRA", "gra"),
        ("GRA11", "gra"),
        ("SBG5", "sbg"),
        ("BHS5", "bhs"),
        ("DE1", "de"),
        ("UK1", "uk"),
        ("WAW1", "waw"),
        ("RBX-A", "rbx"),
        ("RBX-ARCHIVE", "rbx"),
        ("SGP1", "sgp"),
        ("SYD1", "syd"),
        ("EU-WEST-PAR", "eu-west-par"),
        ("EU-SOUTH-MIL", "eu-south-mil"),
        ("CA-EAST-TOR", "ca-east-tor"),
        ("AP-SOUTH-MUM-1", "ap-south-mum"),
        ("US-EAST-VA-1", "us-east-va"),
        ("US-WEST-OR-1", "us-west-or"),
    ],
)
def test_regions_of_ovhcloud_are_those_of_the_reference_catalogue(region: str, key: str) -> None:
    known = yaml.safe_load((ROOT / "policies/data/regions/ovhcloud.yaml").read_text())["entries"]
    assert f"ovhcloud/{key}" in {entry["key"] for entry in known}
    given = OpenStackSettings.model_validate(USER | {"provider": "ovhcloud"})
    assert place_of(given, region) == f"cloud_region:ovhcloud/{key}"


def test_regions_of_others_keep_their_codes() -> None:
    given = OpenStackSettings.model_validate(USER | {"provider": "open-telekom-cloud"})
    assert place_of(given, "eu-de") == "cloud_region:open-telekom-cloud/eu-de"
    assert (
        place_of(OpenStackSettings.model_validate(USER | {"provider": "ovhcloud"}), "1X") == "cloud_region:ovhcloud/1x"
    )
