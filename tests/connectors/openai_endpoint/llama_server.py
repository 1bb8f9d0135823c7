"""llama.cpp's HTTP server on a tiny model of random numbers, which is written first. Run by its own Python."""

import sys
import threading
from pathlib import Path

import gguf  # type: ignore[import-not-found]  # these three live in an environment of their own
import numpy as np  # type: ignore[import-not-found]
import xllamacpp  # type: ignore[import-not-found]

WIDTH, INNER = 16, 32
LAYER = {"attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH), "attn_output": (WIDTH, WIDTH)}
LAYER |= {"ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER)}


def write(path: Path) -> None:
    """A model of one layer in Llama's form that knows bytes and letters."""
    words = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *"▁abcdefghijklmnopqrstuvwxyz"]
    file = gguf.GGUFWriter(path, "llama")
    file.add_name("Tiny")
    file.add_context_length(64)
    file.add_embedding_length(WIDTH)
    file.add_block_count(1)
    file.add_feed_forward_length(INNER)
    file.add_head_count(2)
    file.add_head_count_kv(2)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_dimension_count(8)
    file.add_tokenizer_model("llama")
    file.add_token_list(words)
    file.add_token_scores([0.0] * len(words))
    file.add_token_types([2, 3, 3] + [6] * 256 + [1] * (len(words) - 259))
    file.add_vocab_size(len(words))
    numbers = np.random.default_rng(1)
    shapes = {"token_embd": (len(words), WIDTH), "output": (len(words), WIDTH), "output_norm": (WIDTH,)}
    shapes |= {f"blk.0.{name}": shape for name, shape in LAYER.items()}
    shapes |= {"blk.0.attn_norm": (WIDTH,), "blk.0.ffn_norm": (WIDTH,)}
    for name, shape in shapes.items():
        file.add_tensor(f"{name}.weight", numbers.standard_normal(shape, dtype=np.float32))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def serve(path: Path, port: int, alias: str, key: str) -> None:
    """Serves until the process is ended."""
    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.port = port
    settings.n_ctx = 64
    settings.n_parallel = 1
    settings.warmup = False
    settings.model_alias = {alias}
    settings.api_keys = [key]
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)  # noqa: T201 -- the log of the test
    threading.Event().wait()


if __name__ == "__main__":
    where = Path(sys.argv[1])
    write(where)
    serve(where, int(sys.argv[2]), sys.argv[3], sys.argv[4])
