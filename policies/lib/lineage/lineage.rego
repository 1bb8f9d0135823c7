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

# The relations that lead from one fact to another that lies behind it on the same way; undefined where it does not.
steps(made, source) := array.slice(source.through, made.depth, count(source.through)) if {
	count(source.path) > count(made.path)
	array.slice(source.path, 0, count(made.path)) == made.path
}

# Derivations alone, or with the outputs of a model as training data among them.
is_making(steps) if {
	every step in steps {
		step == "derived_from"
	}
}

is_making(steps) if learns_from_outputs(steps)

# A model was trained on data that the last one, or what derives from it, made.
learns_from_outputs(steps) if {
	some at, step in steps
	step == "generated_by"
	steps[at - 1] == "trained_on"
	every other in array.concat(array.slice(steps, 0, at - 1), array.slice(steps, at + 1, count(steps))) {
		other == "derived_from"
	}
}
