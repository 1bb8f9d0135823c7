import json
import socket
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from service.foundation.errors import Invalid
from service.scans import reading, registry
from service.scans.connector import Refused
from service.scans.connectors import aws_account
from service.scans.connectors.aws_account import Account, words
from service.scans.connectors.aws_sagemaker import bucket_of
from service.scans.connectors.aws_settings import AwsSettings, operator, reaches
from service.scans.failures import SourceFailure, Stopped
from service.scans.outbound import Reach
from service.scans.places import Places
from service.scans.reading import Surroundings, Taken
from service.scans.secrets import Secrets
from tests.connectors.aws import estate
from tests.connectors.aws.front import Front, Reply, front, json_reply, xml_reply
from tests.connectors.conftest import TODAY, Reading, ReadSource
from tests.fixtures.opa import free_port
from tests.fixtures.servers import environment, running

REGIONS = ["eu-central-1", "us-east-1"]
SECRETS = {"ALLOD_SECRET_AWS": estate.SECRET}
OWN = "arn:aws:bedrock:eu-central-1:1"
EC2 = '<{0}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>{1}</{0}Response>'


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    command: list[str | Path] = [environment("moto") / "moto_server", "-H", "127.0.0.1", "-p", str(port)]

    def ready() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with running(command, log, ready):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_account, "TRIES", 1)


@pytest.fixture(scope="module")
def ids(moto: str) -> dict[str, str]:
    return estate.build(moto)


@pytest.fixture
def before(moto: str, ids: dict[str, str]) -> Iterator[Front]:
    with front(moto) as made:
        yield made


def settings(url: str, **more: Any) -> dict[str, Any]:
    return {
        "access_key_id": estate.KEY,
        "secret_access_key": "env:ALLOD_SECRET_AWS",
        "regions": REGIONS,
        "endpoint_url": url,
        **more,
    }


@pytest.fixture
def look(read_source: ReadSource) -> Any:
    def read(url: str, **more: Any) -> Reading:
        return read_source("aws", settings(url, **more), secrets=SECRETS)

    return read


def surroundings() -> Surroundings:
    return Surroundings("source:test", TODAY, Secrets(("ALLOD_SECRET_*",), Path("/run/secrets"), SECRETS), Places(()))


# What is there


def test_instances_with_accelerators_become_hosts(moto: str, ids: dict[str, str], look: Any) -> None:
    found = look(moto, services=["ec2"])
    serving = f"gpu_host:aws/eu-central-1/{ids['serving']}"
    inference = f"gpu_host:aws/eu-central-1/{ids['inference']}"

    assert set(found.taken) == {serving, inference, "gpu_host:training/one"}
    host = found.asset(serving)
    assert host.title == "llm serving"
    assert host.labels == {"Name": "llm serving", "team": "vision"}
    assert host.annotations == {"aws/instance-type": "g5.12xlarge", "aws/availability-zone": "eu-central-1b"}
    assert host.attributes == {
        "accelerators": [{"vendor": "vendor:nvidia", "model": "NVIDIA A10G", "count": 4, "memory_gib": 22.35}],
        "tenancy": "shared",
    }
    assert host.evidence["accelerators"] == {"grade": "verified", "source": "aws:DescribeInstanceTypes"}
    assert found.grade(serving, "tenancy") == "verified"
    assert found.related(serving) == {
        ("located_in", "cloud_region:aws/eu-central-1"),
        ("operated_by", "vendor:amazon-web-services"),
    }
    (neuron,) = found.asset(inference).attributes["accelerators"]
    assert neuron == {
        "vendor": "vendor:amazon-web-services", "model": "AWS Inferentia2", "count": 6, "memory_gib": 32,
    }  # fmt: skip
    assert found.taken[serving].object == ids["serving"]
    assert found.complete


def test_marks_name_a_host_and_say_more_of_it(moto: str, ids: dict[str, str], look: Any) -> None:
    found = look(moto, services=["ec2"], regions=["us-east-1"])

    host = found.asset("gpu_host:training/one")
    assert host.attributes["accelerators"][0]["model"] == "NVIDIA A100"
    assert host.attributes["confidential_computing"] is False
    assert found.grade(host.ref, "confidential_computing") == "declared"
    assert [note.text for note in found.notes] == ["there is no mark allod.dev/colour"]


def test_buckets_tell_where_they_lie_and_are_copied_to(moto: str, ids: dict[str, str], look: Any) -> None:
    found = look(moto, services=["s3"])

    patients = found.asset("dataset:aws/s3/patients-frankfurt")
    assert patients.attributes == {
        "data_classes": ["personal", "health"],
        "data_paths": [
            {"purpose": "storage", "region": "cloud_region:aws/eu-central-1", "key_custody": "operator"},
            {"purpose": "backup", "region": "cloud_region:aws/eu-west-1"},
        ],
    }
    assert patients.labels == {"cost-centre": "4711"}
    assert found.related(patients.ref) == {("stored_in", "cloud_region:aws/eu-central-1")}
    assert found.grade(patients.ref, "data_paths") == "verified"
    assert found.grade(patients.ref, "data_classes") == "declared"
    # Made in KMS, so AWS works with it, whatever policy stands on it.
    (kept,) = found.asset("dataset:aws/s3/weights-frankfurt").attributes["data_paths"]
    assert kept["key_custody"] == "operator"
    assert [(note.object, note.text) for note in found.notes] == [
        ("patients-frankfurt", "it is replicated to the bucket somebody-elses, and S3 does not tell where that lies"),
        ("patients-frankfurt", "the mark allod.dev/ref says 'model:no', which is no ref of kind dataset"),
    ]
    # Dublin and Oregon were not asked for.
    assert set(found.taken) == {f"dataset:aws/s3/{n}-frankfurt" for n in ("patients", "weights")} | {
        "dataset:aws/s3/captured-virginia"
    }


def test_buckets_are_chosen_by_name(moto: str, ids: dict[str, str], look: Any) -> None:
    found = look(moto, services=["s3"], buckets=["*-frankfurt", "captured-*"], exclude_buckets=["pat*"])

    assert set(found.taken) == {"dataset:aws/s3/weights-frankfurt", "dataset:aws/s3/captured-virginia"}


def test_objects_in_buckets_are_never_listed(before: Front, look: Any) -> None:
    look(before.url, services=["s3"])

    asked = {(one.action, one.path.partition("?")[2]) for one in before.asked if one.service == "s3"}
    assert all(
        query.startswith(("tagging", "replication", "encryption")) or action.startswith(("HEAD /", "GET /"))
        for action, query in asked
    )
    assert not any(
        "list-type" in query or query == ""
        for action, query in asked
        if action.startswith("GET /") and action != "GET /"
    )


def test_endpoints_serve_models_that_come_from_a_hub(moto: str, ids: dict[str, str], look: Any) -> None:
    found = look(moto, services=["sagemaker"], regions=["eu-central-1"])

    endpoint = found.asset("ai_service:aws/sagemaker/eu-central-1/support")
    assert endpoint.title == "Support"
    assert endpoint.labels == {"team": "support"}
    assert endpoint.attributes == {
        "provider": "vendor:amazon-web-services",
        "data_paths": [
            {"purpose": "processing", "region": "cloud_region:aws/eu-central-1"},
            {"purpose": "storage", "region": "cloud_region:aws/us-east-1"},  # what it captures of its traffic
        ],
    }
    model = "model:aws/sagemaker/eu-central-1/support-llm"
    assert found.related(endpoint.ref) == {("operated_by", "vendor:amazon-web-services"), ("serves", model)}
    assert found.related(model) == {
        ("derived_from", "model:meta-llama/Llama-3.1-8B-Instruct"),
        ("runs_on", "cloud_region:aws/eu-central-1"),
        ("stored_in", "cloud_region:aws/eu-central-1"),
    }
    # Nothing serves this one, and its tag gives it a name.
    assert found.related("model:ours/idle") == {("stored_in", "cloud_region:aws/eu-central-1")}
    assert found.asset("model:ours/idle").labels == {"stage": "test"}
    assert found.complete
    assert "hf_thissecretmustnotleave" not in repr(found)


def test_a_tuned_model_names_its_base_and_its_data(moto: str, ids: dict[str, str], look: Any) -> None:
    found = look(moto, services=["bedrock"], regions=["us-east-1"])

    tuned = found.asset("model:aws/bedrock/us-east-1/claims-tuned")
    assert {relation.as_dict().get("as") for relation in tuned.relations if relation.type == "derived_from"} == {
        "finetune"
    }
    assert found.related(tuned.ref) == {
        ("derived_from", "model:aws/bedrock/amazon.titan-text-express-v1"),
        ("stored_in", "cloud_region:aws/us-east-1"),
        ("trained_on", "dataset:aws/s3/patients-frankfurt"),
    }
    assert tuned.labels == {"team": "claims"}
    # moto answers 500 to what it does not know; each is told, and the rest goes on.
    assert {(one.part, one.object) for one in found.refused} == {
        ("us-east-1/bedrock", "foundation models"),
        ("us-east-1/bedrock", None),
        ("us-east-1/bedrock-custom-models", "provisioned throughput"),
        ("us-east-1/bedrock-imported-models", None),
    }
    assert {one.reason for one in found.refused} >= {"AWS answers 500 to ListFoundationModels: a web page"}


def test_all_enabled_regions_are_read_where_none_are_named(before: Front, look: Any) -> None:
    regions = "".join(
        f"<item><regionName>{name}</regionName><optInStatus>{status}</optInStatus></item>"
        for name, status in (
            ("us-east-1", "opt-in-not-required"),
            ("eu-central-1", "opted-in"),
            ("me-south-1", "not-opted-in"),
        )
    )
    before.answers["ec2 DescribeRegions"] = lambda _: xml_reply(
        EC2.format("DescribeRegions", f"<regionInfo>{regions}</regionInfo>")
    )
    found = look(before.url, regions=None, services=["ec2"])

    assert found.asked == found.read == ["regions", "eu-central-1/ec2", "us-east-1/ec2"]
    assert len(found.taken) == 3
    assert found.complete


def test_a_second_reading_says_the_same(moto: str, ids: dict[str, str], look: Any) -> None:
    first, second = (look(moto, services=["ec2", "s3", "sagemaker"]) for _ in range(2))

    bodies = [
        {ref: json.dumps(one.observation.body(), sort_keys=True) for ref, one in found.taken.items()}
        for found in (first, second)
    ]
    assert bodies[0] == bodies[1]
    assert len(bodies[0]) == 9


# Who asks


def test_nothing_of_the_machine_is_used_but_the_settings(
    before: Front, look: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = look(before.url)
    before.asked.clear()
    (tmp_path / ".aws" / "models").mkdir(parents=True)
    written = tmp_path / "written"
    written.write_text(
        "[default]\naws_access_key_id = AKIAOFTHEFILE0000001\naws_secret_access_key = of-the-file\nregion = sa-east-1\n"
        "endpoint_url = http://127.0.0.1:1\nmax_attempts = 77\n[profile other]\nrole_arn = arn:aws:iam::1:role/x\n"
    )
    for name, value in {
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(written),
        "AWS_SHARED_CREDENTIALS_FILE": str(written),
        "AWS_PROFILE": "nobody",
        "AWS_ACCESS_KEY_ID": "AKIAOFTHEENVIRONMENT",
        "AWS_SECRET_ACCESS_KEY": "of-the-environment",
        "AWS_SESSION_TOKEN": "of-the-environment",
        "AWS_BEARER_TOKEN_BEDROCK": "bearer-of-the-environment",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_DEFAULT_REGION": "sa-east-1",
        "AWS_DEFAULTS_MODE": "auto",
        "AWS_CA_BUNDLE": "/nowhere",
        "REQUESTS_CA_BUNDLE": "/nowhere",
        "AWS_MAX_ATTEMPTS": "77",
        "AWS_RETRY_MODE": "adaptive",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_DATA_PATH": str(tmp_path),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/x",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "ALL_PROXY": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    found = look(before.url)

    assert {one.key for one in before.asked} == {estate.KEY}
    assert not any("Bearer" in one.authorization for one in before.asked)
    assert {ref: one.observation for ref, one in found.taken.items()} == {
        ref: one.observation for ref, one in plain.taken.items()
    }
    assert {one.reason for one in found.refused} == {one.reason for one in plain.refused}


def test_only_calls_that_read_are_made(before: Front, look: Any) -> None:
    look(before.url)

    for one in before.asked:
        verb = one.action.removeprefix("POST /list").partition(" ")[0]
        assert verb in ("GET", "HEAD", "TagsForResource") or verb.startswith(("Describe", "List", "Get")), one


@pytest.fixture
def guarded(moto: str, ids: dict[str, str]) -> Iterator[dict[str, dict[str, str]]]:
    """Users of an account in which permissions are enforced."""
    iam = estate.client(moto, "iam", "us-east-1")
    made: dict[str, dict[str, str]] = {}
    allowed = {
        "reader": {"Effect": "Allow", "Action": ["s3:*", "ec2:*", "kms:*"], "Resource": "*"},
        "nobody": {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": "*"},
    }
    for name, statement in allowed.items():
        iam.create_user(UserName=name)
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        made[name] = iam.create_access_key(UserName=name)["AccessKey"]
    role = iam.create_role(RoleName="allod", AssumeRolePolicyDocument=estate.ASSUME)["Role"]["Arn"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed["reader"]]})
    iam.put_role_policy(RoleName="allod", PolicyName="p", PolicyDocument=document)
    made["role"] = {"Arn": role}
    _enforce(moto, "0")
    yield made
    _enforce(moto, "inf")
    for name in allowed:
        iam.delete_access_key(UserName=name, AccessKeyId=made[name]["AccessKeyId"])
        iam.delete_user_policy(UserName=name, PolicyName="p")
        iam.delete_user(UserName=name)
    iam.delete_role_policy(RoleName="allod", PolicyName="p")
    iam.delete_role(RoleName="allod")


def _enforce(moto: str, after: str) -> None:
    urlopen(Request(f"{moto}/moto-api/reset-auth", after.encode(), {"Content-Type": "text/plain"})).close()  # noqa: S310


def _as(user: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"access_key_id": user["AccessKeyId"], **more}


def test_what_a_key_may_not_read_is_refused_part_by_part(
    moto: str, guarded: dict[str, dict[str, str]], read_source: ReadSource
) -> None:
    user = guarded["reader"]
    found = read_source("aws", settings(moto, **_as(user)), secrets={"ALLOD_SECRET_AWS": user["SecretAccessKey"]})

    assert {ref.partition(":")[0] for ref in found.taken} == {"gpu_host", "dataset"}
    refused = {one.part: one.reason for one in found.refused}
    assert refused["eu-central-1/sagemaker-endpoints"].startswith("AWS answers 403 to ListEndpoints")
    assert "eu-central-1/sagemaker-endpoints" not in found.read
    assert {"global/s3", "eu-central-1/ec2", "us-east-1/ec2"} <= set(found.read)
    assert user["SecretAccessKey"] not in repr(found)


def test_a_role_is_assumed(moto: str, guarded: dict[str, dict[str, str]], read_source: ReadSource) -> None:
    user = guarded["nobody"]
    secrets = {"ALLOD_SECRET_AWS": user["SecretAccessKey"]}
    given = settings(moto, services=["ec2"], **_as(user))
    alone = read_source("aws", given, secrets=secrets)
    with_role = read_source(
        "aws", {**given, "role_arn": guarded["role"]["Arn"], "external_id": "allod-1"}, secrets=secrets
    )

    assert not alone.taken
    assert len(alone.refused) == 2
    assert len(with_role.taken) == 3
    assert with_role.complete


def test_a_role_that_may_not_be_assumed_refuses_every_part(before: Front, look: Any) -> None:
    before.answers["sts AssumeRole"] = lambda _: xml_reply(
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not for you</Message></Error></ErrorResponse>", 403
    )
    found = look(before.url, services=["ec2"], role_arn="arn:aws:iam::123456789012:role/allod")

    assert not found.taken
    assert [one.reason for one in found.refused] == ["AWS answers AccessDenied to AssumeRole: not for you"] * 2
    assert {one.action for one in before.asked} == {"AssumeRole"}  # the key itself is not used for want of the role


def test_a_wrong_key_is_refused_everywhere(
    moto: str, guarded: dict[str, dict[str, str]], read_source: ReadSource
) -> None:
    given = settings(moto, access_key_id="AKIAALLODNOBODY00001", services=["s3", "ec2"], regions=None)
    found = read_source("aws", given, secrets=SECRETS)

    assert not found.taken
    assert not found.read
    assert {one.part for one in found.refused} == {"global/s3", "regions"}


def test_credentials_that_end_half_way_leave_what_was_seen(before: Front, look: Any) -> None:
    expired = "<Response><Errors><Error><Code>ExpiredToken</Code><Message>over</Message></Error></Errors></Response>"
    before.answers["us-east-1 ec2 DescribeInstances"] = lambda _: xml_reply(expired, 400)
    found = look(before.url, services=["ec2"])

    assert len(found.taken) == 2
    assert [(one.part, one.reason) for one in found.refused] == [
        ("us-east-1/ec2", "AWS answers ExpiredToken to DescribeInstances: over")
    ]
    assert found.read == ["eu-central-1/ec2"]


def test_temporary_credentials_carry_their_token(before: Front, read_source: ReadSource) -> None:
    given = settings(before.url, services=["ec2"], regions=["eu-central-1"], session_token="env:ALLOD_SECRET_TOKEN")
    found = read_source("aws", given, secrets={**SECRETS, "ALLOD_SECRET_TOKEN": "token-of-a-session"})

    assert found.complete
    assert all("x-amz-security-token" in one.authorization for one in before.asked)


def test_a_secret_that_is_not_there_refuses_all(moto: str, read_source: ReadSource) -> None:
    found = read_source("aws", settings(moto, services=["s3", "ec2"]), secrets={})

    assert {one.part for one in found.refused} == {"global/s3", "eu-central-1/ec2", "us-east-1/ec2"}
    assert {one.reason for one in found.refused} == {
        "The secret env:ALLOD_SECRET_AWS is not set where the worker runs."
    }


# What goes wrong


def test_a_service_that_hangs_is_left(before: Front, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_account, "ANSWER_SECONDS", 0.2)
    before.answers["sagemaker *"] = before.hang
    found = look(before.url, services=["sagemaker", "ec2"], regions=["eu-central-1"])

    assert {one.part for one in found.refused} == {"eu-central-1/sagemaker-endpoints", "eu-central-1/sagemaker-models"}
    assert all(one.reason.startswith("ReadTimeoutError") for one in found.refused)
    assert len(found.taken) == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply("<html>Sign in to the hotel's network</html>", 200, "text/html"),
        Reply("<html>no", 502, "text/html"),
        Reply("\x00\x01", 200, "application/xml"),
        Reply('{"Endpoints": 7}', 200),
    ],
)
def test_garbage_is_told_and_the_next_part_is_read(
    reply: Reply, before: Front, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before.answers["ec2 DescribeInstances"] = before.answers["sagemaker ListEndpoints"] = lambda _: reply
    found = look(before.url, services=["ec2", "sagemaker"], regions=["eu-central-1"])

    assert not [ref for ref in found.taken if ref.startswith("gpu_host:")]
    assert "eu-central-1/sagemaker-models" in found.read
    assert all(one.reason for one in found.refused)


def test_a_server_that_dies_half_way(before: Front, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before.answers["ec2 DescribeInstances"] = lambda asked: (
        before.die(asked)
        if "NextToken" in asked.body
        else xml_reply(_page(asked, [_instance("i-1", "g5.xlarge")], more="2"))
    )
    found = look(before.url, services=["ec2"], regions=["eu-central-1"])

    assert set(found.taken) == {"gpu_host:aws/eu-central-1/i-1"}
    assert [(one.part, one.object) for one in found.refused] == [("eu-central-1/ec2", None)]
    assert not found.read


def _instance(identity: str, kind: str, **more: str) -> str:
    placed = more.pop("zone", "eu-central-1a")
    tenancy = more.pop("tenancy", "default")
    rest = "".join(f"<{key}>{value}</{key}>" for key, value in more.items())
    return (
        f"<item><instanceId>{identity}</instanceId><instanceType>{kind}</instanceType>"
        f"<placement><availabilityZone>{placed}</availabilityZone><tenancy>{tenancy}</tenancy></placement>{rest}</item>"
    )


def _page(_: Any, instances: list[str], *, more: str = "") -> str:
    token = f"<nextToken>{more}</nextToken>" if more else ""
    body = f"<reservationSet><item><instancesSet>{''.join(instances)}</instancesSet></item></reservationSet>{token}"
    return EC2.format("DescribeInstances", body)


def test_a_server_that_is_busy_is_asked_again(before: Front, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_account, "TRIES", 3)
    busy = (
        "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>later</Message></Error></Errors></Response>"
    )
    before.answers["ec2 DescribeInstances"] = lambda _: (
        xml_reply(busy, 503) if before.count("DescribeInstances") < 2 else None
    )
    found = look(before.url, services=["ec2"], regions=["us-east-1"])

    assert found.complete
    assert before.count("DescribeInstances") == 2


def test_pages_are_read_one_by_one(before: Front) -> None:
    total = 40

    def page(asked: Any) -> Reply:
        number = int(asked.body.partition("NextToken=")[2].partition("&")[0] or 0)
        found = [_instance(f"i-{number:04}-{one:04}", "g5.xlarge") for one in range(100)]
        return xml_reply(_page(asked, found, more=str(number + 1) if number + 1 < total else ""))

    before.answers["ec2 DescribeInstances"] = page
    kind = registry.find("aws")
    given = reading.settings_of(kind, settings(before.url, services=["ec2"], regions=["eu-central-1"]))
    seen = 0
    for event in reading.read(kind, given, surroundings(), reach=(Reach.LOOPBACK,)):
        assert not isinstance(event, Refused)
        if isinstance(event, Taken):
            assert before.count("DescribeInstances") == seen // 100 + 1
            seen += 1
    assert seen == total * 100
    assert before.count("DescribeInstanceTypes") == 1


def test_a_run_that_is_stopped_ends_in_the_middle_of_pages(before: Front) -> None:
    _bedrock(before)
    kind = registry.find("aws")
    for point in (2, 5, 12, 25, 30):
        around, calls = surroundings(), iter(range(1, 1000))

        def stop(calls: Iterator[int] = calls, point: int = point) -> None:
            if next(calls) >= point:
                raise Stopped

        around.on_pause = stop
        services = ["sagemaker"] if point < 10 else ["bedrock"]
        given = reading.settings_of(kind, settings(before.url, services=services, regions=["eu-central-1"]))
        with pytest.raises(Stopped):
            list(reading.read(kind, given, around, reach=(Reach.LOOPBACK,)))


def test_odd_hosts(before: Front, look: Any) -> None:
    hosts = [
        _instance("i-zone", "g5.xlarge", zone="eu-central-1-ham-1a"),
        _instance("i-outpost", "g5.xlarge", outpostArn="arn:aws:outposts:eu-central-1:1:outpost/op-1"),
        _instance(
            "i-marked", "g5.xlarge", zone="eu-central-1-waw-1a",
            tagSet="<item><key>allod.dev/located-in</key><value>cloud_region:ours/warsaw</value></item><item><key>Name</key><value></value></item>",
        ),
        _instance("i-own", "p4d.24xlarge", tenancy="host", cpuOptions="<amdSevSnp>enabled</amdSevSnp>"),
        _instance("i-odd", "g5.xlarge", zone="", tenancy="odd"),
        _instance("i-ref", "g5.xlarge", tagSet="<item><key>allod.dev/ref</key><value>model:no</value></item>"),
        _instance("", "g5.xlarge"),
        _instance("i-none", ""),
        _instance("i-new", "g99.xlarge"),
        _instance("i-old", "trn1.32xlarge"),
    ]  # fmt: skip
    before.answers["ec2 DescribeInstances"] = lambda asked: xml_reply(_page(asked, hosts))
    types = (
        "<instanceTypeSet><item><instanceType>g5.xlarge</instanceType><gpuInfo><gpus><item><name>A10G</name>"
        "<manufacturer>NVIDIA</manufacturer><count>1</count></item></gpus></gpuInfo></item>"
        "<item><instanceType>p4d.24xlarge</instanceType><gpuInfo><gpus><item><manufacturer>Newcomer</manufacturer>"
        "<count>0</count></item></gpus></gpuInfo></item></instanceTypeSet>"
    )
    before.answers["ec2 DescribeInstanceTypes"] = lambda _: xml_reply(EC2.format("DescribeInstanceTypes", types))
    found = look(before.url, services=["ec2"], regions=["eu-central-1"])

    def host(name: str) -> str:
        return f"gpu_host:aws/eu-central-1/{name}"

    run_by_aws = ("operated_by", "vendor:amazon-web-services")
    assert found.related(host("i-zone")) == {run_by_aws}
    assert found.related(host("i-outpost")) == {run_by_aws}
    assert found.related(host("i-marked")) == {run_by_aws, ("located_in", "cloud_region:ours/warsaw")}
    own = found.asset(host("i-own")).attributes
    assert own == {
        "accelerators": [{"model": "Newcomer accelerator"}],
        "tenancy": "dedicated",
        "confidential_computing": True,
    }
    assert "tenancy" not in found.asset(host("i-odd")).attributes
    # A type that EC2 does not tell of is known by its family, or not at all.
    assert found.grade(host("i-old"), "accelerators") == "inferred"
    assert found.asset(host("i-old")).attributes["accelerators"][0]["count"] == 16
    assert not any("i-new" in ref or "i-none" in ref for ref in found.taken)
    notes = {note.object: note.text for note in found.notes}
    assert set(notes) == {"i-zone", "i-outpost", "i-ref", "g5.xlarge"}
    assert "eu-central-1-ham-1a, which lies apart from the region" in notes["i-zone"]


def test_without_instance_types_the_family_tells(before: Front, look: Any) -> None:
    denied = (
        "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>"
    )
    before.answers["ec2 DescribeInstanceTypes"] = lambda _: xml_reply(denied, 403)
    found = look(before.url, services=["ec2"], regions=["us-east-1"])

    assert [(one.object, one.reason) for one in found.refused] == [
        ("instance types", "AWS answers UnauthorizedOperation to DescribeInstanceTypes: no")
    ]
    assert found.grade("gpu_host:training/one", "accelerators") == "inferred"
    assert found.asset("gpu_host:training/one").attributes["accelerators"] == [
        {"vendor": "vendor:nvidia", "model": "NVIDIA A100", "count": 8, "memory_gib": 40.0}
    ]


def _s3_error(code: str, status: int) -> Reply:
    return xml_reply(f"<Error><Code>{code}</Code><Message>told</Message></Error>", status)


def _encryption(algorithm: str, key: str = "") -> Reply:
    inner = f"<SSEAlgorithm>{algorithm}</SSEAlgorithm>" + (f"<KMSMasterKeyID>{key}</KMSMasterKeyID>" if key else "")
    return xml_reply(
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
        f"{inner}</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
    )


@pytest.mark.parametrize(
    ("origin", "custody"),
    [("EXTERNAL_KEY_STORE", "customer"), ("AWS_CLOUDHSM", "customer"), ("EXTERNAL", "operator"), ("BORROWED", None)],
)
def test_who_holds_the_keys_of_a_bucket(origin: str, custody: str | None, before: Front, look: Any) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1"
    before.answers["s3 GET /weights-frankfurt"] = lambda asked: (
        _encryption("aws:kms", key) if "encryption" in asked.path else None
    )
    before.answers["kms DescribeKey"] = lambda _: json_reply({"KeyMetadata": {"KeyId": "1", "Origin": origin}})
    found = look(before.url, services=["s3"], buckets=["weights-*"])

    (path,) = found.asset("dataset:aws/s3/weights-frankfurt").attributes["data_paths"]
    assert path.get("key_custody") == custody
    assert [note.text for note in found.notes] == (
        [] if custody else ["its key has the origin BORROWED, which nobody here knows"]
    )


@pytest.mark.parametrize(
    ("reply", "custody"),
    [
        (_encryption("AES256"), "operator"),
        (_encryption("aws:kms"), "operator"),
        (_encryption("aws:kms", "alias/aws/s3"), "operator"),
        (_encryption("later"), "operator"),
        (_s3_error("ServerSideEncryptionConfigurationNotFoundError", 404), "operator"),
        (_s3_error("AccessDenied", 403), None),
    ],
)
def test_keys_of_the_provider_lie_with_it(reply: Reply, custody: str | None, before: Front, look: Any) -> None:
    before.answers["s3 GET /weights-frankfurt"] = lambda asked: reply if "encryption" in asked.path else None
    found = look(before.url, services=["s3"], buckets=["weights-*"])

    (path,) = found.asset("dataset:aws/s3/weights-frankfurt").attributes["data_paths"]
    assert path.get("key_custody") == custody
    assert found.complete == (custody is not None)


def test_a_key_by_its_id_is_asked_of_the_buckets_region(before: Front, look: Any) -> None:
    before.answers["s3 GET /weights-frankfurt"] = lambda asked: (
        _encryption("aws:kms:dsse", "1234") if "encryption" in asked.path else None
    )
    before.answers["kms DescribeKey"] = lambda asked: json_reply(
        {"__type": "AccessDeniedException", "message": "no"}, 400
    )
    found = look(before.url, services=["s3"], buckets=["weights-*"])

    assert [(one.object, one.reason) for one in found.refused] == [
        ("weights-frankfurt", "AWS answers AccessDeniedException to DescribeKey: no")
    ]
    assert {one.region for one in before.asked if one.service == "kms"} == {"eu-central-1"}


def test_one_bucket_that_is_refused_spoils_no_other(before: Front, look: Any) -> None:
    denied = _s3_error("AccessDenied", 403)
    before.answers["s3 GET /patients-frankfurt"] = lambda _: denied
    found = look(before.url, services=["s3"])

    assert len(found.taken) == 3
    assert [(one.object, one.reason) for one in found.refused] == [
        ("patients-frankfurt", f"AWS answers AccessDenied to {operation}: told")
        for operation in ("GetBucketTagging", "GetBucketEncryption", "GetBucketReplication")
    ]
    patients = found.asset("dataset:aws/s3/patients-frankfurt").attributes
    assert patients["data_paths"] == [{"purpose": "storage", "region": "cloud_region:aws/eu-central-1"}]
    assert patients["data_paths_complete"] is False, "where it is copied to could not be looked at"
    assert "data_paths_complete" not in found.asset("dataset:aws/s3/weights-frankfurt").attributes


def test_the_region_of_a_bucket_is_told_even_to_those_who_are_refused(before: Front, look: Any) -> None:
    before.answers["s3 HEAD /weights-frankfurt"] = lambda _: Reply(
        "", 403, headers={"x-amz-bucket-region": "eu-central-1"}
    )
    before.answers["s3 HEAD /captured-virginia"] = before.die
    found = look(before.url, services=["s3"])

    assert "dataset:aws/s3/weights-frankfurt" in found.taken
    assert [(one.object, one.reason) for one in found.refused] == [
        ("captured-virginia", "S3 does not tell where the bucket lies")
    ]


def test_a_list_of_buckets_that_names_their_regions(before: Front, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_account, "BUCKETS_KEPT", 0)
    entry = "<Bucket><Name>{}</Name><BucketRegion>eu-central-1</BucketRegion></Bucket>"
    buckets = entry.format("patients-frankfurt") + entry.format("") + entry.format("weights-frankfurt")
    rule = (
        "<ReplicationConfiguration><Role>r</Role><Rule><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::patients-dublin"
        "</Bucket><EncryptionConfiguration><ReplicaKmsKeyID>arn:aws:kms:eu-west-1:1:key/2</ReplicaKmsKeyID>"
        "</EncryptionConfiguration></Destination></Rule></ReplicationConfiguration>"
    )
    before.answers["s3 GET /"] = lambda _: xml_reply(
        f"<ListAllMyBucketsResult><Buckets>{buckets}</Buckets></ListAllMyBucketsResult>"
    )
    before.answers["s3 GET /weights-frankfurt"] = lambda asked: (
        xml_reply(
            rule.replace("</Rule></Rep", f"</Rule>{rule[rule.index('<Rule>') : rule.index('</ReplicationC')]}</Rep")
        )
        if "replication" in asked.path
        else None
    )
    before.answers["eu-west-1 kms DescribeKey"] = lambda _: json_reply(
        {"KeyMetadata": {"KeyId": "2", "Origin": "EXTERNAL_KEY_STORE"}}
    )
    found = look(before.url, services=["s3"])

    assert found.asset("dataset:aws/s3/weights-frankfurt").attributes["data_paths"] == [
        {"purpose": "storage", "region": "cloud_region:aws/eu-central-1", "key_custody": "operator"},
        {"purpose": "backup", "region": "cloud_region:aws/eu-west-1", "key_custody": "customer"},
    ]
    assert before.count("HEAD /weights-frankfurt") == 0
    assert found.complete


# SageMaker's and Bedrock's odd sides


def test_an_endpoint_outlives_its_configuration_and_its_model(before: Front, look: Any) -> None:
    gone = json_reply({"__type": "ValidationException", "message": "Could not find it"}, 400)
    before.answers["sagemaker DescribeEndpointConfig"] = lambda _: gone
    found = look(before.url, services=["sagemaker"], regions=["eu-central-1"])
    assert found.related("ai_service:aws/sagemaker/eu-central-1/support") == {
        ("operated_by", "vendor:amazon-web-services")
    }
    assert [one.object for one in found.refused] == ["Support"]
    # Nothing is known to serve the model then, so nothing says that it runs.
    assert ("runs_on", "cloud_region:aws/eu-central-1") not in found.related(
        "model:aws/sagemaker/eu-central-1/support-llm"
    )

    del before.answers["sagemaker DescribeEndpointConfig"]
    before.answers["sagemaker DescribeModel"] = lambda _: gone
    found = look(before.url, services=["sagemaker"], regions=["eu-central-1"])
    assert ("serves", "model:aws/sagemaker/eu-central-1/support-llm") in found.related(
        "ai_service:aws/sagemaker/eu-central-1/support"
    )
    assert {one.object for one in found.refused} == {"Support", "Support-LLM", "idle"}


@pytest.mark.parametrize("where", ["s3://nobody-knows/where", "s3://captured-virginia/again"])
def test_odd_endpoints_and_models(where: str, before: Front, look: Any) -> None:
    before.answers["sagemaker DescribeEndpointConfig"] = lambda _: json_reply(
        {
            "EndpointConfigName": "c",
            "ProductionVariants": [{"VariantName": "v", "InstanceType": "ml.g5.2xlarge"}],
            "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": where}},
        }
    )
    model = {
        "ModelName": "m",
        "ModelArn": "arn:aws:sagemaker:eu-central-1:123456789012:model/m",
        "Containers": [
            {"ModelPackageName": "arn:aws:sagemaker:eu-central-1:1:model-package/p/1", "Environment": {"OPTION_MODEL_ID": "s3://x/y"}},
            {
                "Image": "i",
                "ModelDataSource": {"S3DataSource": {"S3Uri": "s3://captured-virginia/m/", "S3DataType": "S3Prefix"}},
                "AdditionalModelDataSources": [{"S3DataSource": {"S3Uri": "s3://nobody-knows/a"}}],
            },
        ],
    }  # fmt: skip
    tagged = {"Tags": [{"Key": "allod.dev/ref", "Value": "nothing"}]}
    before.answers["sagemaker DescribeModel"] = lambda _: json_reply(model)
    before.answers["sagemaker ListTags"] = lambda _: json_reply(tagged)
    before.answers["sagemaker ListModels"] = lambda _: json_reply({"Models": [{"ModelName": "m"}]})
    found = look(before.url, services=["sagemaker"], regions=["eu-central-1"])

    assert found.related("model:aws/sagemaker/eu-central-1/m") == {("stored_in", "cloud_region:aws/us-east-1")}
    texts = [note.text for note in found.notes]
    assert "its artefacts lie in s3://nobody-knows/a, and S3 does not tell where that is" in texts
    unplaced = f"it keeps requests in {where}, and S3 does not tell where that lies"
    assert (unplaced in texts) == ("nobody" in where)
    assert "its variants name no model: they get theirs as inference components, which are not read" in texts
    assert sum("which is no ref of kind" in text for text in texts) == 2


def _model(identity: str, provider: str, *, on_demand: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "modelArn": f"arn:aws:bedrock:eu-central-1::foundation-model/{identity}",
        "modelId": identity,
        "modelName": identity.rpartition(".")[2],
        "providerName": provider,
        "inputModalities": ["TEXT", "IMAGE"] if provider else ["SMELL"],
        "outputModalities": ["TEXT", "EMBEDDING"] if provider else [],
        "inferenceTypesSupported": ["ON_DEMAND"] if on_demand else [],
        "modelLifecycle": {"status": "ACTIVE"},
        **more,
    }


def _bedrock(before: Front) -> None:
    def arn(region: str, model: str) -> dict[str, str]:
        return {"modelArn": f"arn:aws:bedrock:{region}::foundation-model/{model}"}

    said = {
        "GET /foundation-models": {
            "modelSummaries": [
                _model("anthropic.claude-x", "Anthropic", on_demand=False),
                _model("mistral.large-x", "Mistral AI"),
                _model("amazon.nova-x", "Amazon"),
                _model("newcomer.x", "New Comer Labs"),
                _model("nameless.x", ""),
                _model("denied.x", "Meta"),
                _model("broken.x", "Meta"),
                {"modelArn": "arn:x", "modelId": ""},
            ]
        },
        "GET /logging/modelinvocations": {
            "loggingConfig": {
                "cloudWatchConfig": {
                    "logGroupName": "g", "roleArn": "r", "largeDataDeliveryS3Config": {"bucketName": "nobody-knows"}},
                "s3Config": {"bucketName": "captured-virginia", "keyPrefix": "all"},
            }
        },
        "GET /inference-profiles": {
            "inferenceProfileSummaries": [
                {
                    "inferenceProfileName": "EU Claude X",
                    "inferenceProfileId": "eu.anthropic.claude-x",
                    "inferenceProfileArn": "arn:aws:bedrock:eu-central-1:1:inference-profile/eu.anthropic.claude-x",
                    "type": "SYSTEM_DEFINED",
                    "status": "ACTIVE",
                    "models": [arn("eu-central-1", "anthropic.claude-x"), arn("eu-west-3", "anthropic.claude-x")],
                },
                {
                    "inferenceProfileId": "us.meta.y",
                    "inferenceProfileArn": "arn:aws:bedrock:eu-central-1:1:inference-profile/us.meta.y",
                    "type": "SYSTEM_DEFINED",
                    "models": [arn("us-east-1", "meta.y")],
                },
                {
                    "inferenceProfileName": "claims",
                    "inferenceProfileId": "abc123",
                    "inferenceProfileArn": "arn:aws:bedrock:eu-central-1:1:application-inference-profile/abc123",
                    "type": "APPLICATION",
                    "models": [arn("", "anthropic.claude-x"), arn("us-east-1", "anthropic.claude-x"), {}],
                },
            ]
        },
        "GET /provisioned-model-throughputs": {"provisionedModelSummaries": [{"modelArn": f"{OWN}:custom-model/a"}]},
        "GET /model-customization/custom-model-deployments": {"modelDeploymentSummaries": []},
        "GET /custom-models": {
            "modelSummaries": [
                {"modelArn": f"{OWN}:custom-model/a", "modelName": "Claims",
                 "baseModelArn": "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-x",
                 "customizationType": "DISTILLATION"},
                {"modelArn": f"{OWN}:custom-model/b", "modelName": ""},
            ]
        },
        "GET /imported-models": {"modelSummaries": [{"modelArn": f"{OWN}:imported-model/c", "modelName": "Ours"}]},
    }  # fmt: skip
    for action, content in said.items():
        before.answers[f"bedrock {action}"] = lambda _, content=content: json_reply(content)  # type: ignore[misc]
    for model in (
        "anthropic.claude-x",
        "mistral.large-x",
        "amazon.nova-x",
        "newcomer.x",
        "nameless.x",
        "denied.x",
        "broken.x",
    ):
        state = "NOT_AVAILABLE" if model == "denied.x" else "AVAILABLE"
        reply = json_reply(
            {
                "agreementAvailability": {"status": state},
                "authorizationStatus": "AUTHORIZED",
                "entitlementAvailability": "AVAILABLE",
            }
        )
        if model == "broken.x":
            reply = json_reply({"message": "slow down"}, 400)
        before.answers[f"bedrock GET /foundation-model-availability/{model}"] = lambda _, reply=reply: reply  # type: ignore[misc]

    def tagged(asked: Any) -> Reply:
        wrong = [{"key": "allod.dev/ref", "value": "dataset:elsewhere"}, {"key": "allod.dev/colour", "value": "x"}]
        return json_reply({"tags": [] if "imported" in asked.body else wrong})

    before.answers["bedrock POST /listTagsForResource"] = tagged
    missing = json_reply({"message": "gone"}, 404)
    before.answers["bedrock *"] = lambda asked: missing if "/custom-models/" in asked.path else None


def test_what_may_be_called_in_bedrock(before: Front, look: Any) -> None:
    _bedrock(before)
    found = look(before.url, services=["bedrock"], regions=["eu-central-1"])

    api = found.asset("ai_service:aws/bedrock/eu-central-1")
    assert api.attributes["endpoint"] == "https://bedrock-runtime.eu-central-1.amazonaws.com"
    assert api.attributes["data_paths"] == [
        {"purpose": "processing", "region": "cloud_region:aws/eu-central-1"},
        {"purpose": "storage", "region": "cloud_region:aws/eu-central-1"},
        {"purpose": "storage", "region": "cloud_region:aws/us-east-1"},
    ]
    # Claude is there through the profile alone, and the others are not allowed.
    assert found.related(api.ref) == {
        ("operated_by", "vendor:amazon-web-services"),
        ("serves", "model:aws/bedrock/amazon.nova-x"),
        ("serves", "model:aws/bedrock/mistral.large-x"),
        ("serves", "model:aws/bedrock/nameless.x"),
        ("serves", "model:aws/bedrock/newcomer.x"),
    }
    publishers = {
        ref: one.observation.attributes.get("publisher") for ref, one in found.taken.items() if ref.count(".")
    }
    assert publishers["model:aws/bedrock/anthropic.claude-x"] == "vendor:anthropic"
    assert publishers["model:aws/bedrock/mistral.large-x"] == "vendor:mistral-ai"
    assert publishers["model:aws/bedrock/amazon.nova-x"] == "vendor:amazon-web-services"
    assert publishers["model:aws/bedrock/newcomer.x"] == "vendor:new-comer-labs"
    assert publishers["model:aws/bedrock/nameless.x"] is None
    assert found.asset("model:aws/bedrock/mistral.large-x").attributes["modalities"] == ["image", "text"]
    assert {(one.object, one.reason) for one in found.refused if one.part.endswith("/bedrock")} == {
        ("broken.x", "AWS answers 400 to GetFoundationModelAvailability: slow down")
    }


def test_a_profile_processes_wherever_it_may_route(before: Front, look: Any) -> None:
    _bedrock(before)
    found = look(before.url, services=["bedrock"], regions=["eu-central-1"])

    theirs = found.asset("ai_service:aws/bedrock/eu-central-1/eu.anthropic.claude-x")
    assert [path["region"] for path in theirs.attributes["data_paths"] if path["purpose"] == "processing"] == [
        "cloud_region:aws/eu-central-1",
        "cloud_region:aws/eu-west-3",
    ]
    assert ("serves", "model:aws/bedrock/anthropic.claude-x") in found.related(theirs.ref)
    ours = found.asset("ai_service:aws/bedrock/eu-central-1/claims")
    assert ours.attributes["data_paths_complete"] is False
    assert {path["region"] for path in ours.attributes["data_paths"] if path["purpose"] == "processing"} == {
        "cloud_region:aws/us-east-1"
    }
    # One that leads to models which the account may not use is none of its services.
    assert not any("us.meta.y" in ref for ref in found.taken)
    texts = [note.text for note in found.notes]
    assert "it may route to regions that it does not name: AWS decides for each request" in texts
    assert "it goes to the bucket nobody-knows; S3 does not tell where that lies" in texts


def test_what_is_logged_in_the_same_region_is_told_once(before: Front, look: Any) -> None:
    _bedrock(before)
    logging = {"cloudWatchConfig": {"logGroupName": "g"}, "s3Config": {"bucketName": "weights-frankfurt"}}
    before.answers["bedrock GET /logging/modelinvocations"] = lambda _: json_reply({"loggingConfig": logging})
    found = look(before.url, services=["bedrock"], regions=["eu-central-1"])

    assert found.asset("ai_service:aws/bedrock/eu-central-1").attributes["data_paths"] == [
        {"purpose": purpose, "region": "cloud_region:aws/eu-central-1"} for purpose in ("processing", "storage")
    ]


def test_own_models_in_bedrock(before: Front, look: Any) -> None:
    _bedrock(before)
    found = look(before.url, services=["bedrock"], regions=["eu-central-1"])

    claims = found.asset("model:aws/bedrock/eu-central-1/claims")
    assert {(str(one.type), one.to, one.derivation) for one in claims.relations} == {
        ("derived_from", "model:aws/bedrock/amazon.nova-x", "distilled"),
        ("stored_in", "cloud_region:aws/eu-central-1", None),
        ("runs_on", "cloud_region:aws/eu-central-1", None),
    }
    assert ("runs_on", "cloud_region:aws/eu-central-1") in found.related("model:aws/bedrock/eu-central-1/ours")
    assert [note.text for note in found.notes if note.part.endswith("custom-models")] == [
        "the mark allod.dev/ref says 'dataset:elsewhere', which is no ref of kind model",
        "there is no mark allod.dev/colour",
        "Bedrock tells neither name nor ARN of it, or only one of them",
    ]


def test_a_service_that_a_region_lacks_is_noted(before: Front, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "offers", lambda *_: False)
    found = look(before.url, services=["bedrock"], regions=["eu-central-1"])

    assert not before.asked
    assert [note.text for note in found.notes] == [
        "the SDK knows of no bedrock in this region, so nothing was asked"
    ] * 3
    assert found.complete


# Settings


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"secret_access_key": "wJalrXUtnFEMI/K7MDENG"}, "/settings/secret_access_key"),
        ({"regions": ["Frankfurt"]}, "/settings/regions/0"),
        ({"regions": []}, "/settings/regions"),
        ({"regions": ["eu-central-1", "cn-north-1"]}, "/settings"),
        ({"role_arn": "allod"}, "/settings/role_arn"),
        ({"services": ["lambda"]}, "/settings/services/0"),
        ({"access_key_id": "short"}, "/settings/access_key_id"),
        ({"profile": "default"}, "/settings/profile"),
    ],
)
def test_wrong_settings_are_told(given: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        reading.settings_of(registry.find("aws"), settings("http://127.0.0.1:1", **given))

    assert [fault.path for fault in caught.value.faults] == [path]
    assert "wJalr" not in str(caught.value)


@pytest.mark.parametrize(
    "region",
    ["eu-central-1", "us-east-1", "cn-north-1", "cn-northwest-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1",
     "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1"],
)  # fmt: skip
def test_the_hosts_are_those_that_the_sdk_speaks_to(region: str) -> None:
    given = settings("http://127.0.0.1:1", regions=[region], role_arn="arn:aws:iam::123456789012:role/allod")
    del given["endpoint_url"]
    made = AwsSettings.model_validate(given)
    allowed = reaches(made)
    session = aws_account._session()
    account = Account(AwsSettings.model_validate({**given, "role_arn": None}), surroundings())

    for service in ("ec2", "s3", "kms", "sts", "sagemaker", "bedrock"):
        if service in ("sagemaker", "bedrock") and not account.offers(service, region):
            continue
        host = urlsplit(account.client(service, region).meta.endpoint_url).hostname
        assert any(fnmatchcase(str(host), pattern) for pattern in allowed), (host, allowed)
    # Its answers to nothing: no credentials but those that it was given.
    assert session.get_config_variable("profile") is None
    for foreign in (
        "169.254.169.254",
        "ec2-1-2-3-4.compute-1.amazonaws.com",
        "abc.execute-api.eu-central-1.amazonaws.com",
    ):
        assert not any(fnmatchcase(foreign, pattern) for pattern in allowed)


def test_an_address_of_ones_own_is_the_only_one() -> None:
    def hosts(url: str) -> list[str]:
        return reaches(AwsSettings.model_validate(settings(url)))

    assert hosts("http://127.0.0.1:5000") == ["127.0.0.1:5000"]
    assert hosts("https://aws.example.org/x") == ["aws.example.org:443"]
    assert hosts("http://aws.example.org") == ["aws.example.org:80"]


def test_only_what_is_read_is_reached() -> None:
    given = settings("http://127.0.0.1:1", services=["s3"], regions=None, home_region="eu-west-1")
    del given["endpoint_url"]
    made = AwsSettings.model_validate(given)

    assert made.home == "eu-west-1"
    assert reaches(made) == ["ec2.*.amazonaws.com", "kms.*.amazonaws.com", "s3.*.amazonaws.com"]


@pytest.mark.parametrize(
    ("region", "vendor"),
    [
        ("eu-central-1", "vendor:amazon-web-services"),
        ("cn-north-1", "vendor:beijing-sinnet"),
        ("cn-northwest-1", "vendor:ningxia-western-cloud-data"),
        ("eusc-de-east-1", "vendor:aws-european-sovereign-cloud"),
    ],
)
def test_partitions_have_operators(region: str, vendor: str) -> None:
    assert operator(region) == vendor


def test_without_the_sdk_it_says_what_to_install(moto: str, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    found = look(moto, services=["ec2"], regions=["eu-central-1"])

    assert [one.reason for one in found.refused] == ["botocore is not installed: pip install 'allod[aws]'"]


def test_a_certificate_authority_is_a_file_below_the_roots(moto: str, look: Any) -> None:
    found = look(moto, services=["ec2"], regions=["eu-central-1"], ca_file="/etc/ssl/none.pem")

    assert [one.reason for one in found.refused] == ["/etc/ssl/none.pem is not there, where the worker runs."]


@pytest.mark.parametrize(
    ("uri", "bucket"),
    [
        ("s3://weights/llama/model.tar.gz", "weights"),
        ("https://weights.s3.eu-central-1.amazonaws.com/llama", "weights"),
        ("https://s3.eu-central-1.amazonaws.com/weights/llama", "weights"),
        ("https://s3-eu-west-1.amazonaws.com/weights/llama", "weights"),
    ],
)
def test_addresses_of_objects_name_their_bucket(uri: str, bucket: str) -> None:
    assert bucket_of(uri) == bucket


def test_failures_are_told_in_words() -> None:
    assert words(SourceFailure("it is so")) == "it is so"
    assert words(ValueError("a\n b")) == "ValueError: a b"
