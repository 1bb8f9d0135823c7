# How much hangs on a system, as its manifest states it.
package allod.lib.criticality

stated := object.get(input.asset.attributes, "criticality", null)

# The system is of one of these criticalities, or does not say.
possible(wanted) if stated in wanted

possible(_) if stated == null

# What to ask of a system that does not say. `why` says what hangs on it.
question(why) := {
	"subject": "criticality",
	"message": sprintf("Nobody states how critical %s is, and %s.", [input.asset.ref, why]),
	"path": [input.asset.ref],
}
