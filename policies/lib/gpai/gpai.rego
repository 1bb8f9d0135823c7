# General-purpose AI models in the sense of the AI Act: which are, since when they are bound, and which are exempt.
# Commission guidelines of 18 July 2025: more than 10^23 FLOP of training, and made to generate.
package allod.lib.gpai

flop := object.get(input.asset.attributes, "training_flop", null)

generates := {
	object.get(input.asset.attributes, "generates_text", null),
	object.get(input.asset.attributes, "generates_image", null),
	object.get(input.asset.attributes, "generates_audio", null),
	object.get(input.asset.attributes, "generates_video", null),
}

default general_purpose := "unclear"

general_purpose := "yes" if {
	flop != null
	flop > 1e23
	true in generates
}

general_purpose := "no" if little

general_purpose := "no" if generates == {false}

little if {
	flop != null
	flop <= 1e23
}

released := object.get(input.asset.attributes, "weights_released_on", null)

milestone(id) := [one | some one in input.ai_act; one.id == id][0]

# Placed on the market before the duties began, a model has until the later day.
default in_time := "unclear"

in_time := "yes" if milestone("gpai-legacy").applies

in_time := "yes" if {
	milestone("gpai").applies
	released != null
	released >= milestone("gpai").applies_on
}

in_time := "no" if not_yet

not_yet if milestone("gpai").applies == false

not_yet if {
	milestone("gpai-legacy").applies == false
	released != null
	released < milestone("gpai").applies_on
}

gaps contains {"subject": "training_flop", "text": text} if {
	general_purpose == "unclear"
	text := sprintf("Nobody states with how much computation %s was trained, or what it generates", [input.asset.ref])
}

gaps contains {"subject": "weights_released_on", "text": text} if {
	in_time == "unclear"
	text := sprintf("Since when %s is bound by the AI Act cannot be told: its day of release, or that of the law, is not known", [input.asset.ref])
}

systemic if object.get(input.asset.attributes, "systemic_risk", null) == true

systemic if {
	flop != null
	flop > 1e25
}

monetised := object.get(input.asset.attributes, "monetised", null)

weights := object.get(input.asset.attributes, "weights", null)

card := object.get(input.asset.attributes, "card", null)

# `foss` is what the model's licence is; null where nobody knows.
barred(_) if systemic

barred(_) if monetised == true

barred(_) if weights in {"gated", "closed"}

barred(foss) if foss == false

default exempt(_) := "unclear"

exempt(foss) := "no" if barred(foss)

exempt(foss) := "yes" if {
	foss == true
	not barred(foss)
	monetised == false
	weights == "open"
	card != null
}
