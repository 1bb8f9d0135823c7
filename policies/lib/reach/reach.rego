# Which restricted data is within the asset, and whether that can be told at all.
package allod.lib.reach

# Names of the restricted classes that are there, sorted.
restricted(wanted) := sort({fact.data_class | some fact in input.data.classes; fact.data_class in wanted})

# Restricted data is there, or nobody can say that it is not.
possible(wanted) if count(restricted(wanted)) > 0

possible(_) if count(input.data.undeclared) > 0

# What to ask of the assets that do not state their classes. `why` says what hangs on it.
questions(why) := {finding |
	some path in input.data.undeclared
	ref := path[count(path) - 1]
	finding := {
		"subject": sprintf("data_classes %s", [ref]),
		"message": sprintf("Nobody states which classes of data %s holds, and %s.", [ref, why]),
		"path": path,
	}
}
