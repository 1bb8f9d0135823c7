# How a system's figures stand to a threshold of a licence.
package allod.lib.thresholds

users := object.get(input.asset.attributes, "monthly_active_users", null)

revenue := object.get(input.asset.attributes, "annual_revenue_eur", null)

# `above`, `below`, or `unclear`: nobody states the figure, or it lies so near that the rate of exchange decides.
default position(_) := "unclear"

position(threshold) := "above" if {
	threshold.measure == "monthly_active_users"
	users != null
	users > threshold.limit
}

position(threshold) := "below" if {
	threshold.measure == "monthly_active_users"
	users != null
	users <= threshold.limit
}

# A euro has always been worth more than half a dollar and less than two. A month is a twelfth of the year.
position(threshold) := "above" if {
	threshold.measure in {"annual_revenue", "monthly_revenue"}
	revenue != null
	revenue > (threshold.limit * months[threshold.measure]) * 2
}

position(threshold) := "below" if {
	threshold.measure in {"annual_revenue", "monthly_revenue"}
	revenue != null
	revenue * 2 <= threshold.limit * months[threshold.measure]
}

months := {"annual_revenue": 1, "monthly_revenue": 12}

words := {
	"monthly_active_users": "monthly active users",
	"annual_revenue": "US$ of annual revenue",
	"monthly_revenue": "US$ of monthly revenue",
}

attribute := {
	"monthly_active_users": "monthly_active_users",
	"annual_revenue": "annual_revenue_eur",
	"monthly_revenue": "annual_revenue_eur",
}
