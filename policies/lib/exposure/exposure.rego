# Foreign reach: which states can compel whoever commands the things that chains of control are of.
package allod.lib.exposure

import data.allod.lib.chain

# Whoever may command one of these things and is under a law foreign to `home`.
of(entries, threshold, home) := [it |
	some entry in entries
	some link in entry.links
	chain.may_command(entry, link, threshold)
	some regime in link.regimes
	chain.foreign(link, regime, home)
	it := {
		"certain": count([1 | chain.commands(entry, link, threshold)]) > 0,
		"reach": [entry.of, regime.country],
		"law": regime.title,
		"path": link.path,
		"vendor": link.vendor,
		"company": company(entry, link),
	}
]

company(entry, link) := sprintf("%s, %s of %s,", [link.name, chain.part(link), entry.of]) if {
	not startswith(entry.of, "vendor:")
}

# A company's own chain: it is the first link itself.
company(entry, link) := link.name if link.vendor == entry.of

company(entry, link) := sprintf("%s, an owner of %s,", [link.name, entry.of]) if {
	startswith(entry.of, "vendor:")
	link.vendor != entry.of
}

certain(exposures) := [it | some it in exposures; it.certain]

# One state's reach over one thing is one finding, told of the company that is nearest, with all of that state's laws.
finding(reached, exposures, rest) := {
	"subject": concat(" ", reached),
	"message": sprintf("%s is under %s (%s)%s.", [nearest[2], concat(" and ", sort(laws)), reached[1], rest]),
	"path": nearest[3],
	"vendor": nearest[1],
	"jurisdiction": reached[1],
} if {
	mine := [it | some it in exposures; it.reach == reached]
	nearest := sort([[count(it.path), it.vendor, it.company, it.path] | some it in mine])[0]
	laws := {it.law | some it in mine; it.vendor == nearest[1]}
}

# What is reached for certain, and what only through a share that nobody states.
reached(exposures) := {it.reach | some it in certain(exposures)}

perhaps_reached(exposures) := {it.reach | some it in exposures} - reached(exposures)
