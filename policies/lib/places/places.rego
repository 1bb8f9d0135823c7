# Places, seen from a list of allowed ones: each entry is a bloc, a country or a subdivision.
package allod.lib.places

inside(place, allowed) if {
	some bloc in place.blocs
	bloc in allowed
}

inside(place, allowed) if place.country in allowed

inside(place, allowed) if place.subdivision in allowed

outside(place, allowed) if {
	place.status == "known"
	not inside(place, allowed)
	not perhaps_inside(place, allowed)
}

# Why nobody can tell whether a place is inside; undefined where it can be told.
doubt(place, _) := sprintf("%s is not registered", [name(place)]) if place.status == "dangling"

doubt(place, _) := sprintf("the country of %s is not known", [name(place)]) if place.status == "no_country"

doubt(place, _) := sprintf("nothing says where %s is", [name(place)]) if place.status == "no_region"

doubt(place, allowed) := message if {
	perhaps_inside(place, allowed)
	message := sprintf("only parts of %s are allowed, and nothing says in which %s lies", [place.country, name(place)])
}

# A part of the country is allowed, and which part the place is in is not known.
perhaps_inside(place, allowed) if {
	place.subdivision == null
	not inside(place, allowed)
	some entry in allowed
	startswith(entry, sprintf("%s-", [place.country]))
}

# The region; of a host or service without one, the host or service.
name(place) := place.region if place.region != null

name(place) := place.path[count(place.path) - 1] if place.region == null

# What a finding about the place is known by, whatever else changes.
subject(place) := sprintf("%s %s", [place.purpose, name(place)])

# Where a known place lies, as precisely as is known.
position(place) := place.subdivision if place.subdivision != null

position(place) := place.country if place.subdivision == null
