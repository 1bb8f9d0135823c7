# METADATA
# title: No licence excludes the place
# description: >-
#   No licence of what the asset is made of, at any depth, grants nothing to those at home where the organisation is, or
#   for use where the organisation or the users of a system are. Where a licence excludes multimodal models alone, the
#   model's modalities decide.
# custom:
#   id: LIC-004
#   severity: high
#   kinds: [system, model]
#   remedy: >-
#     Replace the part at the end of the path, or agree with its licensor. Where nobody can tell, state `modalities` of
#     the model, `user_jurisdictions` of the system, and `domicile` as a parameter of the pack.
#   controls:
#     - {framework: NIST AI RMF 1.0, id: MAP 4.1, title: Legal risks of components and of third-party data and software}
#   reads: [licences, attributes.user_jurisdictions]
#   parameters:
#     domicile:
#       type: countries
#       default: []
#       description: Where the organisation has its principal place of business; empty where nobody said
#   introduced: 0.2.0
package allod.rules.licensing.geographic_exclusion

import data.allod.lib.licences
import data.allod.lib.modality

parameters := input.parameters["LIC-004"]

home := {country | some country in parameters.domicile}
users := object.get(input.asset.attributes, "user_jurisdictions", null)

# The countries of users: a subdivision lies in one.
served := {substring(place, 0, 2) | users != null; some place in users}

default applies := false

applies if count(input.licences) > 0

excluded := [found |
	some fact in input.licences
	licences.known(fact)
	some exclusion in fact.conditions.exclusions
	scope := modality.meant(fact, exclusion)
	scope != "no"
	found := {"fact": fact, "reach": exclusion.reach, "scope": scope, "hit": hit(exclusion)}
]

hit(exclusion) := {country | some country in exclusion.countries; country in home} if exclusion.reach == "domicile"

hit(exclusion) := {country | some country in exclusion.countries; country in (home | served)} if exclusion.reach == "users"

violation contains finding if {
	some found in excluded
	found.scope == "yes"
	count(found.hit) > 0
	there := concat(", ", sort(found.hit))
	finding := {
		"subject": found.fact.ref,
		"message": sprintf("%s is under %s, which grants nothing in %s.", [found.fact.ref, found.fact.expression, there]),
		"path": found.fact.path,
	}
}

unknown contains finding if {
	some found in excluded
	why := gap(found)
	finding := {
		"subject": found.fact.ref,
		"message": sprintf("%s is under %s, which grants nothing in some countries, and nobody states %s.", [
			found.fact.ref, found.fact.expression, why,
		]),
		"path": found.fact.path,
	}
}

gap(found) := "whether it is multimodal" if {
	found.scope == "unclear"
	count(found.hit) > 0
}

gap(found) := "where the organisation is at home" if {
	count(found.hit) == 0
	count(home) == 0
}

gap(found) := "where the users are" if {
	found.reach == "users"
	input.asset.kind == "system"
	count(found.hit) == 0
	count(home) > 0
	users == null
}

unknown contains finding if {
	some fact in input.licences
	finding := {
		"subject": fact.ref,
		"message": sprintf("Whether a licence excludes the place is not known: %s.", [licences.doubt(fact)]),
		"path": fact.path,
	}
}
