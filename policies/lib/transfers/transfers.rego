# Transfers of personal data to third countries (GDPR, chapter V), seen from the EEA.
package allod.lib.transfers

import data.allod.lib.places

# To a third country, and no mechanism of Articles 46 to 49 is recorded for it.
bare(place) if {
	places.outside(place, ["EEA"])
	place.transfer_mechanism == null
}

# Why a bare transfer has no basis; undefined where it has or may have one.
flaw(place) := "no adequacy decision covers it, and no mechanism is recorded" if {
	bare(place)
	place.adequacy == null
}

flaw(place) := sprintf("%s is not certified under the Data Privacy Framework", [concat(", ", sort(refused))]) if {
	refused := certified(place, false)
	count(refused) > 0
}

# Why nobody can tell.
doubt(place) := places.doubt(place, ["EEA"])

doubt(place) := sprintf("the adequacy decision covers %s alone, and no mechanism is recorded", [condition]) if {
	bare(place)
	place.adequacy != null
	place.adequacy.scope == "partial"
	place.adequacy.requires != "dpf_certified"
	condition := place.adequacy.condition
}

doubt(place) := sprintf("nobody states whether %s is certified under the Data Privacy Framework", [who]) if {
	count(certified(place, false)) == 0
	silent := certified(place, null)
	count(silent) > 0
	who := concat(", ", sort(silent))
}

doubt(place) := "nobody states who runs it, so nobody knows whether that is certified under the Data Privacy Framework" if {
	asks_for_certificate(place)
	count(place.recipients) == 0
}

asks_for_certificate(place) if {
	bare(place)
	place.adequacy != null
	place.adequacy.requires == "dpf_certified"
}

# Recipients of a transfer that asks for certificates, by what is stated of theirs.
certified(place, stated) := {recipient.vendor |
	asks_for_certificate(place)
	some recipient in place.recipients
	recipient.dpf_certified == stated
}
