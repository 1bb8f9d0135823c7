# Chains of control: who, from the operator up through its owners, decides what the operator does.
package allod.lib.chain

# Companies that decide in the one below them: the operator, and an owner with a veto or a share of `threshold` and more.
decides(link, _) if link.role == "operator"

decides(link, _) if link.veto

decides(link, threshold) if link.share >= threshold

# A share that nobody states may be any share.
may_decide(link, threshold) if decides(link, threshold)

may_decide(link, _) if link.share == null

# A company commands the operator if every company on the way down from it decides in the next: nobody commands through
# a minority holding.
commands(entry, link, threshold) if {
	deciding := {step.path | some step in entry.links; decides(step, threshold)}
	every step in way(entry, link) {
		step.path in deciding
	}
}

may_command(entry, link, threshold) if {
	deciding := {step.path | some step in entry.links; may_decide(step, threshold)}
	every step in way(entry, link) {
		step.path in deciding
	}
}

# The companies from the operator up to this one, itself included.
way(entry, link) := [step |
	some step in entry.links
	step.path == array.slice(link.path, 0, count(step.path))
]

# A law is foreign unless its country is at home, itself or through a bloc that it belongs to.
foreign(link, regime, home) if not domestic(link, regime, home)

domestic(_, regime, home) if regime.country in home

domestic(link, regime, home) if {
	regime.country == link.country
	some bloc in link.blocs
	bloc in home
}

domestic(link, regime, home) if {
	regime.country == link.headquarters
	some bloc in link.headquarters_blocs
	bloc in home
}

# Where knowledge of an incomplete chain stops, as far as it matters: not above a company that cannot command.
gaps(entry, threshold) := {end |
	entry.status != "complete"
	some end in ends(entry)
	not idle(entry, end, threshold)
}

ends(entry) := entry.ends if count(entry.ends) > 0

ends(entry) := [entry.of] if count(entry.ends) == 0

idle(entry, end, threshold) if {
	known := [link | some link in entry.links; link.vendor == end]
	count(known) > 0
	every link in known {
		not may_command(entry, link, threshold)
	}
}

# What a company is to the thing that the chain starts at.
part(link) := "operator" if link.role == "operator"

part(link) := "an owner of the operator" if link.role == "owner"
