# METADATA
# title: The lineage is complete
# description: >-
#   Everything that a model or dataset was made from, at any depth, is registered. A model that states nothing it was made
#   from, and a dataset that may be synthetic without a model that made it, leave the answer open.
# custom:
#   id: PRV-002
#   severity: medium
#   kinds: [model, dataset]
#   remedy: >-
#     Register what stands at the end of the path, or correct the relation that names it. Where nothing is stated, state
#     `derived_from` and `trained_on` of a model, and `synthetic` of a dataset, with `generated_by` where it is true.
#   controls:
#     - {framework: ISO/IEC 42001:2023, id: A.7.5, title: Data provenance}
#     - {framework: EU AI Act, id: Art. 10(2)(b), title: Collection processes and origin of data}
#   reads: [licences, attributes.synthetic]
#   introduced: 0.2.0
package allod.rules.provenance.lineage_complete

import data.allod.lib.lineage

applies := true

violation contains finding if {
	some fact in input.licences
	fact.depth > 0
	fact.status == "dangling"
	finding := {
		"subject": fact.ref,
		"message": sprintf("%s was made from %s, which is not registered.", [lineage.maker(fact), fact.ref]),
		"path": fact.path,
	}
}

# What a model was made from, or which model made the data, as the asset itself states it.
stated := {fact.ref | some fact in input.licences; fact.depth == 1}

unknown contains finding if {
	input.asset.kind == "model"
	count(stated) == 0
	finding := {
		"subject": "lineage",
		"message": sprintf("Nobody states what %s was made from: neither a base nor training data.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	input.asset.kind == "dataset"
	count(stated) == 0
	finding := {"subject": "lineage", "message": sprintf("%s.", [gap]), "path": [input.asset.ref]}
}

synthetic := object.get(input.asset.attributes, "synthetic", null)

gap := sprintf("%s is synthetic, and nobody states which model made it", [input.asset.ref]) if synthetic == true

gap := sprintf("Nobody states whether %s is synthetic, nor which model made it", [input.asset.ref]) if synthetic == null
