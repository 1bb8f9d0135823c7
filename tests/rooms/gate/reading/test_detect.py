"""What a file is told by, and which files of a repository are none of the gate's."""

import pytest

from service.gate.reading.detect import detect
from service.gate.reading.parts import File, Type


@pytest.mark.parametrize(
    ("name", "text", "type_"),
    [
        ("a", "apiVersion: v1\r\nkind: Pod\r\nmetadata: {name: a}\r\n", Type.KUBERNETES),
        ("a", "# a\n---\n'apiVersion': v1\n'kind': List\n'items': []\n", Type.KUBERNETES),
        ("a", "{apiVersion: v1, kind: Pod, metadata: {name: a}}", Type.KUBERNETES),
        ("a", '[{"apiVersion": "v1", "kind": "Pod", "metadata": {}}]', Type.KUBERNETES),
        ("a", "kind: Pod\nmetadata: {name: a}\n", Type.KUBERNETES),
        ("kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", Type.KUBERNETES),
        ("a", "- kind: model\n  name: b\n", Type.ALLOD),
        ("a", "kind: sistem\nname: b\n", Type.ALLOD),
        ("a", '{"kind": "model", "name": ', Type.ALLOD),
        ("a", '{"kind": "sistem", "name": "b"}', Type.ALLOD),
        ("a", "name: shop\nservices:\n  a: {}\n", Type.COMPOSE),
        ("a", '{"services": {}}', Type.COMPOSE),
        ("compose.override.yaml", "x-a: 1\n", Type.COMPOSE),
        ("a", "bomFormat: CycloneDX\n", Type.CYCLONEDX),
        ("a", '<bom xmlns="http://cyclonedx.org/schema/bom/1.6">', Type.CYCLONEDX),
        ("a", "spdxVersion: SPDX-2.3\n", Type.SPDX),
        ("a", "SPDXVersion: SPDX-2.3\n", Type.SPDX),
        ("a", '{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}', Type.SPDX),
        ("a", '{"version": 4, "terraform_version": "1.9.8", "serial": 1}', Type.TERRAFORM_PLAN),
        ("a", "---\nbase_model: a/b\n---\n", Type.MODEL_CARD),
        ("a", "version = 1\nrequires-python = 'x'\n[[package]]\n", Type.PACKAGES),
        ("pylock.dev.toml", "", Type.PACKAGES),
        ("dev-requirements.in", "", Type.PACKAGES),
        ("a", "torch>=2\n-r x.txt\n# end\n", Type.PACKAGES),
        ("Chart.yaml", "apiVersion: v2\nname: notes\nversion: 1.0.0\n", None),
        ("kind.yaml", "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: a\n", None),
        (".gitlab-ci.yml", "stages: [test]\nservices: [postgres:18]\n", None),
        ("ci.yml", "on: push\njobs: {}\n", None),
        ("croissant.json", '{"@context": {"@vocab": "https://schema.org/"}, "@graph": []}', None),
        ("a", "kind: of\nother: text\n", None),
        ("a", '{"kind": "of"}', None),
        ("a", "[]", None),
        ("a", "3", None),
        ("a", "", None),
        ("poetry.lock", '[[package]]\nname = "a"\nversion = "1"\n', None),
    ],
)
def test_types(name: str, text: str, type_: Type | None) -> None:
    assert detect(File(name, text.encode())) is type_
