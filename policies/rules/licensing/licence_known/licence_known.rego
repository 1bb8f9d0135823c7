# METADATA
# title: The licence is known
# description: >-
#   The asset's own licence is one that the catalogue knows. Text that no licence matches is a violation; a licence that
#   is absent, or that can only be guessed from the text, is unknown.
# custom:
#   id: LIC-001
#   severity: medium
#   kinds: [model, dataset, software]
#   remedy: >-
#     State `licence` as an SPDX expression (`Apache-2.0`) or as a LicenseRef of the catalogue. `allod licence -- TEXT`
#     shows what a text resolves to; a licence that the catalogue lacks is added to the reference data with its terms.
#   controls:
#     - {framework: NIST AI RMF 1.0, id: MAP 4.1, title: Legal risks of components and of third-party data and software}
#   reads: [licences]
#   introduced: 0.1.0
package allod.rules.licensing.licence_known

import data.allod.lib.licences

applies := true

violation contains finding if {
	some fact in licences.own
	licences.unreadable(fact)
	finding := {
		"subject": fact.ref,
		"message": sprintf("Its licence cannot be read: %s.", [licences.doubt(fact)]),
		"path": fact.path,
	}
}

unknown contains finding if {
	some fact in licences.own
	not licences.unreadable(fact)
	finding := {
		"subject": fact.ref,
		"message": sprintf("Its licence is not known: %s.", [licences.doubt(fact)]),
		"path": fact.path,
	}
}

unknown contains finding if {
	count(licences.own) == 0
	finding := {
		"subject": input.asset.ref,
		"message": sprintf("Its licence is not known: nothing is recorded of %s.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}
