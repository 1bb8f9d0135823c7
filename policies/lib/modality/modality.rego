# Whether a condition of a licence means a model, by what the model takes and gives: `yes`, `no` or `unclear`.
package allod.lib.modality

meant(_, condition) := "yes" if condition.modality == "any"

meant(fact, condition) := multimodal(fact) if condition.modality == "multimodal"

default multimodal(_) := "unclear"

multimodal(fact) := "no" if {
	count(stated(fact)) > 0
	count(stated(fact) - {"text", "code"}) == 0
}

multimodal(fact) := "yes" if count(stated(fact) & {"text", "image", "audio", "video", "vision", "speech"}) > 1

stated(fact) := {word | fact.modalities != null; some word in fact.modalities}
