# What a licence fact is good for. A guess is told as a guess and never carries a pass.
package allod.lib.licences

known(fact) if {
	fact.status == "resolved"
	fact.match in {"exact", "normalised"}
}

# Text that nothing in the catalogue matches, not even by guess.
unreadable(fact) if {
	fact.status == "unresolved"
	fact.match == "none"
}

# Why the terms are not known; undefined where they are.
doubt(fact) := sprintf("no licence is recorded for %s", [fact.ref]) if fact.status == "absent"

doubt(fact) := sprintf("%s is not registered", [fact.ref]) if fact.status == "dangling"

doubt(fact) := sprintf("no known licence matches the text \"%v\" of %s", [fact.raw, fact.ref]) if unreadable(fact)

doubt(fact) := sprintf("the licence of %s is only guessed from \"%v\"", [fact.ref, fact.raw]) if {
	fact.status in {"resolved", "unresolved"}
	not known(fact)
	not unreadable(fact)
}

# The asset's own licence: at most one.
own := [fact | some fact in input.licences; fact.depth == 0]

# A licensor is not bound by what he asks of others.
same_publisher(one, other) if {
	one.publisher != null
	one.publisher == other.publisher
}
