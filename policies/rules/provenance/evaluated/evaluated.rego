# METADATA
# title: The model was evaluated as it is
# description: >-
#   At least one evaluation of the model is recorded from the day its weights were released or later, and not after the day
#   of judgement. Results of older weights say nothing about these.
# custom:
#   id: PRV-003
#   severity: medium
#   kinds: [model]
#   remedy: >-
#     Evaluate the model as it is and record benchmark, tool and day in `evaluations`. Where it is not known since when the
#     weights are what they are, state `weights_released_on`.
#   controls:
#     - {framework: NIST AI RMF 1.0, id: MANAGE 3.2, title: Pre-trained models are monitored as part of regular monitoring}
#   reads: [attributes.evaluations, attributes.weights_released_on]
#   introduced: 0.2.0
package allod.rules.provenance.evaluated

import data.allod.lib.dates

applies := true

recorded := object.get(input.asset.attributes, "evaluations", null)

released := object.get(input.asset.attributes, "weights_released_on", null)

# The days of evaluations that were made by now, in order.
days := sort([one.on | recorded != null; some one in recorded; one.on <= input.as_of])

last := days[count(days) - 1]

violation contains finding if {
	recorded != null
	count(days) == 0
	finding := {
		"subject": "evaluations",
		"message": sprintf("%s was never evaluated.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}

violation contains finding if {
	dates.is_day(released)
	last < released
	finding := {
		"subject": "evaluations",
		"message": sprintf("%s was last evaluated on %s; its weights were released on %s.", [input.asset.ref, last, released]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	recorded == null
	finding := {
		"subject": "evaluations",
		"message": sprintf("Nobody states whether %s was evaluated.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	count(days) > 0
	not dates.is_day(released)
	finding := {
		"subject": "weights_released_on",
		"message": sprintf("%s was evaluated on %s; nobody states when its weights were released.", [input.asset.ref, last]),
		"path": [input.asset.ref],
	}
}
