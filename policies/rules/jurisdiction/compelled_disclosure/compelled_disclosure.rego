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
import data.allod.lib.reach

parameters := input.parameters["JUR-001"]

restricted := reach.restricted(parameters.data_classes)

# Whoever may command something the asset rests on and is under a foreign law.
exposed := [finding |
	some entry in input.control
	some link in entry.links
	chain.may_command(entry, link, parameters.control_threshold)
	some regime in link.regimes
	chain.foreign(link, regime, parameters.home)
	finding := {
		"certain": count([1 | chain.commands(entry, link, parameters.control_threshold)]) > 0,
		"subject": sprintf("%s %s %s", [entry.of, link.vendor, regime.id]),
		"who": sprintf("%s, %s of %s, is under %s (%s)", [
			link.name, stands(link), entry.of, regime.title, regime.country,
		]),
		"origin": {"path": link.path, "vendor": link.vendor, "jurisdiction": regime.country},
	}
]

stands(link) := "operator" if link.role == "operator"

stands(link) := "an owner of the operator" if link.role == "owner"

default applies := false

applies if reach.possible(parameters.data_classes)

violation contains object.union(it.origin, {"subject": it.subject, "message": message}) if {
	count(restricted) > 0
	some it in exposed
	it.certain
	message := sprintf("%s: %s data is within its reach.", [it.who, concat(", ", restricted)])
}

unknown contains object.union(it.origin, {"subject": it.subject, "message": message}) if {
	count(restricted) > 0
	some it in exposed
	not it.certain
	message := sprintf("%s, and nobody states a share on the way: it may command.", [it.who])
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
