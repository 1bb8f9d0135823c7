# METADATA
# title: A model is under terms that fit its share-alike and non-commercial data
# description: >-
#   Data that asks for the same terms, or forbids commercial use, stands under a model whose licence does neither. Whether
#   such terms reach the weights is legally unsettled: the rule points at it and decides nothing.
# custom:
#   id: LIC-007
#   severity: low
#   kinds: [model]
#   remedy: >-
#     Have a lawyer look at it and waive the finding with the opinion, release the model under terms that carry the data's,
#     or train without that data. Where a licence is not known, state it.
#   controls: []
#   reads: [licences]
#   introduced: 0.2.0
package allod.rules.licensing.share_alike_data

import data.allod.lib.licences
import data.allod.lib.lineage

data_behind := [fact | some fact in input.licences; lineage.is_training_data(fact)]

default applies := false

applies if count(data_behind) > 0

# What the data asks for that a model's licence may lack.
asked(fact) := {duty |
	some duty in fact.terms.obligations
	duty in {"copyleft", "share_alike"}
} | {"non_commercial" | fact.terms.commercial_use == false}

# Share-alike is kept by the very licence, or by one that asks for the same.
kept(mine, theirs) if mine.expression == theirs.expression

kept(mine, theirs) if count(asked(theirs) - asked(mine)) == 0

violation contains finding if {
	some mine in licences.own
	licences.known(mine)
	some theirs in data_behind
	licences.known(theirs)
	not kept(mine, theirs)
	finding := {
		"subject": theirs.ref,
		"message": sprintf("%s (%s) was trained on %s (%s), which asks for %s; whether that binds the model is legally unsettled.", [
			mine.ref, mine.expression, theirs.ref, theirs.expression, concat(", ", sort(asked(theirs) - asked(mine))),
		]),
		"path": theirs.path,
	}
}

unknown contains finding if {
	some fact in array.concat(licences.own, data_behind)
	finding := {
		"subject": fact.ref,
		"message": sprintf("Whether the terms of model and data fit is not known: %s.", [licences.doubt(fact)]),
		"path": fact.path,
	}
}
