"""Manifests of Kubernetes: systems with what they use, what is not told of them, what is none of the gate's."""

from service.gate.reading.parts import Place, Reading, Type
from tests.rooms.gate.reading.conftest import Read, Refused

POD = """
    apiVersion: v1
    kind: Pod
    metadata:
      name: chat
      namespace: ml
      annotations:
        allod.dev/ref: system:acme/chat
        allod.dev/owner-team: care
    spec:
      containers:
        - name: web
          image: nginx:1.29
        - name: server
          image: ollama/ollama:0.12.3
"""


def related(found: Reading, ref: str) -> set[tuple[str, str]]:
    (one,) = [one for one in found.proposed if one.ref == ref]
    return {(relation["type"], relation["to"]) for relation in one.manifest.get("relations", ())}


def missing(found: Reading) -> dict[str, tuple[str, int]]:
    return {one.what: (one.add, one.place.line) for one in found.missing}


def test_everything_stands_where_it_is_said(reading: Read) -> None:
    found = reading("k8s/pod.yaml", POD)
    assert found.type is Type.KUBERNETES
    assert [(one.ref, one.place, one.whole) for one in found.proposed] == [
        ("system:acme/chat", Place("k8s/pod.yaml", 2), False),
        ("software:oci/docker.io/library/nginx", Place("k8s/pod.yaml", 13), False),
        ("software:ollama", Place("k8s/pod.yaml", 15), False),
    ]
    system = found.proposed[0].manifest
    assert system["attributes"] == {"owner_team": "care"}
    assert system["labels"]["kubernetes/namespace"] == "ml"


def test_what_is_not_told_comes_with_the_line_to_add(reading: Read) -> None:
    asked = missing(reading("pod.yaml", POD))
    assert asked["which model ollama serves"] == ('allod.dev/uses: "model:ollama/llama3.1:8b"', 7)
    assert asked["whether its use is commercial"] == ('allod.dev/commercial: "true"', 7)
    assert asked["where it runs"] == ('allod.dev/runs-on: "cloud_region:aws/CODE"', 7)
    assert asked["where its data lies"] == ('allod.dev/storage: "cloud_region:aws/eu-central-1"', 7)
    assert len(asked) == 10
    nameless = POD.replace("allod.dev/ref: system:acme/chat\n", "allod.dev/uses: model:a/b\n")
    assert missing(reading("pod.yaml", nameless))["which cluster it goes to: its name there is unknown"] == (
        "--cluster NAME",
        2,
    )
    assert not any("which model" in what for what in missing(reading("pod.yaml", nameless)))


def test_the_name_is_that_which_a_scan_of_the_cluster_gives(reading: Read) -> None:
    text = POD.replace("        allod.dev/ref: system:acme/chat\n", "")
    found = reading("pod.yaml", text, cluster="Paris 1")
    assert found.proposed[0].ref == "system:kubernetes/paris-1/ml/pod/chat"
    assert found.proposed[0].manifest["labels"]["kubernetes/cluster"] == "Paris 1"


def test_regions_are_whose_the_command_line_says(reading: Read) -> None:
    text = POD + "      nodeSelector: {topology.kubernetes.io/region: GRA11, nvidia.com/gpu.product: L40S, team: a}\n"
    found = reading("pod.yaml", text, provider="ovhcloud")
    assert ("runs_on", "cloud_region:ovhcloud/gra") in related(found, "system:acme/chat")
    assert found.proposed[0].manifest["annotations"]["kubernetes/node-selector"] == (
        "nvidia.com/gpu.product=L40S, topology.kubernetes.io/region=GRA11"
    )
    unsaid = reading("pod.yaml", text)
    assert not [to for type_, to in related(unsaid, "system:acme/chat") if type_ == "runs_on"]
    assert "--provider" in missing(unsaid)["whose region gra11 is"][0]
    odd = reading("pod.yaml", text.replace("GRA11", "'a b'"), provider="aws")
    assert missing(odd)["which region 'a b' is"][0] == 'allod.dev/runs-on: "cloud_region:aws/CODE"'


def test_several_documents_share_what_they_use(reading: Read) -> None:
    one = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: NAME}
    spec:
      template:
        spec:
          containers: [{name: s, image: "vllm/vllm-openai:v0.11.0", args: [--model, acme/MODEL]}]
    """
    found = reading(
        "all.yaml",
        one.replace("NAME", "a").replace("MODEL", "x") + "\n    ---\n" + one.replace("NAME", "b").replace("MODEL", "x"),
    )
    assert [one.ref for one in found.proposed] == [
        "system:kubernetes/default/deployment/a",
        "system:kubernetes/default/deployment/b",
        "software:vllm",
        "model:acme/x",
    ]
    assert related(found, "software:vllm") == {("serves", "model:acme/x")}
    assert found.proposed[2].manifest["evidence"]["version"]["grade"] == "declared"


def test_a_list_of_one_kind_leaves_that_out_of_its_entries(reading: Read) -> None:
    found = reading(
        "list.json",
        '{"apiVersion": "v1", "kind": "PodList", "items": [\n{"metadata": {"name": "a"},\n'
        '"spec": {"containers": [{"name": "s", "image": "ollama/ollama"}]}},\n{"metadata": {"name": "b"}, "spec": {}}]}',
    )
    assert [(one.ref, one.place.line) for one in found.proposed] == [
        ("system:kubernetes/default/pod/a", 2),
        ("software:ollama", 3),
    ]
    assert [(one.what, one.place.line) for one in found.ignored] == [("Pod b", 4)]


def test_a_list_may_hold_what_is_no_object(refused: Refused) -> None:
    (fault,) = refused("list.yaml", "apiVersion: v1\nkind: PodList\nitems:\n  - 3\n")
    assert (fault.path, fault.line) == ("/items/0", 4)


def test_what_starts_nothing_is_ignored_by_name(reading: Read) -> None:
    found = reading(
        "other.yaml",
        """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        ---
        apiVersion: acme.example/v1
        kind: Flock
        metadata: {name: sheep}
        spec: {size: 3}
        """,
    )
    assert found.proposed == ()
    assert [(one.what, one.why) for one in found.ignored] == [
        ("Service web", "kind Service starts nothing"),
        ("Flock sheep", "kind Flock is not read: no pod in it"),
    ]


def test_pods_are_found_wherever_an_unknown_kind_keeps_them(reading: Read) -> None:
    found = reading(
        "workflow.yaml",
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: tune}
        spec:
          templates:
            - name: main
              container: {name: t, image: "vllm/vllm-openai:v0.11.0", args: [--model, acme/x]}
            - name: pods
              podSpec: {containers: [{name: o, image: ollama/ollama}]}
        """,
    )
    assert {one.ref for one in found.proposed} == {
        "system:kubernetes/default/workflow/tune",
        "software:vllm",
        "software:ollama",
        "model:acme/x",
    }


def test_objects_in_a_template_of_openshift_are_found(reading: Read) -> None:
    text = """
    apiVersion: template.openshift.io/v1
    kind: Template
    metadata: {name: chat}
    objects:
      - {kind: Deployment, spec: {template: {spec: {containers: [{name: o, image: ollama/ollama}]}}}}
    """
    found = reading("template.yaml", text)
    assert [one.ref for one in found.proposed] == ["system:kubernetes/default/template/chat", "software:ollama"]


def test_marks_on_what_starts_nothing_are_for_others_to_read(reading: Read) -> None:
    text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ml, labels: {allod.dev/workspace: care}}\n"
    found = reading("namespace.yaml", text)
    assert (found.proposed, [one.why for one in found.ignored]) == ((), ["kind Namespace starts nothing"])


def test_a_marked_object_is_a_system_whatever_its_kind(reading: Read) -> None:
    text = (
        "apiVersion: acme.example/v1\nkind: Flock\nmetadata: {name: a, annotations: {allod.dev/ref: 'system:flock'}}\n"
    )
    assert [one.ref for one in reading("flock.yaml", text).proposed] == ["system:flock"]


def test_workloads_without_ai_are_read_where_everything_is_asked_for(reading: Read) -> None:
    text = POD.replace("        - name: server\n          image: ollama/ollama:0.12.3\n", "")
    text = text.replace(
        "        allod.dev/ref: system:acme/chat\n        allod.dev/owner-team: care\n", "        a: b\n"
    )
    assert reading("pod.yaml", text).proposed == ()
    found = reading("pod.yaml", text, everything=True)
    assert found.proposed[0].ref == "system:kubernetes/ml/pod/chat"
    assert missing(found)["which models it uses"][0] == 'allod.dev/uses: "model:organisation/name"'


def test_a_key_to_a_hosted_service_is_a_use_of_it(reading: Read) -> None:
    key = "          env: [{name: ANTHROPIC_API_KEY, valueFrom: {secretKeyRef: {name: s, key: k}}}, {value: x}]\n"
    found = reading("pod.yaml", POD + key)
    assert ("uses", "ai_service:anthropic") in related(found, "system:acme/chat")
    assert missing(found)["whether the service that it has a key to is the one registered as anthropic"][0] == (
        'allod.dev/uses: "ai_service:anthropic"'
    )
    said = POD.replace("allod.dev/owner-team: care", "allod.dev/uses: ai_service:acme/claude")
    assert ("uses", "ai_service:anthropic") not in related(reading("pod.yaml", said + key), "system:acme/chat")


def test_nodes_with_accelerators_are_hosts(reading: Read) -> None:
    text = """
    apiVersion: v1
    kind: List
    items:
      - apiVersion: v1
        kind: Node
        metadata:
          name: gpu-1
          labels: {nvidia.com/gpu.product: NVIDIA-L4, nvidia.com/gpu.count: "1", topology.kubernetes.io/region: fr-par}
      - {apiVersion: v1, kind: Node, metadata: {name: plain}}
    """
    found = reading("nodes.yaml", text, provider="scaleway", cluster="paris")
    assert related(found, "gpu_host:kubernetes/paris/gpu-1") == {("located_in", "cloud_region:scaleway/fr-par")}
    assert [one.what for one in found.ignored] == ["Node plain"]
    assert found.proposed[0].manifest["evidence"]["accelerators"]["grade"] == "declared"
    unsaid = reading("nodes.yaml", text)
    assert [one.what for one in unsaid.missing] == ["where it stands"]
    assert unsaid.ignored[0].why.startswith("it stands in the region")


def test_a_mark_that_cannot_be_understood_is_a_fault_at_its_place(refused: Refused) -> None:
    wrong = POD.replace("owner-team: care", "commercial: perhaps")
    (fault,) = refused("pod.yaml", wrong)
    assert (fault.file, fault.line) == ("pod.yaml", 7)
    assert "perhaps" in fault.message
    node = "apiVersion: v1\nkind: Node\nmetadata:\n  name: a\n  labels: {nvidia.com/gpu.product: L4, allod.dev/x: y}\n"
    (fault,) = refused("node.yaml", node)
    assert (fault.line, "allod.dev/x" in fault.message) == (5, True)


def test_an_image_that_cannot_be_read_is_a_fault(refused: Refused) -> None:
    (fault,) = refused("pod.yaml", POD.replace("nginx:1.29", '"{{ .Values.image }}"'))
    assert (fault.line, "is no reference" in fault.message) == (13, True)


def test_a_claim_for_devices_is_told(reading: Read) -> None:
    found = reading("pod.yaml", POD + "      resourceClaims: [{name: gpu}]\n")
    assert any("claims devices" in one.why for one in found.ignored)


def test_faults_of_form(refused: Refused) -> None:
    faults = refused(
        "a.yaml", "apiVersion: v1\nmetadata: {namespace: a}\n---\n[]\n---\nkind: Pod\nmetadata: {name: a}\n"
    )
    assert [(fault.document, fault.path) for fault in faults] == [
        (1, "/kind"),
        (1, "/metadata/name"),
        (2, "/apiVersion"),
    ]
    (fault,) = refused("mixed.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\nkind: model\nname: b\n")
    assert (fault.line, "manifest of Allod" in fault.message) == (5, True)
    (fault,) = refused("ns.yaml", POD.replace("namespace: ml", "namespace: A_b"))
    assert fault.path == "/metadata/namespace"
    (fault,) = refused("empty.yaml", "# nothing\n", Type.KUBERNETES)
    assert "nothing in it" in fault.message


def test_merge_keys_are_filled_in(reading: Read) -> None:
    text = """
    apiVersion: v1
    kind: Pod
    metadata: {name: a}
    x: &base {image: ollama/ollama, name: base}
    y: &more {name: more, tty: true}
    spec:
      containers:
        - {<<: *base, name: own}
        - <<: [*more, *base]
    """
    found = reading("pod.yaml", text)
    assert [one.ref for one in found.proposed] == ["system:kubernetes/default/pod/a", "software:ollama"]
    odd = text.replace("[*more, *base]", "3")
    assert [one.ref for one in reading("pod.yaml", odd).proposed][-1] == "software:ollama"
