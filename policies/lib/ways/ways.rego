# Ways that a part of a system may run, itself or through an alternative, and who can stand in them.
package allod.lib.ways

# The part and its alternatives, each with the ways that it may run.
options(part) := array.concat(
	[{"known": true, "ways": part.ways}],
	[{"known": other.registered, "ways": other.ways} | some other in part.alternatives],
)

reaches(state, way) if state in {one.country | some one in way.jurisdictions}

# A state holds an option when it reaches every way of it. An option is free when a way surely is, or it needs none.
held(option, state) if {
	count(option.ways) > 0
	every way in option.ways {
		reaches(state, way)
	}
}

free(option, _) if {
	option.known
	count(option.ways) == 0
}

free(option, state) if {
	some way in option.ways
	way.complete
	not reaches(state, way)
}
