# METADATA
# title: Telemetry, support and failover of restricted data stay in allowed places
# description: >-
#   Data leaves by the side doors too. Every place to which telemetry, support or failover takes restricted data lies in
#   one of the allowed blocs, countries or subdivisions. A system or AI service that does not speak of one of the three,
#   and does not state that its data paths are complete, is unknown.
# custom:
#   id: RES-003
#   severity: medium
#   kinds: [system, ai_service, dataset]
#   remedy: >-
#     Switch the telemetry, support access or failover that is named off, or move it inside the allowed places. Where the
#     asset is silent, state the path in `data_paths`, or that there are no others with `data_paths_complete`.
#   controls:
#     - {framework: GDPR, id: Art. 44, title: General principle for transfers}
#     - {framework: SecNumCloud 3.2, id: "19.2", title: Location of data}
#   reads: [data, places, attributes.data_paths_complete]
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
package allod.rules.residency.side_paths_in_allowed_places

import data.allod.lib.places
import data.allod.lib.reach

parameters := input.parameters["RES-003"]

restricted := reach.restricted(parameters.data_classes)

purposes := {"telemetry", "support", "failover"}

side_paths := [place | some place in input.places; place.purpose in purposes]

astray := [place | some place in side_paths; places.outside(place, parameters.allowed)]

complete := object.get(input.asset.attributes, "data_paths_complete", null)

# What the asset itself says: a service's telemetry does not tell of the telemetry of the system that calls it.
spoken_of := {place.purpose | some place in side_paths; count(place.path) == 2}

default applies := false

applies if {
	input.asset.kind in {"system", "ai_service"}
	reach.possible(parameters.data_classes)
}

# Data at rest has side paths only where somebody states them.
applies if {
	count(side_paths) > 0
	reach.possible(parameters.data_classes)
}

violation contains finding if {
	count(restricted) > 0
	some place in astray
	finding := {
		"subject": places.subject(place),
		"message": sprintf("By %s the %s data of %s reaches %s (%s), outside the allowed places (%s).", [
			place.purpose, concat(", ", restricted), input.asset.ref, places.name(place), places.position(place),
			concat(", ", parameters.allowed),
		]),
		"path": place.path,
	}
}

unknown contains finding if {
	some place in side_paths
	doubt := places.doubt(place, parameters.allowed)
	finding := {
		"subject": places.subject(place),
		"message": sprintf("Nobody can say where the %s of %s goes: %s.", [place.purpose, input.asset.ref, doubt]),
		"path": place.path,
	}
}

unknown contains finding if {
	input.asset.kind in {"system", "ai_service"}
	complete != true
	some purpose in (purposes - spoken_of)
	finding := {
		"subject": purpose,
		"message": sprintf("Nothing states where the %s of %s takes its data, if anywhere.", [purpose, input.asset.ref]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	count(restricted) == 0
	count(astray) > 0
	some finding in reach.questions(sprintf("data of %s leaves the allowed places by side paths", [input.asset.ref]))
}
