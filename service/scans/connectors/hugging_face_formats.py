"""What the weights of a repository are packed in, told from the names of its files."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

_SUFFIXES: Final = {
    ".ckpt": "pickle",
    ".engine": "tensorrt",
    ".gguf": "gguf",
    ".h5": "hdf5",
    ".joblib": "pickle",
    ".keras": "keras",
    ".mlmodel": "coreml",
    ".msgpack": "msgpack",
    ".nemo": "nemo",
    ".onnx": "onnx",
    ".pickle": "pickle",
    ".pkl": "pickle",
    ".pt": "pickle",
    ".pt2": "pt2",
    ".pth": "pickle",
    ".safetensors": "safetensors",
    ".tflite": "tflite",
}
# `.bin` says nothing: whose file it is tells how it begins. Others are what PyTorch pickles.
_BINARIES: Final = (
    ("openvino", "openvino"),
    ("ggml", "ggml"),
    ("ggjt", "ggml"),
)
# Beside the weights, not weights.
_NO_WEIGHTS: Final = ("training_args", "optimizer", "scheduler", "scaler", "rng_state", "tokenizer", "random_states")


def formats_of(files: Iterable[str], library: str) -> list[str]:
    """The formats, in order; of a file that is no weights nothing."""
    found = set()
    for file in files:
        path = PurePosixPath(file.lower())
        if path.name.startswith(_NO_WEIGHTS):
            continue
        if path.suffix in _SUFFIXES:
            found.add(_SUFFIXES[path.suffix])
        elif path.suffix == ".bin":
            found.add(_binary(path.name, library))
    return sorted(found)


def _binary(name: str, library: str) -> str:
    if library.lower() == "ctranslate2" and name == "model.bin":
        return "ctranslate2"
    return next((format_ for beginning, format_ in _BINARIES if name.startswith(beginning)), "pickle")
