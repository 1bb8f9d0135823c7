# METADATA
# title: Critical systems do not depend on weights that can be withheld
# description: >-
#   Every model that a system of one of the given criticalities runs on, itself or through a service that it calls, has
#   weights that the organisation can hold itself. Closed weights end with the vendor's goodwill, gated ones with its
#   permission.
# custom:
#   id: VEN-005
#   severity: medium
#   kinds: [system]
#   remedy: >-
#     Replace the model at the end of the path by one with open weights, or have such a model ready and accept the risk by
#     a waiver. Where nothing is known, state `weights` of the model, and by `serves` which models a service runs; where
#     the system does not say how critical it is, state `criticality`.
#   controls:
#     - {framework: DORA, id: Art. 29(1)(a), title: Concentration on a provider that is not easily substitutable}
#   reads: [weights, attributes.criticality]
#   parameters:
#     criticalities:
#       type: criticalities
#       default: [critical]
#       description: Systems of these criticalities are held to the rule
#     accepted:
#       type: weights
#       default: [open]
#       description: Ways to hold weights that leave the organisation free
#   introduced: 0.1.0
package allod.rules.vendor.closed_weights

import data.allod.lib.criticality

parameters := input.parameters["VEN-005"]

withheld := [fact | some fact in input.weights; fact.status == "known"; not fact.weights in parameters.accepted]

unclear := [fact | some fact in input.weights; fact.status != "known"]

default applies := false

applies if {
	count(input.weights) > 0
	criticality.possible(parameters.criticalities)
}

violation contains finding if {
	criticality.stated in parameters.criticalities
	some fact in withheld
	finding := {
		"subject": fact.ref,
		"message": sprintf("%s, which is %s, depends on the %s weights of %s.", [
			input.asset.ref, criticality.stated, fact.weights, fact.ref,
		]),
		"path": fact.path,
	}
}

unknown contains finding if {
	some fact in unclear
	finding := {"subject": fact.ref, "message": sprintf("%s.", [gap(fact)]), "path": fact.path}
}

unknown contains criticality.question(why) if {
	criticality.stated == null
	count(withheld) > 0
	why := sprintf("it depends on weights that can be withheld: %s", [concat(", ", sort({fact.ref | some fact in withheld}))])
}

gap(fact) := sprintf("%s is not registered, so nobody knows how its weights are held", [fact.ref]) if {
	fact.status == "dangling"
}

gap(fact) := sprintf("Nobody states how the weights behind %s are held", [fact.ref]) if fact.status == "undeclared"
