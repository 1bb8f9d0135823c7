# METADATA
# title: The system is within the size that its licences allow
# description: >-
#   Users and revenue of a system do not exceed what the licences of its parts, at any depth, allow without another
#   agreement. The figures of the system are taken for those of the licensee; revenue in euro is compared with a limit in
#   dollars only where no rate of exchange between half and two could change the answer.
# custom:
#   id: LIC-005
#   severity: high
#   kinds: [system]
#   remedy: >-
#     Obtain the licence that the licensor grants above the threshold and record it, or replace the part at the end of the
#     path. Where figures are missing, state `monthly_active_users` and `annual_revenue_eur`, affiliates included.
#   controls:
#     - {framework: NIST AI RMF 1.0, id: MAP 4.1, title: Legal risks of components and of third-party data and software}
#   reads: [licences, attributes.monthly_active_users, attributes.annual_revenue_eur]
#   introduced: 0.2.0
package allod.rules.licensing.size_threshold

import data.allod.lib.licences
import data.allod.lib.thresholds

default applies := false

applies if count(input.licences) > 0

limits := [limit |
	some fact in input.licences
	licences.known(fact)
	some threshold in fact.conditions.thresholds
	threshold.effect == "licence_required"
	limit := {"fact": fact, "threshold": threshold, "position": thresholds.position(threshold)}
]

violation contains finding if {
	some limit in limits
	limit.position == "above"
	finding := {
		"subject": sprintf("%s %s", [limit.threshold.measure, limit.fact.ref]),
		"message": sprintf("%s exceeds %d %s, above which %s (%s) asks for another licence.", [
			input.asset.ref, limit.threshold.limit, thresholds.words[limit.threshold.measure],
			limit.fact.ref, limit.fact.expression,
		]),
		"path": limit.fact.path,
	}
}

unknown contains finding if {
	some limit in limits
	limit.position == "unclear"
	finding := {
		"subject": sprintf("%s %s", [limit.threshold.measure, limit.fact.ref]),
		"message": sprintf("%s (%s) asks for another licence above %d %s; whether %s exceeds that cannot be told from `%s`.", [
			limit.fact.ref, limit.fact.expression, limit.threshold.limit,
			thresholds.words[limit.threshold.measure], input.asset.ref, thresholds.attribute[limit.threshold.measure],
		]),
		"path": limit.fact.path,
	}
}

unknown contains finding if {
	some fact in input.licences
	finding := {
		"subject": fact.ref,
		"message": sprintf("Whether a licence sets a limit is not known: %s.", [licences.doubt(fact)]),
		"path": fact.path,
	}
}
