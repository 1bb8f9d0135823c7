# METADATA
# title: Training data is disclosed
# description: >-
#   Of a model that systems use, some training data is recorded: its own, or that of a model it derives from, at any depth.
#   Data that is named but not registered, and a line that ends in a model nobody registered, leave the answer open.
# custom:
#   id: PRV-001
#   severity: medium
#   kinds: [model]
#   remedy: >-
#     Register the datasets that the model, or its base, was trained on, and state them by `trained_on`; where its makers
#     say nothing, ask them, or use a model whose makers do. State `derived_from` where the data came with a base.
#   controls:
#     - {framework: ISO/IEC 42001:2023, id: A.7.5, title: Data provenance}
#     - {framework: NIST AI RMF 1.0, id: MAP 4.1, title: Legal risks of components and of third-party data and software}
#   reads: [licences, consumers]
#   introduced: 0.2.0
package allod.rules.provenance.training_data_disclosed

import data.allod.lib.lineage

default applies := false

applies if input.consumers.total > 0

data_behind := [fact | some fact in input.licences; lineage.is_training_data(fact)]

disclosed if {
	some fact in data_behind
	fact.status != "dangling"
}

lost := [fact | some fact in input.licences; lineage.is_made_from(fact); fact.status == "dangling"]

violation contains finding if {
	not disclosed
	count(lost) == 0
	finding := {
		"subject": input.asset.ref,
		"message": sprintf("%s is used by %d systems, and no training data is recorded of it or of anything it derives from.", [
			input.asset.ref, input.consumers.total,
		]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	not disclosed
	some fact in lost
	finding := {
		"subject": fact.ref,
		"message": sprintf("What %s was trained on is not known: %s is not registered.", [input.asset.ref, fact.ref]),
		"path": fact.path,
	}
}
