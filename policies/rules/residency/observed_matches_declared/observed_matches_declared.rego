# METADATA
# title: What is seen agrees with what is declared
# description: >-
#   Wherever a scanner, an audit or an invoice saw the asset, its declaration has that place for that purpose. A declaration
#   that reality contradicts makes every other rule's pass worthless.
# custom:
#   id: RES-006
#   severity: high
#   kinds: [system, ai_service, dataset, model, gpu_host]
#   remedy: >-
#     Find out who is right. Correct `data_paths`, `stored_in`, `runs_on` or `located_in` of the asset, or take it away from
#     the place where it was seen. Where the declaration is silent about the purpose, state the place.
#   controls:
#     - {framework: GDPR, id: Art. 5(2), title: Accountability}
#   reads: [seen]
#   introduced: 0.1.0
package allod.rules.residency.observed_matches_declared

default applies := false

applies if count(input.seen) > 0

subject(fact) := sprintf("%s %s", [what(fact), fact.region])

what(fact) := fact.purpose if fact.purpose != null

what(fact) := "place" if fact.purpose == null

said(fact, rest) := {
	"subject": subject(fact),
	"message": sprintf("%s saw %s in %s (%s)%s, %s.", [
		fact.source, input.asset.ref, fact.region, what(fact), day(fact), rest,
	]),
	"path": fact.path,
}

day(fact) := sprintf(" on %s", [fact.on]) if fact.on != null

day(fact) := "" if fact.on == null

violation contains said(fact, "and its declaration says that it is elsewhere") if {
	some fact in input.seen
	fact.declared == false
}

unknown contains said(fact, "and its declaration does not tell where it is") if {
	some fact in input.seen
	fact.declared == null
}
