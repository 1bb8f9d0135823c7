"""BOMs of other tools' making, as documents: what the schemas allow, written for these tests."""

from typing import Any

CYCLONEDX_15: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "version": 1,
    "metadata": {
        "tools": [{"vendor": "Somebody", "name": "maker", "version": "1"}],
        "manufacture": {"name": "Our House"},
        "component": {"type": "application", "bom-ref": "app", "name": "desk"},
    },
    "components": [
        {
            "type": "machine-learning-model",
            "bom-ref": "m1",
            "group": "acme-labs",
            "name": "support-7b",
            "version": "2",
            "author": "The team",
            "publisher": "Acme Labs Ltd",
            "description": "Answers",
            "licenses": [{"license": {"id": "Apache-2.0"}}],
            "purl": "pkg:huggingface/acme-labs/Support-7B@abc123",
            "externalReferences": [{"type": "model-card", "url": "https://example.org/card"}],
            "pedigree": {
                "ancestors": [
                    {"type": "machine-learning-model", "name": "mistralai/Mistral-7B-v0.1", "publisher": "Mistral AI"},
                    {"type": "machine-learning-model", "name": "base", "purl": "pkg:huggingface/openai-community/gpt2"},
                    {"type": "library", "name": "a library"},
                ]
            },
            "modelCard": {
                "modelParameters": {
                    "approach": {"type": "supervised"},
                    "task": "text-generation",
                    "architectureFamily": "transformer",
                    "datasets": [
                        {"ref": "d1"},
                        {"type": "dataset", "name": "allenai/c4", "classification": "public"},
                        {
                            "type": "dataset",
                            "name": "Tickets",
                            "contents": {"url": "https://huggingface.co/datasets/acme-labs/tickets"},
                            "sensitiveData": ["personal", "Health", "names"],
                            "governance": {"owners": [{"organization": {"name": "Acme Labs Ltd"}}]},
                        },
                        {"ref": "nowhere"},
                    ],
                    "inputs": [{"format": "string"}],
                    "outputs": [{"format": "text"}, {"format": "image/png"}],
                },
                "quantitativeAnalysis": {"performanceMetrics": [{"type": "accuracy", "value": "0.9"}]},
                "considerations": {"users": ["agents"], "technicalLimitations": ["English only"]},
            },
        },
        {
            "type": "data",
            "bom-ref": "d1",
            "name": "Corpus One",
            "supplier": {"name": "Data House GmbH"},
            "licenses": [{"license": {"name": "our own terms"}}],
            "data": [{"type": "dataset", "classification": "internal"}],
        },
        {
            "type": "library",
            "bom-ref": "torch",
            "name": "torch",
            "version": "2.9.0",
            "purl": "pkg:pypi/torch@2.9.0",
            "licenses": [{"license": {"id": "BSD-3-Clause"}}, {"license": {"id": "MIT"}}],
            "components": [{"type": "library", "name": "onnxruntime-web", "purl": "pkg:npm/onnxruntime-web@1.2"}],
        },
        {"type": "library", "name": "left-pad", "purl": "pkg:npm/left-pad@1.0"},
        {"type": "file", "name": "weights.bin"},
        {"type": "device", "name": "H100"},
        {"type": "machine-learning-model", "name": "no hub"},
    ],
    "services": [
        {
            "bom-ref": "s1",
            "name": "Chat API",
            "version": "v1",
            "provider": {"name": "OpenAI"},
            "endpoints": ["https://api.example.org/v1"],
            "x-trust-boundary": True,
            "data": [{"flow": "outbound", "classification": "PII"}],
            "licenses": [{"license": {"name": "terms of use"}}],
            "services": [{"name": "Inner", "endpoints": ["ftp://x"]}],
        }
    ],
    "dependencies": [{"ref": "app", "dependsOn": ["m1", "torch", "s1"]}, {"ref": "m1", "dependsOn": ["d1"]}],
}
# 1.6 has manufacturer and authors, attestations, and environmental considerations in model cards.
CYCLONEDX_16: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {"tools": {"components": [{"type": "application", "name": "maker"}]}},
    "components": [
        {
            "type": "machine-learning-model",
            "name": "vision",
            "manufacturer": {"name": "Bildwerk AG", "address": {"country": "CH"}},
            "authors": [{"name": "A. Author"}],
            "licenses": [
                {"license": {"id": "MIT", "acknowledgement": "concluded"}},
                {"license": {"id": "Apache-2.0", "acknowledgement": "declared"}},
            ],
            "modelCard": {
                "considerations": {
                    "environmentalConsiderations": {
                        "energyConsumptions": [
                            {
                                "activity": "training",
                                "energyProviders": [
                                    {
                                        "organization": {"name": "Grid"},
                                        "energySource": "wind",
                                        "energyProvided": {"value": 1, "unit": "kWh"},
                                    }
                                ],
                                "activityEnergyCost": {"value": 1, "unit": "kWh"},
                            }
                        ]
                    }
                }
            },
        }
    ],
    "declarations": {
        "targets": {"organizations": [{"bom-ref": "o", "name": "Prüfstelle", "address": {"country": "DE"}}]}
    },
}
# 1.7 lets expressions stand beside licences, and says of components that they lie outside.
CYCLONEDX_17: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.7",
    "components": [
        {
            "type": "machine-learning-model",
            "name": "x/mixed",
            "isExternal": True,
            "licenses": [
                {"expression": "MIT OR Apache-2.0", "acknowledgement": "concluded"},
                {"license": {"id": "BSD-3-Clause", "acknowledgement": "concluded"}},
            ],
        }
    ],
}
_INFO = {
    "type": "CreationInfo",
    "@id": "_:i",
    "specVersion": "3.0.1",
    "created": "2026-01-01T00:00:00Z",
    "createdBy": ["urn:x:org"],
}


def _spdx(type_: str, name: str, **said: Any) -> dict[str, Any]:
    return {"type": type_, "spdxId": f"urn:x:{name}", "creationInfo": "_:i", "name": name, **said}


def _tie(number: int, begin: str, word: str, *ends: str) -> dict[str, Any]:
    return {
        "type": "Relationship",
        "spdxId": f"urn:x:r{number}",
        "creationInfo": "_:i",
        "from": f"urn:x:{begin}",
        "relationshipType": word,
        "to": [end if ":" in end else f"urn:x:{end}" for end in ends],
    }


SPDX_3: dict[str, Any] = {
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
        _INFO,
        {"type": "Organization", "spdxId": "urn:x:org", "creationInfo": "_:i", "name": "Modellbau KG"},
        _spdx("SpdxDocument", "doc", rootElement=["urn:x:llm"]),
        _spdx(
            "ai_AIPackage",
            "llm",
            suppliedBy="urn:x:org",
            software_packageVersion="3",
            software_primaryPurpose="model",
            software_downloadLocation="https://huggingface.co/modellbau/llm",
            ai_typeOfModel=["transformer"],
            ai_informationAboutTraining="on tickets",
            ai_useSensitivePersonalInformation="no",
        ),
        _spdx("ai_AIPackage", "base", software_packageUrl="pkg:huggingface/modellbau/base@1"),
        _spdx(
            "dataset_DatasetPackage",
            "tickets",
            originatedBy=["urn:x:org"],
            dataset_datasetType=["text"],
            dataset_dataCollectionProcess="exported",
            dataset_hasSensitivePersonalInformation="yes",
        ),
        _spdx(
            "software_Package",
            "vllm",
            externalIdentifier=[
                {"type": "ExternalIdentifier", "externalIdentifierType": "packageURL", "identifier": "pkg:pypi/vllm@1"}
            ],
        ),
        _spdx("software_Package", "left-pad"),
        _spdx("software_Package", "by purpose", software_primaryPurpose="data"),
        _spdx("simplelicensing_LicenseExpression", "exp", simplelicensing_licenseExpression="Apache-2.0"),
        _spdx("simplelicensing_SimpleLicensingText", "text", simplelicensing_licenseText="Ours"),
        _spdx("expandedlicensing_ListedLicense", "BSD-3-Clause", simplelicensing_licenseText="..."),
        _spdx(
            "expandedlicensing_ConjunctiveLicenseSet",
            "set",
            expandedlicensing_member=["urn:x:exp2", "https://spdx.org/licenses/MIT"],
        ),
        _spdx("simplelicensing_LicenseExpression", "exp2", simplelicensing_licenseExpression="A OR B"),
        _tie(1, "llm", "hasDeclaredLicense", "exp"),
        _tie(2, "llm", "hasConcludedLicense", "text"),
        _tie(3, "base", "hasConcludedLicense", "set"),
        _tie(15, "by purpose", "hasDeclaredLicense", "text"),
        _tie(16, "by purpose", "hasDeclaredLicense", "BSD-3-Clause"),
        _tie(4, "vllm", "hasDeclaredLicense", "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"),
        _tie(5, "tickets", "hasDeclaredLicense", "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoneLicense"),
        _tie(6, "llm", "trainedOn", "tickets", "by purpose"),
        _tie(7, "llm", "testedOn", "tickets"),
        _tie(8, "base", "ancestorOf", "llm"),
        _tie(9, "llm", "descendantOf", "vllm"),
        _tie(10, "base", "generates", "tickets"),
        _tie(11, "llm", "dependsOn", "vllm"),
        _tie(12, "llm", "hasVariant", "base"),
        _tie(13, "doc", "describes", "llm"),
        _tie(14, "tickets", "publishedBy", "org"),
    ],
}
SPDX_23: dict[str, Any] = {
    "spdxVersion": "SPDX-2.3",
    "SPDXID": "SPDXRef-DOCUMENT",
    "packages": [
        {
            "SPDXID": "SPDXRef-m",
            "name": "support",
            "versionInfo": "1",
            "supplier": "Organization: Modellbau KG (mail@example.org)",
            "licenseDeclared": "LicenseRef-1",
            "licenseConcluded": "MIT",
            "externalRefs": [
                {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:x"},
                {"referenceType": "purl", "referenceLocator": "pkg:huggingface/modellbau/support@1"},
            ],
        },
        {
            "SPDXID": "SPDXRef-b",
            "name": "b",
            "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:huggingface/x/b"}],
        },
        {
            "SPDXID": "SPDXRef-d",
            "name": "d",
            "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:huggingface/datasets/x/d"}],
            "originator": "Organization: Modellbau KG",
        },
        {
            "SPDXID": "SPDXRef-t",
            "name": "torch",
            "versionInfo": "2.9",
            "supplier": "Person: Somebody",
            "licenseDeclared": "NOASSERTION",
            "licenseConcluded": "BSD-3-Clause",
        },
        {"SPDXID": "SPDXRef-l", "name": "left-pad"},
        {"SPDXID": "SPDXRef-n"},
    ],
    "hasExtractedLicensingInfos": [{"licenseId": "LicenseRef-1", "extractedText": "Our terms"}],
    "relationships": [
        {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-m"},
        {"spdxElementId": "SPDXRef-m", "relationshipType": "DESCENDANT_OF", "relatedSpdxElement": "SPDXRef-b"},
        {"spdxElementId": "SPDXRef-t", "relationshipType": "ANCESTOR_OF", "relatedSpdxElement": "SPDXRef-m"},
        {"spdxElementId": "SPDXRef-m", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "SPDXRef-t"},
        {"spdxElementId": "SPDXRef-t", "relationshipType": "DEPENDENCY_OF", "relatedSpdxElement": "SPDXRef-m"},
        {"spdxElementId": "SPDXRef-t", "relationshipType": "OTHER", "relatedSpdxElement": "SPDXRef-m"},
    ],
}
