"""NVIDIA's driver, asked through its management library (NVML): what it says of itself and of every GPU.

All calls into `pynvml` stand here. What a driver or a GPU of this kind does not know at all is None; what it should know
and cannot say (a GPU that fell off the bus, a driver that does not fit its library) is a `Failure`.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from service.scans.failures import SourceFailure

_GIB: Final = 2**30
_SLICE: Final = " MIG "  # a slice is called `NVIDIA A100-SXM4-40GB MIG 1g.5gb`


class Sharing(StrEnum):
    """How a GPU comes to this machine."""

    WHOLE = "whole"
    PASSED_THROUGH = "passed through to a virtual machine"
    VIRTUAL = "a virtual GPU"
    LENT = "lent out as virtual GPUs"


class Absent(Exception):
    """There is no NVML on this machine, or no driver behind it; `loaded` tells which."""

    def __init__(self, words: str, *, loaded: bool) -> None:
        super().__init__(words)
        self.loaded = loaded


class Failure(Exception):
    """The driver or a GPU does not answer as it should; in words for people."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU. `slices` are the profiles of its MIG instances, `sliced` whether MIG is on, None where it has no MIG."""

    name: str
    memory_gib: float | None
    sliced: bool | None
    slices: tuple[str, ...]
    sharing: Sharing | None


@dataclass(frozen=True, slots=True)
class Driver:
    """The driver: its version, the newest CUDA that it carries, and the state of confidential computing.

    `confidential_mode` says it in words, None where the driver knows no such thing.
    """

    version: str
    cuda: str | None
    confidential: bool
    confidential_mode: str | None


class Library:
    """NVML while it is open."""

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        self._unknown = (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound, nvml.NVMLError_NoPermission)
        self._sharing = {
            nvml.NVML_GPU_VIRTUALIZATION_MODE_NONE: Sharing.WHOLE,
            nvml.NVML_GPU_VIRTUALIZATION_MODE_PASSTHROUGH: Sharing.PASSED_THROUGH,
            nvml.NVML_GPU_VIRTUALIZATION_MODE_VGPU: Sharing.VIRTUAL,
            nvml.NVML_GPU_VIRTUALIZATION_MODE_HOST_VGPU: Sharing.LENT,
            nvml.NVML_GPU_VIRTUALIZATION_MODE_HOST_VSGA: Sharing.LENT,
        }

    def driver(self) -> Driver:
        """What the driver says of itself.

        Raises:
            Failure: it does not answer.
        """
        with self._failing():
            version = str(self._nvml.nvmlSystemGetDriverVersion())
            cuda = self._maybe(self._nvml.nvmlSystemGetCudaDriverVersion_v2)
            confidential, mode = self._confidential()
        # 12080 is 12.8
        return Driver(version, f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else None, confidential, mode)

    def count(self) -> int:
        """How many GPUs the driver has, lost ones among them.

        Raises:
            Failure: it does not answer.
        """
        with self._failing():
            return int(self._nvml.nvmlDeviceGetCount())

    def gpu(self, index: int) -> Gpu:
        """One GPU.

        Raises:
            Failure: it does not answer.
        """
        nvml = self._nvml
        with self._failing():
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            name = str(nvml.nvmlDeviceGetName(handle))
            memory = self._maybe(nvml.nvmlDeviceGetMemoryInfo, handle)
            mode = self._maybe(nvml.nvmlDeviceGetMigMode, handle)
            sliced = None if mode is None else mode[0] == nvml.NVML_DEVICE_MIG_ENABLE
            sharing = self._maybe(nvml.nvmlDeviceGetVirtualizationMode, handle)
            return Gpu(
                name=name,
                # What is kept back for the driver is not counted, so an H100 of 80 GB says 79.6.
                memory_gib=round(memory.total / _GIB, 1) if memory is not None else None,
                sliced=sliced,
                slices=tuple(sorted(self._slices(handle))) if sliced else (),
                sharing=self._sharing.get(sharing),
            )

    def _slices(self, handle: Any) -> Iterator[str]:
        nvml = self._nvml
        for index in range(self._maybe(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            with suppress(nvml.NVMLError_NotFound):  # places are numbered, and not all are taken
                one = self._maybe(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
                if one is not None:
                    name = str(nvml.nvmlDeviceGetName(one))
                    yield name.partition(_SLICE)[2] or name

    def _confidential(self) -> tuple[bool, str | None]:
        """Whether the GPUs compute confidentially, and the mode in words."""
        nvml = self._nvml
        state = nvml.c_nvmlSystemConfComputeSettings_v1_t()
        several = nvml.NVML_CC_SYSTEM_MULTIGPU_NONE
        try:
            if (code := nvml.nvmlSystemGetConfComputeSettings(ctypes.byref(state))) != nvml.NVML_SUCCESS:
                raise nvml.NVMLError(code)
            several = state.multiGpuMode
        except (*self._unknown, nvml.NVMLError_ArgumentVersionMismatch):
            state = self._maybe(nvml.nvmlSystemGetConfComputeState)
        if state is None:
            # A GPU that computes confidentially has a driver that says so.
            return False, None
        if state.ccFeature != nvml.NVML_CC_SYSTEM_FEATURE_ENABLED and several == nvml.NVML_CC_SYSTEM_MULTIGPU_NONE:
            return False, "off"
        if state.devToolsMode != nvml.NVML_CC_SYSTEM_DEVTOOLS_MODE_OFF:
            return False, "on, open for developers' tools"
        if state.environment != nvml.NVML_CC_SYSTEM_ENVIRONMENT_PROD:
            return False, "on, simulated"
        protected = several == nvml.NVML_CC_SYSTEM_MULTIGPU_PROTECTED_PCIE
        return True, "on, as protected PCIe" if protected else "on"

    def _maybe(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """The answer, None where this GPU or driver does not know the question."""
        try:
            return call(*arguments)
        except self._unknown:
            return None

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except self._nvml.NVMLError as error:
            raise Failure(str(error)) from error


@contextmanager
def opened() -> Iterator[Library]:
    """NVML, opened and closed again.

    Raises:
        Absent: there is none, or no driver is loaded.
        Failure: it cannot be opened.
        SourceFailure: the binding is not installed.
    """
    try:
        import pynvml
    except ImportError as error:
        raise SourceFailure("nvidia-ml-py is not installed: pip install 'allod[gpu]'") from error
    try:
        pynvml.nvmlInit()
    except (pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded) as error:
        raise Absent(str(error), loaded=isinstance(error, pynvml.NVMLError_DriverNotLoaded)) from error
    except pynvml.NVMLError as error:
        raise Failure(str(error)) from error
    try:
        yield Library(pynvml)
    finally:
        with suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()
