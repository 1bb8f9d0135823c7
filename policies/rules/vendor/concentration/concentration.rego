# METADATA
# title: No vendor carries too many of the systems that matter
# description: >-
#   Of the systems rated `high` or `critical`, at most `max_share` rest on one vendor: on what it runs or provides itself,
#   or through companies that it commands by half of the shares or by a veto. Regions, hosts and services count, whoever
#   published the weights and programs that the organisation holds itself does not. The ultimate parent shows the
#   concentration that its companies' names hide.
# custom:
#   id: VEN-001
#   severity: high
#   kinds: [vendor]
#   remedy: >-
#     Move some of the systems that are named to operators of another group, or raise `max_share` if the concentration is
#     accepted. Where the share cannot be told, state `criticality` of the systems that are named, who operates what they
#     rest on (`operated_by`, `provider`), and `owners` with shares of those vendors.
#   controls:
#     - {framework: DORA, id: Art. 29(1)(b), title: Several contracts with the same or closely connected providers}
#   reads: [concentration]
#   parameters:
#     max_share:
#       type: basis_points
#       default: 5000
#       description: The largest share of high and critical systems that one vendor may carry
#   introduced: 0.2.0
package allod.rules.vendor.concentration

import data.allod.lib.shares

parameters := input.parameters["VEN-001"]

facts := input.concentration

# Nothing rests on the vendor, and nothing that anybody left open could.
idle if {
	facts.systems_count == 0
	facts.systems_most in {null, 0}
}

default applies := false

applies if not idle

violation contains finding if {
	facts.systems_least > parameters.max_share
	finding := {
		"subject": "systems",
		"message": sprintf("%d of %d high and critical systems rest on %s, at least %s where %s are allowed: %s.", [
			facts.systems_count, facts.systems_total, input.asset.ref, shares.percent(facts.systems_least),
			shares.percent(parameters.max_share), concat(", ", facts.systems),
		]),
		"path": [input.asset.ref],
		"vendor": input.asset.ref,
	}
}

unknown contains finding if {
	facts.systems_most > parameters.max_share
	not facts.systems_least > parameters.max_share
	finding := {
		"subject": "systems",
		"message": sprintf("Up to %s of the high and critical systems may rest on %s, where %s are allowed; open: %s.", [
			shares.percent(facts.systems_most), input.asset.ref, shares.percent(parameters.max_share),
			concat(", ", facts.open),
		]),
		"path": [input.asset.ref],
		"vendor": input.asset.ref,
	}
}

unknown contains finding if {
	facts == null
	finding := {
		"subject": "systems",
		"message": sprintf("What rests on %s was not counted.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}
