# METADATA
# title: Outputs train models only where their licence lets them
# description: >-
#   No model is trained on data that a model made whose licence, or that of what it derives from, forbids this; where the
#   licence asks for a name instead, the trained model bears it. Data is judged by the models in use that were trained
#   on it. A licensor may do with his own outputs what he likes.
# custom:
#   id: LIC-006
#   severity: high
#   kinds: [model, dataset]
#   remedy: >-
#     Train without the data at the path, make it anew with a model whose licence allows it, or, where a name is asked for,
#     release the model under that name or show the text in `notices`. Where a licence is not known, state it.
#   controls:
#     - {framework: NIST AI RMF 1.0, id: MAP 4.1, title: Legal risks of components and of third-party data and software}
#   reads: [licences, consumers]
#   introduced: 0.2.0
package allod.rules.licensing.outputs_train_models

import data.allod.lib.licences
import data.allod.lib.lineage
import data.allod.lib.naming

# Models whose outputs the asset learned from, or which made it, and what these derive from.
sources := [fact |
	some mine in licences.own
	some fact in input.licences
	fact.kind == "model"
	taught(lineage.steps(mine, fact))
	not licences.same_publisher(mine, fact)
]

taught(steps) if {
	input.asset.kind == "model"
	lineage.learns_from_outputs(steps)
}

taught(steps) if {
	input.asset.kind == "dataset"
	count(learners) > 0
	lineage.learns_from_outputs(array.concat(["trained_on"], steps))
}

# Models that were trained on the judged data and that systems rest on.
learners := {model |
	some system in input.consumers.nearest
	count(system.path) > 2
	model := system.path[count(system.path) - 2]
	startswith(model, "model:")
}

default applies := false

applies if count(sources) > 0

violation contains finding if {
	some fact in sources
	licences.known(fact)
	fact.conditions.output_training == "forbidden"
	finding := {
		"subject": fact.ref,
		"message": sprintf("%s (%s) forbids to train other models on its outputs; %s rests on them.", [
			fact.ref, fact.expression, input.asset.ref,
		]),
		"path": fact.path,
	}
}

violation contains lacking.finding if {
	some lacking in naming_gaps
	lacking.sure
}

unknown contains lacking.finding if {
	some lacking in naming_gaps
	not lacking.sure
}

naming_gaps := [gap |
	input.asset.kind == "model"
	some mine in licences.own
	some fact in sources
	licences.known(fact)
	some gap in naming.gaps(mine, fact, "output_training")
]

unknown contains finding if {
	some fact in sources
	finding := {"subject": fact.ref, "message": sprintf("Whether outputs may train models is not known: %s.", [doubt(fact)]), "path": fact.path}
}

doubt(fact) := licences.doubt(fact)

doubt(fact) := sprintf("nobody found out what %s says of outputs of %s", [fact.expression, fact.ref]) if {
	licences.known(fact)
	fact.conditions.output_training == null
}
