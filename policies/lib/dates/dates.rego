# Days, written YYYY-MM-DD as manifests do.
package allod.lib.dates

# Of the years that engines can count in nanoseconds.
is_day(text) if {
	is_string(text)
	regex.match("^(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", text)
}

# Whole days from one to the other, negative where `to` comes first. Rounded because nanoseconds are large numbers.
days_between(from, to) := round((at_midnight(to) - at_midnight(from)) / 86400000000000)

at_midnight(day) := time.parse_rfc3339_ns(sprintf("%sT00:00:00Z", [day]))
