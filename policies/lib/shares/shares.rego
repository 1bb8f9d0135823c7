# Shares of a whole, for sentences.
package allod.lib.shares

# Basis points as per cent, with two places: 6666 is "66.66 %".
percent(points) := sprintf("%d.%d%d %%", [floor(points / 100), floor((points % 100) / 10), points % 10])
