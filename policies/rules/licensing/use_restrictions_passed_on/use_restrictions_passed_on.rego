# METADATA
# title: Use restrictions are passed on
# description: >-
#   Where a licence with restrictions of use asks to pass them on, whatever derives from the model carries restrictions,
#   too; so does a model trained on the outputs of one whose licence comes along with them. A model is asked for its own
#   licence, a system for all models it is made of. A licensor may change his own terms.
# custom:
#   id: LIC-003
#   severity: high
#   kinds: [model, system]
#   remedy: >-
#     Put the derivative under the terms of the model at the end of the path, or under terms that impose its use policy
#     and send a copy along; or take a base without restrictions. Where a licence is not known, state it.
#   controls:
#     - {framework: NIST AI RMF 1.0, id: MAP 4.1, title: Legal risks of components and of third-party data and software}
#   reads: [licences]
#   introduced: 0.2.0
package allod.rules.licensing.use_restrictions_passed_on

import data.allod.lib.licences
import data.allod.lib.lineage

# Whose terms are asked (`maker`), what it comes from (`source`), and by which relations.
derived := [pair |
	some source in input.licences
	some maker in input.licences
	{source.kind, maker.kind} == {"model"}
	steps := lineage.steps(maker, source)
	lineage.is_making(steps)
	asked(maker)
	not licences.same_publisher(maker, source)
	pair := {"maker": maker, "source": source, "steps": steps}
]

asked(maker) if maker.depth == 0

asked(_) if input.asset.kind == "system"

restricted(pair) if {
	"use_restrictions" in pair.source.terms.obligations
	reaches(pair)
}

# What learns from outputs is bound where the licence says so alone.
reaches(pair) if not "generated_by" in pair.steps

reaches(pair) if pair.source.conditions.output_training == "inherits"

default applies := false

applies if count(derived) > 0

open_ended := [pair |
	some pair in derived
	licences.known(pair.source)
	licences.known(pair.maker)
	restricted(pair)
	not "use_restrictions" in pair.maker.terms.obligations
]

violation contains finding if {
	some pair in open_ended
	pair.source.conditions.pass_on != null
	finding := {
		"subject": sprintf("%s from %s", [pair.maker.ref, pair.source.ref]),
		"message": sprintf("%s (%s) does not pass on the use restrictions of %s (%s).", [
			pair.maker.ref, pair.maker.expression, pair.source.ref, pair.source.expression,
		]),
		"path": pair.source.path,
	}
}

unknown contains finding if {
	some pair in open_ended
	pair.source.conditions.pass_on == null
	finding := {
		"subject": sprintf("%s from %s", [pair.maker.ref, pair.source.ref]),
		"message": sprintf("Whether %s has to pass on the use restrictions of %s (%s) is not known.", [
			pair.maker.ref, pair.source.ref, pair.source.expression,
		]),
		"path": pair.source.path,
	}
}

unknown contains finding if {
	some pair in derived
	some fact in [pair.maker, pair.source]
	finding := {
		"subject": fact.ref,
		"message": sprintf("Whether use restrictions are passed on is not known: %s.", [licences.doubt(fact)]),
		"path": fact.path,
	}
}
