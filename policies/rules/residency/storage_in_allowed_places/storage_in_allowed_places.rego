# METADATA
# title: Restricted data is stored in allowed places
# description: >-
#   Every place where restricted data is stored or backed up lies in one of the allowed blocs, countries or
#   subdivisions. A dataset, system or AI service that may hold restricted data and states no storage is unknown.
# custom:
#   id: RES-001
#   severity: high
#   kinds: [dataset, system, ai_service]
#   remedy: >-
#     Move the storage or backup that is named to a region inside the allowed places, or take the restricted data out of
#     it. Where a place is unclear, register its region with a country and state the storage path in `data_paths` or
#     `stored_in`; where the data is, state `data_classes`.
#   controls:
#     - {framework: GDPR, id: Art. 44, title: General principle for transfers}
#     - {framework: SecNumCloud 3.2, id: "19.2", title: Location of data}
#     - {framework: Gaia-X 24.11, id: P5.1.2, title: Processing and storage exclusively in the EU/EEA}
#   reads: [data, places]
#   parameters:
#     allowed:
#       type: places
#       default: [EEA]
#       description: Blocs, countries and subdivisions in which restricted data may lie and be worked on
#     data_classes:
#       type: data_classes
#       default: [personal, special_category, health, financial, classified]
#       description: Classes of data that are restricted
#   introduced: 0.1.0
package allod.rules.residency.storage_in_allowed_places

import data.allod.lib.places
import data.allod.lib.reach

parameters := input.parameters["RES-001"]

restricted := reach.restricted(parameters.data_classes)

stores := [place | some place in input.places; place.purpose in {"storage", "backup"}]

astray := [place | some place in stores; places.outside(place, parameters.allowed)]

default applies := false

applies if reach.possible(parameters.data_classes)

violation contains finding if {
	count(restricted) > 0
	some place in astray
	finding := {
		"subject": places.subject(place),
		"message": sprintf("The %s of %s in %s (%s) is outside the allowed places (%s); it holds %s data.", [
			place.purpose, input.asset.ref, places.name(place), places.position(place),
			concat(", ", parameters.allowed), concat(", ", restricted),
		]),
		"path": place.path,
	}
}

unknown contains finding if {
	some place in stores
	doubt := places.doubt(place, parameters.allowed)
	finding := {
		"subject": places.subject(place),
		"message": sprintf("Nobody can say where the %s of %s lies: %s.", [place.purpose, input.asset.ref, doubt]),
		"path": place.path,
	}
}

unknown contains finding if {
	not "storage" in {place.purpose | some place in stores}
	finding := {
		"subject": "storage",
		"message": sprintf("Nothing states where %s stores its data.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	count(restricted) == 0
	count(astray) > 0
	some finding in reach.questions(sprintf("data of %s is stored outside the allowed places", [input.asset.ref]))
}
