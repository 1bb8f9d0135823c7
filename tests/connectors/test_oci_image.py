"""OCI layouts: real ones, made by crane through a registry on loopback, and hostile ones, made by hand."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from service.foundation.errors import Invalid
from service.scans import reading, registry
from service.scans.connectors import oci_image, oci_image_layers
from tests.connectors.conftest import Reading, ReadSource
from tests.fixtures.opa import free_port
from tests.fixtures.servers import ROOT, running

Files = Mapping[str, bytes | str]
SITE = "usr/local/lib/python3.12/site-packages"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
DPKG = """\
Package: libcudnn9-cuda-12
Status: install ok installed
Architecture: amd64
Version: 9.5.1.17-1
Homepage: https://developer.nvidia.com
Description: runtime
 Status: in a description

Package: bash
Status: install ok installed
Version: 5.2

Package: cuda-gone
Status: deinstall ok config-files
Version: 1

Nonsense


"""


def python(name: str, version: str, more: str = "") -> dict[str, str]:
    return {f"{SITE}/{name}-{version}.dist-info/METADATA": f"Name: {name}\nVersion: {version}\n{more}\n"}


def tar(files: Files, pax: Mapping[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers=pax) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            body = content.encode() if isinstance(content, str) else content
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return out.getvalue()


class Layout:
    """An image layout as the specification describes it, made blob by blob."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "blobs" / "sha256").mkdir(parents=True)
        (root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        self.index()

    def blob(self, content: bytes | Any, media_type: str = LAYER, **more: Any) -> dict[str, Any]:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = hashlib.sha256(body).hexdigest()
        (self.root / "blobs" / "sha256" / digest).write_bytes(body)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(body), **more}

    def image(self, *layers: dict[str, Any] | bytes, config: Any = None, **more: Any) -> dict[str, Any]:
        told = {"os": "linux", "architecture": "amd64", "config": {"Labels": {}}} if config is None else config
        body = {
            "schemaVersion": 2,
            "config": self.blob(told, CONFIG),
            "layers": [one if isinstance(one, dict) else self.blob(one) for one in layers],
        }
        return self.blob(body, "application/vnd.oci.image.manifest.v1+json", **more)

    def index(self, *manifests: Any) -> Path:
        (self.root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": list(manifests)}))
        return self.root


def named(name: str) -> dict[str, Any]:
    return {"annotations": {"org.opencontainers.image.ref.name": name}}


def notes(found: Reading) -> str:
    return "\n".join(f"{note.object}: {note.text}" for note in found.notes)


def refusals(found: Reading) -> str:
    return "\n".join(f"{one.object}: {one.reason}" for one in found.refused)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


@pytest.fixture
def read(read_source: ReadSource, tmp_path: Path) -> Callable[..., Reading]:
    return lambda path, **more: read_source("oci_image", {"path": str(path), **more}, roots=[tmp_path])


# --- a real one


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`acme/serve:1.4` for two platforms, built, pushed and pulled by crane, which has a registry of its own."""
    crane = ROOT / ".tools" / "bin" / "crane"
    if not crane.exists():
        pytest.skip(f"no {crane}: go install github.com/google/go-containerregistry/cmd/crane@v0.22.1")
    directory = tmp_path_factory.mktemp("crane")
    port = free_port()
    repository = f"127.0.0.1:{port}/acme/serve"

    def run(*arguments: object) -> str:
        done = subprocess.run([crane, *map(str, arguments)], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    base = {
        **python("requests", "2.32"),
        **python("torch", "2.8.0"),
        "var/lib/dpkg/status": DPKG,
        "etc/os-release": 'ID="ubuntu"\n',
    }
    over = {
        f"{SITE}/.wh.torch-2.8.0.dist-info": "",
        **python("torch", "2.9.0", "License-Expression: BSD-3-Clause"),
        **python("vllm", "0.12.0"),
    }
    for name, files in (("base", base), ("over", over)):
        with gzip.open(directory / f"{name}.tar.gz", "wb") as file:
            file.write(tar(files))
    labels = {
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.vendor": "NVIDIA",
        "org.opencontainers.image.title": "Acme Serve",
        "org.opencontainers.image.base.name": "docker.io/library/ubuntu:24.04",
        "allod.dev/licence": "MIT",
        "team": "serving",
    }
    given = [part for key, value in labels.items() for part in ("--label", f"{key}={value}")]
    ready = directory / "ready.log"
    command: list[str | Path] = [
        crane,
        "registry",
        "serve",
        "--address",
        f"127.0.0.1:{port}",
        "--disk",
        directory / "blobs",
    ]
    (directory / "blobs").mkdir()

    def listens() -> bool:
        return subprocess.run([crane, "catalog", f"127.0.0.1:{port}"], check=False, capture_output=True).returncode == 0

    with running(command, ready, listens):
        for platform in ("linux/amd64", "linux/arm64"):
            tag = f"{repository}:{platform.rpartition('/')[2]}"
            run(
                "append",
                "--oci-empty-base",
                "-f",
                directory / "base.tar.gz",
                "-f",
                directory / "over.tar.gz",
                "-t",
                tag,
            )
            run("mutate", tag, "-t", tag, "--set-platform", platform, *given)
        run("index", "append", "-m", f"{repository}:amd64", "-m", f"{repository}:arm64", "-t", f"{repository}:1.4")
        run("pull", "--format", "oci", "--annotate-ref", f"{repository}:1.4", directory / "layout")
    return directory / "layout"


def test_an_image_that_crane_built_and_pulled(pulled: Path, read_source: ReadSource) -> None:
    asked = {"path": str(pulled), "system": "system:desk"}
    found = read_source("oci_image", asked, roots=[pulled])
    assert found.complete, refusals(found)
    (ref,) = [one for one in found.taken if one.endswith("acme/serve")]
    image = found.asset(ref)
    assert image.title == "Acme Serve"
    assert image.attributes == {"version": "1.4", "licence": "MIT", "publisher": "vendor:nvidia"}
    assert (found.grade(ref, "version"), found.grade(ref, "licence")) == ("inferred", "declared")
    assert image.annotations["oci/platforms"] == "linux/amd64\nlinux/arm64"
    assert image.annotations["oci/base.name"] == "docker.io/library/ubuntu:24.04"
    assert len(image.annotations["oci/digests"].split("\n")) == 2
    assert image.labels == {"team": "serving"}
    assert found.related(ref) == {("published_by", "vendor:nvidia")}
    torch = found.asset("software:torch")
    assert torch.attributes == {"version": "2.9.0", "purl": "pkg:pypi/torch@2.9.0", "licence": "BSD-3-Clause"}
    assert len(torch.annotations["python/places"].split("\n")) == 2
    cudnn = found.asset("software:deb/libcudnn9-cuda-12")
    assert cudnn.attributes["version"] == "9.5.1.17-1"
    assert cudnn.attributes["purl"] == "pkg:deb/ubuntu/libcudnn9-cuda-12@9.5.1.17-1?arch=amd64"
    assert found.grade(cudnn.ref, "version") == "verified"
    refs = {ref, "software:torch", "software:vllm", "software:deb/libcudnn9-cuda-12"}
    assert set(found.taken) == {*refs, "system:desk"}
    assert found.related("system:desk") == {("uses", one) for one in refs}
    again = read_source("oci_image", asked, roots=[pulled])
    assert {r: t.observation.body() for r, t in again.taken.items()} == {
        r: t.observation.body() for r, t in found.taken.items()
    }
    one = read_source("oci_image", {"path": str(pulled), "platforms": ["linux/arm64"]}, roots=[pulled])
    assert one.asset(ref).annotations["oci/platforms"] == "linux/arm64"


# --- by the specification


def test_names_and_versions(layout: Layout, read: Callable[..., Reading]) -> None:
    labelled = {
        "os": "linux",
        "config": {"Labels": {"org.opencontainers.image.version": "3", "odd": 5, "allod.dev/ref": "model:x"}},
    }
    layout.index(
        layout.image(**named("registry.example:5000/Team/App:1.0@sha256:x")),
        layout.image(config={"os": "a", "config": None}, **named("registry.example:5000/Team/App:2.0")),
        layout.image(config={"os": "b"}, **named("latest")),
        layout.image(config={"os": "c"}),
        layout.image(config={"os": "e"}, annotations={"io.containerd.image.name": "docker.io/library/x:latest"}),
        layout.image(config=labelled, **named("y:dev")),
    )
    found = read(layout.root)
    assert found.complete
    names = {"registry.example-5000/team/app", "layout", "docker.io/library/x", "y"}
    assert set(found.taken) == {f"software:oci/{name}" for name in names}
    assert found.asset("software:oci/registry.example-5000/team/app").attributes == {"version": "2.0"}
    assert found.grade("software:oci/y", "version") == "declared"
    assert found.asset("software:oci/docker.io/library/x").attributes == {}
    assert "several versions (2.0, 1.0)" in notes(found)
    assert "allod.dev/ref says 'model:x'" in notes(found)


def test_layers_are_laid_over_each_other(layout: Layout, read: Callable[..., Reading]) -> None:
    first = {
        **python("torch", "1.0"),
        **python("peft", "1.0"),
        "opt/env/site-packages/keras-3.dist-info/METADATA": "Name: keras\nVersion: 3\n",
        "opt/env/site-packages/jax-1.egg-info": "Name: jax\nVersion: 1\n",
        "var/lib/dpkg/status": DPKG,
        "var/lib/dpkg/status.d/x.md5sums": "x",
        "./usr/lib/os-release": "NAME=x\n",
        "lib/apk/db/installed": "P:torch",
        "var/lib/rpm/rpmdb.sqlite": "x",
    }
    second = {
        f"{SITE}/.wh.torch-1.0.dist-info": "",
        "opt/env/.wh..wh..opq": "",
        "opt/env/site-packages/flax-2.egg-info/PKG-INFO": "Name: flax\nVersion: 2\n",
        "var/lib/dpkg/status": DPKG.replace("9.5.1.17-1", "9.6"),
        f"{SITE}/peft-1.0.dist-info/direct_url.json": '{"url": "https://me:x@git.example/peft"}',
        f"{SITE}/setuptools/_vendor/onnx-1.dist-info/METADATA": "Name: onnx\nVersion: 1\n",
        "srv/libs/gguf-1.dist-info/METADATA": "Name: gguf\nVersion: 1\n",
        "srv/libs/timm-1.dist-info/METADATA": "Name: timm\nVersion: 1\n",
        "srv/libs/timm-1.dist-info/direct_url.json": "{",
    }
    old = {"var/lib/dpkg/status.d/cudnn": DPKG}
    layout.index(
        layout.image(tar(first), gzip.compress(tar(second)), **named("a")),
        layout.image(tar(old), config={"os": "x"}, **named("b")),
    )
    found = read(layout.root)
    assert found.complete, refusals(found)
    packages = {"flax", "peft", "gguf", "timm", "deb/libcudnn9-cuda-12", "oci/layout"}
    assert set(found.taken) == {f"software:{name}" for name in packages}
    peft = found.asset("software:peft")
    assert "purl" not in peft.attributes
    assert peft.annotations["python/installed-from"] == "https://git.example/peft"
    cudnn = found.asset("software:deb/libcudnn9-cuda-12")
    assert cudnn.attributes["purl"].startswith("pkg:deb/debian/libcudnn9-cuda-12@9.6")
    assert "9.5.1.17-1 in layout" in cudnn.annotations["deb/versions"]
    told = notes(found)
    for part in (
        "packages of Alpine (apk)",
        "packages of RPM",
        "1 entries of var/lib/dpkg/status name no package",
        "not among those asked for",
    ):
        assert part in told, told
    everything = read(layout.root, packages="all")
    assert "software:deb/bash" in everything.taken
    assert "software:deb/cuda-gone" not in everything.taken


def test_zstandard_and_docker_s_media_types(
    layout: Layout, read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    import zstandard

    packed = zstandard.ZstdCompressor().compress(tar(python("torch", "1.0")))
    config = layout.blob(
        {"os": "linux", "architecture": "arm", "variant": "v7"}, "application/vnd.docker.container.image.v1+json"
    )
    body = {"config": config, "layers": [layout.blob(packed, "wrong")]}
    layout.index(layout.blob(body, "application/vnd.docker.distribution.manifest.v2+json"))
    found = read(layout.root)
    assert found.complete, refusals(found)
    assert "software:torch" in found.taken
    assert found.asset("software:oci/layout").annotations["oci/platforms"] == "linux/arm/v7"
    layout.index(layout.image(packed[:20], packed[:4] + b"nonsense" * 9))
    assert "layer 1: it is no layer" in refusals(read(layout.root))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert "pip install" in refusals(read(layout.root))


def test_what_is_no_image_is_told(layout: Layout, read: Callable[..., Reading]) -> None:
    good = layout.image(tar(python("torch", "1")), platform={"os": "linux", "architecture": "amd64"})
    nested = good
    for _ in range(7):
        nested = layout.blob({"manifests": [nested, 5]})
    layout.index(
        "text",
        nested,
        layout.blob({"manifests": [good, layout.image(platform={"os": "unknown", "architecture": "unknown"})]}),
        layout.image(annotations={"vnd.docker.reference.type": "attestation-manifest"}),
        layout.blob({"config": {"mediaType": "application/vnd.cncf.model.config.v1+json"}}),
        layout.blob({"artifactType": "x"}),
        layout.image(config={"os": "windows", "architecture": "amd64"}),
        layout.image(platform={"os": "plan9"}),
    )
    found = read(layout.root, platforms=["linux/amd64"])
    assert found.asset("software:oci/layout").annotations["oci/platforms"] == "linux/amd64"
    assert "software:torch" in found.taken
    assert "more than 5 deep" in refusals(found)
    told = notes(found)
    assert told.count("what was attested") == 2
    assert "application/vnd.cncf.model.config.v1+json" in told
    assert "type None" in told


# --- broken and hostile


def test_blobs_that_are_not_what_they_say(layout: Layout, read: Callable[..., Reading], tmp_path: Path) -> None:
    swapped = layout.blob(tar(python("torch", "1")))
    path = layout.root / "blobs" / "sha256" / swapped["digest"].removeprefix("sha256:")
    path.write_bytes(tar(python("vllm", "1")))
    outside = tmp_path / "outside"
    outside.write_bytes(b"{}")
    away = layout.blob(b"away")
    link = layout.root / "blobs" / "sha256" / away["digest"].removeprefix("sha256:")
    link.unlink()
    link.symlink_to("/etc/passwd")
    directory = layout.root / "blobs" / "sha256" / ("0" * 64)
    directory.mkdir()
    broken_config = layout.blob({"config": {"mediaType": CONFIG, "digest": "sha256:" + "1" * 64}})
    layout.index(
        layout.image(swapped, tar(python("peft", "1"))),
        {"digest": "sha256:../../../../outside"},
        {"digest": 7},
        away,
        {"digest": "sha256:" + "0" * 64},
        {"digest": "sha256:" + "f" * 64},
        layout.blob(b"["),
        layout.blob(b"[]"),
        broken_config,
    )
    found = read(layout.root)
    assert not found.complete
    assert found.read == ["images"]
    assert {"software:peft", "software:oci/layout"} == set(found.taken)
    told = refusals(found)
    for part in (
        "layer 1: the blob",
        "is not what its digest says",
        "is no digest",
        "not for sources",
        "no regular file",
        "is not there",
        "it is not JSON",
        "it is no JSON object",
        "its configuration:",
    ):
        assert part in told, told


def test_layers_that_would_do_harm(
    layout: Layout, read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oci_image_layers, "RATIO_FROM", 2**20)
    monkeypatch.setattr(oci_image_layers, "STATUS_MAX", 100)
    bomb = gzip.compress(tar({"zeros": b"\0" * 2**23}))
    escape = tar(
        {
            f"../../{SITE}/torch-1.dist-info/METADATA": "Name: torch\nVersion: 1\n",
            **{f"a/../{n}": "" for n in range(30)},
        }
    )
    huge_name = tar({"x" * 200: ""}, pax={"comment": "y" * (2**20 + 1)})
    links = io.BytesIO()
    with tarfile.open(fileobj=links, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.LNKTYPE):
            member = tarfile.TarInfo(f"{SITE}/torch-{kind.decode()}.dist-info/METADATA")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    cut = gzip.compress(tar(python("torch", "1") | {"more": bytes(range(256)) * 4096}))[:-50]
    layout.index(
        layout.image(
            bomb,
            escape,
            huge_name,
            links.getvalue(),
            cut,
            b"no tar at all" * 99,
            b"",
            b"\x1f\x8b\x08junk",
            layout.blob(b"secret" * 99, LAYER + "+encrypted"),
            tar({"var/lib/dpkg/status": DPKG}),
            tar({"vllm-1.dist-info/METADATA": "Name: vllm\nVersion: 1\n"}),
        )
    )
    found = read(layout.root)
    assert set(found.taken) == {"software:oci/layout", "software:vllm", "software:deb/libcudnn9-cuda-12"}
    told = refusals(found)
    for part in (
        "layer 1: ",
        "it unpacks to more than",
        "layer 3: it is no layer that can be read: a header of",
        "layer 5: ",
        "layer 6: ",
        "layer 7: ",
        "layer 8: ",
        "layer 9: it is encrypted",
    ):
        assert part in told, told
    assert "layer 4" not in told
    outside = [note for note in found.notes if "outside the image" in note.text]
    assert len(outside) == oci_image_layers.TROUBLES_MAX
    assert "more than 100 bytes; the rest is not read" in notes(found)


def test_more_packages_than_an_image_holds(
    layout: Layout, read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oci_image_layers, "FOUND_MAX", 10)
    many = {path: text for number in range(11) for path, text in python(f"torch-{number}", "1").items()}
    layout.index(layout.image(tar(many), tar({f"a/.wh.{number}": "" for number in range(11)})))
    assert refusals(read(layout.root)).count("more than 10 packages and removals") == 2


def test_directories_without_layouts(
    read: Callable[..., Reading], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    assert "there is no OCI layout here" in notes(read(tmp_path / "empty"))
    for name in ("a", "b", "c", "d"):
        Layout(tmp_path / "many" / name)
    (tmp_path / "many" / "b" / "index.json").unlink()
    (tmp_path / "many" / "c" / "index.json").write_text("{}" + " " * 5000)
    (tmp_path / "many" / "d" / "index.json").unlink()
    (tmp_path / "many" / "d" / "index.json").mkdir()
    monkeypatch.setattr(oci_image, "JSON_MAX", 4000)
    (tmp_path / "many" / "shut").mkdir()
    listing = os.scandir

    def scandir(path: Any) -> Any:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = read(tmp_path / "many", system="system:a")
    assert "this layout holds no image" in notes(found)
    told = refusals(found)
    for part in ("is not there", "more than 4000 bytes", "no regular file", "Permission denied"):
        assert part in told, told
    assert not found.taken


def test_a_vendor_that_no_table_lists(layout: Layout, read: Callable[..., Reading]) -> None:
    labels = {"org.opencontainers.image.vendor": "Bildwerk AG", "org.opencontainers.image.licenses": "MIT"}
    layout.index(layout.image(config={"os": "linux", "config": {"Labels": labels}}))
    found = read(layout.root)
    assert found.asset("software:oci/layout").attributes == {"publisher": "vendor:bildwerk-ag", "licence": "MIT"}
    assert found.asset("vendor:bildwerk-ag").title == "Bildwerk AG"


@pytest.mark.parametrize(
    "given", [{}, {"path": "/x", "platforms": []}, {"path": "/x", "packages": 1}, {"path": "/x", "registry": "y"}]
)
def test_wrong_settings_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        reading.settings_of(registry.find("oci_image"), given)
