"""The round trip to nodes that this program does not simulate."""

import asyncio

from splitbrain.harness.round_trips import round_trip_ns

SECOND = 1_000_000_000


def test_a_port_that_is_closed_tells_as_much_as_one_that_is_open() -> None:
    async def both() -> tuple[int | None, int | None]:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            opened = await round_trip_ns([f"etcd://127.0.0.1:{port}"])
        return opened, await round_trip_ns([f"127.0.0.1:{port}"])

    for took in asyncio.run(both()):
        assert took is not None and 0 < took < SECOND


def test_a_node_that_answers_nothing_has_no_round_trip() -> None:
    assert asyncio.run(round_trip_ns([])) is None
    assert asyncio.run(round_trip_ns(["no.such.name.invalid"])) is None
    assert asyncio.run(round_trip_ns(["no.such.name.invalid", "127.0.0.1"])) is not None
