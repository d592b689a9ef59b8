from __future__ import annotations

import asyncio
import threading

from datavc_server.content_stream import in_batches


def test_all_pieces_come_in_order_and_many_of_them_by_one_change_of_threads() -> None:
    pieces = [bytes([number % 251]) * 100_000 for number in range(50)]
    asked: list[int] = []

    def read():
        for piece in pieces:
            asked.append(threading.get_ident())
            yield piece

    async def collect() -> list[bytes]:
        found = []
        most_ahead = 0
        async for piece in in_batches(read()):
            found.append(bytes(piece))
            most_ahead = max(most_ahead, len(asked) - len(found))
        assert 5 <= most_ahead <= 11
        return found

    assert asyncio.run(collect()) == pieces
    assert threading.get_ident() not in asked


def test_nothing_at_all() -> None:
    async def collect() -> list[memoryview]:
        return [piece async for piece in in_batches(iter([]))]

    assert asyncio.run(collect()) == []
