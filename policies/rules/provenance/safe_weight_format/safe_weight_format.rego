# METADATA
# title: Weights come in a format that runs no code
# description: >-
#   The weights of a model are there in a format that holds numbers alone. A pickle, and what wraps one, runs whatever its
#   author put in when it is loaded. Closed weights are loaded by nobody else and not judged.
# custom:
#   id: PRV-004
#   severity: high
#   kinds: [model]
#   remedy: >-
#     Take the weights in a safe format (`safetensors`, `gguf`, `onnx`) and record it in `formats`, or convert them in a
#     sandbox and register the result.
#   controls:
#     - {framework: NIST AI RMF 1.0, id: MANAGE 3.2, title: Pre-trained models are monitored as part of regular monitoring}
#   reads: [attributes.formats, attributes.weights]
#   introduced: 0.2.0
package allod.rules.provenance.safe_weight_format

# Numbers and names alone. A Keras archive is none: it may hold code (Lambda layers).
safe := {"safetensors", "gguf", "ggml", "onnx", "npz", "npy", "tflite", "flatbuffers"}

# Pickles, and archives of them.
running := {"pickle", "pkl", "pytorch", "pytorch_bin", "torch", "pt", "pth", "bin", "ckpt", "joblib", "dill", "cloudpickle"}

stated := {lower(format) | some format in object.get(input.asset.attributes, "formats", [])}

default applies := false

applies if object.get(input.asset.attributes, "weights", null) != "closed"

violation contains finding if {
	count(stated) > 0
	count(stated - running) == 0
	finding := {
		"subject": "formats",
		"message": sprintf("The weights of %s come only in formats that run code when loaded: %s.", [
			input.asset.ref, concat(", ", sort(stated)),
		]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	count(stated) == 0
	finding := {
		"subject": "formats",
		"message": sprintf("Nobody states in which formats the weights of %s come.", [input.asset.ref]),
		"path": [input.asset.ref],
	}
}

unknown contains finding if {
	strange := stated - running
	count(strange) > 0
	count(strange & safe) == 0
	finding := {
		"subject": "formats",
		"message": sprintf("Whether the weights of %s run code when loaded is not known: %s.", [
			input.asset.ref, concat(", ", sort(strange)),
		]),
		"path": [input.asset.ref],
	}
}
