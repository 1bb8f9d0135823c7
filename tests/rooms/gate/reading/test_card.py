"""Model cards: names from wherever one is told, formats from the files beside."""

import pytest

from service.gate.reading.parts import File, Type
from service.gate.reading.read import read
from tests.rooms.gate.reading.conftest import Read, Refused

CARD = "---\nlicense: mit\nCARD\n---\n# Bot\n\u202e\n"


@pytest.mark.parametrize(
    ("name", "more", "ref"),
    [
        ("acme/bot/README.md", "", "model:acme/bot"),
        ("/srv/models/acme/bot/README.md", "", "model:acme/bot"),
        ("../acme/bot/readme.md", "", "model:acme/bot"),
        ("models--acme--bot/README.md", "", "model:acme/bot"),
        ("cards/acme--bot.md", "", "model:acme/bot"),
        ("datasets/acme/talks/README.md", "", "dataset:acme/talks"),
        ("acme/talks/README.md", "task_categories: [x]", "dataset:acme/talks"),
        ("README.md", "model_name: acme/bot", "model:acme/bot"),
        ("README.md", "model-index: [{name: bot}]", "model:bot"),
        ("x/README.md", "allod.dev/ref: dataset:acme/talks", "dataset:acme/talks"),
    ],
)
def test_names(reading: Read, name: str, more: str, ref: str) -> None:
    (one,) = reading(name, CARD.replace("CARD", more)).proposed
    assert (one.ref, one.whole) == (ref, False)


@pytest.mark.parametrize("more", ["", "model-index: 3", "model_name: two words", "allod.dev/ref: system:a"])
def test_a_card_without_a_name_says_which_line_to_add(refused: Refused, more: str) -> None:
    (fault,) = refused("README.md", CARD.replace("CARD", more))
    assert "allod.dev/ref: model:organisation/name" in str(fault.expected)


def test_the_line_is_that_of_the_name(reading: Read) -> None:
    assert reading("README.md", CARD.replace("CARD", "allod.dev/ref: model:a")).proposed[0].place.line == 3


def test_what_a_model_card_does_not_tell(reading: Read) -> None:
    found = reading("acme/bot/README.md", "---\nlanguage: [klingon]\npipeline_tag: dreaming\n---\n")
    assert [one.add for one in found.missing] == [
        "license: apache-2.0",
        "base_model: organisation/name (or datasets: [organisation/name])",
        "language: [en]",
        "pipeline_tag: text-generation",
        "give its directory instead: -f DIRECTORY",
    ]
    assert len(found.ignored) == 2
    full = "---\nlicense: mit\nlanguage: en\npipeline_tag: text-generation\nbase_model: a/b\n---\n"
    found = reading("acme/bot/README.md", full, beside=("model.gguf",))
    assert found.missing == ()
    assert found.proposed[0].manifest["attributes"]["formats"] == ["gguf"]


def test_what_a_data_card_does_not_tell(reading: Read) -> None:
    card = "---\ntask_categories: [x]\nMORE\n---\n"
    found = reading("acme/talks/README.md", card.replace("MORE", "license: mit"))
    assert [one.add for one in found.missing] == ["allod.dev/data-classes: public"]
    assert (
        reading("acme/talks/README.md", card.replace("MORE", "license: mit\nallod.dev/data-classes: [public]")).missing
        == ()
    )


def test_files_that_are_given_beside_a_card_belong_to_it() -> None:
    card = File("acme/bot/README.md", b"---\nlicense: mit\n---\n")
    files = [card, File("acme/bot/config.json", b'{"model_type": "x"}'), File("acme/bot/model.safetensors", b"")]
    readings = read(files)
    assert readings[0].proposed[0].manifest["attributes"]["formats"] == ["safetensors"]
    assert [reading.ignored[0].why for reading in readings[1:]] == ["it belongs to the model card beside it"] * 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# Bot\n", "begins with no metadata"),
        ("---\nlicense: mit\n", "do not end"),
        ("---\n- mit\n---\n", "no mapping"),
        ("---\nkind: model\nlicense: mit\n---\n", "no card"),
        ("---\nlicense: mit\nallod.dev/colour: red\n---\n", "no mark allod.dev/colour"),
        ("---\nlicense: [\n---\n", "broken"),
    ],
)
def test_what_is_no_card_is_refused(refused: Refused, text: str, words: str) -> None:
    assert words in refused("acme/bot/README.md", text, Type.MODEL_CARD)[0].message


def test_pages_of_other_tools_are_no_cards(refused: Refused) -> None:
    assert "no type" in refused("docs/README.md", "---\ntitle: Home\nlayout: page\n---\n")[0].message
