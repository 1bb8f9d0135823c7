# METADATA
# title: Accelerators stand where their export is not controlled
# description: >-
#   No accelerator of the host is of a class whose export to the host's country is controlled on the day of judgement: what
#   needs a state's licence can be cut off by that state.
# custom:
#   id: CMP-003
#   severity: medium
#   kinds: [gpu_host]
#   remedy: >-
#     Hold the licence for what is named, move it to a country without control, or use accelerators below the limits. Where it
#     is not known, state `model` of the accelerators and `located_in` of the host, or add the chip's class to the catalogue.
#   controls: []
#   reads: [accelerators]
#   introduced: 0.1.0
package allod.rules.compute.export_control_exposure

default applies := false

applies if count(input.accelerators) > 0

name(fact) := fact.model if fact.model != null

name(fact) := "accelerators" if fact.model == null

subject(fact) := sprintf("%s %s", [name(fact), fact.destination]) if fact.destination != null

subject(fact) := name(fact) if fact.destination == null

# Why nobody can tell; undefined where it can be told.
gap(fact) := "nobody states which these are" if fact.status == "undeclared"

gap(fact) := "the catalogue does not know it" if fact.status == "not_catalogued"

gap(fact) := "the catalogue does not know its export class" if {
	fact.status == "known"
	fact.export_class == null
}

gap(fact) := "nothing tells in which country it stands" if {
	fact.export_class != null
	fact.controls == null
}

violation contains finding if {
	some fact in input.accelerators
	fact.controls != null
	count(fact.controls) > 0
	finding := {
		"subject": subject(fact),
		"message": sprintf("%s of %s is of class %s, and its export to %s is controlled: %s.", [
			name(fact), input.asset.ref, fact.export_class, fact.destination, concat("; ", fact.controls),
		]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	some fact in input.accelerators
	why := gap(fact)
	finding := {
		"subject": subject(fact),
		"message": sprintf("Whether the export of %s of %s is controlled is not known: %s.", [
			name(fact), input.asset.ref, why,
		]),
		"path": [input.asset.ref],
	}
}
