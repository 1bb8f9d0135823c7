# METADATA
# title: No subprocessor hands restricted data to a foreign state
# description: >-
#   Nobody who works for the provider of an AI service, at any depth, nor any company that commands one of these, is under a
#   foreign law by which a state can demand the restricted data that the service sees. Whoever is on the way names his
#   subprocessors or states that he has none.
# custom:
#   id: JUR-004
#   severity: high
#   kinds: [ai_service]
#   remedy: >-
#     Have the provider leave the subprocessor that is named out for your data, or use another service. Where it is not
#     known, ask for the list, record it as `subprocessor` relations of the vendor, or state that there are none with
#     `subprocessors_disclosed`.
#   controls:
#     - {framework: GDPR, id: Art. 28(2), title: Engagement of another processor}
#     - {framework: GDPR, id: Art. 48, title: Transfers or disclosures not authorised by Union law}
#     - {framework: Gaia-X 24.11, id: P1.2.7, title: Jurisdiction of subcontractors}
#   reads: [data, subprocessors]
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
package allod.rules.jurisdiction.subprocessor_reach

import data.allod.lib.chain
import data.allod.lib.exposure
import data.allod.lib.reach

parameters := input.parameters["JUR-004"]

restricted := reach.restricted(parameters.data_classes)

exposed := exposure.of(input.subprocessors.chains, parameters.control_threshold, parameters.home)

default applies := false

applies if reach.possible(parameters.data_classes)

violation contains exposure.finding(reached, exposure.certain(exposed), rest) if {
	count(restricted) > 0
	some reached in exposure.reached(exposed)
	rest := sprintf(", and %s sees data of %s as a subprocessor: %s", [reached[0], input.asset.ref, concat(", ", restricted)])
}

unknown contains exposure.finding(reached, exposed, ", and nobody states a share on the way: it may command") if {
	count(restricted) > 0
	some reached in exposure.perhaps_reached(exposed)
}

unknown contains finding if {
	count(restricted) == 0
	count(exposed) > 0
	some finding in reach.questions("a foreign state can compel a subprocessor of what it uses")
}

unknown contains finding if {
	some entry in input.subprocessors.chains
	some end in chain.gaps(entry, parameters.control_threshold)
	finding := {
		"subject": sprintf("%s %s", [entry.of, end]),
		"message": sprintf("Who controls the subprocessor %s is not known to the top: knowledge ends at %s.", [entry.of, end]),
		"path": entry.path,
	}
}

unknown contains finding if {
	some path in input.subprocessors.undisclosed
	who := path[count(path) - 1]
	finding := {
		"subject": sprintf("subprocessors %s", [who]),
		"message": sprintf("Nobody states who else works for %s.", [who]),
		"path": path,
	}
}
