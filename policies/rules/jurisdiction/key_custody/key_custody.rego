# METADATA
# title: Foreign operators do not hold the keys of restricted data
# description: >-
#   Where restricted data is kept (storage, backup, failover) with an operator who is, or is commanded by somebody, under a
#   foreign law of disclosure, the keys that it is encrypted with lie with the customer or a third party, not with him.
# custom:
#   id: JUR-005
#   severity: high
#   kinds: [dataset, system]
#   remedy: >-
#     Encrypt with keys that you or a trustee hold, or move the data to an operator at home. Where it is not known, state
#     `key_custody` of the data path, and who operates the region that is named and owns that operator.
#   controls:
#     - {framework: GDPR, id: Art. 32(1)(a), title: Encryption of personal data}
#   reads: [data, places, control]
#   parameters:
#     home:
#       type: places
#       default: [EEA, EU]
#       description: Blocs and countries whose laws are not foreign
#     data_classes:
#       type: data_classes
#       default: [personal, special_category, health, financial, classified]
#       description: Classes of data that are restricted
#     control_threshold:
#       type: basis_points
#       default: 5000
#       description: The share of a company from which on its owner decides
#   introduced: 0.1.0
package allod.rules.jurisdiction.key_custody

import data.allod.lib.chain
import data.allod.lib.exposure
import data.allod.lib.places
import data.allod.lib.reach

parameters := input.parameters["JUR-005"]

restricted := reach.restricted(parameters.data_classes)

kept := [place | some place in input.places; place.purpose in {"storage", "backup", "failover"}]

# Where the operator holds the keys, or may hold them.
open := [place | some place in kept; not place.key_custody in {"customer", "third_party"}]

entries := [entry | some entry in input.control; entry.of in {place.region | some place in open}]

exposed := exposure.of(entries, parameters.control_threshold, parameters.home)

default applies := false

applies if reach.possible(parameters.data_classes)

what(place) := sprintf("the %s of %s", [place.purpose, input.asset.ref])

told(place, reached, exposures, rest) := object.union(
	exposure.finding(reached, exposures, rest),
	{"subject": sprintf("%s %s", [places.subject(place), reached[1]])},
)

violation contains told(place, reached, exposure.certain(exposed), rest) if {
	count(restricted) > 0
	some place in open
	place.key_custody == "operator"
	some reached in exposure.reached(exposed)
	reached[0] == place.region
	rest := sprintf(", and the operator holds the keys of %s", [what(place)])
}

unknown contains told(place, reached, exposed, rest) if {
	count(restricted) > 0
	some place in open
	some reached in exposure.perhaps_reached(exposed)
	reached[0] == place.region
	rest := sprintf(", may command the operator, and nobody says that he has no keys of %s", [what(place)])
}

unknown contains told(place, reached, exposure.certain(exposed), rest) if {
	count(restricted) > 0
	some place in open
	place.key_custody == null
	some reached in exposure.reached(exposed)
	reached[0] == place.region
	rest := sprintf(", and nobody states who holds the keys of %s", [what(place)])
}

unknown contains finding if {
	count(restricted) == 0
	count(exposed) > 0
	some finding in reach.questions("operators under foreign laws hold the keys, or may")
}

unknown contains {"subject": "storage", "message": message, "path": [input.asset.ref]} if {
	count(kept) == 0
	message := sprintf("Nothing states where %s keeps its data, nor who holds the keys.", [input.asset.ref])
}

unknown contains {"subject": sprintf("%s %s", [entry.of, end]), "message": message, "path": entry.path} if {
	some entry in entries
	some end in chain.gaps(entry, parameters.control_threshold)
	message := sprintf("The operator of %s may hold the keys; who controls him is not known beyond %s.", [entry.of, end])
}

unknown contains {"subject": places.subject(place), "message": message, "path": place.path} if {
	some place in open
	place.region == null
	message := sprintf("Where %s lies is not known, so nobody can say who holds the keys.", [what(place)])
}
