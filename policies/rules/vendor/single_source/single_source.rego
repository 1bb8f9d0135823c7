# METADATA
# title: Everything that important systems need can be had elsewhere
# description: >-
#   For every part that a system of one of the given criticalities needs to run (models, services, software, hosts,
#   regions), something is registered that could take its place and that itself passes every pack it was judged by. What
#   would be refused is no alternative.
# custom:
#   id: VEN-002
#   severity: medium
#   kinds: [system]
#   remedy: >-
#     Register what could take the part's place, with `alternative_to` or in `exit_plan.alternatives`, and mend what packs
#     have against it; a second host or region that the system runs on counts as well. Where the system does not say how
#     critical it is, state `criticality`.
#   controls:
#     - {framework: DORA, id: Art. 29(1)(a), title: Concentration on a provider that is not easily substitutable}
#   reads: [parts, attributes.criticality]
#   parameters:
#     important:
#       type: criticalities
#       default: [high, critical]
#       description: Systems of these criticalities are held to the rule
#   introduced: 0.2.0
package allod.rules.vendor.single_source

import data.allod.lib.criticality

parameters := input.parameters["VEN-002"]

fit(other) if {
	other.registered
	count(other.outcomes) > 0
	every outcome in other.outcomes {
		outcome == "pass"
	}
}

# Refused by a pack that judged it.
refused(other) if "violation" in {outcome | some outcome in other.outcomes}

state(part) := "replaceable" if {
	some other in part.alternatives
	fit(other)
}

state(part) := "perhaps" if {
	count([1 | some other in part.alternatives; fit(other)]) == 0
	count(open(part)) > 0
}

state(part) := "single" if {
	every other in part.alternatives {
		refused(other)
	}
}

# Alternatives that nobody can vouch for: not registered, never judged, or judged without a clear answer.
open(part) := {other.ref | some other in part.alternatives; not fit(other); not refused(other)}

known_as(part) := sprintf("nothing is named that could take the place of %s", [part.ref]) if count(part.alternatives) == 0

known_as(part) := sprintf("nothing that could take the place of %s passes itself: %s", [
	part.ref, concat(", ", sort({other.ref | some other in part.alternatives})),
]) if {
	count(part.alternatives) > 0
}

default applies := false

applies if {
	count(input.parts) > 0
	criticality.possible(parameters.important)
}

violation contains finding if {
	criticality.stated in parameters.important
	some part in input.parts
	state(part) == "single"
	finding := {
		"subject": part.ref,
		"message": sprintf("%s is %s, and %s.", [input.asset.ref, criticality.stated, known_as(part)]),
		"path": part.path,
	}
}

unknown contains finding if {
	some part in input.parts
	state(part) == "perhaps"
	finding := {
		"subject": part.ref,
		"message": sprintf("Nobody can say that %s could be replaced: %s is not registered or not judged to pass.", [
			part.ref, concat(", ", sort(open(part))),
		]),
		"path": part.path,
	}
}

unknown contains criticality.question(why) if {
	criticality.stated == null
	single := sort({part.ref | some part in input.parts; state(part) == "single"})
	count(single) > 0
	why := sprintf("it has parts without a fit alternative: %s", [concat(", ", single)])
}
