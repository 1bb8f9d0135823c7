# METADATA
# title: No foreign state can stop an important system
# description: >-
#   Everything that a system of one of the given criticalities needs to run also runs, by itself or through an alternative,
#   somewhere that no one foreign state reaches: neither by the place nor by a company that commands the operator. One
#   part whose every way leads through the same state is enough for that state to stop the system.
# custom:
#   id: VEN-006
#   severity: high
#   kinds: [system]
#   remedy: >-
#     Run the part that is named in a second place under another jurisdiction, or register an alternative that runs there
#     (`alternative_to`, `exit_plan.alternatives`). Where nobody can tell, record place, operator and owners of what is
#     named; where the system does not say how critical it is, state `criticality`.
#   controls: []
#   reads: [parts, attributes.criticality]
#   parameters:
#     important:
#       type: criticalities
#       default: [high, critical]
#       description: Systems of these criticalities are held to the rule
#     home:
#       type: places
#       default: [EEA, EU]
#       description: Blocs and countries that are not foreign
#   introduced: 0.2.0
package allod.rules.vendor.jurisdiction_concentration

import data.allod.lib.criticality
import data.allod.lib.ways

parameters := input.parameters["VEN-006"]

foreign(part) := {one.country |
	some option in ways.options(part)
	some way in option.ways
	some one in way.jurisdictions
	not domestic(one)
}

domestic(one) if one.country in parameters.home

domestic(one) if {
	some bloc in one.blocs
	bloc in parameters.home
}

certain := {[part, state] |
	some part in input.parts
	some state in foreign(part)
	every option in ways.options(part) {
		ways.held(option, state)
	}
}

# States that nobody can rule out; "an unknown state" where not even one is known.
possible := {[part, state] |
	some part in input.parts
	some state in (foreign(part) | {"an unknown state" | count(foreign(part)) == 0})
	every option in ways.options(part) {
		not ways.free(option, state)
	}
} - certain

finding_of(part, state, message) := {
	"subject": sprintf("%s %s", [part.ref, state]),
	"message": sprintf("Every way to run %s for %s %s.", [part.ref, input.asset.ref, message]),
	"path": part.path,
}

default applies := false

applies if {
	count([1 | some part in input.parts; count(part.ways) > 0]) > 0
	criticality.possible(parameters.important)
}

violation contains object.union(finding_of(part, state, message), {"jurisdiction": state}) if {
	criticality.stated in parameters.important
	some [part, state] in certain
	message := sprintf("leads through %s", [state])
}

unknown contains finding_of(part, state, message) if {
	some [part, state] in possible
	message := sprintf("may lead through %s: place or control of one is not known to the top", [state])
}

unknown contains criticality.question(why) if {
	criticality.stated == null
	count(certain) > 0
	why := sprintf("one foreign state could stop %s", [concat(", ", sort({part.ref | some [part, _] in certain}))])
}
