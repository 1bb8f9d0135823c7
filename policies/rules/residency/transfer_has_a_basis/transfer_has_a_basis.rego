# METADATA
# title: Personal data leaves the EEA only on a legal basis
# description: >-
#   Wherever personal data of people in the EEA reaches a third country, an adequacy decision of the day covers it, or a
#   mechanism is recorded: standard clauses, binding rules, a code, a certification or a derogation. Where a decision asks
#   for certified recipients (United States), every recipient is; one that covers a part of the country is a question.
# custom:
#   id: RES-004
#   severity: high
#   kinds: [dataset, system, ai_service]
#   remedy: >-
#     Keep the data in the EEA or in an adequate country, use a certified recipient, or agree on standard contractual clauses
#     and record it as `transfer_mechanism` of the data path. Where it is not known, state `dpf_certified` of the vendor,
#     `subject_jurisdictions` of the dataset or `user_jurisdictions` of the system.
#   controls:
#     - {framework: GDPR, id: Art. 44, title: General principle for transfers}
#     - {framework: GDPR, id: Art. 45, title: Transfers on the basis of an adequacy decision}
#     - {framework: GDPR, id: Art. 46, title: Transfers subject to appropriate safeguards}
#   reads: [data, places, subjects]
#   introduced: 0.1.0
package allod.rules.residency.transfer_has_a_basis

import data.allod.lib.places
import data.allod.lib.reach
import data.allod.lib.transfers

personal := {"personal", "special_category", "health"}

held := reach.restricted(personal)

baseless := [place | some place in input.places; transfers.flaw(place)]

default applies := false

# Data of people in the EEA, or of people of whom nobody says where they are.
applies if {
	reach.possible(personal)
	possible_subjects
}

possible_subjects if "EEA" in input.subjects.blocs

possible_subjects if count(input.subjects.undeclared) + count(input.data.undeclared) > 0

violation contains finding if {
	count(held) > 0
	"EEA" in input.subjects.blocs
	some place in baseless
	finding := {
		"subject": places.subject(place),
		"message": sprintf("By %s the %s data of %s, of people in the EEA, reaches %s (%s): %s.", [
			place.purpose, concat(", ", held), input.asset.ref, places.name(place), places.position(place), transfers.flaw(place),
		]),
		"path": place.path,
		"jurisdiction": place.country,
	}
}

unknown contains finding if {
	some place in input.places
	doubt := transfers.doubt(place)
	finding := {
		"subject": places.subject(place),
		"message": sprintf("Whether the %s of %s has a basis for transfer is not known: %s.", [
			place.purpose, input.asset.ref, doubt,
		]),
		"path": place.path,
	}
}

unknown contains finding if {
	count(input.places) == 0
	finding := {
		"subject": "places",
		"message": sprintf("Nothing states where the personal data of %s goes.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	not "EEA" in input.subjects.blocs
	count(baseless) > 0
	some path in input.subjects.undeclared
	finding := {
		"subject": sprintf("subjects %s", [path[count(path) - 1]]),
		"message": sprintf("Nobody states where the people live whose data %s holds, and it leaves the EEA without a basis.", [
			path[count(path) - 1],
		]),
		"path": path,
	}
}

unknown contains finding if {
	count(held) == 0
	count(baseless) > 0
	some finding in reach.questions(sprintf("data of %s leaves the EEA without a basis", [input.asset.ref]))
}
