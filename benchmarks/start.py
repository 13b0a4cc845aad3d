"""CPU seconds from the start of `troth mock` to its first answer, and its memory then.

python benchmarks/start.py [--times 5]
"""

from __future__ import annotations

import argparse
import statistics
import time

from measuring import chat, cpu_seconds, free_port, one, process, resident_mebibytes, troth_mock


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--times", type=int, default=5)
    found = [start() for _ in range(options.parse_args().times)]
    for name, index, unit in (("CPU", 0, "s"), ("wall", 1, "s"), ("memory", 2, "MB")):
        values = [measured[index] for measured in found]
        print(
            f"{name:8}{statistics.median(values):8.2f} {unit}"
            f"   ({min(values):.2f} to {max(values):.2f})"
        )


def start() -> tuple[float, float, float]:
    """CPU seconds, seconds and mebibytes at the first answer."""
    port, began = free_port(), time.monotonic()
    with process(troth_mock(port)) as pid:
        while True:
            try:
                answer = one(port, chat(1, "requests"))
                break
            except ConnectionRefusedError:
                time.sleep(0.01)
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        return cpu_seconds(pid), time.monotonic() - began, resident_mebibytes(pid)


if __name__ == "__main__":
    main()
