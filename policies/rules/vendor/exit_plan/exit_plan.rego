# METADATA
# title: Critical systems have a tested exit plan
# description: >-
#   A system of one of the given criticalities has an exit plan that was tested at most `max_age_days` before the day of
#   judgement. DORA asks it of critical or important functions; who counts `high` among them adds it to `criticalities`.
# custom:
#   id: VEN-003
#   severity: high
#   kinds: [system]
#   remedy: >-
#     Write an exit plan, test it, and record the day of the test in `exit_plan.tested_on`. Test again before the plan is
#     older than allowed. Where the system does not say how critical it is, state `criticality`.
#   controls:
#     - {framework: DORA, id: Art. 28(8), title: Exit strategies for critical or important functions}
#   reads: [attributes.criticality, attributes.exit_plan]
#   parameters:
#     criticalities:
#       type: criticalities
#       default: [critical]
#       description: Systems of these criticalities are held to the rule
#     max_age_days:
#       type: days
#       default: 365
#       description: How old the last test may be
#   introduced: 0.1.0
package allod.rules.vendor.exit_plan

import data.allod.lib.criticality
import data.allod.lib.dates

parameters := input.parameters["VEN-003"]

plan := object.get(input.asset.attributes, "exit_plan", null)

tested_on := object.get(plan, "tested_on", null) if plan != null

age := dates.days_between(tested_on, input.as_of) if dates.is_day(tested_on)

# What is wrong with the plan: at most one of these.
flaw := sprintf("%s has no exit plan", [input.asset.ref]) if plan == null

flaw := sprintf("%s has an exit plan that was never tested", [input.asset.ref]) if tested_on == null

flaw := sprintf("%s tested its exit plan last on %s, %d days ago; %d are allowed", [
	input.asset.ref, tested_on, age, parameters.max_age_days,
]) if age > parameters.max_age_days

flaw := sprintf("%s dates the test of its exit plan %s, in the future", [input.asset.ref, tested_on]) if age < 0

default applies := false

applies if criticality.possible(parameters.criticalities)

violation contains {"subject": "exit_plan", "message": sprintf("%s.", [message]), "path": [input.asset.ref]} if {
	criticality.stated in parameters.criticalities
	message := flaw
}

unknown contains criticality.question(flaw) if criticality.stated == null

unknown contains finding if {
	tested_on != null
	not dates.is_day(tested_on)
	finding := {
		"subject": "exit_plan",
		"message": sprintf("When the exit plan of %s was tested cannot be read: %v.", [input.asset.ref, tested_on]),
		"path": [input.asset.ref],
	}
}
