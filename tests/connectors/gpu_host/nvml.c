/* A libnvidia-ml.so.1 without a GPU: it says what the environment variables FAKE_* tell it to say.
 *
 * It stands for the driver's library in tests, so that the real binding (pynvml) goes its real way through ctypes. Signatures
 * and structures are those of NVIDIA's published nvml.h. OLD leaves out what drivers before 535 do not have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int result;
typedef void *device;

enum { SUCCESS = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6 };

static const char *text(const char *key, unsigned index, const char *otherwise) {
    char name[64];
    snprintf(name, sizeof name, key, index);
    const char *value = getenv(name);
    return value ? value : otherwise;
}

static long long number(const char *key, unsigned index, long long otherwise) {
    const char *value = text(key, index, NULL);
    return value ? atoll(value) : otherwise;
}

/* A GPU's handle is its index plus one; a slice's is a thousand times that, plus its own index. */
static unsigned index_of(device one) { return (unsigned)(size_t)one - 1; }

result nvmlInitWithFlags(unsigned flags) { (void)flags; return number("FAKE_INIT", 0, SUCCESS); }

result nvmlShutdown(void) { return number("FAKE_SHUTDOWN", 0, SUCCESS); }

const char *nvmlErrorString(result code) { (void)code; return "an error that only this library knows"; }

result nvmlSystemGetDriverVersion(char *version, unsigned length) {
    snprintf(version, length, "%s", text("FAKE_DRIVER", 0, "570.86.15"));
    return number("FAKE_DRIVER_CODE", 0, SUCCESS);
}

result nvmlSystemGetCudaDriverVersion_v2(int *version) {
    *version = number("FAKE_CUDA", 0, 12080);
    return number("FAKE_CUDA_CODE", 0, SUCCESS);
}

#ifndef OLD
typedef struct { unsigned version, environment, feature, tools, several; } settings;
typedef struct { unsigned environment, feature, tools; } state;

result nvmlSystemGetConfComputeSettings(settings *found) {
    if (found->version != 0x1000014) return 25; /* the version of the structure is not the one that the caller means */
    found->environment = number("FAKE_CC_ENVIRONMENT", 0, 2);
    found->feature = number("FAKE_CC", 0, 0);
    found->tools = number("FAKE_CC_TOOLS", 0, 0);
    found->several = number("FAKE_CC_SEVERAL", 0, 0);
    return number("FAKE_CC_SETTINGS_CODE", 0, SUCCESS);
}

result nvmlSystemGetConfComputeState(state *found) {
    found->environment = number("FAKE_CC_ENVIRONMENT", 0, 2);
    found->feature = number("FAKE_CC", 0, 0);
    found->tools = number("FAKE_CC_TOOLS", 0, 0);
    return number("FAKE_CC_STATE_CODE", 0, SUCCESS);
}
#endif

result nvmlDeviceGetCount_v2(unsigned *count) {
    *count = number("FAKE_COUNT", 0, 0);
    return number("FAKE_COUNT_CODE", 0, SUCCESS);
}

result nvmlDeviceGetHandleByIndex_v2(unsigned index, device *found) {
    *found = (device)(size_t)(index + 1);
    return number("FAKE_GPU%u_CODE", index, SUCCESS);
}

result nvmlDeviceGetName(device one, char *name, unsigned length) {
    unsigned slice = (unsigned)(size_t)one;
    if (slice >= 1000)
        snprintf(name, length, "%s", text("FAKE_SLICE%u", slice % 1000, ""));
    else
        snprintf(name, length, "%s", text("FAKE_GPU%u", index_of(one), "NVIDIA H100 80GB HBM3"));
    return SUCCESS;
}

result nvmlDeviceGetMemoryInfo(device one, unsigned long long memory[3]) {
    memory[0] = number("FAKE_GPU%u_MEMORY", index_of(one), 85520809984); /* total, free, used */
    memory[1] = (unsigned long long)rand();
    memory[2] = memory[0] - memory[1];
    return number("FAKE_GPU%u_MEMORY_CODE", index_of(one), SUCCESS);
}

result nvmlDeviceGetVirtualizationMode(device one, unsigned *mode) {
    *mode = number("FAKE_GPU%u_VIRTUAL", index_of(one), 0);
    return SUCCESS;
}

#ifndef OLD
result nvmlDeviceGetMigMode(device one, unsigned *current, unsigned *pending) {
    *current = *pending = number("FAKE_GPU%u_MIG", index_of(one), 0);
    return *current == 9 ? NOT_SUPPORTED : SUCCESS; /* 9: this GPU has no such mode */
}

result nvmlDeviceGetMaxMigDeviceCount(device one, unsigned *count) { (void)one; *count = 7; return SUCCESS; }

result nvmlDeviceGetMigDeviceHandleByIndex(device one, unsigned index, device *found) {
    *found = (device)(size_t)((index_of(one) + 1) * 1000 + index);
    const char *name = text("FAKE_SLICE%u", index, "");
    return !*name ? NOT_FOUND : strcmp(name, "hidden") ? SUCCESS : NOT_SUPPORTED;
}
#endif
