# Duties of a licence to bear a name or to show a text.
package allod.lib.naming

# What is lacking in `bearer` (a fact, or an asset's name and notices) of what `fact` asks for on this trigger. `sure` tells
# whether it is lacking, or whether nobody states the notices.
gaps(bearer, fact, trigger) := [gap |
	some duty in fact.conditions.naming
	trigger in duty.triggers
	some gap in lacking(bearer, fact, duty)
]

lacking(bearer, fact, duty) := [gap |
	duty.name_prefix
	not startswith(plain(bearer.released_name), plain(duty.name_prefix))
	gap := {
		"sure": true,
		"finding": {
			"subject": sprintf("name %s", [fact.ref]),
			"message": sprintf("The name of %s (%s) does not start with \"%s\", as %s (%s) asks.", [
				bearer.ref, bearer.released_name, duty.name_prefix, fact.ref, fact.expression,
			]),
			"path": fact.path,
		},
	}
] if {
	duty.name_prefix
}

lacking(bearer, fact, duty) := [gap |
	not shown(bearer, duty)
	gap := {
		"sure": bearer.notices != null,
		"finding": {
			"subject": sprintf("notice %s", [fact.ref]),
			"message": sprintf("%s \"%s\", as %s (%s) asks.", [said(bearer), duty.built_with, fact.ref, fact.expression]),
			"path": fact.path,
		},
	}
] if {
	duty.built_with
}

shown(bearer, duty) if {
	bearer.notices != null
	some notice in bearer.notices
	contains(plain(notice), plain(duty.built_with))
}

said(bearer) := sprintf("Nobody states whether %s shows", [bearer.ref]) if bearer.notices == null

said(bearer) := sprintf("%s does not show", [bearer.ref]) if bearer.notices != null

# Names are written with blanks, hyphens and underscores alike.
plain(name) := replace(replace(lower(name), "-", " "), "_", " ")
