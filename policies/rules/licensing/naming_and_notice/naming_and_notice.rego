# METADATA
# title: Names and notices that licences ask for are there
# description: >-
#   A model bears the name and shows the text that the licences of what it derives from ask of derivatives and of whoever
#   distributes them; a system shows the text asked for by the models it is made of, and what is asked for above a number
#   of users or a revenue that it exceeds. A system is taken to be made available to its users. A licensor is not bound.
# custom:
#   id: LIC-008
#   severity: medium
#   kinds: [model, system]
#   remedy: >-
#     Show the text that is named and record it in `notices`, or release the model under a name that begins as asked.
#     Where nobody states what is shown, state `notices` (an empty list says: nothing).
#   controls:
#     - {framework: NIST AI RMF 1.0, id: MAP 4.1, title: Legal risks of components and of third-party data and software}
#   reads: [licences, attributes.notices, attributes.monthly_active_users, attributes.annual_revenue_eur]
#   introduced: 0.2.0
package allod.rules.licensing.naming_and_notice

import data.allod.lib.licences
import data.allod.lib.lineage
import data.allod.lib.naming
import data.allod.lib.thresholds

# Whoever has to bear the name and show the text.
bearer := licences.own[0] if input.asset.kind == "model"

bearer := {
	"ref": input.asset.ref,
	"released_name": input.asset.name,
	"notices": object.get(input.asset.attributes, "notices", null),
} if {
	input.asset.kind == "system"
}

# Models that the asset derives from or is made of.
sources := [fact | some fact in input.licences; fact.kind == "model"; fact.depth > 0; bound(fact)]

bound(fact) if {
	input.asset.kind == "model"
	lineage.is_line(fact)
	not licences.same_publisher(bearer, fact)
}

bound(fact) if {
	input.asset.kind == "system"
	lineage.is_making(array.slice(fact.through, 1, count(fact.through)))
}

default applies := false

applies if count(sources) > 0

triggers := {"model": {"derivative", "distribution"}, "system": {"distribution"}}

gaps contains gap if {
	some fact in sources
	licences.known(fact)
	some trigger in triggers[input.asset.kind]
	some gap in naming.gaps(bearer, fact, trigger)
}

gaps contains {"sure": sure(gap, position), "finding": gap.finding} if {
	input.asset.kind == "system"
	some fact in sources
	licences.known(fact)
	some threshold in fact.conditions.thresholds
	threshold.effect == "naming_required"
	position := thresholds.position(threshold)
	some gap in naming.gaps(bearer, fact, "threshold")
}

sure(gap, "above") := gap.sure

sure(_, "unclear") := false

violation contains gap.finding if {
	some gap in gaps
	gap.sure
}

unknown contains gap.finding if {
	some gap in gaps
	not gap.sure
}

unknown contains finding if {
	some fact in sources
	finding := {
		"subject": fact.ref,
		"message": sprintf("Which name or notice is asked for is not known: %s.", [licences.doubt(fact)]),
		"path": fact.path,
	}
}
