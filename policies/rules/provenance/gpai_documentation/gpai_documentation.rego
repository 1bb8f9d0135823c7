# METADATA
# title: A general-purpose model has the documents of the AI Act
# description: >-
#   Of a model trained with more than 10^23 FLOP that generates text, images, audio or video there are a copyright policy
#   and a public summary of its training content, and technical documentation and information for those who build on it
#   unless the exemption for free and open-source models holds: open weights with a card under such a licence, not
#   monetised, without systemic risk (presumed above 10^25 FLOP). From the days on that the law names.
# custom:
#   id: PRV-006
#   severity: high
#   kinds: [model]
#   remedy: >-
#     Ask the provider of the model for the document that is named, and record in `gpai_documents` where it can be read.
#     Where nothing is known, state `training_flop`, what it generates, and `weights_released_on`.
#   controls:
#     - {framework: EU AI Act, id: Art. 53(1)(a), title: Technical documentation}
#     - {framework: EU AI Act, id: Art. 53(1)(b), title: Information for downstream providers}
#     - {framework: EU AI Act, id: Art. 53(1)(c), title: Copyright policy}
#     - {framework: EU AI Act, id: Art. 53(1)(d), title: Public summary of training content}
#     - {framework: EU AI Act, id: Art. 53(2), title: Exemption of free and open-source models}
#   reads:
#     - licences
#     - attributes.gpai_documents
#     - attributes.training_flop
#     - attributes.generates_text
#     - attributes.generates_image
#     - attributes.generates_audio
#     - attributes.generates_video
#     - attributes.systemic_risk
#     - attributes.monetised
#     - attributes.weights
#     - attributes.card
#     - attributes.weights_released_on
#   introduced: 0.2.0
package allod.rules.provenance.gpai_documentation

import data.allod.lib.gpai
import data.allod.lib.licences

documents := object.get(input.asset.attributes, "gpai_documents", {})

# Letters of Art. 53(1), and where the exemption may spare the document.
asked := {
	"technical_documentation": {"letter": "a", "spared": true, "name": "technical documentation"},
	"downstream_information": {"letter": "b", "spared": true, "name": "information for downstream providers"},
	"copyright_policy": {"letter": "c", "spared": false, "name": "copyright policy"},
	"training_summary": {"letter": "d", "spared": false, "name": "public summary of training content"},
}

default applies := false

applies if {
	gpai.general_purpose != "no"
	gpai.in_time != "no"
}

lacking contains {"key": key, "spared": document.spared, "text": text} if {
	some key, document in asked
	object.get(documents, key, null) == null
	text := sprintf("%s (AI Act, Art. 53(1)(%s)) of %s", [document.name, document.letter, input.asset.ref])
}

sure if {
	gpai.general_purpose == "yes"
	gpai.in_time == "yes"
}

violation contains finding if {
	sure
	some document in lacking
	not document.spared
	finding := {"subject": document.key, "message": sprintf("There is no %s.", [document.text]), "path": [input.asset.ref]}
}

violation contains finding if {
	sure
	exempt == "no"
	some document in lacking
	document.spared
	finding := {"subject": document.key, "message": sprintf("There is no %s.", [document.text]), "path": [input.asset.ref]}
}

unknown contains finding if {
	sure
	exempt == "unclear"
	some document in lacking
	document.spared
	message := sprintf("There is no %s; whether it is exempt as free and open-source cannot be told.", [document.text])
	finding := {"subject": document.key, "message": message, "path": [input.asset.ref]}
}

unknown contains finding if {
	not sure
	count(lacking) > 0
	some why in gpai.gaps
	finding := {"subject": why.subject, "message": sprintf("%s.", [why.text]), "path": [input.asset.ref]}
}

# Free and open-source in the sense of Art. 53(2).
exempt := gpai.exempt(foss)

foss := licences.own[0].conditions.foss if licences.known(licences.own[0])

default foss := null
