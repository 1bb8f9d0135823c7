# METADATA
# title: The model is as open as asked
# description: >-
#   The model reaches a class of the Model Openness Framework: 3 (open model), 2 (open tooling) or 1 (open science), with
#   licences read by the licence resolver; the message tells the strict reading by exact SPDX ids, too. Where licences that
#   nobody states or understands could lift it to the class, the answer is open.
# custom:
#   id: OPN-001
#   severity: medium
#   kinds: [model]
#   remedy: >-
#     Use a model of the class, or have the components that are named released under open licences. Where nothing is
#     recorded, state `components` with their licences (`allod import mof` reads a record of the framework).
#   controls: []
#   reads: [openness]
#   parameters:
#     minimum:
#       type: openness_class
#       default: 3
#       description: The class that a model has to reach
#   introduced: 0.2.0
package allod.rules.openness.openness_class

parameters := input.parameters["OPN-001"]

applies := true

reaches(class) if {
	class > 0
	class <= parameters.minimum
}

names := ["no class", "class 1", "class 2", "class 3"]

violation contains finding if {
	input.openness != null
	not reaches(input.openness.resolved)
	not reaches(input.openness.possible)
	finding := {
		"subject": "openness",
		"message": sprintf("%s reaches %s (read strictly: %s), %s is asked for; not released: %s; not open: %s.", [
			input.asset.ref, names[input.openness.resolved], names[input.openness.strict], names[parameters.minimum],
			listed(input.openness.missing), listed(input.openness.closed),
		]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	input.openness != null
	not reaches(input.openness.resolved)
	reaches(input.openness.possible)
	finding := {
		"subject": "openness",
		"message": sprintf("%s reaches %s; whether it reaches %s hangs on licences that are not known: %s.", [
			input.asset.ref, names[input.openness.resolved], names[parameters.minimum], listed(input.openness.unclear),
		]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	input.openness == null
	finding := {
		"subject": "openness",
		"message": sprintf("Nobody states which components of %s are released.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}

listed(items) := concat(", ", items) if count(items) > 0

listed(items) := "nothing" if count(items) == 0
