# METADATA
# title: A derivative is not freer than what it derives from
# description: >-
#   A model's declared licence imposes every binding obligation that any of its ancestors imposes, however far up the line
#   of derivations. Relicensing half-way does not wash them off.
# custom:
#   id: LIC-009
#   severity: high
#   kinds: [model]
#   remedy: >-
#     Put the model under a licence that carries the obligations that are named (most often the ancestor's own), or derive
#     it from a model that does not impose them. Where a licence in the line is not known, state it.
#   controls:
#     - {framework: NIST AI RMF 1.0, id: MAP 4.1, title: Legal risks of components and of third-party data and software}
#   reads: [licences]
#   parameters:
#     obligations:
#       type: obligations
#       default:
#         - copyleft
#         - geographic_exclusion
#         - naming
#         - no_derivatives
#         - no_output_training
#         - non_commercial
#         - research_only
#         - share_alike
#         - size_threshold
#         - use_restrictions
#       description: Obligations that bind whoever derives; keeping notices is common to all licences and not among them
#   introduced: 0.1.0
package allod.rules.licensing.derivative_cannot_be_freer

import data.allod.lib.licences

parameters := input.parameters["LIC-009"]

ancestors := [fact |
	some fact in input.licences
	fact.depth > 0
	every step in fact.through {
		step == "derived_from"
	}
]

binding(fact) := {duty | some duty in fact.terms.obligations; duty in parameters.obligations}

default applies := false

applies if count(ancestors) > 0

violation contains finding if {
	some mine in licences.own
	licences.known(mine)
	some theirs in ancestors
	licences.known(theirs)
	dropped := binding(theirs) - binding(mine)
	count(dropped) > 0
	finding := {
		"subject": theirs.ref,
		"message": sprintf("%s (%s) drops what %s (%s) imposes: %s.", [
			mine.ref, mine.expression, theirs.ref, theirs.expression, concat(", ", sort(dropped)),
		]),
		"path": theirs.path,
	}
}

unknown contains finding if {
	some fact in array.concat(licences.own, ancestors)
	finding := {
		"subject": fact.ref,
		"message": sprintf("What binds the line is not known: %s.", [licences.doubt(fact)]),
		"path": fact.path,
	}
}

unknown contains finding if {
	count(licences.own) == 0
	finding := {
		"subject": input.asset.ref,
		"message": sprintf("What binds the line is not known: nothing is recorded of %s.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}
