# METADATA
# title: Commercial systems rest on licences that allow commercial use
# description: >-
#   Nothing that a commercial system is made from, at any depth, is under a licence that forbids commercial use; a model
#   that a commercial system uses is held to the same. Whatever licence is not known makes the answer unknown, and so
#   does a system that does not say whether it is commercial but rests on something non-commercial.
# custom:
#   id: LIC-002
#   severity: high
#   kinds: [system, model]
#   remedy: >-
#     Replace the component at the end of the path by one whose licence allows commercial use, or obtain a commercial
#     licence and record it. Where a licence is not known, state it; where the system does not say, state `commercial`.
#   controls:
#     - {framework: NIST AI RMF 1.0, id: MAP 4.1, title: Legal risks of components and of third-party data and software}
#   reads: [licences, consumers, attributes.commercial]
#   introduced: 0.1.0
package allod.rules.licensing.commercial_use_allowed

import data.allod.lib.licences

default applies := false

applies if {
	count(input.licences) > 0
	count(commercial | undeclared) > 0
}

# Whose use is commercial, and whose may be: the system, or the systems that rest on the model.
commercial contains input.asset.ref if input.asset.attributes.commercial == true

commercial contains sprintf("commercial systems (%d)", [input.consumers.commercial]) if input.consumers.commercial > 0

undeclared contains input.asset.ref if {
	input.asset.kind == "system"
	object.get(input.asset.attributes, "commercial", null) == null
}

undeclared contains sprintf("systems that do not say (%d)", [input.consumers.undeclared]) if input.consumers.undeclared > 0

forbidding := [fact | some fact in input.licences; licences.known(fact); fact.terms.commercial_use == false]

violation contains finding if {
	some who in commercial
	some fact in forbidding
	finding := {
		"subject": fact.ref,
		"message": sprintf("%s is under %s, which forbids commercial use; it is used by %s.", [
			fact.ref, fact.expression, who,
		]),
		"path": fact.path,
	}
}

unknown contains finding if {
	count(commercial) == 0
	some who in undeclared
	some fact in forbidding
	finding := {
		"subject": fact.ref,
		"message": sprintf("%s is under %s, which forbids commercial use; nothing states whether that by %s is commercial.", [
			fact.ref, fact.expression, who,
		]),
		"path": fact.path,
	}
}

unknown contains finding if {
	some fact in input.licences
	finding := {
		"subject": fact.ref,
		"message": sprintf("Whether commercial use is allowed is not known: %s.", [licences.doubt(fact)]),
		"path": fact.path,
	}
}

unknown contains finding if {
	some fact in input.licences
	licences.known(fact)
	fact.terms.commercial_use == null
	finding := {
		"subject": fact.ref,
		"message": sprintf("Whether %s allows commercial use of %s is not known.", [fact.expression, fact.ref]),
		"path": fact.path,
	}
}
