"""A server of DynamoDB's that is not there, or says nothing."""

from __future__ import annotations

import socket
from threading import Thread

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.config import Config  # type: ignore[import-untyped]
from every_store import dynamodb_options
from processes import free_port
from shortcrust.stores import DynamoDBStore, Entry


def test_a_server_that_is_down_is_an_error_and_no_empty_session() -> None:
    options = dynamodb_options(f"http://127.0.0.1:{free_port()}")
    config = Config(retries={"total_max_attempts": 1})
    client = boto3.client("dynamodb", config=config, **options)
    store = DynamoDBStore(client)
    for ask in (lambda: store.load(["k"]), lambda: store.create("k", Entry("1", "ada"))):
        with pytest.raises(OSError, match="failed with EndpointConnectionError"):
            ask()
    client.close()


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_server_that_gives_no_answer_is_the_stores_error(is_closed: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        if is_closed:
            Thread(target=lambda: server.accept()[0].close()).start()
        options = dynamodb_options(f"http://127.0.0.1:{server.getsockname()[1]}")
        config = Config(retries={"total_max_attempts": 1}, read_timeout=5 if is_closed else 0.2)
        client = boto3.client("dynamodb", config=config, **options)
        told = "ConnectionClosedError" if is_closed else "ReadTimeoutError"
        with pytest.raises(OSError, match=f"get_item failed with {told}") as caught:
            DynamoDBStore(client).load(["the-key"])
        assert caught.value.__context__ is None
        client.close()
