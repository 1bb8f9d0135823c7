# METADATA
# title: No foreign state can compel disclosure of restricted data
# description: >-
#   Place is not control. Nobody who operates what restricted data rests on, and no company that commands the operator up
#   to its ultimate parent, is under a foreign law by which a state can demand that data. An owner commands with a veto or
#   with at least `control_threshold` of shares or votes, at every step down.
# custom:
#   id: JUR-001
#   severity: high
#   kinds: [cloud_region, gpu_host, ai_service, system, dataset]
#   remedy: >-
#     Move the restricted data to an operator whose owners are all at home, or take it out of what is named. Where the
#     chain ends in the dark, record `operated_by` of the region, host or service, and `owners`, `incorporated_in` and
#     shares of the vendor that is named.
#   controls:
#     - {framework: GDPR, id: Art. 48, title: Transfers or disclosures not authorised by Union law}
#     - {framework: SecNumCloud 3.2, id: 5.3.d, title: Residual risks from laws outside the EU}
#     - {framework: Gaia-X 24.11, id: P5.1.3, title: Safeguards against statutory orders from outside the EU/EEA}
#   reads: [data, control]
#   parameters:
#     home:
#       type: places
#       default: [EEA, EU]
#       description: Blocs and countries whose laws are not foreign
#     data_classes:
#       type: data_classes
#       default: [personal, special_category, health, financial, classified]
#       description: Classes of data that are restricted
#     control_threshold:
#       type: basis_points
#       default: 5000
#       description: The share of a company from which on its owner decides
#   introduced: 0.1.0
package allod.rules.jurisdiction.compelled_disclosure

import data.allod.lib.chain
import data.allod.lib.exposure
import data.allod.lib.reach

parameters := input.parameters["JUR-001"]

restricted := reach.restricted(parameters.data_classes)

exposed := exposure.of(input.control, parameters.control_threshold, parameters.home)

default applies := false

applies if reach.possible(parameters.data_classes)

violation contains exposure.finding(reached, exposure.certain(exposed), rest) if {
	count(restricted) > 0
	some reached in exposure.reached(exposed)
	rest := sprintf(": %s data is within its reach", [concat(", ", restricted)])
}

unknown contains exposure.finding(reached, exposed, ", and nobody states a share on the way: it may command") if {
	count(restricted) > 0
	some reached in exposure.perhaps_reached(exposed)
}

unknown contains finding if {
	count(restricted) == 0
	count(exposed) > 0
	some finding in reach.questions("a foreign state can compel whoever operates what it rests on")
}

unknown contains finding if {
	some entry in input.control
	some end in chain.gaps(entry, parameters.control_threshold)
	finding := {
		"subject": sprintf("%s %s", [entry.of, end]),
		"message": sprintf("Who controls %s is not known to the top: knowledge ends at %s.", [entry.of, end]),
		"path": entry.path,
	}
}

unknown contains finding if {
	count(input.control) == 0
	finding := {
		"subject": "control",
		"message": sprintf("Nothing is recorded that %s rests on, so nobody can say who controls it.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}
