# How a thing came to be made from another: the relations along the way that a licence fact names.
package allod.lib.lineage

# Derivations alone lead there: the asset, or a model that it derives from.
is_line(fact) if {
	every step in fact.through {
		step == "derived_from"
	}
}

# A dataset that the asset, or a model that it derives from, was trained on.
is_training_data(fact) if {
	count(fact.through) > 0
	fact.through[count(fact.through) - 1] == "trained_on"
	every step in array.slice(fact.through, 0, count(fact.through) - 1) {
		step == "derived_from"
	}
}

# A model that it derives from, or data that these were trained on.
is_made_from(fact) if {
	fact.depth > 0
	is_line(fact)
}

is_made_from(fact) if is_training_data(fact)

# What was made from it: the thing before it on the way.
maker(fact) := fact.path[count(fact.path) - 2]
