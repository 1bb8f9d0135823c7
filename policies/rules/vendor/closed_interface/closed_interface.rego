# METADATA
# title: What critical systems use is reached through an open interface
# description: >-
#   A hosted service or a program that a system of one of the given criticalities rests on speaks at least one interface,
#   format or protocol that others implement, too: an open standard or one that has become common. Behind an interface of
#   its own, nothing else can take its place.
# custom:
#   id: VEN-004
#   severity: medium
#   kinds: [ai_service, software]
#   remedy: >-
#     Use the service or program through an open interface that it offers and record it, in `compatible_with` of a service
#     or `standards` of software; or put one that has such an interface in its place. Where systems do not say how critical
#     they are, state `criticality`.
#   controls:
#     - {framework: Data Act, id: Art. 30(2), title: Open interfaces of data processing services}
#   reads: [interfaces, consumers, attributes.compatible_with, attributes.standards]
#   parameters:
#     criticalities:
#       type: criticalities
#       default: [critical]
#       description: Systems of these criticalities are held to the rule
#   introduced: 0.2.0
package allod.rules.vendor.closed_interface

parameters := input.parameters["VEN-004"]

users := input.consumers.criticalities

held := {word | some word in parameters.criticalities; users[word] > 0}

stated := object.get(input.asset.attributes, "compatible_with", null) if input.asset.kind == "ai_service"

stated := object.get(input.asset.attributes, "standards", null) if input.asset.kind == "software"

shared if {
	some one in input.interfaces
	one.status in {"open", "de_facto"}
}

foreign := sort({one.name | some one in input.interfaces; one.status == "unknown"})

spoken := concat(", ", sort({one.name | some one in input.interfaces})) if count(input.interfaces) > 0

spoken := "none at all" if count(input.interfaces) == 0

closed if {
	stated != null
	not shared
	count(foreign) == 0
}

finding_of(subject, message) := {"subject": subject, "message": message, "path": [input.asset.ref]}

default applies := false

applies if count(held) > 0

applies if users.unstated > 0

violation contains finding_of("interface", message) if {
	closed
	count(held) > 0
	message := sprintf("%s, which %s systems rest on, speaks no open interface: %s.", [
		input.asset.ref, concat(" and ", sort(held)), spoken,
	])
}

unknown contains finding_of("criticality", message) if {
	closed
	count(held) == 0
	message := sprintf("Nobody states how critical %d systems are that rest on %s, and it speaks no open interface: %s.", [
		users.unstated, input.asset.ref, spoken,
	])
}

unknown contains finding_of("interface", message) if {
	stated == null
	message := sprintf("Nobody states which interfaces %s speaks.", [input.asset.ref])
}

unknown contains finding_of("interface", message) if {
	not shared
	count(foreign) > 0
	message := sprintf("Nobody knows whether what %s speaks is open: %s.", [input.asset.ref, concat(", ", foreign)])
}
