# METADATA
# title: Every language of a system's users is one of a model behind it
# description: >-
#   For each language that a system's users speak, a model that it runs on, directly or through a service, declares that
#   language: `de` covers `de-AT` and the other way round, `zh-Hans` does not cover `zh-Hant`.
# custom:
#   id: CUL-001
#   severity: low
#   kinds: [system]
#   remedy: >-
#     Add a model that speaks the language, or tell users that it is not served. Where it is not known, state `languages` of
#     the system, and of the model that is named; for a service, what it `serves`.
#   controls: []
#   reads: [languages, attributes.languages]
#   introduced: 0.1.0
package allod.rules.culture.languages_covered

spoken := object.get(input.asset.attributes, "languages", null)

# ISO 639 has words for "several" and "not determined"; neither says which.
vague := {"mul", "und", "mis"}

covered(language) if {
	some fact in input.languages
	fact.languages != null
	some other in fact.languages
	not lower(other) in vague
	same(lower(language), lower(other))
}

# One is the other, or more exactly the same (RFC 4647, basic filtering, both ways).
same(a, b) if a == b

same(a, b) if startswith(a, sprintf("%s-", [b]))

same(a, b) if startswith(b, sprintf("%s-", [a]))

uncovered := [language | spoken != null; some language in spoken; not covered(language)]

# Models that do not say which languages they speak, so that they may speak any.
silent := [fact | some fact in input.languages; is_silent(fact)]

is_silent(fact) if fact.languages == null

is_silent(fact) if {
	fact.languages != null
	some language in fact.languages
	lower(language) in vague
}

default applies := false

applies if count(input.languages) > 0

violation contains finding if {
	count(silent) == 0
	some language in uncovered
	finding := {
		"subject": sprintf("language %s", [language]),
		"message": sprintf("Users of %s speak %s, and no model behind it declares that language.", [input.asset.ref, language]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	count(uncovered) > 0
	some fact in silent
	finding := {
		"subject": sprintf("languages %s", [fact.ref]),
		"message": sprintf("Nothing states which languages %s speaks: no other model is known to cover %s.", [
			fact.ref, concat(", ", uncovered),
		]),
		"path": fact.path,
	}
}

unknown contains {"subject": "languages", "message": message, "path": [input.asset.ref]} if {
	spoken == null
	message := sprintf("Nobody states which languages the users of %s speak.", [input.asset.ref])
}
