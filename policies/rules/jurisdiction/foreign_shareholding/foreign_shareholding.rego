# METADATA
# title: Foreign holders stay below the limits
# description: >-
#   Companies and persons from outside home hold, directly or through others, at most `single_share` of a vendor each and
#   `joint_share` together, and none has a veto. What nobody states counts as perhaps foreign, so a vendor passes only when
#   its holders are known as far as it matters. A holder is foreign that is registered or run abroad.
# custom:
#   id: JUR-002
#   severity: high
#   kinds: [vendor]
#   remedy: >-
#     Use a vendor whose holders are at home. Where holders are not known, state `owners` of the company that is named, with
#     `capital_share`, `voting_share` and country, free float and members included.
#   controls:
#     - {framework: SecNumCloud 3.2, id: 19.6.b, title: Capital and voting rights of holders outside the EU}
#   reads: [holders]
#   parameters:
#     home:
#       type: places
#       default: [EEA, EU]
#       description: Blocs and countries whose laws are not foreign
#     single_share:
#       type: basis_points
#       default: 2400
#       description: The most of a vendor that one foreign holder may hold
#     joint_share:
#       type: basis_points
#       default: 3900
#       description: The most of a vendor that all foreign holders together may hold
#   introduced: 0.1.0
package allod.rules.jurisdiction.foreign_shareholding

import data.allod.lib.holders

parameters := input.parameters["JUR-002"]

# Shares are in millionths, limits in basis points.
single := parameters.single_share * 100

joint := parameters.joint_share * 100

foreign := holders.foreign(parameters.home)

doubtful := holders.doubtful(parameters.home)

abroad := sprintf("from outside %s", [concat(", ", parameters.home)])

ways(vendor) := [entry | some entry in foreign; entry.vendor == vendor]

by_one := {vendor: holders.held(ways(vendor)) | some entry in foreign; vendor := entry.vendor}

together := holders.held(holders.nearest(foreign))

# What may be foreign besides, and in one hand.
open := holders.nearest(array.concat(foreign, doubtful))

at_most := holders.held([entry | some entry in open; not entry in foreign])

may_exceed if holders.unstated(open)

may_exceed if together + at_most > joint

may_exceed if max(array.concat([0], [share | some share in by_one])) + at_most > single

applies := true

told(subject, message, entry) := {
	"subject": subject,
	"message": message,
	"path": entry.path,
	"vendor": input.asset.ref,
	"jurisdiction": entry.country,
}

violation contains told(vendor, message, entry) if {
	some vendor, share in by_one
	share > single
	some entry in ways(vendor)
	message := sprintf("%s, %s, holds %s of %s; one may hold %s.", [
		entry.name, abroad, holders.percent(share), input.asset.ref, holders.percent(single),
	])
}

violation contains told(sprintf("veto %s", [entry.vendor]), message, entry) if {
	some entry in foreign
	entry.veto
	message := sprintf("%s, %s, has a veto in %s.", [entry.name, abroad, input.asset.ref])
}

violation contains {"subject": "together", "message": message, "path": [input.asset.ref], "vendor": input.asset.ref} if {
	together > joint
	message := sprintf("Holders %s hold %s of %s together; %s are allowed.", [
		abroad, holders.percent(together), input.asset.ref, holders.percent(joint),
	])
}

unknown contains {"subject": sprintf("holder %s", [entry.vendor]), "message": message, "path": entry.path} if {
	may_exceed
	some entry in open
	true in {entry in doubtful, entry.share == null}
	message := sprintf("How much of %s is held from abroad is not known: it ends at %s.", [input.asset.ref, entry.name])
}
