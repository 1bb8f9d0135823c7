"""Effective release: licence conditions, openness, interfaces and the AI Act, as a document tells them."""

from sqlmodel import Session

from service.inventory.openness_framework import framework
from tests.factories.manifests import observation
from tests.rooms.evaluation.test_gather import document

REQUIRED_IN_3 = [part.name for part in framework().components if part.level == 3 and part.required]


def test_conditions_name_every_country_of_an_excluded_bloc(session: Session) -> None:
    found = document(session, observation("model:m", licence="llama3.2", modalities=["text", "image"]))["licences"]
    (exclusion,) = found[0]["conditions"]["exclusions"]
    assert {"DE", "FR", "IE"} < set(exclusion["countries"])
    assert not {"GB", "NO", "US"} & set(exclusion["countries"])
    assert (exclusion["modality"], exclusion["reach"]) == ("multimodal", "domicile")
    assert found[0]["modalities"] == ["text", "image"]
    assert found[0]["conditions"]["output_training"] == "naming"


def test_a_choice_of_licences_has_the_conditions_of_the_freer(session: Session) -> None:
    (fact,) = document(session, observation("model:m", licence="MIT OR LicenseRef-llama-3.2"))["licences"]
    assert fact["conditions"]["exclusions"] == []
    assert fact["conditions"]["foss"] is True


def test_a_thing_without_licence_has_no_conditions(session: Session) -> None:
    (fact,) = document(session, observation("model:acme/silent"))["licences"]
    assert fact["conditions"] == {
        "thresholds": [],
        "exclusions": [],
        "naming": [],
        "pass_on": None,
        "output_training": None,
        "foss": None,
    }
    assert (fact["released_name"], fact["publisher"], fact["notices"]) == ("silent", None, None)


def test_the_publisher_comes_from_attribute_or_relation(session: Session) -> None:
    found = document(
        session,
        observation("model:m", ("derived_from", "model:base"), publisher="vendor:acme", notices=["Built with Llama"]),
        observation("model:base", ("published_by", "vendor:meta")),
    )["licences"]
    assert [(f["publisher"], f["notices"]) for f in found] == [
        ("vendor:acme", ["Built with Llama"]),
        ("vendor:meta", None),
    ]


def test_openness_tells_what_it_could_be_with_licences_that_nobody_states(session: Session) -> None:
    stated = [{"name": name, "licence": "MIT"} for name in REQUIRED_IN_3[1:]]
    found = document(session, observation("model:m", components=[*stated, {"name": REQUIRED_IN_3[0]}]))["openness"]
    assert found is not None
    assert (found["strict"], found["resolved"], found["possible"]) == (0, 0, 3)
    assert found["unclear"] == [REQUIRED_IN_3[0]]


def test_openness_tells_a_licence_that_is_not_open_from_one_that_is_not_understood(session: Session) -> None:
    stated = [{"name": name, "licence": "MIT"} for name in REQUIRED_IN_3[2:]]
    first, second = REQUIRED_IN_3[:2]
    found = document(
        session,
        observation(
            "model:m",
            components=[*stated, {"name": first, "licence": "CC-BY-NC-4.0"}, {"name": second, "licence": "ask us"}],
        ),
    )["openness"]
    assert found is not None
    assert (found["closed"], found["unclear"], found["possible"]) == ([first], [second], 0)


def test_openness_of_resolved_spellings_is_better_than_the_strict_reading(session: Session) -> None:
    stated = [{"name": name, "licence": "Apache 2.0"} for name in REQUIRED_IN_3]
    found = document(session, observation("model:m", components=stated))["openness"]
    assert found is not None
    assert (found["strict"], found["resolved"], found["possible"], found["closed"]) == (0, 3, 3, [])


def test_openness_of_a_model_without_components_is_not_told(session: Session) -> None:
    assert document(session, observation("model:m", licence="MIT"))["openness"] is None


def test_an_interface_that_the_catalogue_lacks_is_unknown(session: Session) -> None:
    found = document(session, observation("software:s", standards=["acme secret protocol"]))["interfaces"]
    assert found == [{"name": "acme secret protocol", "status": "unknown", "grade": "declared"}]
    assert document(session, observation("ai_service:a"))["interfaces"] == []


def test_only_models_are_told_of_the_ai_act(session: Session) -> None:
    assert document(session, observation("system:a"))["ai_act"] == []


def test_interfaces_have_the_standing_that_the_catalogue_gives_them(session: Session) -> None:
    found = document(session, observation("software:s", standards=["onnx"]))["interfaces"]
    assert found == [{"name": "onnx", "status": "open", "grade": "declared"}]


def test_a_model_is_told_which_parts_of_the_ai_act_apply(session: Session) -> None:
    found = {one["id"]: one for one in document(session, observation("model:m"))["ai_act"]}
    assert (found["gpai"]["applies_on"], found["gpai"]["applies"]) == ("2025-08-02", True)
    assert (found["gpai-legacy"]["applies_on"], found["gpai-legacy"]["applies"]) == ("2027-08-02", False)
