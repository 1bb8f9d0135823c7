# Who holds a vendor, seen from home. One company may stand in several entries, one for each way.
package allod.lib.holders

import data.allod.lib.places

# Registered or run outside home, or a person or fund from there.
abroad(entry, home) if {
	entry.country != null
	not places.inside({"country": entry.country, "blocs": entry.blocs}, home)
}

abroad(entry, home) if {
	entry.headquarters != null
	not places.inside({"country": entry.headquarters, "blocs": entry.headquarters_blocs}, home)
}

foreign(home) := [entry | some entry in input.holders; abroad(entry, home)]

# Nothing says that they are at home: their seat is not known, or nobody states who they are.
doubtful(home) := [entry |
	some entry in input.holders
	not abroad(entry, home)
	null in {entry.country, entry.headquarters}
]

# What is held through one of these already counts with it, and so does what is left of it.
nearest(entries) := [entry | some entry in entries; not counted(entry, entries)]

counted(entry, entries) if {
	some other in entries
	count(other.path) < count(entry.path)
	other.path == array.slice(entry.path, 0, count(other.path))
}

counted(entry, entries) if {
	not entry.holder
	some other in entries
	other.holder
	other.path == entry.path
}

# Stated shares added up, in millionths.
held(entries) := sum([entry.share | some entry in entries; entry.share != null])

unstated(entries) if {
	some entry in entries
	entry.share == null
}

# Millionths as per cent, rounded up to two places: 240001 is "24.01 %".
percent(millionths) := sprintf("%d.%d%d %%", [floor(points / 100), floor((points % 100) / 10), points % 10]) if {
	points := ceil(millionths / 100)
}
