# METADATA
# title: Formats and protocols are open
# description: >-
#   Every format, protocol and interface that a software or an AI service says it speaks is of an accepted standing: open
#   (changed in public by more than one party), or de facto (one party decides, many implement it).
# custom:
#   id: OPN-002
#   severity: medium
#   kinds: [software, ai_service]
#   remedy: >-
#     Use what speaks an open format or protocol, or ask the vendor for one. Where nothing is known, state `standards` of
#     a software and `compatible_with` of an AI service; what the catalogue lacks is added to the reference data.
#   controls: []
#   reads: [interfaces]
#   parameters:
#     accepted:
#       type: interfaces
#       default: [de_facto, open]
#       description: The standing that a format or protocol may have
#   introduced: 0.2.0
package allod.rules.openness.open_standards

parameters := input.parameters["OPN-002"]

applies := true

violation contains finding if {
	some interface in input.interfaces
	interface.status != "unknown"
	not interface.status in parameters.accepted
	finding := {
		"subject": interface.name,
		"message": sprintf("%s speaks %s, which is %s.", [input.asset.ref, interface.name, words[interface.status]]),
		"path": [input.asset.ref],
	}
}

words := {"open": "open", "de_facto": "a standard only in fact", "proprietary": "proprietary"}

unknown contains finding if {
	some interface in input.interfaces
	interface.status == "unknown"
	finding := {
		"subject": interface.name,
		"message": sprintf("%s speaks %s, of which the catalogue does not know whether it is open.", [
			input.asset.ref, interface.name,
		]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	count(input.interfaces) == 0
	finding := {
		"subject": "interfaces",
		"message": sprintf("Nobody states which formats and protocols %s speaks.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}
