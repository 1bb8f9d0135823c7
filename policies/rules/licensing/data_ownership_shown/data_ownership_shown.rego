# METADATA
# title: Training data has an owner or a basis
# description: >-
#   Of data that a model in use was trained on, it is recorded whose it is or on what basis it is used.
# custom:
#   id: LIC-010
#   severity: medium
#   kinds: [dataset]
#   remedy: >-
#     Record the `owner` of the data (a registered vendor), or the `basis` on which it is used: a contract, a consent, a
#     statute such as the text and data mining exception.
#   controls:
#     - {framework: ISO/IEC 42001:2023, id: A.7.5, title: Data provenance}
#   reads: [consumers, attributes.owner, attributes.basis]
#   introduced: 0.2.0
package allod.rules.licensing.data_ownership_shown

owner := object.get(input.asset.attributes, "owner", null)

basis := object.get(input.asset.attributes, "basis", null)

# Systems that rest on a model that was trained on the data, or on one that derives from such a model.
trained := [system |
	some system in input.consumers.nearest
	count(system.path) > 2
	startswith(system.path[count(system.path) - 2], "model:")
]

default applies := false

applies if count(trained) > 0

violation contains finding if {
	owner == null
	basis == null
	finding := {
		"subject": "owner",
		"message": sprintf("%s was trained on %s, of which neither owner nor basis is recorded.", [
			trained[0].path[count(trained[0].path) - 2], input.asset.ref,
		]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	basis == null
	some edge in input.dangling
	edge.source == input.asset.ref
	edge.type == "owner"
	finding := {
		"subject": "owner",
		"message": sprintf("Who owns %s is not known: %s is not registered.", [input.asset.ref, edge.target]),
		"path": [input.asset.ref, edge.target],
	}
}
