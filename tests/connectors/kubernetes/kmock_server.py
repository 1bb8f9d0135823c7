"""Starts kmock on a port, with the kinds of a cluster that has KServe, Ray and PyTorchJob. Run by its own Python."""

import asyncio
import sys

import kmock  # type: ignore[import-not-found]  # lives in an environment of its own

KINDS = (
    "v1/nodes v1/pods apps/v1/deployments apps/v1/statefulsets apps/v1/daemonsets batch/v1/jobs batch/v1/cronjobs "
    "kubeflow.org/v1/pytorchjobs ray.io/v1/rayservices ray.io/v1/rayclusters serving.kserve.io/v1beta1/inferenceservices"
)


async def serve(port: int) -> None:
    """Serves until the process is ended."""
    async with kmock.KubernetesEmulator() as handler, kmock.Server(handler, port=port):
        for kind in KINDS.split():
            handler.resources[kind] = {}
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
