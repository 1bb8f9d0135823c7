# METADATA
# title: Restricted data does not share accelerators unprotected
# description: >-
#   A host on which restricted data is worked has its accelerators to itself, or works in confidential computing, so that
#   neither other tenants nor the operator can read what is in their memory.
# custom:
#   id: CMP-001
#   severity: high
#   kinds: [gpu_host]
#   remedy: >-
#     Move the restricted data to dedicated accelerators, or switch confidential computing on. Where it is unclear, state
#     `tenancy` and `confidential_computing` of the host, and `data_classes` of the systems that run on it.
#   controls:
#     - {framework: GDPR, id: Art. 32(1)(b), title: Ongoing confidentiality of processing systems}
#   reads: [data, attributes.tenancy, attributes.confidential_computing]
#   parameters:
#     data_classes:
#       type: data_classes
#       default: [personal, special_category, health, financial, classified]
#       description: Classes of data that are restricted
#   introduced: 0.1.0
package allod.rules.compute.shared_tenancy

import data.allod.lib.reach

parameters := input.parameters["CMP-001"]

restricted := reach.restricted(parameters.data_classes)

tenancy := object.get(input.asset.attributes, "tenancy", null)

confidential := object.get(input.asset.attributes, "confidential_computing", null)

exposed if {
	tenancy == "shared"
	confidential == false
}

# What would have to be known, where either of the two could be the protection.
gap := sprintf("Nobody states who else uses the accelerators of %s.", [input.asset.ref]) if {
	tenancy == null
	confidential != true
}

gap := sprintf("Others share the accelerators of %s; whether it works in confidential computing is not stated.", [input.asset.ref]) if {
	tenancy == "shared"
	confidential == null
}

default applies := false

applies if reach.possible(parameters.data_classes)

violation contains finding if {
	count(restricted) > 0
	exposed
	finding := {
		"subject": "tenancy",
		"message": sprintf("Others share the accelerators of %s, and it works without confidential computing: %s data.", [
			input.asset.ref, concat(", ", restricted),
		]),
		"path": [input.asset.ref],
	}
}

unknown contains {"subject": "tenancy", "message": gap, "path": [input.asset.ref]}

unknown contains finding if {
	count(restricted) == 0
	exposed
	some finding in reach.questions(sprintf("others share the unprotected accelerators of %s", [input.asset.ref]))
}
