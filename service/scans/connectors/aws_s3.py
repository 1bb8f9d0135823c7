"""S3: buckets, as datasets. Their objects are never listed.

`stored_in` and a data path `storage` name the bucket's region, `backup` those that its rules replicate to. Who holds the
keys (`key_custody`) follows from where they are made: keys of S3, of AWS's choosing or made in KMS lie with the operator,
whatever policy stands on them; those of an external key store or of the customer's own CloudHSM lie with the customer.
"""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from service.inventory.facts import Grade, Kind, RelationType
from service.scans import marks
from service.scans.connector import Event, Note, Refused, Seen
from service.scans.connectors.aws_account import Account, tags, words
from service.scans.connectors.aws_settings import place
from service.scans.draft import Draft

_CUSTODY: Final[Mapping[str, str]] = {
    "AWS_KMS": "operator",
    "EXTERNAL": "operator",  # imported: the customer has a copy, and KMS works with its own
    "AWS_CLOUDHSM": "customer",
    "EXTERNAL_KEY_STORE": "customer",
}
_NOTHING: Final = frozenset(
    {
        "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
        "NoSuchTagSet",
        "NoSuchTagSetError",
    }
)
PATHS_SOURCE: Final = "aws:GetBucketReplication, GetBucketEncryption"


def buckets(account: Account, part: str) -> Iterator[Event]:
    """The account's buckets in the regions that are read, page by page."""
    settings = account.settings
    for page in account.pages("s3", settings.home, "list_buckets", PaginationConfig={"PageSize": 1000}):
        for listed in page.get("Buckets") or ():
            name = str(listed.get("Name", ""))
            wanted = any(fnmatchcase(name, pattern) for pattern in settings.buckets)
            if not name or not wanted or any(fnmatchcase(name, pattern) for pattern in settings.exclude_buckets):
                continue
            account.context.pause()
            region = listed.get("BucketRegion") or account.bucket_region(name)
            if region is None:
                yield Refused(part, name, "S3 does not tell where the bucket lies")
            elif settings.regions is None or region in settings.regions:
                yield from _Bucket(account, part, name, str(region)).events()


class _Bucket:
    """One bucket while it is read; every question that is refused is told, and the others are asked all the same."""

    def __init__(self, account: Account, part: str, name: str, region: str) -> None:
        self.account, self.part, self.name, self.region = account, part, name, region
        self.s3 = account.client("s3", region)
        self.told: list[Event] = []
        self.unread: set[str] = set()

    def events(self) -> Iterator[Event]:
        written = tags((self._asked("get_bucket_tagging") or {}).get("TagSet"))
        name, trouble = marks.name_of(Kind.DATASET, f"aws/s3/{self.name}", written)
        data = Draft(Kind.DATASET, name, self.name, labels=marks.labels(written))
        data.relate(RelationType.STORED_IN, place(self.region))
        custody = self._default_custody()
        paths = [_path("storage", self.region, custody)]
        for destination in self._destinations():
            if destination not in paths:
                paths.append(destination)
        data.state("data_paths", paths, grade=Grade.VERIFIED, source=PATHS_SOURCE)
        if "get_bucket_replication" in self.unread:
            # Where it is copied to could not be looked at: that none is told is not that there is none.
            data.state("data_paths_complete", False, grade=Grade.VERIFIED, source=PATHS_SOURCE)
        for text in [trouble, *marks.apply(data, written, source="aws:tags")]:
            if text:
                self.told.append(Note(self.part, self.name, text))
        yield from self.told
        yield Seen(self.part, self.name, data.manifest())

    def _asked(self, operation: str) -> dict[str, Any] | None:
        return self._answer(operation, lambda: getattr(self.s3, operation)(Bucket=self.name))

    def _answer(self, operation: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 -- one question about one bucket
            code = (getattr(error, "response", None) or {}).get("Error", {}).get("Code")
            if code not in _NOTHING:
                self.unread.add(operation)
                self.told.append(Refused(self.part, self.name, words(error)))
            return None

    def _default_custody(self) -> str | None:
        answer = self._asked("get_bucket_encryption")
        rules = ((answer or {}).get("ServerSideEncryptionConfiguration") or {}).get("Rules") or ()
        for rule in rules:
            default = rule.get("ApplyServerSideEncryptionByDefault") or {}
            if str(default.get("SSEAlgorithm", "")).startswith("aws:"):
                return self._custody(default.get("KMSMasterKeyID"), self.region)
            if default.get("SSEAlgorithm") == "AES256":
                return "operator"
        # Since 2023 S3 encrypts with its own keys whatever nobody else encrypts.
        return None if "get_bucket_encryption" in self.unread else "operator"

    def _custody(self, key: str | None, region: str) -> str | None:
        if not key or key.endswith("alias/aws/s3"):
            return "operator"
        pieces = key.split(":")
        kms = self.account.client("kms", pieces[3] if key.startswith("arn:") and len(pieces) > 4 else region)
        answer = self._answer("describe_key", lambda: kms.describe_key(KeyId=key))
        origin = str(((answer or {}).get("KeyMetadata") or {}).get("Origin"))
        if answer is not None and origin not in _CUSTODY:
            self.told.append(Note(self.part, self.name, f"its key has the origin {origin}, which nobody here knows"))
        return _CUSTODY.get(origin)

    def _destinations(self) -> Iterator[dict[str, str]]:
        answer = self._asked("get_bucket_replication")
        for rule in ((answer or {}).get("ReplicationConfiguration") or {}).get("Rules") or ():
            target = rule.get("Destination") or {}
            bucket = str(target.get("Bucket", "")).rsplit(":", 1)[-1]
            if rule.get("Status") != "Enabled" or not bucket:
                continue
            region = self.account.bucket_region(bucket)
            if region is None:
                text = f"it is replicated to the bucket {bucket}, and S3 does not tell where that lies"
                self.told.append(Note(self.part, self.name, text))
                continue
            key = (target.get("EncryptionConfiguration") or {}).get("ReplicaKmsKeyID")
            yield _path("backup", region, self._custody(key, region) if key else None)


def _path(purpose: str, region: str, custody: str | None) -> dict[str, str]:
    return {"purpose": purpose, "region": place(region), **({"key_custody": custody} if custody else {})}
