"""Measures the transfer of one big artifact against the bare client, and its memory.

    python benchmarks/artifact_throughput.py                  a SeaweedFS server and a directory
    python benchmarks/artifact_throughput.py --url s3://b/x   any store, e.g. your own
    python benchmarks/artifact_throughput.py --size-mib 64

Each transfer runs in a process of its own, in turns with the bare client at the same chunk size and
concurrency. Resident memory is the peak beyond that of a bare interpreter.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Client

ROOT = Path(__file__).parents[1]
MIB = 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--url", action="append")
    parser.add_argument("--directory", type=Path, help="for the files, default: a temporary one")
    parser.add_argument("--child", nargs=3, metavar=("WHAT", "URL", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(*options.child)))
        return
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        directory = Path(name)
        source = directory / "source"
        write_random(source, options.size_mib)
        if options.url:
            for url in options.url:
                compare(url, source, options.size_mib, options.rounds)
            return
        compare(f"file://{directory}/store", source, options.size_mib, options.rounds)
        with server(directory) as url:
            compare(url, source, options.size_mib, options.rounds)


def compare(url: str, source: Path, size_mib: int, rounds: int) -> None:
    print(f"\n{url.partition('?')[0]}, {size_mib} MiB, median of {rounds}")
    print(f"{'':10} {'bare MiB/s':>12} {'argosy MiB/s':>13} {'ratio':>6} {'memory MB':>10}")
    target = source.with_name("target")
    bare_memory = run("nothing", url, source)["memory_mb"]
    for direction, path in (("upload", source), ("download", target)):
        seconds: dict[str, list[float]] = {"bare": [], "argosy": []}
        memory = 0.0
        for _ in range(rounds):
            for who in seconds:
                target.unlink(missing_ok=True)
                result = run(f"{who}-{direction}", url, path)
                seconds[who].append(result["seconds"])
                if who == "argosy":
                    memory = max(memory, result["memory_mb"])
        if target.exists() and not same(source, target):
            raise SystemExit("what was downloaded is not what was uploaded")
        bare, ours = (size_mib / statistics.median(seconds[who]) for who in seconds)
        print(
            f"{direction:10} {bare:12.0f} {ours:13.0f} {ours / bare:6.2f} "
            f"{memory - bare_memory:10.0f}"
        )
    target.unlink(missing_ok=True)


def run(what: str, url: str, path: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", what, url, str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def child(what: str, url: str, path: str) -> dict[str, float]:
    began = time.perf_counter()
    if what != "nothing":
        began = work(what)(url, Path(path))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "memory_mb": peak / (1e6 if sys.platform == "darwin" else 1e3)}


def work(what: str) -> Callable[[str, Path], float]:
    return {
        "argosy-upload": argosy_upload,
        "argosy-download": argosy_download,
        "bare-upload": bare_upload,
        "bare-download": bare_download,
    }[what]


def argosy_upload(url: str, path: Path) -> float:
    from argosy_store.locations import join_uri
    from argosy_store.stores import Stores
    from argosy_store.transfer import upload

    stores = Stores(url)
    began = time.perf_counter()
    upload(stores, path, join_uri(url, "artifact"))
    return began


def argosy_download(url: str, path: Path) -> float:
    from argosy_store.locations import join_uri
    from argosy_store.stores import Stores
    from argosy_store.transfer import download

    stores = Stores(url)
    began = time.perf_counter()
    download(stores, join_uri(url, "artifact"), path)
    return began


def bare_upload(url: str, path: Path) -> float:
    import obstore

    from argosy_store.remote.store import PART_BYTES, PARTS_AT_A_TIME

    client, key = bare_client(url)
    began = time.perf_counter()
    obstore.put(client, key, path, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_A_TIME)
    return began


def bare_download(url: str, path: Path) -> float:
    """The client's own ranged reads, as many at a time; it has no download to a file."""
    import obstore

    from argosy_store.remote.store import PART_BYTES, PARTS_AT_A_TIME

    client, key = bare_client(url)
    began = time.perf_counter()
    size = obstore.head(client, key)["size"]
    file = os.open(path, os.O_CREAT | os.O_WRONLY)

    def fetch(start: int) -> None:
        end = min(start + PART_BYTES, size)
        os.pwrite(file, memoryview(obstore.get_range(client, key, start=start, end=end)), start)

    with ThreadPoolExecutor(PARTS_AT_A_TIME) as pool:
        for call in [pool.submit(fetch, start) for start in range(0, size, PART_BYTES)]:
            call.result()
    os.close(file)
    return began


def bare_client(url: str) -> tuple[Client, str]:
    """The client and the key of the artifact."""
    from obstore.store import LocalStore

    from argosy_store.locations import join_uri, parse_root
    from argosy_store.remote.clients import make_client

    key = parse_root(join_uri(url, "artifact")).key
    place = parse_root(url)
    if place.scheme == "file":
        return LocalStore("/"), key
    return make_client(place.scheme, place.bucket, place.options), key


@contextmanager
def server(directory: Path) -> Generator[str]:
    sys.path.insert(0, str(ROOT / "tests"))
    from servers import seaweed_server

    place = directory / "server"
    place.mkdir()
    with seaweed_server(place) as started:
        os.environ.update(started.environment)
        started.client().create_bucket(Bucket="benchmark")
        yield started.url("benchmark")


def write_random(path: Path, size_mib: int) -> None:
    with path.open("wb") as file:
        for _ in range(size_mib):
            file.write(os.urandom(MIB))


def same(one: Path, other: Path) -> bool:
    with one.open("rb") as left, other.open("rb") as right:
        while block := left.read(MIB):
            if block != right.read(MIB):
                return False
        return not right.read(1)


if __name__ == "__main__":
    main()
