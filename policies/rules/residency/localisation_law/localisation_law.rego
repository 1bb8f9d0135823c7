# METADATA
# title: Data stays where the law of its people keeps it
# description: >-
#   Where a law in force demands that data of a country's people is stored there, the dataset has a path of storage there.
#   Laws that count people, and laws that bind some branches only, are a question until that is known. Duties before a
#   transfer (assessments, contracts) and on collection are not judged here.
# custom:
#   id: RES-005
#   severity: high
#   kinds: [dataset]
#   remedy: >-
#     Store the data, or a copy of it, in the country that is named. Where it is not known, state `subject_jurisdictions`,
#     `data_classes`, `subjects` (how many) and the storage path of the dataset. Whoever a sectoral law does not bind says so
#     with an entry of the workspace's own in the catalogue.
#   controls: []
#   reads: [data, places, subjects, localisation]
#   introduced: 0.1.0
package allod.rules.residency.localisation_law

import data.allod.lib.reach

# Null stands for a place that nobody knows, and where no storage is stated.
stored_in := {place.country | some place in stores} if count(stores) > 0

stored_in := {null} if count(stores) == 0

stores := [place | some place in input.places; place.purpose == "storage"]

# Demands of storage in a country that may concern this data, and that nobody is known to be spared.
demands := [law |
	some law in input.localisation
	law.duty == "storage_in_country"
	reach.possible(law.data_classes)
	not spared(law)
]

# People are counted all together: as few as that are few in each country.
spared(law) if {
	law.measure == "subjects_held"
	input.subjects.count != null
	input.subjects.count <= law.above
}

counted(law) if law.measure == null

counted(law) if {
	law.measure == "subjects_held"
	input.subjects.count != null
	input.subjects.jurisdictions == [law.country]
}

unmet := [law | some law in demands; not law.country in stored_in]

# What would have to be known before it can be said that a law is broken.
gaps(law) := {text |
	some [text, true] in [
		["which classes of data it holds", count(reach.restricted(law.data_classes)) == 0],
		["how many of its people live there", count([1 | counted(law)]) == 0],
		[sprintf("whether it binds you (it binds %v)", [law.condition]), law.sectoral],
		["where all of it is stored", null in stored_in],
	]
}

default applies := false

applies if count(demands) + count(questions) > 0

violation contains told(law, "and it has no storage there") if {
	some law in unmet
	count(gaps(law)) == 0
}

unknown contains told(law, sprintf("and it is not known %s", [concat(", ", sort(gaps(law)))])) if {
	some law in unmet
	count(gaps(law)) > 0
}

unknown contains finding if some finding in questions

told(law, rest) := {
	"subject": law.id,
	"message": sprintf("%s (%s) demands storage in %s of data that %s holds, %s.", [
		law.title, law.id, law.country, input.asset.ref, rest,
	]),
	"path": [input.asset.ref],
	"jurisdiction": law.country,
}

# People of whom nobody says where they live may live where a law keeps their data.
questions contains {"subject": "subject_jurisdictions", "message": message, "path": path} if {
	some path in array.concat(input.subjects.undeclared, [way | some way in input.data.undeclared; input.subjects.jurisdictions == []])
	message := sprintf("Nobody states where the people live whose data %s holds, if any.", [path[count(path) - 1]])
}
