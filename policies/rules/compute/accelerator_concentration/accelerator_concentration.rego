# METADATA
# title: No supplier and no state holds too many of the accelerators
# description: >-
#   Of the accelerators in the workspace's hosts, at most `max_supplier_share` come from one supplier, companies that it commands
#   included, and at most `max_country_share` from suppliers incorporated in its country, unless that country is at home.
#   Reported on the supplier.
# custom:
#   id: CMP-002
#   severity: medium
#   kinds: [vendor]
#   remedy: >-
#     Put the next accelerators out to suppliers of another group or country, or raise the share if the concentration is
#     accepted. Where the share cannot be told, state `vendor` and `count` of every accelerator in the hosts that are named.
#   controls: []
#   reads: [concentration]
#   parameters:
#     max_supplier_share:
#       type: basis_points
#       default: 8000
#       description: The largest share of all accelerators that one supplier may have
#     max_country_share:
#       type: basis_points
#       default: 8000
#       description: The largest share of all accelerators that the suppliers of one foreign country may have
#     home:
#       type: places
#       default: [EEA, EU]
#       description: Blocs and countries that are not foreign
#   introduced: 0.2.0
package allod.rules.compute.accelerator_concentration

import data.allod.lib.shares

parameters := input.parameters["CMP-002"]

facts := input.concentration

home if facts.country in parameters.home

home if {
	some bloc in facts.country_blocs
	bloc in parameters.home
}

# Shares above what is allowed: of the supplier, and of its country.
exceeded contains {"subject": "accelerators", "message": message} if {
	facts.accelerators_share > parameters.max_supplier_share
	message := sprintf("%d of %d accelerators are supplied by %s: %s, where %s are allowed.", [
		facts.accelerators, facts.accelerators_total, input.asset.ref,
		shares.percent(facts.accelerators_share), shares.percent(parameters.max_supplier_share),
	])
}

exceeded contains {"subject": "country", "message": message, "jurisdiction": facts.country} if {
	facts.country_accelerators_share > parameters.max_country_share
	not home
	message := sprintf("%d of %d accelerators come from %s, as those of %s do: %s, where %s are allowed.", [
		facts.country_accelerators, facts.accelerators_total, facts.country, input.asset.ref,
		shares.percent(facts.country_accelerators_share), shares.percent(parameters.max_country_share),
	])
}

default applies := false

applies if facts.supplies

applies if facts == null

violation contains object.union(it, {"path": [input.asset.ref], "vendor": input.asset.ref}) if {
	count(facts.uncounted) == 0
	some it in exceeded
}

unknown contains finding if {
	count(facts.uncounted) > 0
	finding := {
		"subject": "accelerators",
		"message": sprintf("The share of %s cannot be told: number or supplier of accelerators in %s is not stated.", [
			input.asset.ref, concat(", ", facts.uncounted),
		]),
		"path": [input.asset.ref],
		"vendor": input.asset.ref,
	}
}

unknown contains finding if {
	count(facts.uncounted) == 0
	facts.country == null
	finding := {
		"subject": "incorporated_in",
		"message": sprintf("Nobody states where %s is incorporated, so nobody knows whose accelerators it supplies.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	facts == null
	finding := {
		"subject": "accelerators",
		"message": sprintf("The accelerators of %s were not counted.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}
