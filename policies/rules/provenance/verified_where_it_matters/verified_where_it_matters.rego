# METADATA
# title: What matters is known well enough
# description: >-
#   Of a critical system, and of everything such a system rests on, the facts that rules read (data classes, places, control,
#   licences, weights) have the evidence that the pack demands. A pass that rests on less is only a claim. Facts count
#   whether or not another rule passes on them.
# custom:
#   id: PRV-005
#   severity: medium
#   kinds: [system, model, dataset, software, ai_service, gpu_host, cloud_region]
#   remedy: >-
#     Have what is named confirmed (by a scan, an audit, a contract) and record grade and source under `evidence`, or
#     accept a weaker grade in the pack's `accepted_grades`. Where nothing is known, state it first.
#   controls:
#     - {framework: NIST AI RMF 1.0, id: MAP 4.1, title: Legal risks of components and of third-party data and software}
#   reads: [data, places, control, licences, weights, consumers, attributes.criticality]
#   parameters:
#     criticalities:
#       type: criticalities
#       default: [critical]
#       description: How critical a system is for this to matter
#     accepted_grades:
#       type: grades
#       default: [verified, inferred, declared]
#       description: Grades of evidence that are good enough
#   introduced: 0.2.0
package allod.rules.provenance.verified_where_it_matters

import data.allod.lib.criticality

parameters := input.parameters["PRV-005"]

facts contains {"subject": sprintf("data_class %s", [it.data_class]), "grade": it.grade, "path": it.path} if {
	some it in input.data.classes
}

facts contains {"subject": sprintf("%s %s", [it.purpose, it.path[count(it.path) - 1]]), "grade": it.grade, "path": it.path} if {
	some it in input.places
}

facts contains {"subject": sprintf("control %s", [it.vendor]), "grade": it.grade, "path": it.path} if {
	some entry in input.control
	some it in entry.links
}

facts contains {"subject": sprintf("licence %s", [it.ref]), "grade": it.grade, "path": it.path} if {
	some it in input.licences
}

facts contains {"subject": sprintf("weights %s", [it.ref]), "grade": it.grade, "path": it.path} if {
	some it in input.weights
}

weak := [fact | some fact in facts; not fact.grade in parameters.accepted_grades]

# The asset itself where it is a system, else the systems that rest on it; the most critical are among the nearest.
stated contains criticality.stated if input.asset.kind == "system"

stated contains user.criticality if some user in input.consumers.nearest

matters if count(stated & {word | some word in parameters.criticalities}) > 0

default applies := false

applies if matters

applies if null in stated

violation contains {"subject": fact.subject, "message": message, "path": fact.path} if {
	matters
	some fact in weak
	fact.grade != "unresolved"
	message := sprintf("%s of %s is %s, which is not enough here.", [fact.subject, input.asset.ref, fact.grade])
}

unknown contains {"subject": fact.subject, "message": message, "path": fact.path} if {
	matters
	some fact in weak
	fact.grade == "unresolved"
	message := sprintf("%s of %s is not known by any evidence.", [fact.subject, input.asset.ref])
}

unknown contains criticality.question("facts about it are not well known") if {
	not matters
	count(weak) > 0
}
