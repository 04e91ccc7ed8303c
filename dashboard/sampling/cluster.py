"""The crew on Dask distributed (分布式执行): processes of this machine by default, or a scheduler somewhere else.

What travels is pickled, and whoever can speak to a scheduler or worker can have it run anything. So the cluster of
this machine listens on the loopback address only, behind certificates that live in memory and die with it, and one
elsewhere wants `tls://` and the certificates of `[video] tls_…`. No web page, no metrics, no other port is opened.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import threading
from asyncio import CancelledError
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import dask.config
from distributed import Client, Future, Nanny, Scheduler, Security, SpecCluster, Worker

from collectors.redact import redact
from dashboard.sampling.crew import CAPTURE, LOOK, Crew, CrewError, Done, Threads
from dashboard.settings import Settings, VideoSettings

HERE = "127.0.0.1"
CONNECT_SECONDS = 10.0
GATHER_SECONDS = 120.0
NO_PAGES: dict[str, list[str]] = {"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}

log = logging.getLogger("mingcha.sampling")


class QuietScheduler(Scheduler):
    """A scheduler without the web server that Dask starts otherwise."""

    def start_http_server(self, *_given: Any, **_options: Any) -> None:
        """Open no port."""


class QuietWorker(Worker):
    """A worker without a web server, on one core with its decoders: `workers` says how many cores looking may take."""

    def __init__(self, *given: Any, **options: Any) -> None:
        import cv2

        cv2.setNumThreads(1)  # more threads would only wait for each other
        keep_to_core(int(options["name"]))
        super().__init__(*given, **options)

    def start_http_server(self, *_given: Any, **_options: Any) -> None:
        """Open no port."""


def keep_to_core(number: int) -> None:
    """Run this process, and those it will start, on one core, the `number`-th of those it may use."""
    cores = sorted(os.sched_getaffinity(0))
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), {cores[number % len(cores)]})


class OnDask:
    """A crew whose steps are tasks of a Dask cluster. The keys of tasks hold codes of samples and cameras only."""

    def __init__(self, client: Client, cluster: SpecCluster | None, model: str | None) -> None:
        self.client, self.cluster, self.model = client, cluster, model

    def start(self, kind: str, name: str, place: str | None, done: Done, step: Callable[..., Any], *given: Any) -> Any:
        needs = {kind: 1, **({place: 1} if place else {})}
        future = self.client.submit(
            step, *given, key=f"{kind}-{name}-{uuid4().hex[:8]}", resources=needs, pure=False, allow_other_workers=False
        )
        future.add_done_callback(lambda ended: done(_result_of(ended)))
        return future

    def trouble(self, place: str | None) -> str | None:
        """Why no worker could do the work just now, if none could."""
        if self.client.status != "running":
            return "The Dask scheduler does not answer any more."
        offers = [set(worker["resources"]) for worker in self.client.scheduler_info()["workers"].values()]
        if not offers:
            return "No worker is connected to the Dask scheduler."
        needs = {CAPTURE, LOOK, *([place] if place else [])}
        if not any(needs <= offer for offer in offers):
            return f"No worker of the Dask scheduler offers the resources {', '.join(sorted(needs))}."
        return None

    def cancel(self, handles: list[Any]) -> None:
        with suppress(Exception):  # it is gone already: nothing is left to cancel
            self.client.cancel(handles, force=True)

    def close(self) -> None:
        """End at once: what the processes have in hand stays open, and the next run takes it again."""
        if self.cluster is not None:
            for nanny in self.cluster.workers.values():
                nanny.auto_restart = False
                with suppress(ProcessLookupError, TypeError):  # it is gone already
                    os.kill(nanny.pid, signal.SIGKILL)
        with suppress(TimeoutError):  # on a busy machine the farewells take longer than anybody should wait
            self.client.close(timeout=2)
            if self.cluster is not None:
                self.cluster.close(timeout=5)


def _result_of(future: Future[Any]) -> Any:
    """What the task returned; its exception as a value."""
    try:
        return future.result(timeout=GATHER_SECONDS)
    except (Exception, CancelledError) as error:  # noqa: BLE001 - handed over to whoever waits, who raises it
        return error


def open_crew(settings: Settings) -> Crew:
    """The crew of `[video]`: threads for `workers = 0`, the scheduler named, else processes of this machine.

    CrewError says what does not answer, or why nothing could be started.
    """
    video = settings.video
    if video.scheduler:
        return _elsewhere(settings, video.scheduler)
    if video.workers == 0:
        return Threads(video.person_model, captures=video.captures)
    return _here(video)


def _elsewhere(settings: Settings, address: str) -> Crew:
    video = settings.video
    files = {name: str(settings.path(path)) for name, path in
             (("tls_ca_file", video.tls_ca), ("tls_client_cert", video.tls_cert), ("tls_client_key", video.tls_key))
             if path}  # fmt: skip
    try:
        security = Security(require_encryption=address.startswith("tls://"), **files)
        client = Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise CrewError(
            f"The Dask scheduler {redact(address)} does not answer: {redact(str(error))}",
            "Start it, or correct [video] scheduler and the tls_ keys.",
        ) from error
    return OnDask(client, None, video.person_model)


def _here(video: VideoSettings) -> Crew:
    count = video.workers or os.cpu_count() or 1
    security = Security.temporary()
    common = {"host": HERE, "protocol": "tls://", "security": security, "dashboard": False, "dashboard_address": None}
    worker = {
        **common,
        "nthreads": video.captures + 1,
        "memory_limit": video.memory_mb * 2**20,
        "resources": {CAPTURE: video.captures, LOOK: 1, **dict.fromkeys(video.places.values(), video.captures + 1)},
        "worker_class": QuietWorker,
        "silence_logs": logging.ERROR,
    }
    try:
        with dask.config.set(NO_PAGES):
            cluster = SpecCluster(
                scheduler={"cls": QuietScheduler, "options": {**common, "port": 0}},
                workers={number: {"cls": Nanny, "options": worker} for number in range(count)},
                security=security,
                silence_logs=logging.ERROR,
            )
            client = Client(cluster, set_as_default=False, timeout=CONNECT_SECONDS)
    except (OSError, RuntimeError) as error:
        raise CrewError(
            f"The {count} processes that look at clips could not be started: {redact(str(error))}",
            "Give the machine memory, or set [video] workers = 0 to do without them.",
        ) from error
    return OnDask(client, cluster, video.person_model)


# --- one crew for the life of a process ------------------------------------------------------------------------------

_shared: dict[tuple[Any, ...], Crew] = {}
_opening = threading.Lock()


def shared_crew(settings: Settings) -> Crew:
    """The crew of this process, opened when it is first needed and opened again when it is gone."""
    key = (settings.home, settings.video.model_dump_json())
    with _opening:
        crew = _shared.get(key)
        if isinstance(crew, OnDask) and crew.client.status != "running":
            log.warning("the crew is gone, opening it again")
            crew.close()
            crew = None
        if crew is None:
            if not _shared:
                atexit.register(close_shared)
            crew = _shared[key] = open_crew(settings)
        return crew


def close_shared() -> None:
    """End the processes of this process's crew; what they were doing stays open for the next run."""
    with _opening:
        while _shared:
            _shared.popitem()[1].close()
