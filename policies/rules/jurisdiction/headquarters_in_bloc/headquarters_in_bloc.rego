# METADATA
# title: Vendors have their seat and head office at home
# description: >-
#   A vendor is registered and run from inside one of the given blocs or countries. A letter box at home does not help a
#   company that is run from abroad.
# custom:
#   id: JUR-003
#   severity: medium
#   kinds: [vendor]
#   remedy: >-
#     Use a vendor whose registered office and head office are at home. Where they are not known, state `incorporated_in`
#     and `headquarters` of the vendor.
#   controls:
#     - {framework: SecNumCloud 3.2, id: 19.6.a, title: Registered office and central administration in the EU}
#     - {framework: Gaia-X 24.11, id: P5.1.4, title: Head office and main establishment in the EU/EEA}
#   reads: [control]
#   parameters:
#     home:
#       type: places
#       default: [EEA, EU]
#       description: Blocs and countries whose laws are not foreign
#   introduced: 0.1.0
package allod.rules.jurisdiction.headquarters_in_bloc

import data.allod.lib.places

parameters := input.parameters["JUR-003"]

# The vendor itself stands first in the chain of those who control it.
seats := [seat |
	some entry in input.control
	some link in entry.links
	link.role == "operator"
	some seat in [
		{"what": "registered office", "attribute": "incorporated_in", "country": link.country, "blocs": link.blocs},
		{"what": "head office", "attribute": "headquarters", "country": link.headquarters, "blocs": link.headquarters_blocs},
	]
]

applies := true

violation contains finding if {
	some seat in seats
	seat.country != null
	not places.inside(seat, parameters.home)
	finding := {
		"subject": seat.attribute,
		"message": sprintf("The %s of %s is in %s, outside %s.", [
			seat.what, input.asset.ref, seat.country, concat(", ", parameters.home),
		]),
		"path": [input.asset.ref],
		"vendor": input.asset.ref,
		"jurisdiction": seat.country,
	}
}

unknown contains finding if {
	some seat in seats
	seat.country == null
	finding := {
		"subject": seat.attribute,
		"message": sprintf("Nobody states where %s has its %s.", [input.asset.ref, seat.what]),
		"path": [input.asset.ref],
	}
}
