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
exposed := [it |
	some entry in input.control
	some link in entry.links
	chain.may_command(entry, link, parameters.control_threshold)
	some regime in link.regimes
	chain.foreign(link, regime, parameters.home)
	it := {
		"certain": count([1 | chain.commands(entry, link, parameters.control_threshold)]) > 0,
		"reach": [entry.of, regime.country],
		"law": regime.title,
		"path": link.path,
		"vendor": link.vendor,
		"company": sprintf("%s, %s of %s,", [link.name, chain.part(link), entry.of]),
	}
]

# One state's reach over one thing is one finding, told of the company that is nearest, with all of that state's laws.
finding_of(reached, exposures, rest) := {
	"subject": concat(" ", reached),
	"message": sprintf("%s is under %s (%s)%s.", [nearest[2], concat(" and ", sort(laws)), reached[1], rest]),
	"path": nearest[3],
	"vendor": nearest[1],
	"jurisdiction": reached[1],
} if {
	mine := [it | some it in exposures; it.reach == reached]
	nearest := sort([[count(it.path), it.vendor, it.company, it.path] | some it in mine])[0]
	laws := {it.law | some it in mine; it.vendor == nearest[1]}
}

certain := [it | some it in exposed; it.certain]

default applies := false

applies if reach.possible(parameters.data_classes)

violation contains finding_of(reached, certain, rest) if {
	count(restricted) > 0
	some reached in {it.reach | some it in certain}
	rest := sprintf(": %s data is within its reach", [concat(", ", restricted)])
}

unknown contains finding_of(reached, exposed, ", and nobody states a share on the way: it may command") if {
	count(restricted) > 0
	some reached in ({it.reach | some it in exposed} - {it.reach | some it in certain})
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
