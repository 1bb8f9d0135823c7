"""What a model takes and makes, told from its task as hubs and libraries name it (`text-generation`).

The tasks are those of https://huggingface.co/tasks. That a task makes something is said where it makes content; a class, a
box or a vector is none, and of those models nothing is said.
"""

from collections.abc import Mapping
from typing import Final

from service.inventory.facts import Grade
from service.scans.draft import Draft

# Task -> modalities, and what it generates.
_TASKS: Final[Mapping[str, tuple[str, str]]] = {
    "any-to-any": ("audio image text video", "text"),
    "audio-classification": ("audio", ""),
    "audio-text-to-text": ("audio text", "text"),
    "audio-to-audio": ("audio", "audio"),
    "automatic-speech-recognition": ("audio text", "text"),
    "conversational": ("text", "text"),
    "depth-estimation": ("image", ""),
    "document-question-answering": ("image text", ""),
    "feature-extraction": ("text", ""),
    "fill-mask": ("text", ""),
    "image-classification": ("image", ""),
    "image-feature-extraction": ("image", ""),
    "image-segmentation": ("image", ""),
    "image-text-to-image": ("image text", "image"),
    "image-text-to-text": ("image text", "text"),
    "image-text-to-video": ("image text video", "video"),
    "image-to-3d": ("3d image", ""),
    "image-to-image": ("image", "image"),
    "image-to-text": ("image text", "text"),
    "image-to-video": ("image video", "video"),
    "keypoint-detection": ("image", ""),
    "mask-generation": ("image", ""),
    "object-detection": ("image", ""),
    "question-answering": ("text", ""),
    "reinforcement-learning": ("control", ""),
    "robotics": ("control", ""),
    "sentence-similarity": ("text", ""),
    "summarization": ("text", "text"),
    "table-question-answering": ("table text", ""),
    "tabular-classification": ("table", ""),
    "tabular-regression": ("table", ""),
    "text-classification": ("text", ""),
    "text-generation": ("text", "text"),
    "text-ranking": ("text", ""),
    "text-to-3d": ("3d text", ""),
    "text-to-audio": ("audio text", "audio"),
    "text-to-image": ("image text", "image"),
    "text-to-speech": ("audio text", "audio"),
    "text-to-video": ("text video", "video"),
    "text2text-generation": ("text", "text"),
    "time-series-forecasting": ("time-series", ""),
    "token-classification": ("text", ""),
    "translation": ("text", "text"),
    "unconditional-image-generation": ("image", "image"),
    "video-classification": ("video", ""),
    "video-text-to-text": ("text video", "text"),
    "video-to-video": ("video", "video"),
    "visual-document-retrieval": ("image text", ""),
    "visual-question-answering": ("image text", ""),
    "voice-activity-detection": ("audio", ""),
    "zero-shot-classification": ("text", ""),
    "zero-shot-image-classification": ("image text", ""),
    "zero-shot-object-detection": ("image text", ""),
}


def state(draft: Draft, task: str, source: str) -> bool:
    """States on a model what its task tells; answers whether the task is known."""
    modalities, generated = _TASKS.get(task, ("", ""))
    if modalities:
        draft.state("modalities", modalities.split(), grade=Grade.INFERRED, source=source)
    if generated:
        draft.state(f"generates_{generated}", True, grade=Grade.INFERRED, source=source)
    return bool(modalities)
