"""Admission, without a server: what is judged, whom it belongs to, and how the answer reads."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.foundation.errors import Invalid
from service.gate import admission, admission_file
from service.gate.admission import Answer, Asked, Operation, ToJudge, decided, homeless, sort
from service.gate.admission_file import NO_FILE, AdmissionFile, Mode, Treatment
from service.scans.workload_documents import understand

MAKER = "system:serviceaccount:kube-system:replicaset-controller"
KSERVE = "system:serviceaccount:kserve:kserve-controller-manager"


def pod(owner: str | None = None, group: str = "apps/v1", *, controller: bool = True) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "chat-1", "namespace": "web"}
    if owner:
        metadata["ownerReferences"] = [
            {"apiVersion": group, "kind": owner, "name": "chat", "uid": "u", "controller": controller}
        ]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "c"}]}}


def asked(document: dict[str, Any] | None, **changes: Any) -> Asked:
    whole = Asked("uid-1", Operation.CREATE, "web", "chat-1", "", "jane", False, document, None)
    return replace(whole, **changes)


def why(found: ToJudge | Answer) -> str:
    assert isinstance(found, Answer)
    assert found.allowed
    return found.annotations["verdict"]


class TestWhatIsJudged:
    def test_a_workload_is_judged_with_its_name_and_namespace_in_it(self) -> None:
        document = pod()
        document["metadata"] = {"generateName": "chat-"}
        found = sort(asked(document, name=""), NO_FILE)
        assert isinstance(found, ToJudge)
        assert found.document["metadata"] == {"generateName": "chat-", "name": "chat", "namespace": "web"}
        assert found.treatment == Treatment("default")

    @pytest.mark.parametrize("operation", [Operation.DELETE, Operation.CONNECT])
    def test_what_runs_nothing_new_is_let_through(self, operation: Operation) -> None:
        assert why(sort(asked(None, operation=operation), NO_FILE)) == f"not judged: {operation} runs nothing new"

    def test_a_creation_without_an_object_is_refused(self) -> None:
        found = sort(asked(None), NO_FILE)
        assert isinstance(found, Answer)
        assert (found.allowed, found.code) == (False, 403)

    @pytest.mark.parametrize("subresource", ["scale", "binding", "eviction"])
    def test_a_subresource_without_pods_is_let_through(self, subresource: str) -> None:
        document = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "x"}, "spec": {"replicas": 9}}
        found = sort(asked(document, subresource=subresource), NO_FILE)
        assert why(found) == f"not judged: the subresource {subresource} carries no pods"

    def test_a_status_is_let_through_though_it_comes_with_the_whole_object(self) -> None:
        assert why(sort(asked(pod(), subresource="status"), NO_FILE)) == "not judged: a status runs nothing"

    def test_what_is_debugged_into_a_pod_is_judged_among_its_containers(self) -> None:
        document = pod()
        document["spec"]["ephemeralContainers"] = [{"name": "debug", "image": "ollama/ollama"}]
        found = sort(asked(document, subresource="ephemeralcontainers", operation=Operation.UPDATE), NO_FILE)
        assert isinstance(found, ToJudge)
        workload = understand(found.document)
        assert workload is not None
        assert [one.name for one in workload.containers] == ["c", "debug"]

    def test_an_update_that_changes_nothing_of_what_is_judged_is_let_through(self) -> None:
        old, new = pod(), pod()
        old["metadata"] |= {"finalizers": ["x"], "annotations": {"deployment.kubernetes.io/revision": "1"}}
        new |= {"status": {"phase": "Running"}}
        found = sort(asked(new, old=old, operation=Operation.UPDATE), NO_FILE)
        assert why(found) == "not judged: nothing of what is judged changes"

    @pytest.mark.parametrize(
        "change",
        [
            {"metadata": {"annotations": {"allod.dev/commercial": "true"}}},
            {"metadata": {"labels": {"team": "x"}}},
            {"spec": {"containers": []}},
            {"roleSpec": {}},
        ],
    )
    def test_any_other_update_is_judged(self, change: dict[str, Any]) -> None:
        new = {**pod(), **change}
        assert isinstance(sort(asked(new, old=pod(), operation=Operation.UPDATE), NO_FILE), ToJudge)

    def test_an_update_without_the_old_object_is_judged(self) -> None:
        assert isinstance(sort(asked(pod(), operation=Operation.UPDATE), NO_FILE), ToJudge)


class TestOwners:
    @pytest.mark.parametrize("user", [MAKER, "system:kube-controller-manager"])
    def test_what_a_controller_makes_for_its_owner_is_let_through(self, user: str) -> None:
        found = sort(asked(pod("ReplicaSet"), user=user), NO_FILE)
        assert why(found) == "not judged: its owner is judged, the ReplicaSet chat"

    @pytest.mark.parametrize(
        ("document", "user"),
        [
            (pod("ReplicaSet"), "jane"),  # whoever may create a Pod may write an owner into it
            (pod("ReplicaSet"), "system:serviceaccount:web:replicaset-controller"),
            (pod("StatefulSet"), MAKER),  # each account for its own kind
            (pod("ReplicaSet", controller=False), MAKER),
            (pod("ReplicaSet", "evil.example/v1"), MAKER),
            (pod("Rollout", "argoproj.io/v1alpha1"), MAKER),
            (pod("Node", "v1"), "system:node:gpu-1"),
            (pod(), MAKER),
            (pod("Deployment"), "system:serviceaccount:kube-system:deployment-controller"),  # makes no Pods
            (pod("InferenceService", "serving.kserve.io/v1beta1"), KSERVE),  # named nowhere
        ],
    )
    def test_an_owner_that_anybody_could_have_written_is_not_believed(
        self, document: dict[str, Any], user: str
    ) -> None:
        assert isinstance(sort(asked(document, user=user), NO_FILE), ToJudge)

    def test_a_controller_that_the_file_names_is_believed_for_kinds_that_are_judged(self) -> None:
        file = AdmissionFile(cluster="prod", workspace="default", controllers=[KSERVE])
        owned = sort(asked(pod("InferenceService", "serving.kserve.io/v1beta1"), user=KSERVE), file)
        assert why(owned) == "not judged: its owner is judged, the InferenceService chat"
        assert isinstance(sort(asked(pod("Rollout", "argoproj.io/v1alpha1"), user=KSERVE), file), ToJudge)
        assert isinstance(sort(asked(pod(), user=KSERVE), file), ToJudge)


class TestNamespaces:
    def test_the_first_entry_that_matches_holds(self, tmp_path: Path) -> None:
        file = written(
            tmp_path,
            "cluster: prod\nprovider: aws\nworkspace: rest\neverything: true\nnamespaces:\n"
            '- {match: "care-?", workspace: care, mode: warn, everything: false}\n'
            '- {match: "care-*", mode: "off"}\n',
        )
        found = admission_file.load(file)
        assert found.treatment("care-1") == Treatment("care", Mode.WARN, False)
        assert found.treatment("care-12") == Treatment("rest", Mode.OFF, True)
        assert found.treatment("shop") == Treatment("rest", Mode.ENFORCE, True)
        assert (found.cluster, found.provider) == ("prod", "aws")
        assert why(sort(asked(pod(), namespace="care-12"), found)).startswith("not judged: ALLOD_ADMISSION_FILE turns")

    def test_without_a_file_everything_is_judged_in_the_default_workspace(self) -> None:
        assert admission_file.load(None).treatment("whatever") == Treatment("default", Mode.ENFORCE, False)

    def test_a_namespace_of_nobody_is_refused_with_the_line_to_add(self) -> None:
        answer = homeless(asked(pod()))
        assert (answer.allowed, answer.code) == (False, 403)
        assert '- {match: "web", workspace: <name>}' in answer.message

    @pytest.mark.parametrize(
        ("text", "line", "words"),
        [
            ("workspace: x\n", None, "'cluster' is missing"),
            ("cluster: prod\nnamespaces:\n- {match: a}\n", 3, "belongs to no workspace"),
            ("cluster: prod\nworkspace: x\nnamespaces:\n- {match: a, mode: maybe}\n", 4, "'maybe' is not known here"),
            ('cluster: p\nworkspace: x\nnamespaces:\n- {match: "*"}\n- {match: a}\n', 5, "is never reached"),
            ("cluster: p\nworkspace: x\nnamespaces:\n- {match: a}\n- {match: a}\n", 5, "entry 1 matches 'a' first"),
            ("cluster: p\nworkspace: x\nnamespaces:\n- {match: Care}\n", 4, "'Care'"),
            ("cluster: p\nworkspce: x\n", 2, "did you mean 'workspace'?"),
            ("cluster: p\nworkspace: Not A Name\n", 2, "workspace"),
            ("- cluster: p\n- cluster: q\n", None, "2 documents"),
            ("", None, "0 documents"),
            ("cluster: [\n", 2, "cannot be read"),
        ],
    )
    def test_what_cannot_be_is_told_with_its_line(
        self, tmp_path: Path, text: str, line: int | None, words: str
    ) -> None:
        file = written(tmp_path, text)
        with pytest.raises(Invalid) as refusal:
            admission_file.load(file)
        fault = refusal.value.faults[0]
        assert fault.file == str(file)
        assert fault.line == line or line is None
        assert words in f"{refusal.value.detail} {fault}"

    def test_a_file_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(Invalid, match=r"ALLOD_ADMISSION_FILE names .*which cannot be read"):
            admission_file.load(tmp_path / "nowhere.yaml")


def written(directory: Path, text: str) -> Path:
    file = directory / "admission.yaml"
    file.write_text(text)
    return file


def reason(enforcement: str, outcome: str = "violation", **changes: Any) -> dict[str, Any]:
    return {
        "rule": "RES-001",
        "severity": "high",
        "asset": "system:chat",
        "outcome": outcome,
        "message": "The data leaves the EEA.",
        "remedy": "Move it.",
        "enforcement": enforcement,
        "waiver": None,
        **changes,
    }


def decision(verdict: str, *reasons: Mapping[str, Any], undecided: bool = False, **more: Any) -> dict[str, Any]:
    return {"id": "0197", "verdict": verdict, "undecided": undecided, "reasons": reasons, "missing": [], **more}


MISSING = {"asset": "system:chat", "what": "where it runs", "add": 'allod.dev/runs-on: "cloud_region:aws/CODE"'}


class TestAnswers:
    def test_a_block_names_reasons_remedies_and_lines_to_add(self) -> None:
        answer = decided(
            asked(pod()), decision("block", reason("block"), reason("warn"), missing=[MISSING]), Mode.ENFORCE
        )
        response = answer.as_review()["response"]
        assert response["status"] == {
            "code": 403,
            "reason": "Forbidden",
            "message": "Allod blocks this for 1 reason (decision 0197):\n"
            "- RES-001 (high) system:chat: The data leaves the EEA. Move it.\n"
            'Add under metadata.annotations: allod.dev/runs-on: "cloud_region:aws/CODE" (where it runs)',
        }
        assert response["allowed"] is False
        assert response["uid"] == "uid-1"
        assert response["auditAnnotations"] == {"verdict": "block", "decision": "0197"}
        assert "warnings" not in response

    def test_a_warning_lets_through_and_is_told(self) -> None:
        waived = reason("inform", "unknown", waiver={"id": "w"}, message="Waived.")
        told = decision(
            "warn", reason("warn"), reason("inform", "unknown", message="Not known."), reason("inform"), waived
        )
        answer = decided(asked(pod()), told, Mode.ENFORCE)
        assert answer.allowed
        assert answer.warnings == ("RES-001: The data leaves the EEA. Move it.", "RES-001: Not known. Move it.")
        assert answer.as_review()["response"]["warnings"] == list(answer.warnings)

    def test_an_allowed_object_is_told_nothing(self) -> None:
        response = decided(asked(pod()), decision("allow", missing=[MISSING]), Mode.ENFORCE).as_review()["response"]
        assert response == {
            "uid": "uid-1",
            "allowed": True,
            "auditAnnotations": {"verdict": "allow", "decision": "0197"},
        }

    def test_mode_warn_lets_a_block_through_and_says_so(self) -> None:
        answer = decided(asked(pod()), decision("block", reason("block"), missing=[MISSING]), Mode.WARN)
        assert answer.allowed
        assert answer.annotations == {"verdict": "block", "decision": "0197", "mode": "warn"}
        assert answer.warnings == (
            "would be refused: RES-001: The data leaves the EEA. Move it.",
            'Add under metadata.annotations: allod.dev/runs-on: "cloud_region:aws/CODE"',
        )

    @pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.WARN])
    @pytest.mark.parametrize("verdict", ["allow", "warn", "block"])
    def test_what_was_not_decided_is_never_let_through(self, mode: Mode, verdict: str) -> None:
        told = decision(verdict, reason("block", "error", message="It divides by zero."), undecided=True)
        answer = decided(asked(pod()), told, mode)
        assert (answer.allowed, answer.code, answer.annotations["verdict"]) == (False, 503, "undecided")
        assert "It divides by zero." in answer.message

    @pytest.mark.parametrize("verdict", ["block", "maybe", ""])
    def test_a_verdict_without_reasons_or_meaning_refuses(self, verdict: str) -> None:
        answer = decided(asked(pod()), decision(verdict), Mode.ENFORCE)
        assert (answer.allowed, answer.code) == (False, 403)

    def test_a_dry_run_names_no_decision_since_none_is_kept(self) -> None:
        answer = decided(asked(pod(), dry_run=True), decision("block", reason("block")), Mode.ENFORCE)
        assert answer.annotations == {"verdict": "block"}
        assert answer.message.startswith("Allod blocks this for 1 reason:\n")

    @pytest.mark.parametrize(
        ("add", "told"),
        [
            (
                "--provider NAME, for instance --provider aws",
                "Add to the file that ALLOD_ADMISSION_FILE names: provider: NAME",
            ),
            ("--model NAME", "Add to system:chat: --model NAME"),
        ],
    )
    def test_a_line_says_where_it_belongs(self, add: str, told: str) -> None:
        missing = {**MISSING, "add": add}
        answer = decided(asked(pod()), decision("block", reason("block"), missing=[missing]), Mode.ENFORCE)
        assert f"\n{told} (where it runs)" in answer.message

    def test_long_answers_stay_within_what_an_api_server_takes_and_say_what_is_left_out(self) -> None:
        many = [reason("block", message=f"{number} " + "x" * 900) for number in range(40)]
        answer = decided(asked(pod()), decision("block", *many), Mode.ENFORCE)
        assert len(answer.message) <= admission.MESSAGE_MAX
        assert answer.message.endswith("more lines")
        warned = decided(asked(pod()), decision("block", *many), Mode.WARN).warnings
        assert sum(map(len, warned)) <= admission.WARNINGS_MAX
        assert max(map(len, warned)) <= admission.WARNING_MAX
        assert warned[-1].endswith("more lines")

    @given(text=st.text(max_size=300), mode=st.sampled_from(Mode), word=st.sampled_from(["block", "warn", "inform"]))
    def test_hostile_texts_make_no_control_characters_and_no_further_lines(
        self, text: str, mode: Mode, word: str
    ) -> None:
        given_ = reason(word, "unknown", message=text, asset=text, remedy=text)
        missing = {"asset": text, "what": text, "add": text}
        verdict = {"block": "block", "warn": "warn"}.get(word, "allow")
        answer = decided(asked(pod()), decision(verdict, given_, missing=[missing]), mode)
        assert all(line.isprintable() for line in answer.message.split("\n"))
        assert answer.message.count("\n") <= 2
        assert all(warning.isprintable() for warning in answer.warnings)
