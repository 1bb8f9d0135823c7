# METADATA
# title: Restricted data is processed in allowed places
# description: >-
#   Every place where restricted data is worked on lies in one of the allowed blocs, countries or subdivisions: the
#   asset's own, those of the hosts it runs on, and those of the services it uses. One that states no place is unknown.
# custom:
#   id: RES-002
#   severity: high
#   kinds: [system, ai_service, gpu_host]
#   remedy: >-
#     Run what the path ends in inside the allowed places, use another host or service, or keep the restricted data away
#     from it. Where a place is unclear, state `data_paths` of the service, `located_in` of the host, or the country of
#     the region; where the data is, state `data_classes`.
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
package allod.rules.residency.processing_in_allowed_places

import data.allod.lib.places
import data.allod.lib.reach

parameters := input.parameters["RES-002"]

restricted := reach.restricted(parameters.data_classes)

workplaces := [place | some place in input.places; place.purpose == "processing"]

astray := [place | some place in workplaces; places.outside(place, parameters.allowed)]

default applies := false

applies if reach.possible(parameters.data_classes)

violation contains finding if {
	count(restricted) > 0
	some place in astray
	finding := {
		"subject": places.subject(place),
		"message": sprintf("The data of %s is processed in %s (%s), outside the allowed places (%s): %s.", [
			input.asset.ref, places.name(place), places.position(place),
			concat(", ", parameters.allowed), concat(", ", restricted),
		]),
		"path": place.path,
	}
}

unknown contains finding if {
	some place in workplaces
	doubt := places.doubt(place, parameters.allowed)
	finding := {
		"subject": places.subject(place),
		"message": sprintf("Nobody can say where the data of %s is processed: %s.", [input.asset.ref, doubt]),
		"path": place.path,
	}
}

unknown contains finding if {
	count(workplaces) == 0
	finding := {
		"subject": "processing",
		"message": sprintf("Nothing states where the data of %s is processed.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	count(restricted) == 0
	count(astray) > 0
	some finding in reach.questions(sprintf("data of %s is processed outside the allowed places", [input.asset.ref]))
}
